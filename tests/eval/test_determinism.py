"""The same bytes for any workers and order: built-in planners among every kind of agents."""

import pyarrow.parquet as pq
import pytest
from pyarrow import BufferReader

from drivewm.eval import engine, scoring
from drivewm.eval.scores.registry import load_config
from drivewm.eval.scoring import ScoringRun, score_planners
from drivewm.sim.config import SimConfig
from tests.eval.busy_fleet import BusyFleet

PLANNERS = ("nuplan_idm", "pdm_closed", "constant_velocity")
TABLES = ("scores", "series", "safety", "worst")
AGENTS = ("replay", "reactive", "nuplan_idm")


def run_of(out, agents, workers=1, planners=PLANNERS, scene_ids=None):
    return ScoringRun(
        planners=planners, fleet="busy", out=out, scene_ids=scene_ids, split=None,
        sim=SimConfig(agents=agents), score=load_config("nuplan_cls"), workers=workers,
        overwrite=False, command="drivewm score", rollouts=False,
    )  # fmt: skip


def tables_of(out, agents, workers=1):
    rows = score_planners(run_of(out, agents, workers), BusyFleet())
    assert len(rows) == 12 and {row["status"] for row in rows} == {"ok"}, rows
    assert len({row["score"] for row in rows}) > 2  # the drives differ
    return {name: (out / f"{name}.parquet").read_bytes() for name in TABLES}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    made = {}

    def of(agents):
        if agents not in made:
            made[agents] = tables_of(tmp_path_factory.mktemp(agents) / "r", agents)
        return made[agents]

    return of


@pytest.mark.parametrize("agents", AGENTS)
def test_two_workers_and_few_waiting_drives_give_the_same_bytes(
    tmp_path, monkeypatch, agents, expected
):
    monkeypatch.setattr(engine, "WAITING", 1)
    assert tables_of(tmp_path / "two", agents, workers=2) == expected(agents)


@pytest.mark.parametrize("agents", AGENTS)
def test_another_order_of_scenes_and_planners_gives_the_same_bytes(
    tmp_path, monkeypatch, agents, expected
):
    kept, orders = scoring.run_jobs, []

    def reversed_jobs(jobs, *rest):
        orders.append([job.cell for job in jobs])
        return kept(jobs[::-1], *rest)

    monkeypatch.setattr(scoring, "run_jobs", reversed_jobs)
    assert tables_of(tmp_path / "back", agents) == expected(agents)
    assert len(orders) == 1 and orders[0] != orders[0][::-1]


@pytest.mark.parametrize("agents", AGENTS)
def test_a_drive_alone_is_that_among_others(tmp_path, agents, expected):
    """What is kept from drive to drive (a scene, its prepared map, a planner) changes nothing."""
    whole = pq.read_table(BufferReader(expected(agents)["scores"])).to_pylist()
    alone = [row for row in whole if row["planner"] == "pdm_closed" and row["scene_id"] == "queue"]
    run = run_of(tmp_path / "alone", agents, planners=["pdm_closed"], scene_ids=["queue"])
    assert score_planners(run, BusyFleet()) == alone
