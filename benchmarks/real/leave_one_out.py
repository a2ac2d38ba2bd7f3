"""Forecasts on recorded logs, every scene judged by a model that was not trained on it.

    python benchmarks/real/leave_one_out.py OUT FLEET... [--exclude scene,...] [--folds N]

For each fold a model is trained on all scenes of all fleets but the fold's and forecasts those; the
counts of all folds make one table (``OUT/table/table.md``), as if one forecaster had judged all
scenes. By default there are as many folds as scenes, so that one is left out at a time. Fleets must
not hold the same recording twice. A run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from drivewm.eval.forecast.results import write_tables
from drivewm.eval.forecast.store import COUNTS
from drivewm.logs.fleet import Fleet
from drivewm.storage import atomic_file

PRESET = "tiny"
PRIVILEGED = ("model.encoder=privileged", "perception_steps=60")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("fleets", nargs="+", type=Path, metavar="FLEET")
    parser.add_argument(
        "--exclude", default="", help="scenes that are neither trained on nor judged"
    )
    parser.add_argument("--folds", type=int, help="(default: one a scene)")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", dest="overrides")
    args = parser.parse_args()
    excluded = [name for name in args.exclude.split(",") if name]
    scenes = {
        info.id: fleet
        for fleet in args.fleets
        for info in Fleet.open(str(fleet)).scenes
        if info.id not in excluded
    }
    folds = folds_of(list(scenes), args.folds or len(scenes))
    for number, held_out in enumerate(folds):
        folder = args.out / f"fold{number:02d}"
        _train(folder / "model", args.fleets, [*held_out, *excluded], args.overrides)
        for scene in held_out:
            _forecast(folder / "model", scenes[scene], scene, folder / "forecast" / scene)
    parts = [
        args.out / f"fold{number:02d}" / "forecast" / scene
        for number, held_out in enumerate(folds)
        for scene in held_out
    ]
    table = args.out / "table"
    table.mkdir(parents=True, exist_ok=True)
    join(parts, table / COUNTS)
    write_tables(table)
    print((table / "table.md").read_text(encoding="utf-8"))
    return 0


def folds_of(scenes: list[str], count: int) -> list[list[str]]:
    """The scenes dealt out in turn."""
    return [scenes[k::count] for k in range(min(count, len(scenes)))]


def join(folders: list[Path], path: Path) -> None:
    """One counts file of several forecasts, a row group a scene; of several checkpoints, which
    count as one."""
    files = [pq.ParquetFile(folder / COUNTS) for folder in folders]
    abouts = [json.loads((file.schema_arrow.metadata or {})[b"about"]) for file in files]
    hashes = "".join(about["windows_hash"] for about in abouts)
    about = {
        **abouts[0],
        "windows": sum(a["windows"] for a in abouts),
        "windows_hash": hashlib.blake2b(hashes.encode(), digest_size=16).hexdigest(),
        "models": [f"{len(abouts)} models, each judged on what it was not trained on"],
        "judged_scenes_trained_on": [s for a in abouts for s in a["judged_scenes_trained_on"]],
    }
    schema = files[0].schema_arrow.with_metadata({"about": json.dumps(about)})
    with (
        atomic_file(path) as partial,
        pq.ParquetWriter(partial, schema, compression="zstd") as writer,
    ):
        for file in files:
            for group in range(file.num_row_groups):
                writer.write_table(file.read_row_group(group).cast(schema))


def _train(run: Path, fleets: list[Path], held_out: list[str], overrides: list[str]) -> None:
    if (run / "model.safetensors").exists():
        return
    # A recorded fleet is all of one split: what is held out is named.
    settings = [*PRIVILEGED, *overrides, f"holdout_scenes=[{','.join(held_out)}]"]
    _drivewm("train", *map(str, fleets), "-o", str(run), "--preset", PRESET, "--set", *settings)


def _forecast(run: Path, fleet: Path, scene: str, out: Path) -> None:
    if not (out / "forecast.json").exists():
        _drivewm("forecast", str(run), str(fleet), "-o", str(out), "--scenes", scene)


def _drivewm(*arguments: str) -> None:
    patient = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    subprocess.run([sys.executable, "-m", "drivewm.cli", *arguments], check=True, env=patient)


if __name__ == "__main__":
    sys.exit(main())
