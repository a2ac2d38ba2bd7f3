import numpy as np
import pytest

from drivewm.measures.collision import find_contacts
from drivewm.measures.history import History
from drivewm.measures.ttc import ttc_score, ttc_series
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
