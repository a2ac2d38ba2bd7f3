"""Plans a fleet: which networks, which drives through them, which split each belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from drivewm.seeds import derive_seed, generator
from drivewm.worlds.world import LayoutKind, Policy, Weather, WorldSpec

TILE_M = 300.0
CANVAS_M = {  # width, height of the nuScenes maps
    "boston-seaport": (2979.5, 2118.1),
    "singapore-onenorth": (1585.6, 2025.0),
    "singapore-queenstown": (3228.6, 3687.1),
    "singapore-hollandvillage": (2808.3, 2922.9),
}
UNSEEN_LAYOUT: LayoutKind = "roundabout"
UNSEEN_SHARE, VAL_SHARE = 1 / 14, 1 / 5
SCENES_PER_NETWORK = 2
FIRST_SCENE = 2001  # four digits, as the devkit wants, and no number of a real scene
WEATHER: tuple[tuple[Weather, float], ...] = (
    ("day", 0.5), ("dusk", 0.17), ("night", 0.13), ("rain", 0.2),
)  # fmt: skip
TRAIN_POLICY: tuple[Policy, ...] = (
    "careful", "perturbed", "careful", "reckless", "careful", "perturbed",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PlannedScene:
    """One scene of a fleet to be. ``split``: train, val or unseen_layout."""

    name: str
    split: str
    spec: WorldSpec


def fleet_specs(n_scenes: int, seed: int) -> list[PlannedScene]:
    """The scenes of a fleet, in order. Networks never serve two splits; one kind of layout is
    only in ``unseen_layout``. Fewer than three scenes are all ``train``."""
    unseen = max(round(n_scenes * UNSEEN_SHARE), 1) if n_scenes >= 6 else 0
    val = max(round(n_scenes * VAL_SHARE), 1) if n_scenes >= 3 else 0
    counts = {"train": n_scenes - val - unseen, "val": val, "unseen_layout": unseen}
    tiles, planned = Tiles(), []
    for split, count in counts.items():
        per_network = SCENES_PER_NETWORK if split == "train" else 1
        for index in range(count):
            if index % per_network == 0:
                network = index // per_network
                kind = layout_of(split, network)
                layout_seed = derive_seed("network", seed, split, network) % 2**31
                location, origin = tiles.next()
            planned.append((split, kind, layout_seed, location, origin, index))
    return [
        PlannedScene(name=f"scene-{FIRST_SCENE + k:04d}", split=row[0], spec=spec_of(seed, *row))
        for k, row in enumerate(planned)
    ]


def layout_of(split: str, network: int) -> LayoutKind:
    """Kinds take turns, each split starting with another one."""
    if split == "unseen_layout":
        return UNSEEN_LAYOUT
    kinds: list[LayoutKind] = [kind for kind in get_args(LayoutKind) if kind != UNSEEN_LAYOUT]
    return kinds[(network + (2 if split == "val" else 0)) % len(kinds)]


def spec_of(seed, split, kind, layout_seed, location, origin, index) -> WorldSpec:
    rng = generator("scene", seed, split, index)
    shares = np.array([share for _, share in WEATHER])
    weather = WEATHER[int(rng.choice(len(shares), p=shares))][0]
    policy: Policy = "careful"
    if split == "train":
        policy = TRAIN_POLICY[index % len(TRAIN_POLICY)]
    return WorldSpec(
        seed=derive_seed("world", seed, split, index) % 2**31, layout=kind,
        layout_seed=layout_seed, location=location, origin_m=origin, weather=weather,
        policy=policy, density=round(float(rng.uniform(0.6, 1.4)), 2),
    )  # fmt: skip


class Tiles:
    """Hands out tiles row by row from each map's south-west corner, the maps taking turns."""

    def __init__(self) -> None:
        self._given = dict.fromkeys(CANVAS_M, 0)
        self._turn = 0

    def next(self) -> tuple[str, tuple[float, float]]:
        """(location, centre of the tile). When all maps are full, tiles are used again."""
        names = list(CANVAS_M)
        location = names[self._turn % len(names)]
        self._turn += 1
        columns, rows = (int(edge // TILE_M) for edge in CANVAS_M[location])
        k = self._given[location] % (columns * rows)
        self._given[location] += 1
        column, row = compact(k, columns, rows)
        return location, ((column + 0.5) * TILE_M, (row + 0.5) * TILE_M)


def compact(k: int, columns: int, rows: int) -> tuple[int, int]:
    """The k-th cell in order of growing squares from the south-west corner."""
    cells = [(c, r) for c in range(columns) for r in range(rows)]
    cells.sort(key=lambda cell: (max(cell), cell[1], cell[0]))
    return cells[k]
