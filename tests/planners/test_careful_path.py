"""Would a car on a path touch what stands beside it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from drivewm.planners.careful_path import Obstacles, first_touched

CAR = SimpleNamespace(rear_m=1.0, front_m=4.0, half_m=1.0)
S = np.arange(0.0, 30.0, 0.5)


def box(from_m: float, to_m: float, right_m: float, left_m: float, stands: bool = True):
    one = [np.array([v]) for v in (from_m, to_m, right_m, left_m, 0.4)]
    return Obstacles(*one, np.array([stands]))


def swing(begins_m: float, by_m: float = 2.5, over_m: float = 8.0) -> np.ndarray:
    share = np.clip((S - begins_m) / over_m, 0.0, 1.0)
    return by_m * share * share * (3 - 2 * share)


def test_straight_on_touches_what_stands_in_the_lane_and_not_beside_it() -> None:
    straight = np.zeros(len(S))
    assert first_touched(CAR, 0.0, S, straight, box(15, 19, -0.5, 0.5)) == 15
    assert first_touched(CAR, 0.0, S, straight, box(15, 19, 1.2, 3.0)) == np.inf


@pytest.mark.parametrize(("begins_m", "touched"), [(2.0, np.inf), (11.0, 15.0)])
def test_a_swing_must_begin_early_enough(begins_m: float, touched: float) -> None:
    assert first_touched(CAR, 0.0, S, swing(begins_m), box(15, 19, -1.0, 1.0)) == touched


def test_a_corner_ahead_of_the_rear_axle_touches_first() -> None:
    turned = 0.2 * S  # the rear axle itself stays 1.3 m away from the box
    near = box(9.0, 9.5, 2.2, 4.0)
    assert first_touched(CAR, 0.0, S[:11], turned[:11], near) == 9.0


def test_what_moves_or_is_beside_the_front_already_is_left_to_others() -> None:
    straight = np.zeros(len(S))
    assert first_touched(CAR, 0.0, S, straight, box(15, 19, -1, 1, stands=False)) == np.inf
    assert first_touched(CAR, 12.0, S, straight, box(15, 19, -1, 1)) == np.inf
