import numpy as np
import pytest

from drivewm.eval.horizon.reading import label_speeds, occupied_share, read_frame
from drivewm.models.heads.agents import AGENT_CLASSES
from drivewm.scene import OccClass

NAMES = [int(c) for c in AGENT_CLASSES]


def two_cars_and_a_wall() -> tuple[np.ndarray, np.ndarray]:
    """8 x 8 x 2 cells: two cars of two columns each, at 3 and 5 m/s, and a wall."""
    occupancy = np.full((8, 8, 2), OccClass.FREE, np.uint8)
    occupancy[0, :2, 0], occupancy[5, 5:7, 0] = OccClass.CAR, OccClass.CAR
    occupancy[7, :, :] = OccClass.MANMADE
    flow = np.zeros((2, 8, 8), np.float32)
    flow[0, 0, :2] = 3.0
    flow[:, 5, 5:7] = np.array([3.0, 4.0])[:, None]
    return occupancy, flow


def test_two_cars_are_two_agents_with_their_speeds():
    occupancy, flow = two_cars_and_a_wall()
    found = read_frame(occupancy, flow, 0.25)
    assert sorted(found.speeds_mps) == pytest.approx([3.0, 5.0])
    assert found.shares[OccClass.CAR] == 4 / 128 and found.shares[OccClass.MANMADE] == 16 / 128
    assert occupied_share(found.shares) == pytest.approx(20 / 128)
    assert found.mass == 0.25 and found.boxes_mps is None


def test_a_car_whose_flow_is_half_known_has_the_speed_of_that_half():
    occupancy, flow = two_cars_and_a_wall()
    known = np.zeros((8, 8), bool)
    known[0, 0] = True
    flow[0, 0, 1] = 99.0  # not known
    speeds = read_frame(occupancy, flow, None, known).speeds_mps
    assert len(speeds) == 2 and np.nanmin(speeds) == 3.0 and np.isnan(speeds).sum() == 1


def test_an_empty_world_has_no_agents():
    empty = np.full((4, 4, 2), OccClass.FREE, np.uint8)
    found = read_frame(empty, np.zeros((2, 4, 4), np.float32), 0.0, np.zeros((4, 4), bool))
    assert len(found.speeds_mps) == 0 and occupied_share(found.shares) == 0.0


def test_labels_count_movables_only():
    boxes = np.zeros((3, 8))
    boxes[:, 6:] = [[3.0, 4.0], [1.0, 0.0], [9.0, 9.0]]
    kinds = np.array([NAMES.index(OccClass.CAR), NAMES.index(OccClass.BARRIER), -1])
    np.testing.assert_allclose(label_speeds(boxes, kinds, NAMES), [5.0])
