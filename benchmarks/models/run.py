"""The tables of the world model: train, forecast, counterfactual, cell by cell, resumable.

    python benchmarks/models/run.py --list                    # what there is, what is done
    python benchmarks/models/run.py --budget-minutes 240      # go on for so long, then stop
    python benchmarks/models/run.py --only ablation,encoders  # these tables (or table/row parts)
    python benchmarks/models/run.py --tables                  # print the tables of what is done

A cell is keyed by its configuration, the data's hash and the code's, kept as one small JSON file
under the folder (default runs/models) and never done again. A cell that fails is kept as failed
with its reason; the next ones go on, and `--retry` tries failed ones again. One process at a time
(a lock says so). Output of the commands: FOLDER/log.txt.
"""

from __future__ import annotations

import argparse
import fcntl
import sys
import time
from pathlib import Path
from typing import Any

import plan as plans
import report
import work
from store import Store, code_hash

from drivewm.logs.fleet import Fleet


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("runs/models"))
    parser.add_argument("--plan", type=Path, help="another tables.yaml")
    parser.add_argument("--only", help="comma separated: tables, or parts of `table / row` names")
    parser.add_argument("--list", action="store_true", help="say what is done and what is not")
    parser.add_argument("--tables", action="store_true", help="print the tables of what is done")
    parser.add_argument("--budget-minutes", type=float, help="start no cell after so long")
    parser.add_argument("--retry", action="store_true", help="do failed cells again")
    parser.add_argument("--any-code", action="store_true", help="rows of older code count as done")
    args = parser.parse_args()
    plan = plans.read(args.plan)
    judging = {task: plan.get(task, {}) for task in plans.JUDGES}
    store = Store(args.folder, judging, args.any_code)
    cells = _chosen(plan, args.only)
    if args.list:
        return _list(cells, store, plan)
    if args.tables:
        print(report.markdown(plan, cells, store, _hashes(cells, store, plan)))
        return 0
    args.folder.mkdir(parents=True, exist_ok=True)
    with (args.folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{args.folder}: another run is at work here", file=sys.stderr)
            return 2
        return _work(cells, store, plan, args)


def _chosen(plan: dict[str, Any], only: str | None) -> list[plans.Cell]:
    cells = plans.cells_of(plan, list(plan["tables"]))
    if not only:
        return cells
    wanted = [part.strip() for part in only.split(",")]
    return [c for c in cells if any(p in f"{c.row.table} / {c.row.name}" for p in wanted)]


def _hashes(cells: list[plans.Cell], store: Store, plan: dict[str, Any]) -> dict[str, str]:
    """Hashes of the data that are there."""
    out = {}
    for name in dict.fromkeys(c.row.data for c in cells):
        about = plan["data"][name]
        path = Path(about.get("fleet", store.folder / "data" / name / "fleet"))
        if path.exists():
            out[name] = Fleet.open(str(path)).content_hash
    return out


def _list(cells: list[plans.Cell], store: Store, plan: dict[str, Any]) -> int:
    hashes, done = _hashes(cells, store, plan), 0
    for cell in cells:
        problem = cell.row.problem()
        state = "not possible here: " + problem if problem else "to do"
        found = None
        if not problem and cell.row.data in hashes:
            found = store.find(cell, hashes[cell.row.data])
        if found:
            state = f"failed: {found['failed']}" if "failed" in found else "done"
            done += "failed" not in found
        print(f"{state[:100]:<12} {cell.title}")
    print(f"{done} of {len(cells)} cells done; data there: {', '.join(hashes) or 'none'}")
    return 0


def _work(
    cells: list[plans.Cell], store: Store, plan: dict[str, Any], args: argparse.Namespace
) -> int:
    log, began, failed = store.folder / "log.txt", time.monotonic(), 0
    left = 0
    fleets: dict[str, Fleet] = {}
    for n, cell in enumerate(cells):
        spent = (time.monotonic() - began) / 60
        if args.budget_minutes is not None and spent >= args.budget_minutes:
            _say(
                f"the budget of {args.budget_minutes:g} minutes is spent; the same command goes on"
            )
            return 0
        if cell.row.problem():
            continue
        name = cell.row.data
        if name not in fleets:
            fleets[name] = work.fleet_of(store, name, plan["data"][name], log)
        data = fleets[name].content_hash
        found = store.find(cell, data)
        if found and not ("failed" in found and args.retry):
            continue
        if not _ready(cell, store, data):
            left += 1  # what it needs failed, or was not kept
            continue
        _say(f"[{n + 1}/{len(cells)}] {cell.title}")
        result = _done(cell, store, fleets[name], log)
        if result is None:
            _say("  the code changed meanwhile: not kept")
            left += 1
            continue
        failed += "failed" in result
        store.add(cell, data, result)
        _say(f"  {result.get('failed') or format(result['seconds'], '.0f') + ' s'}")
        hashes = {key: fleet.content_hash for key, fleet in fleets.items()}
        (store.folder / "tables.md").write_text(report.markdown(plan, cells, store, hashes))
    _say(f"through: {failed} failed, {left} wait for one that failed or was not kept; "
         f"tables: {store.folder / 'tables.md'}")  # fmt: skip
    return 1 if failed or left else 0


def _ready(cell: plans.Cell, store: Store, data: str) -> bool:
    """Whether the runs that a cell starts from are there."""
    if cell.task == plans.ENCODER:
        return True
    needs = plans.ENCODER if cell.task == plans.TRAIN else plans.TRAIN
    every = [plans.Cell(task=needs, row=cell.row, seeds=(s,)) for s in cell.seeds]
    found = [store.find(one, data) for one in every]
    return all(f is not None and "failed" not in f for f in found)


def _done(cell: plans.Cell, store: Store, fleet: Fleet, log: Path) -> dict[str, Any] | None:
    """The result; a failure with its reason; None when the code was edited while it ran."""
    before = code_hash(cell.task)
    began = time.monotonic()
    try:
        result = work.do(cell, store, fleet, store.judging, log)
    except work.Failed as error:
        result = {"failed": str(error), "seconds": time.monotonic() - began}
    code_hash.cache_clear()
    return result if code_hash(cell.task) == before else None


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
