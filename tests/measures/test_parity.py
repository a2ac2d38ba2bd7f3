"""The measures beside the values computed by nuPlan's own code."""

import numpy as np
import pytest

from drivewm.geometry.boxes import corners
from drivewm.measures.collision import collision_score, find_contacts
from drivewm.measures.comfort import comfort_series, within_bounds
from drivewm.measures.drivable import DrivableArea, departures
from drivewm.measures.lanes import LaneLayout, in_intersection, lane_flags
from drivewm.measures.ttc import ttc_score, ttc_series
from tests.measures.reference_rows import history_of, maps_of, rows_of, states

COMFORT = {
    "lon_acc": "lon_acc_mps2",
    "lat_acc": "lat_acc_mps2",
    "mag_acc": "mag_acc_mps2",
    "jerk": "jerk_mps3",
    "lon_jerk": "lon_jerk_mps3",
    "yaw_rate": "yaw_rate_radps",
    "yaw_acc": "yaw_acc_radps2",
}


@pytest.fixture(scope="module")
def rows(fixtures_dir):
    return rows_of(fixtures_dir, "nuplan_cls")


@pytest.fixture(scope="module")
def maps(fixtures_dir):
    return maps_of(fixtures_dir)


def test_collisions_and_ttc_equal_nuplan(rows, maps):
    for row in rows:
        history = history_of(row)
        flags = np.array(row["out_in_common"], np.int8)
        contacts = find_contacts(history, flags)
        found = list(zip(contacts.step.tolist(), contacts.track.tolist(), contacts.type.tolist()))
        expected = list(zip(row["out_col_step"], row["out_col_track"], row["out_col_type"]))
        assert found == expected, row["scene_id"]
        np.testing.assert_allclose(contacts.delta_v_mps, row["out_col_delta_v"], atol=1e-6)
        assert collision_score(contacts) == row["out_NC"], row["scene_id"]
        layout = LaneLayout.of_map(maps[row["map_id"]])
        wide = (flags == 0) | in_intersection(history.ego[:, :2], layout)
        series = ttc_series(history, contacts, wide)
        np.testing.assert_allclose(series, row["out_ttc_series"], atol=1e-9)
        assert ttc_score(series) == row["out_TTC"], row["scene_id"]


def test_drivable_area_equals_nuplan(rows, maps):
    for row in rows:
        history = history_of(row)
        area = DrivableArea.of_map(maps[row["map_id"]], history.centres[:, :2])
        boxes = corners(history.centres, history.vehicle.length_m, history.vehicle.width_m)
        clean = not departures(boxes, history.centres, area).any()
        assert float(clean) == row["out_DAC"], row["scene_id"]


def test_comfort_equals_nuplan(fixtures_dir):
    for row in rows_of(fixtures_dir, "comfort"):
        series = comfort_series(np.array(row["t_us"]), states(row), 1.461)
        for theirs, ours in COMFORT.items():  # accelerations are rounded to 8 decimals: ties
            expected = np.array(row[f"out_nuplan_{theirs}"])
            np.testing.assert_allclose(getattr(series, ours), expected, atol=5e-8, rtol=0)
        ok = within_bounds(series)
        for theirs in ("jerk", "lon_jerk", "yaw_rate"):
            assert ok[COMFORT[theirs]] == bool(row[f"out_nuplan_ok_{theirs}"])


def test_lanes_of_the_corners_are_nuplans_almost_everywhere(rows, maps):
    differing = steps = 0
    for row in rows:
        history = history_of(row)
        boxes = corners(history.centres, history.vehicle.length_m, history.vehicle.width_m)
        flags = lane_flags(boxes, LaneLayout.of_map(maps[row["map_id"]]))
        differing += int((flags != np.array(row["out_in_common"])).sum())
        steps += len(flags)
    assert differing / steps < 1e-4
