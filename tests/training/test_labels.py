import numpy as np

from drivewm.models.grid import GridConfig, cell_centers
from drivewm.scene import NO_MAP, ZOE, Lights, OccClass, Scene, ScoreType, Tracks
from drivewm.training.labels import NEAR_M, flow_label

GRID = GridConfig(x_max_m=38.4, y_min_m=-25.6, y_max_m=25.6, cell_m=1.6)


def scene_with_one(occ_class: OccClass, heading: float, velocity: tuple[float, float]) -> Scene:
    """The ego at (100, 50) looking along +y; one box 10 m ahead of it."""
    ego = np.zeros((1, 11))
    ego[0, :3] = [100.0, 50.0, np.pi / 2]
    state = np.array([[[100.0, 60.0, 0.8, heading, *velocity]]])
    tracks = Tracks(
        ids=("a",), categories=("x",), score_type=np.array([ScoreType.VEHICLE], np.int8),
        occ_class=np.array([occ_class], np.int8), size_m=np.array([[4.0, 2.0, 1.6]]),
        state=state, valid=np.ones((1, 1), bool),
    )  # fmt: skip
    return Scene(
        id="s", source="hand", location="", split="all", times_us=np.zeros(1, np.int64), ego=ego,
        vehicle=ZOE, tracks=tracks, map=NO_MAP, lights=Lights(), route=np.zeros((2, 2)),
        native_rate_hz=10.0,
    )  # fmt: skip


def test_a_car_driving_away_flows_forward_in_the_ego_frame():
    flow, known = flow_label(scene_with_one(OccClass.CAR, np.pi / 2, (0.0, 5.0)), 0, GRID)
    cells = cell_centers(GRID)
    at_car = np.hypot(cells[..., 0] - 10.0, cells[..., 1]) < 1.5
    assert known[at_car].all()
    np.testing.assert_allclose(flow[:, at_car].T, np.tile([5.0, 0.0], (at_car.sum(), 1)), atol=1e-5)


def test_the_flow_reaches_exactly_as_far_as_said_around_the_box():
    _, known = flow_label(scene_with_one(OccClass.CAR, np.pi / 2, (0.0, 5.0)), 0, GRID)
    cells = cell_centers(GRID)
    outside = np.maximum(np.abs(cells - [10.0, 0.0]) - [2.0, 1.0], 0.0)
    np.testing.assert_array_equal(known, np.hypot(*np.moveaxis(outside, -1, 0)) <= NEAR_M)


def test_a_cone_is_not_movable():
    flow, known = flow_label(scene_with_one(OccClass.TRAFFIC_CONE, 0.0, (0.0, 0.0)), 0, GRID)
    assert not known.any() and not flow.any()
