"""drivewm's side of every timed case: name -> a function that does the work once.

What is timed: kernels and what they need per scene. Not timed, as on the reference's side: reading
files, maps, histories and observations made once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from reference import Entry

from drivewm.eval.conform.closed_loop_scenes import config_of, scene_of
from drivewm.eval.conform.fixtures import Fixtures, Row, history_of, poses, states
from drivewm.eval.conform.navsim_case import environment_of, given_states
from drivewm.eval.conform.nuplan_closed_loop import PLANNERS
from drivewm.eval.surroundings import traffic_of
from drivewm.measures.nuplan import nuplan_terms
from drivewm.measures.nuplan_road import road_of_map
from drivewm.measures.proposals import NAVSIM_V2, score_proposals
from drivewm.planners.registry import create
from drivewm.sim.batch_lqr import simulate
from drivewm.sim.loop import rollout

Work = Callable[[], object]
FIRST = 110  # cases of TIMINGS.md


def work_of(entry: Entry) -> tuple[Work, float] | None:
    """The same work as a reference entry and how often it does it; None: nothing to compare."""
    fixtures = Fixtures(entry.folder)
    rows = _rows(fixtures, entry)
    if entry.kind == "nuplan_cls":
        return partial(_all, [_metrics(fixtures, row) for row in rows]), len(rows)
    if entry.kind == "nuplan_closed_loop":
        return partial(_all, [_loop(fixtures, row) for row in rows]), 14.9 * len(rows)
    if "/" in entry.name and entry.name.rsplit("/", 1)[1].isdigit():
        count = int(entry.name.rsplit("/", 1)[1])
        make = _simulate if "lqr" in entry.name else _score
        return make(fixtures, rows[0], count), 1.0
    return None


def _all(work: list[Work]) -> None:
    for one in work:
        one()


def _rows(fixtures: Fixtures, entry: Entry) -> list[Row]:
    rows = fixtures.rows(entry.kind)
    if entry.row is None:
        return rows[:FIRST]
    wanted = {entry.row} if isinstance(entry.row, str) else set(entry.row)
    return [row for row in rows if row.get("scene_id", row.get("run_id")) in wanted]


def _metrics(fixtures: Fixtures, row: Row) -> Work:
    road = road_of_map(fixtures.maps()[row["map_id"]])
    expert = poses(row, "expert")
    return partial(nuplan_terms, history_of(row), road, expert)


def _loop(fixtures: Fixtures, row: Row) -> Work:
    scene, config = scene_of(fixtures, row), config_of(row)

    def drive() -> None:
        planner = create(PLANNERS[row["planner"]])
        rollout(scene, planner, config, traffic_of(scene, config.agents))

    return drive


def _simulate(fixtures: Fixtures, row: Row, count: int) -> Work:
    ego = states(row, "ego0")[0]
    plans = given_states(row)[1 : count + 1, :, :3]
    return partial(simulate, np.ascontiguousarray(plans), ego, 3.089)


def _score(fixtures: Fixtures, row: Row, count: int) -> Work:
    environment = environment_of(row, fixtures.maps()[row["map_id"]], is_v2=True)
    given = np.ascontiguousarray(given_states(row)[1 : count + 1])
    return partial(score_proposals, given, environment, NAVSIM_V2)
