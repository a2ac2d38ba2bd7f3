import numpy as np
import pytest

from drivewm.eval.counterfactual import outcome as o
from drivewm.eval.counterfactual.verdict import Ride
from drivewm.scene import ZOE, OccClass
from tests.eval.counterfactual.hand import GRID, STEPS, empty_road, put, seen_of, straight

RIDE = Ride(progress=1.0, comfort=1.0)


def judged(occupancy, ego, flow=None):
    return o.outcome(seen_of(occupancy, flow), ego, [RIDE] * len(ego), ZOE, GRID)


def standing_car(gap_m: float, speed_mps: float) -> np.ndarray:
    """A car that stands ``gap_m`` ahead of the bumper, seen from an ego that drives at it."""
    out = empty_road()
    front = ZOE.rear_axle_to_center_m + ZOE.length_m / 2
    for h in range(out.shape[1]):
        x = front + gap_m + 2.0 - speed_mps * h * 0.5
        if -10 < x < 30:
            put(out[0, h], x, 0.0, (2.0, 0.8), OccClass.CAR)
    return out


def test_nothing_on_the_road_costs_nothing():
    found = judged(empty_road(), straight(10.0))
    assert found.collision[0] == found.departure[0] == 0.0 and found.score[0] == 1.0
    assert found.collision_s[0] == found.departure_s[0] == np.inf


def test_a_standing_car_is_hit_when_the_gap_is_used_up():
    found = judged(standing_car(10.0, 10.0), straight(10.0))
    assert found.collision[0] == 1.0 and found.score[0] == 0.0
    assert found.collision_s[0] == pytest.approx(1.0, abs=0.15)


def test_a_car_that_drives_ahead_as_fast_is_not_hit():
    out = empty_road()
    for h in range(out.shape[1]):
        put(out[0, h], 12.0, 0.0, (2.0, 0.8), OccClass.CAR)
    flow = np.zeros((1, out.shape[1], 2, *GRID.shape[:2]))
    flow[:, :, 0] = 10.0
    assert judged(out, straight(10.0), flow).collision[0] == 0.0


def test_what_comes_up_from_behind_is_not_the_egos_fault():
    out = empty_road()
    put(out[0, 2], -2.0, 0.0, (1.5, 0.4), OccClass.CAR)
    flow = np.zeros((1, out.shape[1], 2, *GRID.shape[:2]))
    flow[:, :, 0] = 12.0
    assert judged(out, straight(5.0), flow).collision[0] == 0.0
    assert judged(out, straight(5.0)).collision[0] == 1.0  # one that stands there is


def test_an_ego_that_stands_collides_with_nobody():
    out = empty_road()
    for h in range(out.shape[1]):
        put(out[0, h], 3.0, 0.0, (2.0, 0.8), OccClass.CAR)
    assert judged(out, straight(0.0)).collision[0] == 0.0


def test_a_corner_on_the_sidewalk_is_a_departure_and_a_cone_is_no_collision():
    out = empty_road()
    out[0, 3, :, : GRID.shape[1] // 2, 0] = OccClass.SIDEWALK  # right of the middle
    put(out[0, 1], 3.0, 0.0, (0.4, 0.4), OccClass.TRAFFIC_CONE)
    found = judged(out, straight(5.0))
    assert found.departure[0] == 1.0 and found.departure_s[0] == pytest.approx(1.3)
    assert found.collision[0] == 0.0 and found.score[0] == 0.0


def test_the_score_is_expected_over_what_is_not_certain():
    seen = seen_of(empty_road())
    movable = seen.movable.copy()
    movable[0, 2, 18:21, 23:25] = 0.25
    found = o.outcome(
        o.Seen(**{**vars(seen), "movable": movable}), straight(5.0), [RIDE], ZOE, GRID
    )
    assert found.collision[0] == pytest.approx(0.25) and found.score[0] == pytest.approx(0.75)
    assert found.collision_s[0] == np.inf


def test_the_kernel_equals_the_reference():
    rng = np.random.default_rng(0)
    shape = (7, *GRID.shape[:2])
    movable, fixed, off = (rng.random(shape).astype(np.float32) ** 4 for _ in range(3))
    flow = rng.normal(0, 6, (7, 2, *GRID.shape[:2])).astype(np.float32)
    flow *= rng.random((7, 1, *GRID.shape[:2])) < 0.5
    steps = np.arange(1, STEPS + 1)
    frame = np.minimum((steps + 2) // 5, 6)
    offset = rng.normal(0, 8, (STEPS, 3))
    ahead, speed = (steps - frame * 5) * 0.1, rng.choice([0.0, 5.0], STEPS)
    points, ends = o.box_points(ZOE, GRID.cell_m)
    given = (movable, fixed, off, flow, frame, offset, ahead, speed, points, ends,
             ZOE.rear_axle_to_center_m, GRID.x_min_m, GRID.y_min_m, GRID.cell_m)  # fmt: skip
    out = np.empty((STEPS, 2))
    o.lead_through(*given, out)
    np.testing.assert_allclose(out, o.lead_through_reference(*given), atol=1e-7)
    assert 0 < (out[:, 0] > 0.5).sum() < STEPS
