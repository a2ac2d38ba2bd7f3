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
SETS = 8  # of SET seeds each, of a whole suite


def run_same(args: argparse.Namespace, source: SuiteSource, until: float) -> int:
    """Harmless changes through `drivewm score` and `drivewm gate`; 1 when some are left."""
    from run import BASELINE, judged

    entries = yaml.safe_load((HERE / "same.yaml").read_text(encoding="utf-8"))
    stem = Path(args.suite).stem
    rows = args.out / "same" / code_digest() / stem
    names = chosen(args, source, len(source.scenes))
    base = args.out / "same_runs" / code_digest() / stem / "baseline"
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
    code = drivewm(["score", text, "--suite", suite, *scenes, *more, "-o", str(out)])
    if code != 0:
        raise SystemExit(f"drivewm score ended with {code}: {text}")


def run_seeds(args: argparse.Namespace, source: SuiteSource, until: float) -> int:
    """Sets of five seeds against sets of five others, from a pool of drives."""
    from run import BASELINE, judged

    cells, names = Cells(args.out / "cells", source), chosen(args, source, SCENARIOS)
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


def run_sets(args: argparse.Namespace, source: SuiteSource, until: float) -> int:
    """The whole suite at seeds 1 to 5, 6 to 10, ...; every set against every other."""
    from run import BASELINE, judged

    stem, names = Path(args.suite).stem, chosen(args, source, len(source.scenes))
    rows = args.out / "sets" / code_digest() / stem
    runs = args.out / "sets_runs" / code_digest() / stem
    for k in range(SETS):
        if (
            not (runs / str(k) / "candidate" / "manifest.json").exists()
            and time.monotonic() > until
        ):
            return 1
        seeds = ["--seed", str(1 + SET * k), "--seeds", str(SET), "--no-rollouts"]
        _score(BASELINE, "careful", args.suite, names, seeds, runs / str(k) / "candidate")
        for other in range(k):
            sides = runs / str(other) / "candidate", runs / str(k) / "candidate"
            told = {"baseline": other, "candidate": k, "scenarios": names}
            write_text(rows / f"{other:02d}-{k:02d}.json",
                       json.dumps({**told, **judged(*sides)}) + "\n")  # fmt: skip
    return 0


def chosen(args: argparse.Namespace, source: SuiteSource, usual: int) -> list[str]:
    """Scenarios by name, or so many."""
    if args.scenes:
        return [info.id for info in source.select(ids=args.scenes.split(","))]
    return varying(source, args.scenarios or usual)


def varying(source: SuiteSource, count: int) -> list[str]:
    """Scenarios of as many families as asked for, those that a seed changes first."""
    one = {info.family: info for info in reversed(source.scenes)}
    noisy = [info for info in one.values() if is_noisy(source.texts[info.id])]
    rest = [info for info in one.values() if info not in noisy]
    return [info.id for info in [*noisy, *rest]][:count]


def is_noisy(text: str) -> bool:
    """Are road users seen by a sensor that errs? Nothing else depends on the seed here."""
    sim = json.loads(text).get("sim", {})
    errors = ("position_noise_m", "heading_noise_rad", "velocity_noise_mps", "dropout")
    return sim.get("mode") == "visible" and any(sim["visible"][name] for name in errors)


def seed_sets() -> list[tuple[list[int], list[int]]]:
    """Pairs of disjoint runs of seeds, as `drivewm score --seeds` makes them."""
    firsts = range(1, POOL - SET + 2)
    pairs = [(a, b) for a in firsts for b in firsts if abs(a - b) >= SET]
    drawn = generator("gate power seeds").permutation(len(pairs))[:COMPARISONS]
    return [
        (list(range(a, a + SET)), list(range(b, b + SET))) for a, b in (pairs[k] for k in drawn)
    ]
