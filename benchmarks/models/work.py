"""Doing a cell: commands of drivewm, one process at a time, and what is kept of their results."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plan import ENCODER, TRAIN, Cell, held_out
from store import Store

from drivewm.logs.fleet import Fleet

PATIENT = {**os.environ, "OMP_WAIT_POLICY": "passive"}  # threads that wait leave the processor
HEADLINE_S = (0.0, 1.0, 2.0, 3.0)


class Failed(Exception):
    """A command that did not end well; the text says which and how."""


def command(arguments: Sequence[str], log: Path) -> float:
    """Runs ``drivewm ...``; its output goes to the log.

    Returns:
        seconds it took.

    Raises:
        Failed: it ended with another code than 0.
    """
    began = time.monotonic()
    with log.open("a", encoding="utf-8") as out:
        print(f"\n$ drivewm {' '.join(arguments)}", file=out, flush=True)
        whole = [sys.executable, "-m", "drivewm.cli", *arguments]
        code = subprocess.run(whole, stdout=out, stderr=subprocess.STDOUT, env=PATIENT).returncode
    if code:
        tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
        raise Failed(f"`drivewm {arguments[0]}` ended with {code}: {tail[:300]}")
    return time.monotonic() - began


def fleet_of(store: Store, name: str, about: dict[str, Any], log: Path) -> Fleet:
    """The fleet of a data recipe, made when it is not there; a recipe may name a fleet folder."""
    if "fleet" in about:
        return Fleet.open(about["fleet"])
    root = store.folder / "data" / name
    if not (root / "fleet").exists():
        command([
            "synth", str(root / "dataroot"), "--scenes", str(about["scenes"]), "--seed",
            str(about["seed"]), "--image-size", about["image_size"], "--duration",
            str(about["duration_s"]),
        ], log)  # fmt: skip
        command(["ingest", "nuscenes", str(root / "dataroot"), str(root / "fleet")], log)
    return Fleet.open(str(root / "fleet"))


def do(cell: Cell, store: Store, fleet: Fleet, judging: dict[str, Any], log: Path) -> dict:
    """The result of a cell.

    Raises:
        Failed: a command failed.
    """
    data = fleet.content_hash
    if cell.task in (ENCODER, TRAIN):
        return _train(cell, store, fleet, log)
    runs = [str(store.run_folder(cell, cell.row.last, seed, data)) for seed in cell.seeds]
    out = store.folder / "judged" / store.path(cell, data).stem
    options = judging.get(cell.task, {})
    if cell.task == "forecast":
        more = [text for k, v in options.items() for text in (f"--{k}", str(v))]
        seconds = command(["forecast", *runs, str(fleet.path), "-o", str(out), *more], log)
        return {"seconds": seconds, **forecast_result(out)}
    more = [text for k, v in options.items() for text in (f"--{k}", str(v))]
    truth = ["--truth", str(store.folder / "truth" / data)]
    seconds = command(
        ["counterfactual", *runs, str(fleet.path), "-o", str(out), *truth, *more], log
    )
    return {"seconds": seconds, **counterfactual_result(out)}


def _train(cell: Cell, store: Store, fleet: Fleet, log: Path) -> dict[str, Any]:
    seed, data = cell.seeds[0], fleet.content_hash
    run = store.run_folder(cell, cell.task, seed, data)
    out = held_out(fleet, cell.row.scenes)
    overrides = cell.row.arguments(cell.task, seed)
    if cell.task == TRAIN:
        overrides.append(f"start_from={store.run_folder(cell, ENCODER, seed, data)}")
        overrides += [f"branches={_branches(store, fleet, log)}"] if cell.row.branches else []
    overrides += [f"holdout_scenes=[{','.join(out)}]"] if out else []
    seconds = command(
        ["train", str(fleet.path), "-o", str(run), "--preset", cell.row.preset, "--set",
         *overrides], log,
    )  # fmt: skip
    shutil.rmtree(run / "checkpoints", ignore_errors=True)  # the published weights stay
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    return {"seconds": seconds, "parameters": config["provenance"]["parameters"],
            "frames": config["provenance"]["frames"]}  # fmt: skip


def _branches(store: Store, fleet: Fleet, log: Path) -> Path:
    """Branches of the training scenes, made when they are not there."""
    folder = store.folder / "branches" / fleet.content_hash
    command(["branch", str(fleet.path), "-o", str(folder)], log)
    return next(folder.glob("*/survey.json")).parent


def forecast_result(folder: Path) -> dict[str, Any]:
    """Rows at 0, 1, 2, 3 s without mask, and the paired differences to the baselines."""
    content = json.loads((folder / "forecast.json").read_text(encoding="utf-8"))

    def kept(rows: list[dict]) -> list[dict]:
        return [r for r in rows if r.get("horizon_s") in HEADLINE_S and r.get("mask") == "none"]

    return {
        "windows": content["windows"], "windows_hash": content["windows_hash"],
        "rows": kept(content["rows"]), "comparisons": kept(content["comparisons"]),
        "outcomes": content.get("outcomes"),
    }  # fmt: skip


def counterfactual_result(folder: Path) -> dict[str, Any]:
    """The content of ``counterfactual.json``."""
    return {"content": json.loads((folder / "counterfactual.json").read_text(encoding="utf-8"))}
