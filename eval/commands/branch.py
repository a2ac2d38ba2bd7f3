"""`drivewm branch`: what would have happened, as windows to train on."""

from __future__ import annotations

import argparse

from drivewm.arguments import positive_int


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("fleet", help="a synthetic fleet folder")
    parser.add_argument("-o", "--output", required=True, metavar="FOLDER")
    parser.add_argument(
        "--splits", default="train", help="comma separated (default train)", metavar="SPLITS"
    )
    parser.add_argument(
        "--states", type=positive_int, default=160, help="instants branched per split (default 160)"
    )
    parser.add_argument(
        "--branches", type=positive_int, default=8, help="action sequences each (default 8)"
    )
    parser.add_argument("--preset", default="tiny", help="of training, whose windows to make")
    parser.add_argument("--seed", type=int, default=0, help="of states and branches")
    parser.add_argument("--workers", type=positive_int, default=1)


def run(args: argparse.Namespace) -> int:
    from drivewm.config import load
    from drivewm.eval.counterfactual.states import TruthConfig
    from drivewm.eval.counterfactual.truth import key_of, make_truth
    from drivewm.logs.fleet import Fleet
    from drivewm.training.config import TrainConfig

    fleet, model = Fleet.open(args.fleet), load(TrainConfig, f"train/{args.preset}").model
    config = TruthConfig(
        splits=tuple(args.splits.split(",")), states=args.states, branches=args.branches,
        history=model.observed_steps, horizon=model.imagined_steps, seed=args.seed, grid=model.grid,
    )  # fmt: skip
    states = make_truth(fleet, config, args.output, args.workers)
    folder = f"{args.output}/{key_of(fleet, config)}"
    scenes = len({s.scene for s in states})
    print(f"{len(states)} states of {scenes} scenes, {args.branches} branches each: {folder}")
    print(f"drivewm train {args.fleet} -o RUN --set branches={folder}")
    return 0
