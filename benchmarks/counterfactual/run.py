"""Times the counterfactual benchmark's parts on a fleet: true branches, and what a model says.

python benchmarks/counterfactual/run.py RUN FLEET [--split val] [--states 3]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable

import numpy as np
import torch

from drivewm.eval.counterfactual import truth
from drivewm.eval.counterfactual.branches import candidates, snapshots, stage_of
from drivewm.eval.counterfactual.imagine import rows_of
from drivewm.eval.counterfactual.outcome import certain, outcome
from drivewm.eval.counterfactual.run import Options, rides_of, truth_config
from drivewm.eval.counterfactual.states import survey
from drivewm.eval.forecast.checkpoints import features_of
from drivewm.logs.fleet import Fleet
from drivewm.models import checkpoint
from drivewm.training.clips import load_frames


def timed(work: Callable[[], object], repeats: int = 3) -> float:
    """Seconds of the fastest of a few calls, after one that compiles."""
    work()
    spent = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return min(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("fleet")
    parser.add_argument("--split", default="val")
    parser.add_argument("--states", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    fleet, model = Fleet.open(args.fleet), checkpoint.load(args.run)
    options = Options(splits=(args.split,), states=args.states)
    config = truth_config(fleet, [args.run], model, options)
    with tempfile.TemporaryDirectory() as folder:
        states = truth.make_truth(fleet, config, folder)
        state = states[0]
        here = truth.load(folder, fleet, config, state)
    stage = stage_of(fleet, state.scene)
    engine = snapshots(stage, [state.step])[state.step]
    branch = candidates(stage, engine, state.step, config.steps, 0)[0]
    frames = load_frames(fleet, state.scene, model.config)
    features = features_of(model, frames)
    seen, vehicle = certain(here.occupancy, here.flow, config.grid), stage.world.vehicle
    count = len(here.names)
    rows = {
        "engine from time 0 to the state": lambda: snapshots(stage, [state.step]),
        "20 candidates executed": lambda: candidates(stage, engine, state.step, config.steps, 0),
        "20 candidates executed and judged": lambda: survey(stage, state.keyframe, engine, config),
        "occupancy and flow of one branch": lambda: truth.branch_frames(
            stage, branch, state.step, config.grid
        ),
        f"outcome of {count} branches": lambda: outcome(
            seen, here.ego, rides_of(here), vehicle, config.grid
        ),
        f"all rows of {count} branches": lambda: rows_of(model, frames, features, here),
    }
    print("| part | ms |\n|---|---|")
    for name, work in rows.items():
        print(f"| {name} | {1000 * timed(work):.1f} |")
    print(f"{np.mean(here.bad):.0%} of the first state's branches go wrong; one thread")


if __name__ == "__main__":
    main()
