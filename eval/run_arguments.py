"""``RUN ... FLEET -o FOLDER | --tables FOLDER``: what the verbs that judge models take."""

from __future__ import annotations

import argparse
from pathlib import Path

from drivewm.errors import InputError


def tables_alone(args: argparse.Namespace, verb: str) -> Path | None:
    """The folder whose tables are made again; None where runs are judged.

    Raises:
        InputError: both are asked for, or runs, fleet or output are missing.
    """
    if args.tables:
        if args.paths or args.output:
            raise InputError("stands alone", field="--tables", fix="name the folder only")
        return Path(args.tables)
    if len(args.paths) < 2 or not args.output:
        raise InputError("needs RUN ... FLEET -o FOLDER", field="RUN",
                         fix=f"see `drivewm {verb} --help`")  # fmt: skip
    return None
