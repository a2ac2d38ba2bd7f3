"""The tables of the world model: train, forecast, counterfactual, cell by cell, resumable.

    python benchmarks/models/run.py --list                    # what there is, what is done
    python benchmarks/models/run.py --budget-minutes 240      # go on for so long, then stop
    python benchmarks/models/run.py --only ablation,encoders  # these tables (or table/row parts)
    python benchmarks/models/run.py --tables                  # print the tables of what is done

A cell is keyed by its configuration, the data's hash and the code's, kept as one small JSON file
under the folder (default runs/models) and never done again. A cell that fails is kept as failed
with its reason; the next ones go on, and `--retry` tries failed ones again. `--workers 2` does two
cells at a time; one such command at a time (a lock says so). Output of what they run: FOLDER/logs.
"""

from __future__ import annotations

import argparse
import fcntl
import sys
import time
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
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
    parser.add_argument("--workers", type=int, default=1, help="cells done at a time")
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
    queue, logs = Queue(cells, store, plan, args), store.folder / "logs"
    logs.mkdir(exist_ok=True)
    with ThreadPoolExecutor(args.workers) as pool:
        running: dict[Future, tuple[plans.Cell, str]] = {}
        while True:
            while len(running) < args.workers and (found := queue.next(running.values())):
                cell, fleet = found
                _say(f"[{cells.index(cell) + 1}/{len(cells)}] {cell.title}")
                log = logs / f"{store.path(cell, fleet.content_hash).stem}.txt"
                job = pool.submit(_done, cell, store, fleet, log)
                running[job] = (cell, fleet.content_hash)
            if not running:
                break
            for job in wait(running, return_when=FIRST_COMPLETED).done:
                queue.ended(*running.pop(job), job.result())
    return queue.verdict()


class Queue:
    """Cells that are still to do, in order."""

    def __init__(
        self, cells: list[plans.Cell], store: Store, plan: dict[str, Any], args: argparse.Namespace
    ) -> None:
        self.cells, self.store, self.plan, self.args = cells, store, plan, args
        self.began, self.failed, self.lost = time.monotonic(), 0, 0
        self.fleets: dict[str, Fleet] = {}
        self.left = [c for c in cells if not c.row.problem()]

    def next(self, running: Iterable[tuple[plans.Cell, str]]) -> tuple[plans.Cell, Fleet] | None:
        """The first cell that can start now; None when none can or the time is spent."""
        if self.spent:
            return None
        busy = {self.store.path(cell, data) for cell, data in running}
        for cell in list(self.left):
            fleet = self._fleet(cell.row.data)
            found = self.store.find(cell, fleet.content_hash)
            if found and not ("failed" in found and self.args.retry):
                self.left.remove(cell)
            elif self.store.path(cell, fleet.content_hash) not in busy and _ready(
                cell, self.store, fleet.content_hash
            ):
                self.left.remove(cell)
                return cell, fleet
        return None

    @property
    def spent(self) -> bool:
        """Whether no cell may start any more."""
        minutes = self.args.budget_minutes
        return minutes is not None and time.monotonic() - self.began >= 60 * minutes

    def ended(self, cell: plans.Cell, data: str, result: dict[str, Any] | None) -> None:
        """Keeps what a cell gave, and the tables with it."""
        if result is None:
            self.lost += 1
            _say(f"  {cell.title}: the code changed meanwhile: not kept")
            return
        self.failed += "failed" in result
        self.store.add(cell, data, result)
        seconds = f"{result['seconds']:.0f} s"
        _say(f"  {cell.title}: {result.get('failed') or seconds}")
        hashes = {key: fleet.content_hash for key, fleet in self.fleets.items()}
        text = report.markdown(self.plan, self.cells, self.store, hashes)
        (self.store.folder / "tables.md").write_text(text)

    def verdict(self) -> int:
        """Says how it ended; the exit code."""
        if self.spent and self.left:
            minutes = self.args.budget_minutes
            _say(f"the budget of {minutes:g} minutes is spent; the same command goes on")
            return 0
        waiting = len(self.left) + self.lost
        _say(f"through: {self.failed} failed, {waiting} wait for one that failed or was not "
             f"kept; tables: {self.store.folder / 'tables.md'}")  # fmt: skip
        return 1 if self.failed or waiting else 0

    def _fleet(self, name: str) -> Fleet:
        if name not in self.fleets:
            log = self.store.folder / "logs" / "data.txt"
            self.fleets[name] = work.fleet_of(self.store, name, self.plan["data"][name], log)
        return self.fleets[name]


def _ready(cell: plans.Cell, store: Store, data: str) -> bool:
    """Whether the runs that a cell starts from are there."""
    if cell.task == plans.ENCODER:
        return True
    needs = plans.ENCODER if cell.task == plans.TRAIN else cell.row.last
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
