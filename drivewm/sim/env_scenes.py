"""A scene to try the gymnasium environment on: a straight road with some traffic."""

from __future__ import annotations

import numpy as np
from shapely.geometry import box

from drivewm.scene import (
    PACIFICA,
    EgoColumn,
    Lane,
    Lights,
    OccClass,
    RoadMap,
    Scene,
    ScoreType,
    TrackColumn,
    Tracks,
)

LENGTH_M, LANE_M, STEPS = 500.0, 3.5, 201
LIMIT_MPS = 13.9
CARS = ((50.0, 0, 8.0), (35.0, 1, 11.0), (90.0, 1, 9.0), (130.0, 0, 6.0))  # x m, lane, m/s


def straight_road() -> Scene:
    """Two lanes in one direction, four cars, 20 s; the recorded ego keeps 8 m/s."""
    time_s = 0.1 * np.arange(STEPS)
    ego = np.zeros((STEPS, len(EgoColumn)))
    ego[:, EgoColumn.X], ego[:, EgoColumn.VX] = 10.0 + 8.0 * time_s, 8.0
    state = np.zeros((len(CARS), STEPS, len(TrackColumn)))
    for row, (start_m, lane, speed_mps) in zip(state, CARS):
        row[:, TrackColumn.X] = start_m + speed_mps * time_s
        row[:, TrackColumn.Y] = lane * LANE_M
        row[:, TrackColumn.Z], row[:, TrackColumn.VX] = 0.8, speed_mps
    return Scene(
        id="straight_road", source="synthetic", location="nowhere", split="train",
        times_us=100_000 * np.arange(STEPS, dtype=np.int64), ego=ego, vehicle=PACIFICA,
        tracks=Tracks(
            ids=tuple(f"car{i}" for i in range(len(CARS))), categories=("car",) * len(CARS),
            score_type=np.full(len(CARS), ScoreType.VEHICLE, np.int8),
            occ_class=np.full(len(CARS), OccClass.CAR, np.int8),
            size_m=np.tile([4.6, 1.9, 1.6], (len(CARS), 1)), state=state,
            valid=np.ones((len(CARS), STEPS), bool),
        ),
        map=_road(), lights=Lights(), route=np.array([[0.0, 0.0], [LENGTH_M, 0.0]]),
        native_rate_hz=10.0,
    )  # fmt: skip


def _road() -> RoadMap:
    edge = LANE_M / 2
    lanes = tuple(
        Lane(
            id=f"lane{i}",
            centerline=np.array([[0.0, i * LANE_M], [LENGTH_M, i * LANE_M]]),
            polygon=box(0.0, i * LANE_M - edge, LENGTH_M, i * LANE_M + edge),
            speed_limit_mps=LIMIT_MPS,
            left_neighbor="lane1" if i == 0 else None,
            right_neighbor="lane0" if i == 1 else None,
        )
        for i in range(2)
    )
    return RoadMap(origin="hand", lanes=lanes, drivable=(box(0.0, -edge, LENGTH_M, LANE_M + edge),))
