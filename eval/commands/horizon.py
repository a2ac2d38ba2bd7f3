"""`drivewm horizon`: what becomes of a world that is only imagined, up to half a minute."""

from __future__ import annotations

import argparse
from pathlib import Path

from drivewm.arguments import positive_int


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = "drivewm horizon (RUN ... FLEET -o FOLDER | --tables FOLDER) [options]"
    parser.add_argument(
        "paths", nargs="*", metavar="RUN ... FLEET",
        help="folders that `drivewm train` wrote (seeds of one configuration), then the fleet",
    )  # fmt: skip
    parser.add_argument("-o", "--output", metavar="FOLDER", help="folder for tables and pictures")
    parser.add_argument("--tables", metavar="FOLDER", help="make a folder's tables again")
    parser.add_argument("--split", help="only scenes of this split")
    parser.add_argument("--scenes", help="only these scenes, comma separated")
    parser.add_argument("--seconds", type=float, default=30.0, help="imagined (default 30)")
    parser.add_argument("--windows", type=positive_int, default=2, help="a scene (default 2)")
    parser.add_argument("--threads", type=positive_int, default=2)


def run(args: argparse.Namespace) -> int:
    from drivewm.eval.horizon.run import Options, horizon, write_tables
    from drivewm.eval.horizon.text import terminal
    from drivewm.eval.run_arguments import tables_alone
    from drivewm.logs.fleet import Fleet

    folder = tables_alone(args, "horizon")
    if folder is not None:
        print(terminal(write_tables(folder)))
    else:
        *runs, fleet = args.paths
        options = Options(
            split=args.split, scene_ids=tuple(args.scenes.split(",")) if args.scenes else None,
            seconds=args.seconds, windows=args.windows, threads=args.threads,
        )  # fmt: skip
        folder = Path(args.output)
        print(terminal(horizon(runs, Fleet.open(fleet), folder, options)))
    print(f"tables: {folder / 'table.md'}, figures: {folder / 'figures'}")
    return 0
