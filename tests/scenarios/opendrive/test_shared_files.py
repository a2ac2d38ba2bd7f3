"""The road networks of the published ALKS and NCAP scenarios."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drivewm.scenarios.opendrive import LanePlace, read_opendrive, road_map
from drivewm.scene.road_graph import road_graph


@pytest.fixture(scope="module")
def files(real_data) -> list[Path]:
    found = sorted((real_data / "openscenario").rglob("*.xodr"))
    assert found
    return found


def one(files: list[Path], name: str):
    return read_opendrive(next(path for path in files if path.name == name))


def test_every_file_becomes_a_map(files) -> None:
    for path in files:
        odr = read_opendrive(path)
        found = road_map(odr)
        graph = road_graph(found)
        assert len(found.lanes) >= 2 and found.drivable, path
        assert np.isfinite(graph.line_xy).all() and (np.diff(graph.line_first) >= 2).all(), path
        for road in odr.roads.values():
            for before, after in zip(road.plan.pieces, road.plan.pieces[1:]):
                end = before.at(np.array([after.s_m]))
                assert np.hypot(end.x_m - after.x_m, end.y_m - after.y_m) < 1e-6, path


def test_places_project_back_in_every_file(files) -> None:
    for path in files:
        odr = read_opendrive(path)
        for road in odr.roads.values():
            for s in np.linspace(0.01, road.length_m - 0.01, 7):
                for lane_id in odr.section(road.id, s).lanes:
                    if lane_id == 0:
                        continue
                    x, y, _ = odr.lane_position(road.id, lane_id, s)
                    found = odr.project(x, y, roads=[road.id])
                    assert (found.lane, found.s_m) == (lane_id, pytest.approx(s, abs=1e-6)), path


@pytest.mark.parametrize(
    ("name", "radius"),
    [("left_radius_250m", 250), ("right_radius_250m", -250), ("left_radius_1000m", 1000),
     ("right_radius_1000m", -1000)],
)  # fmt: skip
def test_the_alks_curves_have_their_radius(files, name: str, radius: float) -> None:
    road = one(files, f"alks_road_{name}.xodr").roads["0"]
    bend = road.plan.at(np.linspace(0, road.length_m, 2001)).curvature_per_m
    assert bend[np.abs(bend).argmax()] == pytest.approx(1 / radius)


def test_what_the_ncap_junction_leaves_out_is_named(files) -> None:
    odr = one(files, "X-Intersection_NCAP.xodr")
    assert [(note.line, note.text) for note in odr.notes] == [
        (458, "links to lane 4:0:-2, which does not exist"),
        (478, "links to lane 6:0:-2, which does not exist"),
        (483, "links to lane 6:0:-2, which does not exist"),
        (488, "links to lane 7:0:-2, which does not exist"),
    ]


def test_all_turns_of_the_ncap_junction_can_be_driven(files) -> None:
    odr = one(files, "X-Intersection_NCAP.xodr")
    into = {"0": -1, "1": -1, "2": 1, "3": -1}  # the lane that leads to the junction
    start = {name: 0.0 if name == "2" else 250.0 for name in into}
    for name, lane in into.items():
        for other, back in into.items():
            if other == name:
                continue
            at = LanePlace(odr.key(name, lane, start[name]), start[name])
            goal = LanePlace(odr.key(other, -back, start[other]), start[other])
            line = odr.route_line(odr.route(at, goal, may_change=False))
            assert 10 < np.hypot(*np.diff(line, axis=0).T).sum() < 30
