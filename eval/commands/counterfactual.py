"""`drivewm counterfactual`: what would have happened, and does the model know."""

from __future__ import annotations

import argparse
from pathlib import Path

from drivewm.arguments import positive_int

INPUTS = {"both": ("perceived", "true"), "perceived": ("perceived",)}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = "drivewm counterfactual (RUN ... FLEET -o FOLDER | --tables FOLDER) [options]"
    parser.add_argument(
        "paths", nargs="*", metavar="RUN ... FLEET",
        help="folders that `drivewm train` wrote (seeds of one configuration), then a synthetic "
        "fleet",
    )  # fmt: skip
    parser.add_argument("-o", "--output", metavar="FOLDER", help="folder for tables and pictures")
    parser.add_argument("--tables", metavar="FOLDER", help="make a folder's tables again")
    parser.add_argument(
        "--splits", help="comma separated (default: every split that was not trained on)"
    )
    parser.add_argument(
        "--states", type=positive_int, default=20, help="instants branched per split (default 20)"
    )
    parser.add_argument(
        "--branches", type=positive_int, default=8, help="action sequences each (8 to 20)"
    )
    parser.add_argument(
        "--inputs", choices=tuple(INPUTS), default="both",
        help="start from what is perceived alone, or also from the true occupancy (default both)",
    )  # fmt: skip
    parser.add_argument(
        "--samples", type=positive_int, default=1, metavar="N",
        help="also draw N futures of a stochastic model: rows for their mean and the best of them",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="of states, branches and shuffles")
    parser.add_argument(
        "--truth", metavar="FOLDER", help="where true branches are kept for several models"
    )
    parser.add_argument(
        "--shuffle", metavar="FLEET", action="append", default=[],
        help="also shuffle actions on these logs, real ones too (may be repeated)",
    )  # fmt: skip
    parser.add_argument(
        "--shuffle-windows", type=positive_int, default=100, help="per fleet (default 100)"
    )
    parser.add_argument(
        "--workers", type=positive_int, default=1, help="processes that make the true branches"
    )
    parser.add_argument("--threads", type=positive_int, default=2)


def run(args: argparse.Namespace) -> int:
    from drivewm.eval.counterfactual.text import terminal
    from drivewm.eval.run_arguments import tables_alone

    folder = tables_alone(args, "counterfactual")
    if folder is not None:
        from drivewm.eval.counterfactual.results import write_tables

        print(terminal(write_tables(folder)))
    else:
        folder = Path(args.output)
        print(terminal(_judge(args)))
    print(f"tables: {folder / 'table.md'}")
    return 0


def _judge(args: argparse.Namespace) -> dict:
    from drivewm.eval.counterfactual.run import Options, counterfactual
    from drivewm.logs.fleet import Fleet

    *runs, fleet = args.paths
    options = Options(
        splits=tuple(args.splits.split(",")) if args.splits else None, states=args.states,
        branches=args.branches, inputs=INPUTS[args.inputs], samples=args.samples, seed=args.seed,
        workers=args.workers, threads=args.threads, truth=args.truth, shuffle=tuple(args.shuffle),
        shuffle_windows=args.shuffle_windows,
    )  # fmt: skip
    return counterfactual(runs, Fleet.open(fleet), args.output, options)
