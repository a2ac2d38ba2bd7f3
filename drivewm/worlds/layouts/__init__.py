"""Parametric road layouts. ``draw(kind, layout_seed)`` -> Network around (0, 0)."""

from __future__ import annotations

from drivewm.seeds import generator
from drivewm.worlds.layouts.junctions import draw_four_way, draw_t_junction
from drivewm.worlds.layouts.network import Network
from drivewm.worlds.layouts.open_road import draw_curve, draw_merge, draw_straight
from drivewm.worlds.layouts.roundabout import draw_roundabout

LAYOUTS = {
    "straight": (draw_straight, (10.0, 13.0)),
    "curve": (draw_curve, (9.0, 12.5)),
    "four_way": (draw_four_way, (9.5, 13.0)),
    "t_junction": (draw_t_junction, (9.0, 12.5)),
    "roundabout": (draw_roundabout, (9.0, 12.0)),
    "merge": (draw_merge, (11.0, 13.0)),
}


def draw(kind: str, layout_seed: int) -> Network:
    """The network of one layout kind; the same seed gives the same geometry."""
    rng = generator("layout", kind, layout_seed)
    drawer, (slowest, fastest) = LAYOUTS[kind]
    network = Network(
        name=f"{kind}/{layout_seed}", sidewalk_m=float(rng.uniform(2.0, 3.5)),
        speed_limit_mps=round(float(rng.uniform(slowest, fastest)), 1),
    )  # fmt: skip
    drawer(network, rng)
    return network
