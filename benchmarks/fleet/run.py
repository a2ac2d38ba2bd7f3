"""Opening a fleet and reading one scene, against constructing the devkit's ``NuScenes``.

A v1.0 dataroot's tables are repeated, tokens suffixed, until they hold ``--scenes`` scenes; both
readers then work on that size in fresh processes. The fleet is ingested once and its row groups
are repeated: a scene's row group does not depend on the other scenes.

    python benchmarks/fleet/run.py DATAROOT [--scenes 850] [--repeats 3] [-o result.json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.logs import schema
from drivewm.logs.ingest import ingest
from drivewm.progress import track

MIN_SPEEDUP, MIN_MEMORY_RATIO = 20.0, 5.0
REPEATED = (
    "scene",
    "sample",
    "sample_data",
    "ego_pose",
    "sample_annotation",
    "instance",
    "log",
    "calibrated_sensor",
)
TOKENS = (
    "token",
    "sample_token",
    "scene_token",
    "ego_pose_token",
    "instance_token",
    "log_token",
    "calibrated_sensor_token",
    "prev",
    "next",
    "first_sample_token",
    "last_sample_token",
    "first_annotation_token",
    "last_annotation_token",
)

DEVKIT = """
import sys, time
from nuscenes.nuscenes import NuScenes
imported = time.perf_counter()
NuScenes(sys.argv[2], sys.argv[1], verbose=False)
seconds = time.perf_counter() - imported
"""
FLEET = """
import sys, time
from drivewm.logs.fleet import Fleet
imported = time.perf_counter()
fleet = Fleet.open(sys.argv[1])
opened = time.perf_counter() - imported
fleet.scene(fleet.scenes[len(fleet) // 2].id)
seconds = time.perf_counter() - imported
print("open", opened)
"""
REPORT = """
print("seconds", seconds)
for line in open("/proc/self/status"):  # unlike ru_maxrss, starts afresh in a new process
    if line.startswith("VmHWM"):
        print("peak_mib", int(line.split()[1]) / 1024)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataroot", type=Path)
    parser.add_argument("--scenes", type=int, default=850)
    parser.add_argument("--repeats", type=int, default=3, help="fresh processes per reader")
    parser.add_argument("-o", "--output", type=Path, help="JSON with every measurement")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        result = measure(args.dataroot, Path(name), args.scenes, args.repeats)
    print(json.dumps(result, indent=1))
    if args.output:
        args.output.write_text(json.dumps(result, indent=1))
    passed = result["speedup"] >= MIN_SPEEDUP and result["memory_ratio"] >= MIN_MEMORY_RATIO
    print(
        f"targets {MIN_SPEEDUP:.0f}x time, {MIN_MEMORY_RATIO:.0f}x memory: "
        f"{'met' if passed else 'NOT met'}"
    )
    return 0 if passed else 1


def measure(dataroot: Path, folder: Path, scenes: int, repeats: int) -> dict[str, Any]:
    """Medians over fresh processes of both readers on the same number of scenes."""
    version = next(p.name for p in sorted(dataroot.glob("v1.0-*")))
    copies = -(-scenes // len(json.loads((dataroot / version / "scene.json").read_text())))
    ingested = ingest("nuscenes", dataroot, folder / "one")
    repeat_fleet(ingested, folder / "fleet", copies)
    repeat_dataroot(dataroot, folder / "dataroot", version, copies)
    fleet = [fresh(FLEET, str(folder / "fleet")) for _ in range(repeats)]
    devkit = [fresh(DEVKIT, str(folder / "dataroot"), version) for _ in range(repeats)]

    def median(runs: list[dict[str, float]], key: str) -> float:
        return statistics.median(run[key] for run in runs)

    return {
        "scenes": pq.ParquetFile(folder / "fleet" / "ego.parquet").num_row_groups,
        "fleet": fleet,
        "devkit": devkit,
        "speedup": median(devkit, "seconds") / median(fleet, "seconds"),
        "memory_ratio": median(devkit, "peak_mib") / median(fleet, "peak_mib"),
    }


def fresh(code: str, *arguments: str) -> dict[str, float]:
    """Runs one reader in a new process: seconds after its imports, peak memory of all of it."""
    done = subprocess.run(
        [sys.executable, "-c", code + REPORT, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return {key: float(value) for key, value in (line.split() for line in done.stdout.splitlines())}


def repeat_fleet(source: Path, target: Path, copies: int) -> None:
    """Writes every scene of ``source`` ``copies`` times, ids suffixed."""
    target.mkdir()
    for name in schema.TABLES:
        table = pq.ParquetFile(source / f"{name}.parquet")
        key = "id" if name == "scenes" else "scene_id"
        groups = [table.read_row_group(i) for i in range(table.num_row_groups)]
        with pq.ParquetWriter(
            target / f"{name}.parquet",
            table.schema_arrow,
            compression="zstd",
            write_statistics=False,
        ) as writer:
            repeated = [suffixed(group, key, copy) for copy in range(copies) for group in groups]
            if name == "scenes":
                repeated = [pa.concat_tables(repeated)]
            for group in track(repeated, f"fleet: {name}"):
                writer.write_table(group, row_group_size=max(group.num_rows, 1))


def suffixed(group: pa.Table, key: str, copy: int) -> pa.Table:
    """The rows with ``-<copy>`` behind their scene's id."""
    column = group.schema.get_field_index(key)
    ids = pa.array([f"{name}-{copy}" for name in group[key].to_pylist()], pa.string())
    return group.set_column(column, group.schema.field(column), ids)


def repeat_dataroot(source: Path, target: Path, version: str, copies: int) -> None:
    """The same tables with ``copies`` times the scenes; the shared tables stay as they are."""
    (target / version).mkdir(parents=True)
    (target / "maps").symlink_to((source / "maps").resolve())
    for path in track(sorted((source / version).glob("*.json")), "dataroot"):
        records = json.loads(path.read_text())
        if path.stem == "map":
            for record in records:
                record["log_tokens"] = [
                    f"{t}-{c}" for t in record["log_tokens"] for c in range(copies)
                ]
        if path.stem not in REPEATED:
            (target / version / path.name).write_text(json.dumps(records))
            continue
        with (target / version / path.name).open("w") as out:
            for copy in range(copies):
                rows = [retoken(record, copy) for record in records]
                text = json.dumps(rows, separators=(",", ":"))[1:-1]
                out.write(f"{'[' if copy == 0 else ','}{text}")
            out.write("]")


def retoken(record: dict[str, Any], copy: int) -> dict[str, Any]:
    """The record with its own tokens and those it refers to made of this copy."""
    out = dict(record)
    for key in TOKENS:
        if out.get(key):
            out[key] = f"{out[key]}-{copy}"
    if "name" in out and "nbr_samples" in out:
        out["name"] = f"{out['name']}-{copy}"
    return out


if __name__ == "__main__":
    sys.exit(main())
