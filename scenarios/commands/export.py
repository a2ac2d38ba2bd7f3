"""``drivewm scenarios export ID -o out.xosc``: a scenario as OpenSCENARIO with its OpenDRIVE."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the sub-verb."""
    parser.add_argument(
        "scenario", metavar="ID", help="family id, a family's YAML file, or an .xosc file"
    )
    parser.add_argument("-o", "--out", required=True, metavar="OUT.xosc", help="file to write")
    parser.add_argument(
        "--index", type=int, default=0, metavar="N", help="which sample of the family (%(default)s)"
    )
    parser.add_argument("--method", default="centre", help="how parameters are drawn (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the draw (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Writes both files; prints what could not be said in OpenSCENARIO."""
    from drivewm.scenarios.osc.exporting import run_export

    return run_export(args)
