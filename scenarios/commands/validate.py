"""``drivewm scenarios validate FILE|FOLDER|ID|all``: checks families, all problems at once."""

from __future__ import annotations

import argparse
from pathlib import Path

from drivewm.arguments import positive_int


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the sub-verb."""
    parser.add_argument(
        "what", nargs="*", default=["all"], metavar="FILE|FOLDER|ID", help="default: the library"
    )
    parser.add_argument(
        "-n",
        type=positive_int,
        default=2,
        help="scenarios of each family that are built and driven by an ego that does not react, "
        "besides the centre (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of their draw (%(default)s)")
    parser.add_argument(
        "--schema-only", action="store_true", help="read the files, build no scenario"
    )


def run(args: argparse.Namespace) -> int:
    """One line for each problem; exit 2 when there is one."""
    import sys

    from drivewm.errors import InputError
    from drivewm.scenarios.family import load_family

    problems, files, scenarios = 0, targets(args.what), 0
    for file in files:
        try:
            family = load_family(file)
            if not args.schema_only:
                from drivewm.scenarios.validation import check_built

                scenarios += check_built(family, args.n, args.seed)
        except InputError as error:
            problems += 1
            print(error, file=sys.stderr)
    built = "" if args.schema_only else f", {scenarios} scenarios built"
    print(f"{len(files)} families{built}, {problems} with problems")
    return 2 if problems else 0


def targets(what: list[str]) -> list[Path]:
    """The files that the arguments name.

    Raises:
        InputError: there is no such file, folder or family.
    """
    from drivewm.errors import InputError
    from drivewm.scenarios.catalogue import LIBRARY, find

    files: list[Path] = []
    for name in what:
        path = LIBRARY if name == "all" else Path(name)
        if path.is_dir():
            found = sorted(path.rglob("*.yaml"))
            if not found:
                raise InputError("no .yaml file in it", file=path)
            files += found
        else:
            files.append(path if path.suffix in (".yaml", ".yml") else Path(find(name).file))
    return list(dict.fromkeys(files))
