"""Hand-built scenes for pictures and pages."""

from __future__ import annotations

import numpy as np
from shapely.geometry import Polygon, box

from drivewm.scene import (
    ZOE,
    EgoColumn,
    Lane,
    Lights,
    LightStatus,
    OccClass,
    RoadMap,
    Scene,
    ScoreType,
    TrackColumn,
    Tracks,
)

STEPS = 101
START_US = 1_530_000_000_000_000
ORIGIN = np.array([600.0, 1600.0])  # far from zero, as map frames are

# category, score type, occupancy class, size, start x y heading (about ORIGIN), speed
CAST = [
    ("vehicle.car", ScoreType.VEHICLE, OccClass.CAR, (4.5, 1.9, 1.6), (12, -1.75, 0), 6.0),
    ("vehicle.car", ScoreType.VEHICLE, OccClass.CAR, (4.5, 1.9, 1.6), (38, 1.75, np.pi), 7.0),
    ("vehicle.truck", ScoreType.VEHICLE, OccClass.TRUCK, (9, 2.6, 3.2), (1.75, -30, np.pi / 2), 4),
    ("vehicle.bus.rigid", ScoreType.VEHICLE, OccClass.BUS, (12, 2.9, 3.4), (-30, 5.6, 0), 0.0),
    ("vehicle.bicycle", ScoreType.BICYCLE, OccClass.BICYCLE, (1.8, 0.7, 1.6), (-6, -4.2, 0), 3.0),
    (
        "human.pedestrian.adult",
        ScoreType.PEDESTRIAN,
        OccClass.PEDESTRIAN,
        (0.7, 0.7, 1.8),
        (9.0, -9, np.pi / 2),
        1.3,
    ),
    (
        "movable_object.trafficcone",
        ScoreType.CONE,
        OccClass.TRAFFIC_CONE,
        (0.4, 0.4, 0.8),
        (22, -3.2, 0),
        0.0,
    ),
    (
        "movable_object.barrier",
        ScoreType.BARRIER,
        OccClass.BARRIER,
        (0.5, 2.0, 1.0),
        (26, -3.4, 0),
        0.0,
    ),
]


def ego_states(speed_mps: float, lateral_m: float = 0.0, steps: int = STEPS) -> np.ndarray:
    """[T, 11] a car driving east from 25 m before the crossing, drifting ``lateral_m`` sideways."""
    time_s = np.arange(steps) * 0.1
    ego = np.zeros((steps, 11))
    ego[:, EgoColumn.X] = ORIGIN[0] - 25 + speed_mps * time_s
    ego[:, EgoColumn.Y] = ORIGIN[1] - 1.75 + lateral_m * np.sin(np.pi * time_s / time_s[-1]) ** 2
    slope = np.gradient(ego[:, 1]) / np.maximum(np.gradient(ego[:, 0]), 1e-6)
    ego[:, EgoColumn.HEADING] = np.arctan(slope)
    ego[:, EgoColumn.VX] = speed_mps
    return ego


def cast_tracks(steps: int = STEPS) -> Tracks:
    """Eight road users around a crossing; the last car is unseen for the first second."""
    time_s = np.arange(steps) * 0.1
    state = np.zeros((len(CAST), steps, len(TrackColumn)))
    for n, (*_, (x, y, heading), speed) in enumerate(CAST):
        along = np.array([np.cos(heading), np.sin(heading)])
        state[n, :, :2] = ORIGIN + [x, y] + speed * time_s[:, None] * along
        state[n, :, TrackColumn.HEADING] = heading
        state[n, :, 4:] = speed * along
    valid = np.ones((len(CAST), steps), bool)
    valid[1, :10] = False
    return Tracks(
        ids=tuple(f"{n:032x}" for n in range(len(CAST))),
        categories=tuple(row[0] for row in CAST),
        score_type=np.array([row[1] for row in CAST], np.int8),
        occ_class=np.array([row[2] for row in CAST], np.int8),
        size_m=np.array([row[3] for row in CAST], float),
        state=state,
        valid=valid,
    )


def crossing_map() -> RoadMap:
    """Two roads of two 3.5 m lanes that cross at ORIGIN; a block of houses is a hole."""

    def at(polygon: Polygon) -> Polygon:
        shift = np.asarray(polygon.exterior.coords) + ORIGIN
        holes = [np.asarray(hole.coords) + ORIGIN for hole in polygon.interiors]
        return Polygon(shift, holes)

    reach = 90
    lanes = [
        ("east", (-reach, -1.75), (-6, -1.75), False),
        ("thru", (-6, -1.75), (6, -1.75), True),
        ("out", (6, -1.75), (reach, -1.75), False),
        ("west", (reach, 1.75), (-reach, 1.75), False),
        ("north", (1.75, -reach), (1.75, reach), False),
        ("south", (-1.75, reach), (-1.75, -reach), False),
    ]
    return RoadMap(
        origin="map_expansion",
        lanes=tuple(
            Lane(
                id=name,
                centerline=np.linspace(start, end, 20) + ORIGIN,
                polygon=None,
                is_connector=light,
                has_light=light,
            )
            for name, start, end, light in lanes
        ),
        drivable=(
            at(box(-reach, -3.5, reach, 3.5)),
            at(box(-3.5, -reach, 3.5, reach)),
            at(box(-40, 3.5, -10, 7.5)),
            at(Polygon(box(10, -40, 40, -12).exterior, [box(14, -36, 36, -16).exterior])),
        ),
        walkways=(
            at(box(-reach, -7, -3.5, -3.5)),
            at(box(3.5, -7, reach, -3.5)),
            at(box(3.5, 3.5, reach, 7)),
        ),
        crossings=(at(box(7, -3.5, 10, 3.5)),),
        stop_lines=(at(box(-6.6, -3.5, -6, 0)),),
        dividers=(
            np.array([(-reach, 0), (-4, 0)]) + ORIGIN,
            np.array([(4, 0), (reach, 0)]) + ORIGIN,
        ),
    )


def crossing_scene(scene_id: str = "scene-0001", speed_mps: float = 7.0) -> Scene:
    """The ego drives east through a crossing whose light turns from red to green at 5 s."""
    status = np.full((1, STEPS), LightStatus.RED, np.int8)
    status[:, 50:] = LightStatus.GREEN
    ego = ego_states(speed_mps)
    return Scene(
        id=scene_id,
        source="nuscenes",
        location="singapore-onenorth",
        split="val",
        times_us=START_US + np.arange(STEPS) * 100_000,
        ego=ego,
        vehicle=ZOE,
        tracks=cast_tracks(),
        map=crossing_map(),
        lights=Lights(lane_ids=("thru",), status=status),
        route=ego[:, :2].copy(),
        native_rate_hz=2.0,
    )
