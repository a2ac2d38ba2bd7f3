"""nuPlan's closed loop: whole runs with three planners, replayed or IDM agents, and their scores.

Shapes: T steps, N tracks.
"""

from __future__ import annotations

import numpy as np

from drivewm.eval.conform import nuplan_cls
from drivewm.eval.conform.closed_loop_scenes import (
    AGENTS,
    config_of,
    reference_agents,
    reference_ego,
    scene_of,
)
from drivewm.eval.conform.fixtures import STATE, Fixtures, Row, poses
from drivewm.eval.conform.tally import Tally
from drivewm.eval.surroundings import traffic_of
from drivewm.measures.history import History
from drivewm.measures.nuplan import nuplan_terms
from drivewm.measures.nuplan_road import road_of_map
from drivewm.planners.registry import create
from drivewm.scene import Scene, ScoreType
from drivewm.scene.road_graph import graph_lanes
from drivewm.sim.loop import rollout
from drivewm.sim.rollout import Rollout

PLANNERS = {"idm": "nuplan_idm", "simple": "nuplan_simple", "pdm": "pdm_closed"}
TRAJECTORY_M = 1e-3
PLAN_M = 1e-6
SCORE = 1e-6


def check(fixtures: Fixtures, tally: Tally) -> None:
    """Drives every case and compares drive, agents, first plan and scores.

    A run in which the reference chose between objects at the same distance may differ: it is
    excused (for all quantities) if it equals the reference once the choice goes the other way.
    """
    for row in fixtures.rows("nuplan_closed_loop"):
        scene = scene_of(fixtures, row)
        _compare(tally, row, scene, drive(row, scene))


def drive(row: Row, scene: Scene) -> Rollout:
    """The case as drivewm drives it."""
    config = config_of(row)
    return rollout(
        scene, create(PLANNERS[row["planner"]]), config, traffic_of(scene, config.agents)
    )


def _compare(tally: Tally, row: Row, scene: Scene, ours: Rollout) -> None:
    case, planner = row["run_id"], row["planner"]
    tally.discrete(case, "status", "ok", ours.status)
    if ours.status != "ok":
        return
    _compare_ego(tally, row, ours)
    if row["observation"] == "idm":
        _compare_agents(tally, row, ours)
    if planner == "pdm":
        _compare_proposals(tally, row, ours)
    expert = poses(row, "expert")
    history = History(
        times_us=ours.times_us, ego=ours.ego, vehicle=ours.vehicle, tracks=ours.tracks
    )
    terms = nuplan_terms(history, road_of_map(scene.map), expert)
    names = [lane.id for lane in graph_lanes(scene.map)]
    # States that agree to 1e-9 may round to other eighth decimals: no 1e-8 for what is driven.
    nuplan_cls.compare(
        tally, case, row, terms, ours.tracks.score_type, names, "out_cls_", comfort_close=SCORE
    )


def _compare_ego(tally: Tally, row: Row, ours: Rollout) -> None:
    case, expected = row["run_id"], reference_ego(row)
    tally.discrete(case, "times", row["out_t_us"], ours.times_us)
    gap = ours.ego - expected if len(ours.ego) == len(expected) else np.full((1, 3), np.inf)
    gap[:, 2] = _wrapped(gap[:, 2])
    tally.close(case, f"ego {row['planner']}", np.zeros(gap[:, :3].shape), gap[:, :3], TRAJECTORY_M)
    for k, name in list(enumerate(STATE))[3:]:
        tally.close(case, f"ego {name}", np.zeros(len(gap)), gap[:, k], TRAJECTORY_M)
    first = np.stack([np.array(row[f"out_plan0_{name}"], float) for name in "xyh"], -1)
    gap = ours.plan_poses[0] - first
    gap[:, 2] = _wrapped(gap[:, 2])
    tally.close(case, f"first plan {row['planner']}", np.zeros(gap.shape), gap, PLAN_M)


def _compare_agents(tally: Tally, row: Row, ours: Rollout) -> None:
    case, tracks = row["run_id"], ours.tracks
    expected, valid = reference_agents(row, len(tracks))
    cars = tracks.score_type == ScoreType.VEHICLE
    if not tally.discrete(case, "agents present", valid[cars], tracks.valid[cars]):
        return
    gap = (tracks.state[..., [0, 1, 3, 4, 5]] - expected)[valid]
    gap[:, 2] = _wrapped(gap[:, 2])
    for k, name in enumerate(AGENTS):
        tally.close(case, f"agents {name}", np.zeros(len(gap)), gap[:, k], TRAJECTORY_M)


def _compare_proposals(tally: Tally, row: Row, ours: Rollout) -> None:
    notes = [note or {} for note in ours.info]
    expected = np.array(row["out_pdm_scores"], float).reshape(len(row["out_pdm_emergency"]), -1)
    got = np.array([note.get("scores", []) for note in notes], float)
    tally.close(row["run_id"], "proposal scores", expected[: len(got)], got, SCORE)
    brakes = [int(note.get("emergency_brake", -1)) for note in notes]
    tally.discrete(
        row["run_id"], "emergency brakes", row["out_pdm_emergency"][: len(brakes)], brakes
    )


def _wrapped(angle_rad: np.ndarray) -> np.ndarray:
    return (angle_rad + np.pi) % (2 * np.pi) - np.pi
