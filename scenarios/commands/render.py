"""``drivewm scenarios render ID -o x.png``: a scenario as six pictures over time."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivewm.scenarios.family import Concrete, Family

FORMATS = (".png", ".webp")


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the sub-verb."""
    parser.add_argument("family", metavar="ID", help="family id, or a family's YAML file")
    parser.add_argument("-o", "--output", required=True, help="picture: .png or .webp")
    parser.add_argument("--planner", default="careful", help="who drives (%(default)s)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of a parameter (default: its centre); may be repeated",
    )
    parser.add_argument("--index", type=int, help="draw number INDEX of `sample` instead")
    parser.add_argument("--method", default="sobol", help="method of that draw (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of that draw (%(default)s)")
    parser.add_argument("--dark", action="store_true", help="dark colours")


def run(args: argparse.Namespace) -> int:
    """Drives the scenario and draws it."""
    from pathlib import Path

    from drivewm.errors import InputError
    from drivewm.scenarios.catalogue import find
    from drivewm.scenarios.storyboard_drive import storyboard
    from drivewm.storage import atomic_file
    from drivewm.viz.palette import PALETTES

    output = Path(args.output)
    if output.suffix.lower() not in FORMATS:
        raise InputError(f"cannot write '{output.suffix}' pictures", file=output,
                         field="--output", fix="name it .png or .webp")  # fmt: skip
    concrete = chosen(find(args.family), args)
    picture = storyboard(concrete, args.planner, PALETTES["dark" if args.dark else "light"])
    with atomic_file(output) as partial:
        picture.save(partial, format=output.suffix[1:].upper(), quality=88)
    print(output)
    return 0


def chosen(family: Family, args: argparse.Namespace) -> Concrete:
    """The scenario that the arguments ask for.

    Raises:
        InputError: a value is not one that the parameter can have.
    """
    from drivewm.errors import InputError
    from drivewm.scenarios.loading import parse
    from drivewm.scenarios.parameters import nth
    from drivewm.scenarios.ranges import centre

    if args.index is not None:
        if args.set:
            raise InputError("draws the values that --set gives", field="--index",
                             fix="leave one of them out")  # fmt: skip
        return nth(family, args.index, args.method, args.seed)
    values = {name: centre(parameter) for name, parameter in family.head.parameters.items()}
    for text in args.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"'{text}' is not NAME=VALUE", field="--set")
        values[name] = parse(f"value: {value}", f"--set {text}").value["value"]
    return family.concrete(values, "given" if args.set else "centre")
