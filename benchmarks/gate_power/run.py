"""How much the gate sees: planner defects that it must find, and changes that it must not.

python benchmarks/gate_power/run.py power --suite smoke [--budget S] [--only T] [--draw N] [--full]
python benchmarks/gate_power/run.py same --suite smoke [--budget S]
python benchmarks/gate_power/run.py seeds --suite smoke [--budget S] [--scenarios 12]
python benchmarks/gate_power/run.py sets --suite smoke [--budget S]
python benchmarks/gate_power/run.py table [-o docs/gate-power.md]

Every drive is kept below -o (default runs/gate_power) and made once; a call that was stopped goes
on. A defect's scenarios are driven, those that name it first, until one fails by a rule that fails
at once: more scenarios cannot take that back. Otherwise, or with --full, the whole suite is driven.
The verdict is that of `drivewm gate` on what was driven, of both sides the same scenarios.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from cells import Cells, code_digest, key_of
from self_comparison import run_same, run_seeds, run_sets

from drivewm.cli import main as drivewm
from drivewm.eval.gate.judge import compare
from drivewm.eval.gate.policy import load_policy
from drivewm.eval.gate.runs import read_run
from drivewm.planners.registry import parse
from drivewm.progress import bar
from drivewm.scenarios.source import SuiteSource
from drivewm.seeds import generator
from drivewm.storage import write_text

HERE = Path(__file__).parent
BASELINE = "careful"
NOT_OPTIONS = ("name", "kind", "safety")


def planner_of(entry: dict[str, Any]) -> str:
    """The command-line text of a defect."""
    more = [f"{key}={value}" for key, value in entry.items() if key not in NOT_OPTIONS]
    return "&".join([f"defect?of={BASELINE}", f"kind={entry['kind']}", *more])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("power", "same", "seeds", "sets", "table"))
    parser.add_argument("--suite", default="smoke")
    parser.add_argument("--only", default="", help="defects whose name contains this")
    parser.add_argument("--draw", type=int, metavar="N", help="so many of them, drawn by seed")
    parser.add_argument("--full", action="store_true", help="drive whole suites")
    parser.add_argument("--budget", type=float, default=1e9, metavar="S", help="begin no more then")
    parser.add_argument("--scenarios", type=int, metavar="N", help="of `same` and `seeds`: so many")
    parser.add_argument("--scenes", help="of `same` and `seeds`: these, comma separated")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/gate_power"))
    parser.add_argument("--page", type=Path, default=Path("docs/gate-power.md"))
    args = parser.parse_args()
    if args.what == "table":
        from table import page

        write_text(args.page, page(args.out))
        return 0
    source = SuiteSource.open(args.suite)
    until = time.monotonic() + args.budget
    if args.what == "power":
        return run_power(args, source, until)
    runs = {"same": run_same, "seeds": run_seeds, "sets": run_sets}
    return runs[args.what](args, source, until)


def run_power(args: argparse.Namespace, source: SuiteSource, until: float) -> int:
    """Every defect against the baseline; the exit code says whether all were tried."""
    entries = yaml.safe_load((HERE / "defects.yaml").read_text(encoding="utf-8"))
    entries = [entry for entry in entries if args.only in entry["name"]]
    if args.draw is not None:
        drawn = generator("gate power defects", args.suite).permutation(len(entries))[: args.draw]
        entries = [entries[k] for k in sorted(drawn)]
    entries.sort(key=lambda entry: not entry["safety"])  # first what matters most
    cells = Cells(args.out / "cells", source)
    rows = args.out / "rows" / code_digest() / Path(args.suite).stem
    left = 0
    with bar("defects", total=len(entries)) as progress:
        for entry in entries:
            path = rows / f"{key_of(planner_of(entry))}.json"
            if not _is_known(path, source, args.full):
                row = None if time.monotonic() > until else _try(entry, cells, source, args, until)
                left += row is None
                if row is not None:
                    write_text(path, json.dumps(row, indent=1) + "\n")
            progress.update()
    return int(left > 0)


def _is_known(path: Path, source: SuiteSource, full: bool) -> bool:
    """Was the defect tried on this very suite?"""
    if not path.exists():
        return False
    row = json.loads(path.read_text(encoding="utf-8"))
    same = set(row["scenarios"]) <= {info.content_hash for info in source.scenes}
    whole = len(row["scenarios"]) == len(source.scenes)
    return same and (whole or (row["exit_code"] == 1 and not full))


def _try(
    entry: dict[str, Any], cells: Cells, source: SuiteSource, args: argparse.Namespace, until: float
) -> dict[str, Any] | None:
    """One row; None when the budget was spent on the way."""
    text = planner_of(entry)
    done: list[str] = []
    names = ordered(entry["kind"], source)
    for scenario in sorted(names, key=lambda name: not cells.has(text, name)):
        if time.monotonic() > until:
            return None
        folders = [cells.drive(planner, scenario) for planner in (BASELINE, text)]
        done.append(scenario)
        sides = [read_run(folder) for folder in folders]
        if not args.full and compare(*sides, load_policy(), today=date.today()).failures:
            break
    folder = args.out / "compared" / Path(args.suite).stem / key_of(text)
    sides = [cells.together(planner, [(name, 0) for name in done], folder / side)
             for planner, side in ((BASELINE, "baseline"), (text, "candidate"))]  # fmt: skip
    hashes = {info.id: info.content_hash for info in source.scenes}
    return {
        **entry, "suite": args.suite, "planner": text, "of": len(source.scenes),
        **judged(*sides), "scenarios": [hashes[name] for name in done],
    }  # fmt: skip


def ordered(kind: str, source: SuiteSource) -> list[str]:
    """Scenarios of families that name the defect first, then one of each family after another."""
    rank: dict[str, int] = {}
    key = {}
    for info in source.scenes:
        rank[info.family] = rank.get(info.family, 0) + 1
        told = json.loads(source.texts[info.id]).get("discriminates", ())
        key[info.id] = (kind not in told, rank[info.family])
    return sorted(key, key=lambda name: key[name])


def judged(baseline: Path, candidate: Path, more: Sequence[str] = ()) -> dict[str, Any]:
    """What `drivewm gate` says."""
    out = candidate.parent / "gate.json"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = drivewm(["gate", str(baseline), str(candidate), "--json", str(out), *more])
    found = json.loads(out.read_text(encoding="utf-8"))
    fails = [
        {"rule": f["rule"], "where": case["scenario"], "text": f["text"]}
        for case in found["scenarios"] for f in case["findings"] if f["fails"]
    ]  # fmt: skip
    fails += [{"rule": t["name"], "where": t["where"], "text": t["text"]}
              for t in found["tests"] if t["verdict"] == "fail"]  # fmt: skip
    warns = sum(f["severity"] == "warn" for c in found["scenarios"] for f in c["findings"])
    return {"exit_code": code, "refusals": found["refusals"], "fails": fails, "warnings": warns}


if __name__ == "__main__":
    assert parse(BASELINE).target == BASELINE
    raise SystemExit(main())
