"""``drivewm scenarios import FILE.xosc``: an OpenSCENARIO file read, told, and driven if asked."""

from __future__ import annotations

import argparse

from drivewm.arguments import positive_int


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the sub-verb."""
    parser.add_argument("file", metavar="FILE.xosc", help="scenario, or file of parameter values")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="values",
        help="a parameter's value (again for more)",
    )  # fmt: skip
    parser.add_argument(
        "--value", action="append", default=[], metavar="NAME=TEXT", dest="user_values",
        help="a value that the file expects its simulator to set",
    )  # fmt: skip
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument(
        "--combination", type=int, metavar="N",
        help="which combination of a file of values (default: the first that is allowed)",
    )  # fmt: skip
    chosen.add_argument(
        "--all", action="store_true", help="every combination of a file of values, up to --limit"
    )
    parser.add_argument(
        "--limit", type=positive_int, default=100, help="combinations at most (%(default)s)"
    )
    parser.add_argument("--ego-name", metavar="NAME", help="the entity that a planner drives")
    parser.add_argument(
        "--ego", action="append", default=[], metavar="PLANNER", dest="planners",
        help="drive it: 'scripted' runs the ego's own actions, else a planner's name (again for "
        "more)",
    )  # fmt: skip
    parser.add_argument("-o", "--out", metavar="DIR", help="write what was read as JSON there")
    parser.add_argument("--log", action="store_true", help="print what happened in each drive")


def run(args: argparse.Namespace) -> int:
    """Reads, prints, drives."""
    from drivewm.scenarios.osc.telling import run_import

    return run_import(args)
