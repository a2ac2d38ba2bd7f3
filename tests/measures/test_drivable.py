import numpy as np
import pytest

from drivewm.geometry.boxes import corners
from drivewm.measures.drivable import DrivableArea, departures, drivable_margins
from drivewm.measures.history import History
from drivewm.measures.lanes import LaneLayout, in_intersection, lane_flags
from drivewm.scene import NO_MAP, PACIFICA
from tests.measures.hand import cruise, golden_road, scene_of

EDGE_Y = -1.75 + PACIFICA.width_m / 2  # ego centre line at which the right corners touch the edge


def boxes_at(y, x0=-30.0):
    history = History.of_scene(scene_of(cruise(9.0, x0=x0, y=y)))
    return corners(history.centres, PACIFICA.length_m, PACIFICA.width_m), history.centres


@pytest.mark.parametrize("lanes", [True, False])
@pytest.mark.parametrize(("out_m", "leaves"), [(-0.5, False), (0.25, False), (0.35, True)])
def test_departure_has_a_tolerance_of_30_cm(out_m, leaves, lanes):
    boxes, centres = boxes_at(EDGE_Y - out_m)
    area = DrivableArea.of_map(golden_road(lanes), centres[:, :2])
    assert departures(boxes, centres, area).all() == leaves
    np.testing.assert_allclose(drivable_margins(boxes, area), -out_m, atol=1e-9)


def test_no_drivable_area_is_not_applicable():
    assert DrivableArea.of_map(NO_MAP, np.zeros((1, 2))) is None


def test_lane_flags_on_the_golden_road():
    layout = LaneLayout.of_map(golden_road())
    assert lane_flags(boxes_at(0.0)[0], layout).all()  # also across lane and connector
    assert lane_flags(boxes_at(1.75)[0], layout).max() == 0  # astride the line
    assert lane_flags(boxes_at(0.0)[0], None).max() == -1


def test_going_against_the_lane_across_a_boundary_is_not_common():
    layout = LaneLayout.of_map(golden_road())
    wrong = boxes_at(7.0)[0]
    assert lane_flags(wrong, layout).min() == 0  # the front is in what comes before


def test_intersection():
    layout = LaneLayout.of_map(golden_road())
    points = np.array([[99.0, 0.0], [101.0, 0.0], [129.0, 8.0], [131.0, 0.0]])
    assert list(in_intersection(points, layout)) == [False, True, True, False]
    assert not in_intersection(points, None).any()
    assert LaneLayout.of_map(golden_road(lanes=False)) is None
