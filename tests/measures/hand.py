"""Hand-built scenes: the road of the golden tables, with whatever is put on it.

Lanes 3.5 m wide: y = 0 and 3.5 in driving direction, 7 the other way; drivable y in [-1.75, 8.75];
intersection x in [100, 130]; limit 13.4 m/s.
"""

from __future__ import annotations

import json

import numpy as np
from shapely.geometry import Polygon, box

from drivewm.scene import PACIFICA, Lane, Lights, RoadMap, Scene, ScoreType, Tracks

START_US = 1_600_000_000_000_000
FAR = 600.0
NO_LIGHTS = Lights()
SIZES = {
    ScoreType.VEHICLE: (4.6, 1.9, 1.6),
    ScoreType.PEDESTRIAN: (0.8, 0.8, 1.7),
    ScoreType.BICYCLE: (1.8, 0.6, 1.6),
    ScoreType.CONE: (0.5, 0.5, 0.8),
}


def lane(
    name: str, y: float, x0: float, x1: float, successors=(), backwards=False, **extra
) -> Lane:
    xs = np.linspace(x0, x1, 20)
    line = np.stack([xs, np.full(20, y)], -1)
    return Lane(
        id=name,
        centerline=line[::-1] if backwards else line,
        polygon=box(x0, y - 1.75, x1, y + 1.75),
        speed_limit_mps=13.4,
        successors=tuple(successors),
        **extra,
    )


def golden_road(lanes: bool = True) -> RoadMap:
    """Three lanes with connectors across the intersection; without ``lanes``, only the surface."""
    rows = []
    for name, y, backwards in (("r", 0.0, False), ("l", 3.5, False), ("o", 7.0, True)):
        parts = [(-200.0, 100.0), (100.0, 130.0), (130.0, FAR)]
        names = [f"{name}{i}" for i in range(3)]
        order = names[::-1] if backwards else names
        after = dict(zip(order, [*[(n,) for n in order[1:]], ()]))
        rows += [
            lane(n, y, a, b, after[n], backwards, is_connector=n.endswith("1"))
            for n, (a, b) in zip(names, parts)
        ]
    return RoadMap(
        origin="map_expansion",
        lanes=tuple(rows) if lanes else (),
        drivable=(box(-200, -1.75, FAR, 8.75),),
        intersections=(box(100, -1.75, 130, 8.75),),
    )


def drive(x, y=0.0, heading=0.0, speed=None, steps=None, dt=0.1) -> np.ndarray:
    """Rear-axle states [T, 11] of a motion given by arrays or numbers; speed by difference."""
    x = np.asarray(x, float)
    ego = np.zeros((len(x), 11))
    ego[:, 0], ego[:, 1], ego[:, 2] = x, y, heading
    ego[:, 3] = np.gradient(x, dt) if speed is None else speed
    return ego


def cruise(speed: float, steps: int = 151, x0: float = -30.0, y=0.0) -> np.ndarray:
    return drive(x0 + speed * 0.1 * np.arange(steps), y, speed=speed)


def track(kind: ScoreType, x, y=0.0, heading=0.0, speed=0.0, steps: int = 151) -> tuple:
    """(type, state [T, 6]) of a box whose centre starts at x and moves along its heading."""
    times = 0.1 * np.arange(steps)
    state = np.zeros((steps, 6))
    state[:, 0] = np.asarray(x) + speed * np.cos(heading) * times
    state[:, 1] = np.asarray(y) + speed * np.sin(heading) * times
    state[:, 3], state[:, 4], state[:, 5] = (
        heading,
        speed * np.cos(heading),
        speed * np.sin(heading),
    )
    return kind, state


def tracks_of(*rows: tuple, steps: int = 151) -> Tracks:
    count = len(rows)
    return Tracks(
        ids=tuple(f"t{i}" for i in range(count)),
        categories=("thing",) * count,
        score_type=np.array([kind for kind, _ in rows], np.int8),
        occ_class=np.full(count, 4, np.int8),
        size_m=np.array([SIZES[kind] for kind, _ in rows]).reshape(-1, 3),
        state=np.array([state for _, state in rows]).reshape(count, steps, 6),
        valid=np.ones((count, steps), bool),
    )


def scene_of(
    ego: np.ndarray,
    *rows: tuple,
    road: RoadMap | None = None,
    route=None,
    lights: Lights = NO_LIGHTS,
    name: str = "hand",
    world_spec: str | None = None,
) -> Scene:
    steps = len(ego)
    return Scene(
        id=name,
        source="nuscenes",
        location="nowhere",
        split="val",
        times_us=START_US + 100_000 * np.arange(steps, dtype=np.int64),
        ego=ego,
        vehicle=PACIFICA,
        tracks=tracks_of(*rows, steps=steps),
        map=golden_road() if road is None else road,
        lights=lights,
        route=np.array([[-200.0, 0.0], [FAR, 0.0]]) if route is None else route,
        native_rate_hz=10.0,
        world_spec=world_spec,
    )


def polygon_with_hole() -> Polygon:
    return Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(4, 4), (6, 4), (6, 6), (4, 6)]])


def spec_json(**values) -> str:
    return json.dumps(values)
