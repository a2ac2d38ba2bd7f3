"""Label sets and labels from lidar against the exact occupancy of the synthetic world.

    python benchmarks/labels/run.py runs/labels              # 2 scenes of 5 s, about 3 minutes
    python benchmarks/labels/run.py runs/labels --scenes 8 --duration 20

First table: every set is written by `synth --labels`, ingested and compared voxel for voxel with
the exact Occ3D label of the same instant. Second: labels made from sweeps and boxes (`ingest
--labels lidar`), IoU over the voxels that the sweeps saw and over the whole grid.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from drivewm.logs.fleet import Fleet
from drivewm.logs.ingest import ingest
from drivewm.logs.label_formats import SETS, after_merging
from drivewm.scene import MOVABLE, OccClass
from drivewm.worlds.synth import SynthConfig, synthesise

MOVING = [int(c) for c in MOVABLE]
KINDS = {
    "movable": MOVING,
    "road": [int(OccClass.DRIVEABLE_SURFACE)],
    "ground of any kind": [11, 12, 13, 14],
    "static obstacles": [0, 1, 8, 15, 16],
    "anything": [c for c in range(18) if c != OccClass.FREE],
}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=2)
    parser.add_argument("--duration", type=float, default=5.0)
    args = parser.parse_args()
    config = SynthConfig(scenes=args.scenes, seed=3, image_size=(112, 64), duration_s=args.duration)
    fleets = {name: made(args.folder, config, name) for name in SETS}
    round_trip(fleets)
    from_lidar(args.folder, fleets["occ3d"])


def made(folder: Path, config: SynthConfig, name: str) -> Fleet:
    """The fleet with labels written in one set's layout."""
    root = folder / name
    synthesise(root / "dataroot", config.model_copy(update={"labels": name}), workers=1)
    if not (root / "fleet").exists():
        ingest("nuscenes", root / "dataroot", root / "fleet")
    return Fleet.open(root / "fleet")


def frames(first: Fleet, second: Fleet):
    """Pairs of labels of the same keyframe."""
    for info in first.scenes:
        for k in range(info.keyframes):
            yield first.occupancy(info.id, k), second.occupancy(info.id, k)


def round_trip(fleets: dict[str, Fleet]) -> None:
    """Prints the table of the sets."""
    print("| set | labels | equal after merging classes | equal to Occ3D | movable IoU | masks |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    for name, fleet in fleets.items():
        merged, plain, hit, union, count = [], [], 0, 0, 0
        for exact, read in frames(fleets["occ3d"], fleet):
            known = read.mask_camera if name == "surroundocc" else np.ones_like(read.mask_camera)
            merged.append((after_merging(exact.semantics, name) == read.semantics)[known].mean())
            plain.append((exact.semantics == read.semantics)[known].mean())
            ours, theirs = (np.isin(x.semantics, MOVING) & known for x in (read, exact))
            hit, union, count = (
                hit + (ours & theirs).sum(),
                union + (ours | theirs).sum(),
                count + 1,
            )
        masks = " and ".join(SETS[name].masks) or "none"
        print(
            f"| {name} | {count} | {np.mean(merged):.4%} | {np.mean(plain):.4%} | "
            f"{hit / max(union, 1):.3f} | {masks} |"
        )


def from_lidar(folder: Path, exact: Fleet) -> None:
    """Prints the table of labels made from sweeps and boxes."""
    root, start = exact.data_root(exact.scenes[0]), time.perf_counter()
    ingest("nuscenes", root, folder / "lidar" / "fleet", labels="lidar")
    seconds = time.perf_counter() - start
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    labels = 0
    for truth, label in frames(exact, Fleet.open(folder / "lidar" / "fleet")):
        labels += 1
        for kind, classes in KINDS.items():
            ours, theirs = (np.isin(x.semantics, classes) for x in (label, truth))
            seen = label.mask_lidar
            row = counts[kind]
            row[0] += int((ours & theirs & seen).sum())
            row[1] += int(((ours | theirs) & seen).sum())
            row[2] += int((ours & theirs).sum())
            row[3] += int((ours | theirs).sum())
    print(f"\n{labels} labels, {seconds / labels:.2f} s each (ingest included)\n")
    print("| voxels | IoU where the sweeps saw | IoU over the grid |\n| --- | ---: | ---: |")
    for kind, (hit, union, all_hit, all_union) in counts.items():
        print(f"| {kind} | {hit / max(union, 1):.3f} | {all_hit / max(all_union, 1):.3f} |")


if __name__ == "__main__":
    main()
