"""What is written is read again as the same lanes with the same links."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely

from drivewm.errors import InputError
from drivewm.scenarios.opendrive import read_opendrive, road_map
from drivewm.scenarios.opendrive.write import to_xodr
from drivewm.scenarios.opendrive.write_curve import fitted
from drivewm.scene import NO_MAP, RoadMap
from drivewm.worlds.layouts import LAYOUTS, draw
from tests.scenarios.opendrive import maps


def written(before: RoadMap, tmp_path):
    """The map read again, its notes, and the new name of each lane."""
    place = to_xodr(before, tmp_path / "written.xodr")
    odr = read_opendrive(tmp_path / "written.xodr")
    return road_map(odr), odr.notes, {k: f"{road}:0:{lane}" for k, (road, lane) in place.items()}


def check_same(before: RoadMap, after: RoadMap, name: dict[str, str]) -> None:
    assert len(after.lanes) == sum(not lane.is_bike for lane in before.lanes)
    for lane in before.lanes:
        if lane.is_bike:
            continue
        other = after.lane(name[lane.id])
        lines = [shapely.linestrings(x.centerline) for x in (lane, other)]
        away = shapely.hausdorff_distance(*lines)
        assert away < 0.05, lane.id
        assert np.hypot(*(lane.centerline[0] - other.centerline[0])) < 0.02
        assert sorted(other.successors) == sorted(name[n] for n in lane.successors)
        is_plain = max(len(lane.successors), len(lane.predecessors)) > 1
        assert other.is_connector == (lane.is_connector and not is_plain)
        assert other.has_light == lane.has_light
        assert other.speed_limit_mps == lane.speed_limit_mps


@pytest.mark.parametrize("make", [maps.s_curve, maps.t_junction])
def test_maps_of_files_come_back(make, tmp_path) -> None:
    before = road_map(make(tmp_path))
    after, notes, name = written(before, tmp_path)
    assert notes == ()
    check_same(before, after, name)


def test_neighbours_come_back(tmp_path) -> None:
    before = road_map(maps.s_curve(tmp_path))
    after, _, name = written(before, tmp_path)
    assert after.lane(name["1:0:-1"]).right_neighbor == name["1:0:-2"]
    assert after.lane(name["1:0:-2"]).left_neighbor == name["1:0:-1"]


@pytest.mark.parametrize("kind", list(LAYOUTS))
def test_the_synthetic_worlds_layouts_come_back(kind: str, tmp_path) -> None:
    before = draw(kind, 3).road_map((100.0, 50.0))
    after, notes, name = written(before, tmp_path)
    check_same(before, after, name)
    assert notes == ()


def test_a_circle_is_fitted_by_few_cubics() -> None:
    angle = np.linspace(0, np.pi, 95)
    pieces = fitted(30 * np.stack([np.cos(angle), np.sin(angle)], -1))
    assert len(pieces) < 12
    for before, after in pairwise(pieces):
        end = before.curve.at(np.array([before.curve.length_m]))
        turn = before.heading_rad + end.heading_rad[0] - after.heading_rad
        assert abs(np.sin(turn)) < 1e-9


def test_a_map_without_lanes_is_named(tmp_path) -> None:
    with pytest.raises(InputError, match="no lanes to write"):
        to_xodr(NO_MAP, tmp_path / "x.xodr")
