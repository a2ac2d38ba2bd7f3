"""Writes small results folders by hand: no simulation, only what was driven how."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.eval import archive
from drivewm.eval.gate.judge import compare
from drivewm.eval.gate.policy import load_policy, of_text
from drivewm.eval.gate.runs import read_run
from drivewm.eval.gate.waivers import of_text as waivers_of
from drivewm.eval.schema import ALL_TABLES, KEY, SCHEMA_VERSION, SERIES, TABLES, TERMS, Cell
from tests.eval.gate import TODAY
from tests.eval.report.folders import TIME_S, write_rollout
from tests.viz.scenes import ego_states

COMMAND = (
    "drivewm score mine=planner.py:Mine?gain=2 --suite smoke --agents reactive --seeds 5 "
    "--workers 2 -o runs/score --overwrite"
)


@dataclass(frozen=True, kw_only=True)
class Driven:
    """One drive, faultless unless told otherwise."""

    scenario: str = "cut_in/0"
    seed: int = 0
    score: float = 0.9
    collision: bool = False
    road: bool = False
    red: bool = False
    stuck: bool = False
    passed: bool | None = None  # None: passed unless there was an event
    impact_mps: float | None = None
    unavoidable: bool = False
    min_ttc_s: float | None = 3.0
    ride_rms_mps2: float | None = 0.2
    overspeed_mps: float = 0.0
    lane_offset_m: float = 0.1
    failed: str | None = None  # the reason
    hash: str = "h"
    group: str = "urban"
    score_version: str = "1"
    mode: str = "privileged"
    replan_interval_s: float = 0.1
    more: dict[str, Any] = field(default_factory=dict)  # columns of ``scores``

    @property
    def is_passed(self) -> bool:
        if self.passed is not None:
            return self.passed
        return not (self.collision or self.road or self.red or self.stuck or self.failed)


def write(
    folder: Path,
    drives: Sequence[Driven],
    *,
    planner: str = "mine",
    suite: bool = True,
    sim: dict[str, Any] | None = None,
    manifest: dict[str, Any] | None = None,
) -> Path:
    """A finished results folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, list] = {name: [] for name in TABLES}
    tables["scenario"] = []
    for drive in drives:
        key = {"planner": planner, "scene_id": drive.scenario, "seed": drive.seed}
        tables["scores"].append(_score(key, drive))
        ok = not drive.failed
        series = {"overspeed_mps": [drive.overspeed_mps] * 3,
                  "lane_offset_m": [drive.lane_offset_m, -drive.lane_offset_m, None]}  # fmt: skip
        tables["series"].append(key | {name: [] for name in SERIES} | (series if ok else {}))
        safety = {
            "min_ttc_s": drive.min_ttc_s, "ride_rms_mps2": drive.ride_rms_mps2,
            "impact_speed_mps": drive.impact_mps,
        }  # fmt: skip
        tables["safety"].append(key | (safety if ok else {}))
        tables["scenario"].append(_scenario(key, drive))
    for name, schema in (ALL_TABLES if suite else TABLES).items():
        pq.write_table(pa.Table.from_pylist(tables[name], schema), folder / f"{name}.parquet")
    content = _manifest(drives, planner, sim or {}) | (manifest or {})
    content |= {"suite": {"name": "smoke", "file": "smoke.yaml"}} if suite else {}
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def _score(key: dict[str, Any], drive: Driven) -> dict[str, Any]:
    terms = {
        "no_at_fault_collision": 1.0 - drive.collision, "drivable_area": 1.0 - drive.road,
        "traffic_light": 1.0 - drive.red, "making_progress": 1.0 - drive.stuck,
    }  # fmt: skip
    row = key | {
        "recording": drive.scenario, "start_s": None, "stage": None, "source": "suite",
        "split": drive.group, "location": drive.scenario.partition("/")[0], "agents": "reactive",
        "mode": drive.mode, "tracker": "lqr", "replan_interval_s": drive.replan_interval_s,
        "status": "failed" if drive.failed else "ok", "reason": drive.failed,
        "not_reproducible": False, "score_name": "closed_loop",
        "score_version": drive.score_version, "score": 0.0 if drive.failed else drive.score,
        "weights_used": "{}", "collisions": int(drive.collision), "fault_unknown": 0,
        "collision_time_s": 3.2 if drive.collision else None, "duration_s": 10.0,
    }  # fmt: skip
    return row | dict.fromkeys(TERMS) | ({} if drive.failed else terms) | drive.more


def _scenario(key: dict[str, Any], drive: Driven) -> dict[str, Any]:
    family = drive.scenario.partition("/")[0]
    about = key | {
        "family": family, "group": drive.group, "scenario_hash": drive.hash,
        "file": f"scenarios/library/{drive.group}/{family}.yaml", "line": 12,
        "unavoidable": drive.unavoidable,
    }  # fmt: skip
    if drive.failed:
        return about | {"passed": False, "reason": drive.failed}
    return about | {
        "passed": drive.is_passed, "reason": None if drive.is_passed else "goal not reached",
        "impact_speed_mps": drive.impact_mps, "min_ttc_s": drive.min_ttc_s,
        "at_fault_collision": drive.collision, "road_departure": drive.road,
        "red_light": drive.red,
    }  # fmt: skip


def _manifest(drives: Sequence[Driven], planner: str, sim: dict[str, Any]) -> dict[str, Any]:
    scenarios = list(dict.fromkeys(drive.scenario for drive in drives))
    settings = {"agents": "reactive", "tracker": "lqr", "replan_interval_s": None,
                "hang_limit_s": 60.0,
                "isolation": {"process": False, "deadline_s": None, "memory_mb": None}}  # fmt: skip
    return {
        "schema_version": SCHEMA_VERSION, "status": "complete", "drivewm_version": "0.1.0",
        "config": {
            "planners": {planner: "planner.py:Mine?gain=2"}, "sim": settings | sim,
            "safety": {"name": "default"}, "score": {"name": "closed_loop", "version": "1"},
        },
        "fleet": {"path": "smoke", "scenes": scenarios, "content_hash": "suite-hash"},
        "fingerprint": f"{planner}-print", "created": "2030-01-02T03:04:05+00:00",
        "command": COMMAND, "git_commit": None,
        "score": {"name": "closed_loop", "version": "1"},
    }  # fmt: skip


def drives(count: int = 12, seeds: Sequence[int] = (0,), **facts: Any) -> list[Driven]:
    """So many steady scenarios of three families, at some seeds."""
    families = ("cut_in", "crossing", "merge")
    return [
        Driven(scenario=f"{families[n % 3]}/{n // 3}", seed=seed, **facts)
        for n in range(count)
        for seed in seeds
    ]


def judged(tmp: Path, old: Sequence[Driven], new: Sequence[Driven], *, policy: str = "",
           waivers: str = "", suite: bool = True):  # fmt: skip
    """The comparison of two hand-written results."""
    before = read_run(write(tmp / "old", old, suite=suite))
    after = read_run(write(tmp / "new", new, suite=suite))
    rules = of_text(policy) if policy else load_policy()
    return compare(before, after, rules, waivers_of(waivers) if waivers else (), today=TODAY)


def film(folder: Path, drives: Sequence[Driven], speed_mps: float, planner: str = "mine") -> None:
    """Archives a drive for each row, and its series: the ego at one speed among road users."""
    columns = {name: [] for name in (*KEY, *SERIES)}
    for drive in drives:
        cell = Cell(planner, drive.scenario, drive.seed)
        path = archive.path_of(folder / "rollouts", cell)
        ego = ego_states(speed_mps)
        write_rollout(path, ego)
        known = {
            "time_s": TIME_S.tolist(), "speed_mps": ego[:, 3].tolist(),
            "ttc_s": [max(0.4, 4.0 - t / 2) for t in TIME_S], "x": ego[:, 0].tolist(),
            "overspeed_mps": [0.0] * len(TIME_S), "lane_offset_m": [0.1] * len(TIME_S),
        }  # fmt: skip
        for name, value in (*zip(KEY, cell), *((n, known.get(n, [])) for n in SERIES)):
            columns[name].append(value)
    table = pa.Table.from_pydict(columns, TABLES["series"])
    pq.write_table(table, folder / "series.parquet")
