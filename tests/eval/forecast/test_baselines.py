import numpy as np

from drivewm.eval.forecast.baselines import constant_velocity, find_objects, without_movables
from drivewm.models.grid import GridConfig
from drivewm.scene import OccClass
from tests.models.hand import road_with_car

GRID = GridConfig(x_max_m=38.4, y_min_m=-25.6, y_max_m=25.6, cell_m=1.6)


def moving(occupancy: np.ndarray, vx: float, vy: float) -> np.ndarray:
    flow = np.zeros((2, *occupancy.shape[:2]), np.float32)
    flow[0], flow[1] = vx, vy
    return flow


def test_two_cars_apart_are_two_objects_with_their_own_velocity():
    near, far = road_with_car(GRID, 6.4, 0.0), road_with_car(GRID, 25.6, 6.4)
    both = np.where(far == OccClass.CAR, far, near)
    flow = moving(both, 0.0, 0.0)
    flow[0][(far == OccClass.CAR).any(-1)] = 8.0
    objects = find_objects(both, flow)
    assert sorted(objects.velocity_mps[:, 0].tolist()) == [0.0, 8.0]
    assert (objects.cells >= 0).sum() == (both == OccClass.CAR).any(-1).sum()


def test_a_car_moves_on_while_the_ego_stands():
    start = road_with_car(GRID, 6.4, 0.0)
    objects = find_objects(start, moving(start, 3.2, 0.0))
    later, flow = constant_velocity(start, without_movables(start), objects, np.zeros(3), 2.0, GRID)
    np.testing.assert_array_equal(later, road_with_car(GRID, 12.8, 0.0))
    moving_cells = (later == OccClass.CAR).any(-1)
    np.testing.assert_allclose(flow[0], np.where(moving_cells, 3.2, 0.0), atol=1e-6)


def test_velocities_are_told_in_the_frame_of_an_ego_that_turned():
    start = road_with_car(GRID, 6.4, 0.0)
    objects = find_objects(start, moving(start, 3.2, 0.0))
    turned = np.array([0.0, 0.0, np.pi / 2])
    _, flow = constant_velocity(start, without_movables(start), objects, turned, 0.0, GRID)
    assert flow[1].min() == -np.float32(3.2) and np.abs(flow[0]).max() < 1e-6


def test_a_car_as_fast_as_the_ego_stays_in_view_where_it_is():
    start = road_with_car(GRID, 6.4, 0.0)
    objects = find_objects(start, moving(start, 6.4, 0.0))
    motion = np.array([6.4, 0.0, 0.0])
    later, _ = constant_velocity(start, without_movables(start), objects, motion, 1.0, GRID)
    np.testing.assert_array_equal(later, start)


def test_an_empty_road_has_no_objects():
    road = without_movables(road_with_car(GRID, 6.4, 0.0))
    assert not np.isin(road, [OccClass.CAR]).any()
    assert len(find_objects(road, moving(road, 1.0, 0.0)).velocity_mps) == 0
