"""Every scene of recorded fleets with every planner that its map allows, as Markdown tables.

    python benchmarks/real/run.py OUT FLEET... [--scores nuplan_cls,...] [--planners idm,...]

One results folder per fleet, score, way with missing terms and agents; a run that was stopped goes
on. ``OUT/<fleet>.md`` holds the tables; ``OUT/human.md`` every term below 1 of the recorded drives.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from drivewm.config import validate
from drivewm.errors import InputError
from drivewm.eval.schema import TERMS
from drivewm.eval.scores.registry import load_config
from drivewm.eval.scoring import ScoringRun, score_planners
from drivewm.eval.table import TITLES, mean_of
from drivewm.logs.caveats import LANELESS, caveats_of
from drivewm.logs.fleet import Fleet
from drivewm.planners.registry import load_class, parse
from drivewm.sim.config import SimConfig
from drivewm.storage import write_text

PLANNERS = (
    "log_replay", "constant_velocity", "idm", "nuplan_simple", "nuplan_idm", "pdm_closed",
)  # fmt: skip
SCORES = ("nuplan_cls/drop", "nuplan_cls/reference", "closed_loop/drop")
HUMAN = "log_replay"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One run of a fleet: a score and the agents."""

    score: str
    missing: str
    agents: str

    @property
    def folder(self) -> str:
        return f"{self.score}-{self.missing}-{self.agents}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("fleets", nargs="+", type=Path, metavar="FLEET")
    parser.add_argument(
        "--scores", default=",".join(SCORES), help="SCORE/MISSING,... (%(default)s)"
    )
    parser.add_argument("--planners", default=",".join(PLANNERS))
    parser.add_argument("--agents", default="replay,reactive,nuplan_idm")
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    human: list[str] = []
    for path in args.fleets:
        fleet = Fleet.open(path)
        lanes = any(info.map_origin not in LANELESS for info in fleet.scenes)
        lines = [f"## {path.name}: {len(fleet)} scenes", ""]
        lines += [f"* {line}" for line in caveats_of(fleet.scenes)]
        for cell in _cells(args, lanes):
            rows = _score(args, path, cell, _allowed(args.planners.split(","), lanes))
            lines += _table(cell, rows)
            if cell.agents == "replay":
                human += _below_one(path.name, cell, rows)
        write_text(args.out / f"{path.name}.md", "\n".join(lines) + "\n")
        print("\n".join(lines))
    head = ["| fleet | score | scene | term | value |", "|---|---|---|---|---|"]
    write_text(args.out / "human.md", "\n".join([*head, *human]) + "\n")
    print("\n".join(["", *head, *human]))
    return 0


def _cells(args: argparse.Namespace, lanes: bool) -> list[Cell]:
    """nuPlan's agents drive on lanes; NAVSIM v1 knows recorded agents alone."""
    return [
        Cell(score=score, missing=missing or "drop", agents=agents)
        for score, _, missing in (text.partition("/") for text in args.scores.split(","))
        for agents in args.agents.split(",")
        if (lanes or agents != "nuplan_idm") and (score != "navsim_pdms" or agents == "replay")
    ]


def _allowed(planners: list[str], lanes: bool) -> list[str]:
    """Those that can drive where there are no lanes, or all."""
    return [
        text
        for text in planners
        if lanes or not getattr(load_class(parse(text)), "needs_lane_graph", False)
    ]


def _score(
    args: argparse.Namespace, fleet: Path, cell: Cell, planners: list[str]
) -> list[dict[str, Any]]:
    return score_planners(
        ScoringRun(
            planners=planners, fleet=str(fleet), out=args.out / fleet.name / cell.folder,
            scene_ids=None, split=None,
            sim=validate(SimConfig, {"agents": cell.agents}, file="benchmark"),
            score=load_config(cell.score, [f"missing={cell.missing}"]),
            workers=args.workers, overwrite=False, command="python benchmarks/real/run.py",
        )
    )  # fmt: skip


def _table(cell: Cell, rows: list[dict[str, Any]]) -> list[str]:
    terms = [term for term in TERMS if any(row[term] is not None for row in rows)]
    header = ["planner", "score", *[TITLES[term] for term in terms], "failed"]
    lines = ["", f"### {cell.score}, missing: {cell.missing}, agents: {cell.agents}", ""]
    lines += [f"| {' | '.join(header)} |", "|" + "---|" * len(header)]
    for planner in dict.fromkeys(row["planner"] for row in rows):
        mine = [row for row in rows if row["planner"] == planner]
        failed = sum(row["status"] == "failed" for row in mine)
        cells = [mean_of(mine, "score"), *[_mean(mine, term) for term in terms], str(failed)]
        lines.append(f"| {planner} | {' | '.join(cells)} |")
    reasons = dict.fromkeys(
        f"* failed: {row['planner']} on {row['scene_id']}: {row['reason']}"
        for row in rows
        if row["status"] == "failed"
    )
    return lines + (["", *reasons] if reasons else [])


def _mean(rows: list[dict[str, Any]], term: str) -> str:
    known = [row[term] for row in rows if row[term] is not None]
    return f"{np.mean(known):.2f}" if known else "n/a"


def _below_one(fleet: str, cell: Cell, rows: list[dict[str, Any]]) -> list[str]:
    return [
        f"| {fleet} | {cell.folder} | {row['scene_id']} | {TITLES[term]} | {row[term]:.2f} |"
        for row in rows
        if row["planner"] == HUMAN
        for term in TERMS
        if row[term] is not None and row[term] < 1.0
    ]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        sys.exit(str(error))
