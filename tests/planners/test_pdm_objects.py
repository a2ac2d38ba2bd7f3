import numpy as np
import pytest

from drivewm.planners.pdm_objects import KINDS, Memory, empty_objects, observe
from drivewm.scene import ScoreType

EGO = np.array([0.0, 0.0, 1.0, 0.0])  # box centre at the origin, heading along x
HALF_M = np.array([2.588, 1.1485])


def seen(*rows, radius_m=50.0, memory=None):
    """Rows (type, x, y, heading, vx, vy) -> objects and memory."""
    state = np.zeros((len(rows), 6))
    for i, row in enumerate(rows):
        state[i, [0, 1, 3, 4, 5]] = row[1:]
    memory = memory or Memory(np.zeros(len(rows), bool), np.zeros(0, bool))
    objects = empty_objects(26)
    observe(
        EGO, HALF_M, radius_m, state, np.ones(len(rows), bool),
        np.tile([4.0, 2.0, 1.5], (len(rows), 1)), np.array([row[0] for row in rows], np.int8),
        memory, objects,
    )  # fmt: skip
    return objects, memory


def test_rows_are_static_objects_vehicles_pedestrians_bicycles_each_by_distance():
    objects, _ = seen(
        (ScoreType.BICYCLE, 9, 0, 0, 0, 0), (ScoreType.VEHICLE, 20, 0, 0, 0, 0),
        (ScoreType.PEDESTRIAN, 8, 0, 0, 0, 0), (ScoreType.VEHICLE, 10, 0, 0, 0, 0),
        (ScoreType.GENERIC, 30, 0, 0, 0, 0), (ScoreType.CONE, 12, 0, 0, 0, 0),
    )  # fmt: skip
    assert objects.track[: objects.rows[0]].tolist() == [5, 4, 3, 1, 2, 0]
    assert objects.boxes.is_agent[:6].tolist() == [False, False, True, True, True, True]


def test_only_the_nearest_of_a_kind_within_the_radius():
    rows = [(ScoreType.BICYCLE, 5.0 + i, 0, 0, 0, 0) for i in range(20)]
    objects, _ = seen(*rows, (ScoreType.VEHICLE, 50.1, 0, 0, 0, 0))
    assert objects.track[: objects.rows[0]].tolist() == list(range(int(KINDS[3, 1])))


@pytest.mark.parametrize("backwards", [False, True])
def test_forecasts_go_along_the_heading_or_against_it(backwards):
    sign = -1 if backwards else 1
    objects, _ = seen((ScoreType.VEHICLE, 20, 10, np.pi / 2, 0.6 * sign, 2.0 * sign))
    speed = np.hypot(0.6, 2.0)
    np.testing.assert_allclose(objects.velocity[0], [0, sign * speed], atol=1e-12)
    np.testing.assert_allclose(objects.pose[0, 5, :2], [20, 10 + sign * speed], atol=1e-12)
    assert objects.speed[0] == pytest.approx(speed)


def test_velocities_of_static_objects_are_ignored():
    objects, _ = seen((ScoreType.CONE, 20, 10, 0, 3, 3))
    assert objects.speed[0] == 0 and objects.boxes.is_stopped[0]
    np.testing.assert_array_equal(objects.pose[0, :, :2], np.tile([20.0, 10.0], (26, 1)))


def test_what_overlaps_the_ego_is_ignored_now_and_gone_afterwards():
    rows = [(ScoreType.VEHICLE, 4.0, 0, 0, 0, 0), (ScoreType.VEHICLE, 4.6, 0, 0, 0, 0)]
    objects, memory = seen(*rows)
    assert objects.ignored[:2].tolist() == [True, False]
    assert memory.track.tolist() == [True, False]
    objects, _ = seen(*rows, memory=memory)
    assert objects.track[: objects.rows[0]].tolist() == [1]
