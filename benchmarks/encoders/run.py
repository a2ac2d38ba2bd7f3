"""Parameters and times of every encoder and image backbone at a preset's size.

    python benchmarks/encoders/run.py                 # conf/train/tiny.yaml, one thread
    python benchmarks/encoders/run.py --threads 2 --batch 4

Six cameras of nuScenes' geometry with random pictures, random weights: times do not depend on them.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import torch

from drivewm.config import load
from drivewm.models.encoders.base import CameraBatch
from drivewm.models.encoders.build import build_encoder
from drivewm.training.config import TrainConfig
from drivewm.worlds.render.rig import CAMERAS

ROWS = (
    ("pull, conv", ["model.encoder=pull"]),
    ("lift, conv", ["model.encoder=lift"]),
    ("query, conv", ["model.encoder=query"]),
    ("pull, conv, 3 frames", ["model.encoder=pull", "model.temporal.frames=3"]),
    ("pull, vit", ["model.encoder=pull", "model.pull.backbone.name=vit"]),
    ("lift, vit", ["model.encoder=lift", "model.lift.backbone.name=vit"]),
    ("query, vit", ["model.encoder=query", "model.query.backbone.name=vit"]),
    ("lift, resnet18", ["model.encoder=lift", "model.lift.backbone.name=resnet18"]),
    ("pull, resnet50", ["model.encoder=pull", "model.pull.backbone.name=resnet50"]),
)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print("| encoder | parameters | of the backbone | forward ms | forward + backward ms |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, overrides in ROWS:
        config = load(TrainConfig, f"train/{args.preset}", overrides).model
        assert config.cameras is not None
        torch.manual_seed(0)
        encoder = build_encoder(config)
        seen = pictures(config.cameras.image_height, config.cameras.image_width, args.batch)
        count = sum(p.numel() for p in encoder.parameters())
        own = sum(p.numel() for n, p in encoder.named_parameters() if "backbone" in n)
        with torch.no_grad():
            ahead = timed(lambda e=encoder, s=seen: e(s), args.repeats)
        both = timed(lambda e=encoder, s=seen: e(s).square().mean().backward(), args.repeats)
        print(f"| {name} | {count:,} | {own:,} | {ahead:.0f} | {both:.0f} |", flush=True)


def timed(call, repeats: int) -> float:
    """Median milliseconds, after one call to warm up."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def pictures(height: int, width: int, batch: int) -> CameraBatch:
    """Six random pictures with the geometry of nuScenes' cameras."""
    lenses = np.stack([c.scaled_intrinsics(width, height) for c in CAMERAS.values()])
    poses = np.stack([c.ego_from_camera for c in CAMERAS.values()])
    count = len(CAMERAS)
    return CameraBatch(
        images=torch.randint(0, 256, (batch, count, 3, height, width), dtype=torch.uint8),
        intrinsics=torch.from_numpy(lenses).float().expand(batch, -1, -1, -1),
        ego_from_camera=torch.from_numpy(poses).float().expand(batch, -1, -1, -1),
        present=torch.ones(batch, count, dtype=torch.bool),
    )


if __name__ == "__main__":
    main()
