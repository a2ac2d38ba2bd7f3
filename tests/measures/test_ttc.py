import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drivewm.geometry.boxes import corners
from drivewm.geometry.overlap import box_distance, boxes_overlap
from drivewm.measures.collision import find_contacts
from drivewm.measures.history import History
from drivewm.measures.ttc import first_overlap, ttc_score, ttc_series
from drivewm.scene import ScoreType
from tests.measures.hand import cruise, scene_of, track

CAR = ScoreType.VEHICLE
FRONT_M = 1.461 + 2.588


def series_of(ego, *rows, wide=False):
    history = History.of_scene(scene_of(ego, *rows))
    contacts = find_contacts(history, np.ones(len(ego), np.int8))
    return ttc_series(history, contacts, np.full(len(ego), wide))


def test_ttc_is_the_gap_over_the_closing_speed_rounded_up_to_the_grid():
    gap = 40.0 - 2.3 - (-30 + FRONT_M)
    series = series_of(cruise(9.0), track(CAR, 40.0))
    step = 60
    expected = np.ceil((gap - 0.9 * step) / 9.0 * 10) / 10
    assert series[step] == pytest.approx(expected)
    assert np.isinf(series[0])  # farther than 3 s


def test_ttc_is_zero_at_the_collision_and_infinite_after_it():
    series = series_of(cruise(9.0), track(CAR, 40.0))
    hit = int(np.flatnonzero(series == 0.0)[0])
    assert np.isinf(series[hit + 1 :]).all()
    assert ttc_score(series) == 0.0


@pytest.mark.parametrize(
    ("row", "wide", "score"),
    [
        (track(CAR, -30 + FRONT_M + 2.3 + 3, speed=9.0), False, 1.0),  # tailgating, same speed
        (track(CAR, 10.0, speed=8.9), False, 1.0),
        (track(CAR, -60.0, speed=12.0), True, 1.0),  # from behind: not the ego's to see
        (track(CAR, 0.0, 6.0, -np.pi / 2, 4.0), False, 1.0),  # crosses before the ego comes
        (track(CAR, -29.0, 3.5, -0.05, 9.0), False, 1.0),  # beside, in the same lane: unseen
        (track(CAR, -29.0, 3.5, -0.05, 9.0), True, 0.0),  # beside, while between lanes
    ],
)
def test_ttc_score(row, wide, score):
    series = series_of(cruise(9.0), row, wide=wide)
    assert ttc_score(series) == score


def test_a_standing_ego_has_no_ttc():
    assert np.isinf(series_of(cruise(0.0), track(CAR, -20.0, speed=-1.0))).all()


@given(
    st.floats(-30, 30), st.floats(-30, 30), st.floats(-1.5, 1.5), st.floats(-1.5, 1.5),
    st.floats(-4, 4), st.floats(-4, 4),
)  # fmt: skip
def test_first_overlap_is_where_the_boxes_first_meet(x, y, wx, wy, ego_heading, heading):
    ego = corners(np.array([0.0, 0.0, ego_heading]), 5.0, 2.0)
    expected = 0
    for k in range(29, 0, -1):
        other = corners(np.array([x + k * wx, y + k * wy, heading]), 4.0, 1.8)
        meets = boxes_overlap(ego, other)
        apart = box_distance(ego, other)
        inner = corners(np.array([x + k * wx, y + k * wy, heading]), 4.0 - 1e-7, 1.8 - 1e-7)
        assume(boxes_overlap(ego, inner) if meets else apart > 1e-7)  # no hair's breadth
        expected = k if meets else expected
    found = first_overlap(x, y, wx, wy, ego_heading, (2.5, 1.0), heading, (2.0, 0.9), 29)
    assert found == expected


def test_no_step_is_left_to_look_at():
    assert first_overlap(0.0, 0.0, 0.0, 0.0, 0.0, (2.5, 1.0), 0.0, (2.0, 0.9), 0) == 0
    assert first_overlap(0.0, 0.0, 0.0, 0.0, 0.0, (2.5, 1.0), 0.0, (2.0, 0.9), 29) == 1
