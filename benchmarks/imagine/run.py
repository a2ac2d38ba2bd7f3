"""Imagination of many candidate actions, per backbone, against a plain version of the same maths.

    python benchmarks/imagine/run.py [--preset tiny] [--candidates 64] [--threads 2] [--json FILE]

`near` gives reward and continue of every step and decodes occupancy only around the ego; in the
other columns every state is decoded whole: occupancy probabilities of all cells, flow, reward and
continue at each of the six steps of 0.5 s. Wall and CPU seconds (of all threads) are the least of
several runs after one that warms up; ratios are of CPU seconds, which suffer least from others at
work. Weights are random.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import plain
import torch
from torch.utils.flop_counter import FlopCounterMode

from drivewm.config import load
from drivewm.models.candidates import imagine, outcomes
from drivewm.models.dynamics.base import make_action
from drivewm.models.rollout import imagine_all
from drivewm.models.world_model import Imagined, WorldModel
from drivewm.training.config import TrainConfig

BACKBONES = ("gru", "rssm", "transformer", "flow")
STEPS = 6


def model_of(preset: str, name: str) -> WorldModel:
    """An untrained model whose zero layers are not zero."""
    torch.manual_seed(0)
    config = load(TrainConfig, f"train/{preset}").model.model_copy(update={"dynamics": name})
    model = WorldModel(config).eval()
    for head in (model.foresee.out, model.flow_change, model.push, model.see.out):
        torch.nn.init.normal_(head.weight, std=0.05)
    model.motion.out.bias.data.fill_(0.4)  # things move
    return model


@torch.no_grad()
def start_of(model: WorldModel) -> Imagined:
    latent, c = model.initial(1), model.config
    for _ in range(c.observed_steps):
        embed = torch.randn(1, c.channels, c.grid.shape[0] // 2, c.grid.shape[1] // 2)
        latent, _ = model.observe(latent, torch.zeros(1, 6), embed)
    return model.start(latent, embed)


def plans(count: int) -> torch.Tensor:
    """Different speeds and turns; [K, H, 6]."""
    speed = torch.linspace(0.5, 6.0, count)[:, None].expand(-1, STEPS)
    turn = torch.linspace(-0.1, 0.1, count)[:, None].expand(-1, STEPS)
    motion = torch.stack([speed, turn, turn], -1)
    return make_action(motion, torch.full(motion.shape[:2], 0.5))


def timed(work: Callable[[], Any], runs: int) -> tuple[float, float]:
    """Least wall and CPU seconds."""
    work()
    walls, cpus = [], []
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return min(walls), min(cpus)


@torch.no_grad()
def rows_of(preset: str, name: str, count: int, threads: int, runs: int) -> dict[str, Any]:
    """One line of the table."""
    model = model_of(preset, name)
    start, actions = start_of(model), plans(count)
    with FlopCounterMode(display=False) as flops:
        model.imagine(start, actions[:1, 0])
    few = max(1, count // 16)  # the plain version takes long: some of the candidates
    reference = plain.imagine(model, start, actions[:few])
    ours = imagine(model, start, actions[None, :few], keep=lambda s: {"p": s.probability})["p"]
    worst = float((ours[0, :, 0] - reference["probability"]).abs().max())
    fast = imagine(
        model, start, actions[None, :few], keep=lambda s: {"p": s.probability},
        precision=torch.bfloat16,
    )["p"]  # fmt: skip
    rough = float((fast - ours).abs().mean())
    result: dict[str, Any] = {
        "backbone": name, "threads": threads,
        "parameters": sum(p.numel() for p in model.dynamics.parameters()),
        "mflop_per_step": flops.get_total_flops() / 1e6, "largest_difference": worst,
        "mean_difference_bf16": rough,
    }  # fmt: skip
    works: dict[str, tuple[Callable[[], Any], float]] = {
        "float32": (lambda: imagine(model, start, actions[None], keep=outcomes), 1.0),
        "bfloat16": (
            lambda: imagine(
                model, start, actions[None], keep=outcomes, precision=torch.bfloat16
            ), 1.0,
        ),
        "near": (
            lambda: imagine(
                model, start, actions[None], keep=outcomes, precision=torch.bfloat16, near=True
            ), 1.0,
        ),
        "batched": (lambda: imagine_all(model, start.repeat(count), actions), 1.0),
        "plain": (lambda: plain.imagine(model, start, actions[:few]), count / few),
    }  # fmt: skip
    for label, (work, times) in works.items():
        wall, cpu = timed(work, 1 if label == "batched" else runs)
        result[f"{label}_wall_s"], result[f"{label}_cpu_s"] = wall * times, cpu * times
    return result


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--candidates", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=BACKBONES)
    parser.add_argument("--json", type=Path, help="also write the rows here")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print("| backbone | parameters | MFLOP a step | near, bf16 s | bf16 s | f32 s | batched s "
          "| plain s | CPU s: near | bf16 | f32 | batched | plain | plain / near | plain / f32 "
          "| worst difference |")  # fmt: skip
    print("| --- " + "| ---: " * 15 + "|")
    ways = ("near", "bfloat16", "float32", "batched", "plain")
    rows = []
    for name in [args.only] if args.only else BACKBONES:
        r = rows_of(args.preset, name, args.candidates, args.threads, args.runs)
        rows.append(r)
        walls = " | ".join(f"{r[f'{way}_wall_s']:.2f}" for way in ways)
        cpus = " | ".join(f"{r[f'{way}_cpu_s']:.2f}" for way in ways)
        print(
            f"| `{name}` | {r['parameters']:,} | {r['mflop_per_step']:.0f} | {walls} | {cpus} "
            f"| {r['plain_cpu_s'] / r['near_cpu_s']:.1f} "
            f"| {r['plain_cpu_s'] / r['float32_cpu_s']:.1f} | {r['largest_difference']:.1e} |",
            flush=True,
        )
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
