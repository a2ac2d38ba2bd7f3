"""Recorded scenes scored: the human is clean where the data is, planners drive where maps allow."""

from __future__ import annotations

import itertools

import pytest

from drivewm.config import validate
from drivewm.errors import InputError
from drivewm.eval.scores.registry import load_config
from drivewm.eval.scoring import ScoringRun, score_planners
from drivewm.scene.roadblocks import same_direction, with_roadblocks
from drivewm.sim.config import SimConfig

EVERYWHERE = ("log_replay", "constant_velocity", "idm", "nuplan_simple")
ON_LANES = ("nuplan_idm", "pdm_closed")
SCENES = {
    "nuscenes": ("scene-0061", "scene-1077"),
    "scenarionet": ("scene-0061", "scene-0757"),
    "av2": ("3b3570b4-7b0b-3268-a571-b0889dbf40b6", "3bffdcff-c3a7-38b6-a0f2-64196d130958"),
}
SOURCES = tuple(SCENES)
LANES = ("scenarionet", "av2")


def score(fleet, out, planners, scenes, agents="replay", duration_s=None):
    settings = {"agents": agents, "duration_s": duration_s}
    return score_planners(
        ScoringRun(
            planners=planners, fleet=fleet.path, out=out, scene_ids=scenes, split=None,
            sim=validate(SimConfig, settings, file="test"), score=load_config("nuplan_cls"),
            rollouts=False, workers=1, overwrite=False, command="test",
        )
    )  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
def test_recorded_drive_is_clean(real_fleets, tmp_path, source):
    rows = score(real_fleets[source], tmp_path / "run", ["log_replay"], None)
    for row in rows:
        assert row["status"] == "ok"
        assert (row["no_at_fault_collision"], row["drivable_area"]) == (1.0, 1.0), row["scene_id"]
        assert row["progress"] == pytest.approx(1.0)
        assert row["driving_direction"] == (1.0 if source in LANES else None)
        assert row["speed_limit"] is None  # no source tells limits


def test_recorded_drive_loses_what_the_real_logs_page_says(real_fleets, tmp_path):
    rows = [
        row
        for source in SOURCES
        for row in score(real_fleets[source], tmp_path / source, ["log_replay"], None)
    ]
    lost = {
        (row["source"], row["scene_id"][:8], term)
        for row in rows
        for term in ("ttc", "comfort", "making_progress")
        if row[term] < 1.0
    }
    assert lost == {("av2", "3b3570b4", "ttc"), ("av2", "3b3570b4", "comfort")}


@pytest.mark.parametrize("agents", ["replay", "reactive"])
@pytest.mark.parametrize("source", SOURCES)
def test_every_planner_that_the_map_allows_drives(real_fleets, tmp_path, source, agents):
    planners = [*EVERYWHERE, *(ON_LANES if source in LANES else ())]
    rows = score(
        real_fleets[source], tmp_path / "run", planners, SCENES[source], agents, duration_s=6.0
    )
    assert len(rows) == len(planners) * 2
    assert [row["reason"] for row in rows if row["status"] != "ok"] == []


@pytest.mark.parametrize("planner", ON_LANES)
def test_planner_on_lanes_is_refused_without_them(real_fleets, tmp_path, planner):
    with pytest.raises(InputError, match=f"{planner} needs a lane graph"):
        score(real_fleets["nuscenes"], tmp_path / "run", [planner], ["scene-0061"])
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("source", LANES)
def test_lane_graph_is_sound(real_fleets, source):
    """Connectors have areas, roadblocks one direction, and the route is one linked chain."""
    for info in real_fleets[source].scenes:
        scene = real_fleets[source].scene(info.id)
        road = with_roadblocks(scene.map)
        connectors = [lane for lane in road.lanes if lane.is_connector]
        assert sum(lane.polygon is None for lane in connectors) <= 0.01 * len(connectors)
        blocks = {block.id: block for block in road.roadblocks}
        for block in blocks.values():
            lanes = [road.lane(name) for name in block.lane_ids]
            assert block.is_connector or all(same_direction(lanes[0], x) for x in lanes)
        route = scene.route_roadblocks
        assert len(route) >= 3
        for before, after in itertools.pairwise(route):
            assert after in blocks[before].successors
