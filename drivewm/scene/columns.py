"""Names of array columns. Angles in rad, counter-clockwise from +x; SI units; x forward, y left."""

from __future__ import annotations

from enum import IntEnum


class EgoColumn(IntEnum):
    """Ego state at the **rear axle**: pose in the map frame, velocity and acceleration in the ego
    frame (nuPlan's order of eleven)."""

    X = 0
    Y = 1
    HEADING = 2
    VX = 3
    VY = 4
    AX = 5
    AY = 6
    STEER = 7
    STEER_RATE = 8
    YAW_RATE = 9
    YAW_ACC = 10


class TrackColumn(IntEnum):
    """State of a track: pose of the **box centre** and velocity, both in the map frame."""

    X = 0
    Y = 1
    Z = 2
    HEADING = 3
    VX = 4
    VY = 5


class SizeColumn(IntEnum):
    """Box size along its own axes, metres."""

    LENGTH = 0
    WIDTH = 1
    HEIGHT = 2


class LightStatus(IntEnum):
    """State of a traffic light (nuPlan's codes)."""

    GREEN = 0
    YELLOW = 1
    RED = 2
    UNKNOWN = 3


EGO_COLUMNS = len(EgoColumn)
TRACK_COLUMNS = len(TrackColumn)
