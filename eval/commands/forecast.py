"""`drivewm forecast`: a model's forecasts beside the baselines on the same windows."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from drivewm.arguments import positive_int


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = "drivewm forecast (RUN ... FLEET -o FOLDER | --tables FOLDER) [options]"
    parser.add_argument(
        "paths", nargs="*", metavar="RUN ... FLEET",
        help="folders that `drivewm train` wrote (seeds of one configuration), then the fleet",
    )  # fmt: skip
    parser.add_argument("-o", "--output", metavar="FOLDER", help="folder for tables and pictures")
    parser.add_argument("--tables", metavar="FOLDER", help="make a folder's tables again")
    parser.add_argument(
        "--windows", default="all", metavar="LIST",
        help="all (default), occworld-4219, dome-150, or a JSON or Parquet file",
    )  # fmt: skip
    parser.add_argument("--save-windows", metavar="FILE", help="also write the list there")
    parser.add_argument("--split", help="with all: only scenes of this split")
    parser.add_argument("--scenes", help="with all: only these scenes, comma separated")
    parser.add_argument("--stride", type=positive_int, default=1, help="with all: frames between")
    parser.add_argument("--history", type=positive_int, help="with all: frames seen (0.5 s apart)")
    parser.add_argument("--horizon", type=positive_int, help="with all: frames forecast")
    parser.add_argument(
        "--ego", choices=("gt", "cv", "planner", "none"), default="gt",
        help="ego motion that the future is given (default: gt, the recorded one)",
    )  # fmt: skip
    parser.add_argument("--planner", help="with --ego planner (default: idm)")
    parser.add_argument(
        "--compare-in", choices=("true", "assumed"), default="true",
        help="true: carried into the true future ego frame; assumed: as published tables do",
    )  # fmt: skip
    parser.add_argument(
        "--ray-origins", type=positive_int, default=1, help="places rays start from (SparseOcc: 8)"
    )
    parser.add_argument(
        "--samples", type=positive_int, default=1, metavar="N",
        help="also draw N futures of a stochastic model: rows for their mean and the best of them",
    )  # fmt: skip
    parser.add_argument(
        "--mask",
        choices=("none", "overlap", "camera", "lidar"),
        default="none",
        help="table shown; the folder holds all",
    )
    parser.add_argument("--threads", type=positive_int, default=2)


def run(args: argparse.Namespace) -> int:
    from drivewm.errors import InputError
    from drivewm.eval.forecast.results import write_tables
    from drivewm.eval.run_arguments import tables_alone

    folder = tables_alone(args, "forecast")
    if folder is not None:
        _print(write_tables(folder), args.mask, folder)
        return 0
    if args.planner and args.ego != "planner":
        raise InputError("is not asked", field="--planner", fix="add --ego planner")
    content = _forecast(args)
    _print(content, args.mask, Path(args.output))
    return 0


def _forecast(args: argparse.Namespace) -> dict[str, Any]:
    from drivewm.eval.forecast import windows
    from drivewm.eval.forecast.run import WINDOWS, Options, forecast
    from drivewm.logs.fleet import Fleet

    *runs, fleet = args.paths
    options = Options(
        windows=args.windows, split=args.split,
        scene_ids=tuple(args.scenes.split(",")) if args.scenes else None,
        history=args.history, horizon=args.horizon, stride=args.stride, ego=args.ego,
        planner=args.planner or "idm", compare_in=args.compare_in, ray_origins=args.ray_origins,
        samples=args.samples, threads=args.threads,
    )  # fmt: skip
    content = forecast(runs, Fleet.open(fleet), args.output, options)
    if args.save_windows:
        windows.save(args.save_windows, windows.read(Path(args.output) / WINDOWS))
    return content


def _print(content: dict[str, Any], mask: str, folder: Path) -> None:
    from drivewm.eval.forecast.text import comparison_lines, terminal

    about = content["about"]
    masks = {row["mask"] for row in content["rows"]}
    if mask not in masks:
        print(f"the labels have no {mask} mask; every voxel counts")
        mask = "none"
    print(terminal(content, mask))
    print(f"windows: {content['windows']} of {content['scenes']} scenes, {about['windows_name']}, "
          f"blake2b {content['windows_hash']}")  # fmt: skip
    print(f"ego mode {about['ego_mode']}, compared in the {about['compared_in']} ego frame, "
          f"mask {mask}")  # fmt: skip
    if about["judged_scenes_trained_on"]:
        names = about["judged_scenes_trained_on"]
        print(f"careful: {len(names)} of these scenes were trained on, such as {names[0]}")
    for line in comparison_lines(content, mask):
        print(line)
    if content["outcomes"]:
        print(f"reward and continue: {content['outcomes']}")
    print(f"tables: {folder / 'table.md'}")
