"""`drivewm card`: the scores of a forecast, with their intervals, on a model's card."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help="folder that `drivewm train` wrote")
    parser.add_argument("--forecast", required=True, metavar="FOLDER",
                        help="folder that `drivewm forecast` wrote for this run")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    from drivewm.training.card import put_scores

    print(f"card: {put_scores(args.run, args.forecast)}")
    return 0
