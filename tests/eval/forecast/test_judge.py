import numpy as np

from drivewm.eval.forecast.ego import Forecast
from drivewm.eval.forecast.judge import Judge
from drivewm.eval.forecast.truth import WindowTruth
from drivewm.measures.flow import end_point_error
from drivewm.measures.iou import counts_of, movable_iou
from drivewm.measures.rayiou import ray_iou
from drivewm.models.grid import GridConfig
from drivewm.scene import OccClass
from tests.models.hand import road_with_car

GRID = GridConfig(x_max_m=38.4, y_min_m=-25.6, y_max_m=25.6, cell_m=1.6)
CAR = road_with_car(GRID, 9.6, 0.0)


def truth() -> WindowTruth:
    """A car that drives at 5 m/s; the camera sees it, and nothing beside it."""
    flow = np.zeros((1, 2, *GRID.shape[:2]), np.float32)
    flow[:, 0] = 5.0
    return WindowTruth(
        occupancy=CAR[None], masks={"none": None, "camera": (CAR == OccClass.CAR)[None]}, flow=flow,
        flow_known=np.ones((1, *GRID.shape[:2]), bool), poses=np.zeros((1, 3)),
        times_s=np.zeros(1), origins_m=[np.array([[1.0, 0.0, 1.8]])],
    )  # fmt: skip


def forecast(car_x_m: float, vx: float) -> Forecast:
    flow = np.zeros((1, 2, *GRID.shape[:2]), np.float32)
    flow[:, 0] = vx
    return Forecast(classes=road_with_car(GRID, car_x_m, 0.0)[None], flow=flow)


def test_the_truth_itself_is_perfect_under_every_mask():
    for c in Judge(truth(), GRID).counts(forecast(9.6, 5.0)):
        assert movable_iou(counts_of(c.confusion)) == 1.0
        assert end_point_error(c.flow) == 0.0 and c.calibration is None
        assert (c.rays is None) == (c.mask == "camera")
        assert c.rays is None or ray_iou(c.rays) == 1.0


def test_a_car_too_far_ahead_costs_where_it_is_compared():
    none, camera = Judge(truth(), GRID).counts(forecast(12.8, 3.0))
    assert counts_of(none.confusion)[OccClass.CAR].tolist() == [2, 6, 6]
    assert counts_of(camera.confusion)[OccClass.CAR].tolist() == [2, 2, 6]
    assert end_point_error(none.flow) == end_point_error(camera.flow) == 2.0
    assert none.rays is not None
    hits = none.rays[OccClass.CAR]
    assert hits[0] < hits[2]  # 3.2 m off: seen at the 4 m threshold, not at 1 m
