"""The planner against itself: harmless changes, and other seeds."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import yaml
from cells import Cells, code_digest, key_of

from drivewm.cli import main as drivewm
from drivewm.progress import bar
from drivewm.scenarios.source import SuiteSource
from drivewm.seeds import generator
from drivewm.storage import write_text

HERE = Path(__file__).parent
POOL, SET, COMPARISONS = 20, 5, 36  # seeds that are driven, of each side, pairs of sets
SCENARIOS = 12  # of which seeds are driven


def run_same(args: argparse.Namespace, source: SuiteSource, until: float) -> int:
    """Harmless changes through `drivewm score` and `drivewm gate`; 1 when some are left."""
    from run import BASELINE, judged

    entries = yaml.safe_load((HERE / "same.yaml").read_text(encoding="utf-8"))
    stem = Path(args.suite).stem
    rows = args.out / "same" / code_digest() / stem
    names = varying(source, args.scenarios or len(source.scenes))
    base = args.out / "same_runs" / stem / "baseline"
    _score(BASELINE, "careful", args.suite, names, [], base)
    left = 0
    with bar("harmless changes", total=len(entries)) as progress:
        for entry in entries:
            path = rows / f"{key_of(entry['name'])}.json"
            if not path.exists() and time.monotonic() > until:
                left += 1
            elif not path.exists():
                label = entry.get("label", "careful")
                out = base.parent / key_of(entry["name"]) / "candidate"
                order = names[::-1] if entry.get("order") == "reversed" else names
                _score(entry["planner"], label, args.suite, order, entry.get("score", []), out)
                row = judged(base, out, ["--planner", f"careful={label}"])
                write_text(path, json.dumps({**entry, **row, "scenarios": len(names)}) + "\n")
            progress.update()
    return int(left > 0)


def _score(
    planner: str, label: str, suite: str, names: list[str], more: list[str], out: Path
) -> None:
    text = f"{label}={planner}"
    scenes = ["--scenes", ",".join(names)]
    drivewm(["score", text, "--suite", suite, *scenes, *more, "-o", str(out)])


def run_seeds(args: argparse.Namespace, source: SuiteSource, until: float) -> int:
    """Sets of five seeds against sets of five others, from a pool of drives."""
    from run import BASELINE, judged

    cells, names = Cells(args.out / "cells", source), varying(source, args.scenarios or SCENARIOS)
    jobs = [(name, seed) for seed in range(1, POOL + 1) for name in names]
    with bar("drives of other seeds", total=len(jobs)) as progress:
        for name, seed in jobs:
            if time.monotonic() > until:
                return 1
            cells.drive(BASELINE, name, seed)
            progress.update()
    rows = args.out / "seeds" / code_digest() / Path(args.suite).stem
    for k, (one, other) in enumerate(seed_sets()):
        sides = []
        for seeds, side in ((one, "baseline"), (other, "candidate")):
            drives = [(name, seed) for name in names for seed in seeds]
            out = args.out / "compared" / "seeds" / str(k) / side
            sides.append(cells.together(BASELINE, drives, out))
        row: dict[str, Any] = {"baseline": one, "candidate": other, "scenarios": names}
        write_text(rows / f"{k:02d}.json", json.dumps({**row, **judged(*sides)}) + "\n")
    return 0


def varying(source: SuiteSource, count: int) -> list[str]:
    """Scenarios of as many families as asked for, those that see by a noisy sensor first: what a
    seed changes there."""
    one = {info.family: info for info in reversed(source.scenes)}
    noisy = [info for info in one.values() if '"visible"' in source.texts[info.id]]
    rest = [info for info in one.values() if info not in noisy]
    return [info.id for info in [*noisy, *rest]][:count]


def seed_sets() -> list[tuple[list[int], list[int]]]:
    """Pairs of disjoint sets of seeds."""
    pairs = []
    for k in range(COMPARISONS):
        drawn = generator("gate power seeds", k).permutation(POOL) + 1
        pairs.append((sorted(drawn[:SET].tolist()), sorted(drawn[SET : 2 * SET].tolist())))
    return pairs
