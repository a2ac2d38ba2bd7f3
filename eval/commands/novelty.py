"""`drivewm novelty`: does a model tell what it has never seen?"""

from __future__ import annotations

import argparse
from pathlib import Path

from drivewm.arguments import positive_int


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = "drivewm novelty (RUN ... FLEET -o FOLDER | --tables FOLDER) [options]"
    parser.add_argument(
        "paths", nargs="*", metavar="RUN ... FLEET",
        help="folders that `drivewm train` wrote (seeds of one configuration), then the synthetic "
        "fleet that they were trained on",
    )  # fmt: skip
    parser.add_argument("-o", "--output", metavar="FOLDER", help="folder for tables and pictures")
    parser.add_argument("--tables", metavar="FOLDER", help="make a folder's tables again")
    parser.add_argument(
        "--without", metavar="LIST",
        help="with a fleet alone: print the training scenes under these weathers, for "
        "`drivewm train --set holdout_scenes=...`",
    )  # fmt: skip
    parser.add_argument("--split", help="of the familiar scenes (default: all not trained on)")
    parser.add_argument("--scenes", help="only these, comma separated")
    parser.add_argument("--stride", type=positive_int, default=5, help="frames between clips (5)")
    parser.add_argument(
        "--object", default="vehicle.construction", metavar="CATEGORY",
        help="nuScenes category that is put in the place of cars (vehicle.construction)",
    )  # fmt: skip
    parser.add_argument(
        "--cameras", default="CAM_FRONT", help="that die, comma separated (CAM_FRONT)"
    )
    parser.add_argument("--threads", type=positive_int, default=2)


def run(args: argparse.Namespace) -> int:
    from drivewm.errors import InputError
    from drivewm.eval.run_arguments import tables_alone

    if args.without and not args.tables:
        if len(args.paths) != 1:
            raise InputError("takes a fleet alone", field="--without", fix="leave the runs out")
        print(_holdout(args.paths[0], args.without.split(",")))
        return 0
    folder = tables_alone(args, "novelty")
    if folder is not None:
        from drivewm.eval.novelty.tables import write_tables

        content = write_tables(folder)
    else:
        folder = Path(args.output)
        content = _judge(args)
    from drivewm.eval.novelty.text import terminal

    print(terminal(content))
    print(f"tables: {folder / 'table.md'}, figures: {folder / 'figures'}")
    return 0


def _judge(args: argparse.Namespace) -> dict:
    from drivewm.eval.novelty.run import Options, novelty
    from drivewm.logs.fleet import Fleet

    *runs, fleet = args.paths
    options = Options(
        split=args.split, scene_ids=tuple(args.scenes.split(",")) if args.scenes else None,
        stride=args.stride, category=args.object, cameras=tuple(args.cameras.split(",")),
        threads=args.threads,
    )  # fmt: skip
    return novelty(runs, Fleet.open(fleet), args.output, options)


def _holdout(path: str, weathers: list[str]) -> str:
    """The training scenes under some weathers as a value for ``holdout_scenes``."""
    from typing import get_args

    from drivewm.errors import InputError
    from drivewm.eval.novelty.training import spec_of
    from drivewm.logs.fleet import Fleet
    from drivewm.worlds.world import Weather

    wrong = [w for w in weathers if w not in get_args(Weather)]
    if wrong:
        raise InputError(f"no weather '{wrong[0]}'", field="--without",
                         fix=f"use {', '.join(get_args(Weather))}")  # fmt: skip
    specs = {i.id: spec_of(i) for i in Fleet.open(path).scenes if "train" in i.split}
    names = [i for i, spec in specs.items() if spec is not None and spec.weather in weathers]
    return "[" + ",".join(names) + "]"
