"""`drivewm demo`: the whole line on the synthetic fleet, one documented command after the other.

Each step is a command of its own and goes on where it was stopped, so the demo does too.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command of the demo and the seconds it takes on two cores."""

    label: str
    verb: str
    arguments: list[str]
    seconds: int

    @property
    def command(self) -> str:
        return shlex.join(["drivewm", self.verb, *self.arguments])


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", default="runs/demo", help="folder for everything made")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--scale", choices=("full", "smoke"), default="full", help="smoke: the same in a minute"
    )


def run(args: argparse.Namespace) -> int:
    from drivewm.config import compose

    output = Path(args.output)
    steps = plan(output, compose("demo")[args.scale], args.seed)
    total = sum(step.seconds for step in steps)
    print(f"drivewm demo: {len(steps)} steps, about {_minutes(total)} on two cores", flush=True)
    began = time.monotonic()
    for done, step in enumerate(steps):
        left = sum(s.seconds for s in steps[done:])
        print(f"\n[{done + 1}/{len(steps)}] {step.label} (about {_minutes(left)} left in all)")
        print(f"$ {step.command}", flush=True)
        code = subprocess.run([sys.executable, "-m", "drivewm.cli", step.verb, *step.arguments])
        if code.returncode:
            print(f"stopped in step {done + 1}; the same command goes on from here")
            return code.returncode if code.returncode > 0 else 130
    took = time.monotonic() - began
    print(f"\ndone in {_minutes(took)}. Open {output / 'report.html'} in a browser.")
    print("\n".join(summary(output)))
    return 0


def plan(output: Path, scale: dict[str, Any], seed: int) -> list[Step]:
    """The commands of the demo, in order."""
    o = {name: str(output / name) for name in ("dataroot", "fleet", "model", "forecast", "results")}
    imagine = f"imagine?run={o['model']}"
    planners = [
        f"imagine={imagine}", f"imagine_ego_warp={imagine}&dynamics=ego_warp", "idm",
        "constant_velocity", "log_replay",
    ]  # fmt: skip
    table = [
        ("make a synthetic city and record it", "synth", [
            o["dataroot"], "--scenes", str(scale["scenes"]), "--seed", str(seed),
            "--image-size", scale["image_size"], "--duration", str(scale["duration_s"])]),
        ("read the logs into a fleet", "ingest", ["nuscenes", o["dataroot"], o["fleet"]]),
        ("train the world model", "train", [
            o["fleet"], "-o", o["model"], "--preset", scale["preset"], "--set", f"seed={seed}"]),
        ("forecast held-out scenes beside the baselines", "forecast", [
            o["model"], o["fleet"], "--split", "val", "-o", o["forecast"]]),
        ("drive the planners in closed loop and score them", "score", [
            *planners, "--fleet", o["fleet"], "--split", "val", "--agents", "reactive",
            "--workers", "2", "-o", o["results"]]),
        ("write the report", "report", [
            o["results"], "--forecast", o["forecast"], "-o", str(output / "report.html")]),
    ]  # fmt: skip
    return [
        Step(label=label, verb=verb, arguments=arguments, seconds=scale["seconds"][verb])
        for label, verb, arguments in table
    ]


def summary(output: Path) -> Iterator[str]:
    """The two results that matter, for the terminal."""
    import json

    import pyarrow.parquet as pq

    content = json.loads((output / "forecast" / "forecast.json").read_text(encoding="utf-8"))
    shown = ("miou", "movable_iou")
    yield "forecast (held-out roads): model minus ego-warp on the same perceived occupancy"
    for c in content["comparisons"]:
        if (c["against"], c["mask"]) == ("ego-warp", "none") and c["metric"] in shown:
            if None in (c["difference"], c["low"], c["high"]) or c["horizon_s"] % 1.0:
                continue
            yield (f"  {c['metric']:<12}{c['horizon_s']:g} s  {c['difference']:+.4f}  "
                   f"[{c['low']:+.4f}, {c['high']:+.4f}]")  # fmt: skip
    scores = (
        pq.read_table(output / "results" / "scores.parquet", columns=["planner", "score"])
        .group_by("planner")
        .aggregate([("score", "mean")])
    )
    yield "closed loop: mean score"
    for row in sorted(scores.to_pylist(), key=lambda r: -r["score_mean"]):
        yield f"  {row['planner']:<44}{row['score_mean']:.3f}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 90 else f"{seconds:.0f} s"
