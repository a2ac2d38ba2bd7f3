"""Single pairs of boxes: corners, contact, distance, angle, kind of contact, impact."""

from __future__ import annotations

import math

import numpy as np

from drivewm.eval.conform.fixtures import Fixtures, Row
from drivewm.eval.conform.tally import Tally
from drivewm.geometry.overlap import box_distance, boxes_overlap, fill_corners
from drivewm.measures.collision import (
    BEHIND_RAD,
    LAST_ROAD_USER,
    contact_type,
    list_contacts,
    relative_angle,
)
from drivewm.measures.ttc import AHEAD_RAD
from drivewm.scene import PACIFICA

CLOSE = 1e-6


def check(fixtures: Fixtures, tally: Tally) -> None:
    """Compares every pair. Both references classify a contact alike."""
    for row in fixtures.rows("boxes"):
        case = row["case_id"]
        ego, track = _states(row)
        own, other = _corners(row)
        moves = row["type"] <= LAST_ROAD_USER
        meets = int(boxes_overlap(own, other))
        angle = relative_angle(ego, row["x"], row["y"])
        speed = abs(row["ego_v"])
        kind = contact_type(ego, speed, own, track, other, moves)
        for name in ("intersects", "in_collision", "navsim_intersects"):
            tally.discrete(case, name, row[f"out_{name}"], meets)
        for name in ("collision_type", "navsim_collision_type"):
            tally.discrete(case, name, row[f"out_{name}"], kind)
        tally.discrete(case, "ahead", row["out_ahead"], int(angle < AHEAD_RAD))
        tally.discrete(case, "behind", row["out_behind"], int(angle > BEHIND_RAD))
        found = {
            "distance": box_distance(own, other), "relative_angle": angle,
            "delta_v": _delta_v(ego, speed, track, moves),
            "ego_corners": own.ravel(), "corners": other.ravel(),
        }  # fmt: skip
        for name, value in found.items():
            tally.close(case, name, row[f"out_{name}"], value, CLOSE)


def _states(row: Row) -> tuple[np.ndarray, np.ndarray]:
    ego = np.zeros(11)
    ego[:4] = row["ego_x"], row["ego_y"], row["ego_h"], row["ego_v"]
    return ego, np.array([row["x"], row["y"], 0.0, row["h"], row["vx"], row["vy"]])


def _corners(row: Row) -> tuple[np.ndarray, np.ndarray]:
    own, other = np.empty((4, 2)), np.empty((4, 2))
    x = row["ego_x"] + PACIFICA.rear_axle_to_center_m * math.cos(row["ego_h"])
    y = row["ego_y"] + PACIFICA.rear_axle_to_center_m * math.sin(row["ego_h"])
    fill_corners(x, y, row["ego_h"], PACIFICA.length_m, PACIFICA.width_m, own)
    fill_corners(row["x"], row["y"], row["h"], row["length"], row["width"], other)
    return own, other


def _delta_v(ego: np.ndarray, speed: float, track: np.ndarray, moves: bool) -> float:
    """Of a drive of one step with one contact."""
    first, kind = np.zeros(1, np.int64), np.zeros(1, np.int8)
    flags, moving = np.zeros(1, np.int8), np.array([moves])
    found = list_contacts(
        first, kind, flags, ego[None], np.array([speed]), track[None, None], moving
    )
    return float(found[-1][0])
