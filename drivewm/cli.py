"""The command line: a table of verbs; each verb's module is imported only when it is called."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Sequence

from drivewm import __version__
from drivewm.errors import InputError

# verb -> (module with configure(parser) and run(args) -> exit code, help line)
VERBS: dict[str, tuple[str, str]] = {
    "doctor": ("drivewm.commands.doctor", "versions, threads, data found, what is missing"),
    "synth": ("drivewm.commands.synth", "write a synthetic nuScenes dataroot"),
    "ingest": ("drivewm.commands.ingest", "turn recorded logs into a fleet"),
    "inspect": ("drivewm.commands.inspect", "table of the scenes of a fleet"),
    "view": ("drivewm.commands.view", "picture or animation of a scene"),
    "train": ("drivewm.commands.train", "train a world model on a fleet"),
    "forecast": ("drivewm.eval.commands.forecast", "score a model's forecasts beside baselines"),
    "score": ("drivewm.eval.commands.score", "drive planners in closed loop and score them"),
    "report": ("drivewm.eval.commands.report", "one self-contained HTML page from results"),
    "demo": ("drivewm.eval.commands.demo", "the whole line on the synthetic fleet"),
}


def _help() -> str:
    lines = [
        f"drivewm {__version__}: world model and closed-loop evaluator for autonomous driving",
        "",
        "usage: drivewm VERB ...   (drivewm VERB --help for one verb)",
        "",
        *(f"  {verb:<10} {text}" for verb, (_, text) in VERBS.items()),
    ]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb. Exit codes: 0 done, 1 a judged failure, 2 bad input, 130 interrupted."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv or argv[0] in ("-h", "--help"):
        print(_help())
        return 0
    if argv[0] == "--version":
        print(__version__)
        return 0
    verb = argv[0]
    if verb not in VERBS:
        print(f"drivewm: unknown verb '{verb}'; known: {', '.join(VERBS)}", file=sys.stderr)
        return 2
    return _run(verb, argv[1:])


def _run(verb: str, argv: list[str]) -> int:
    module_name, text = VERBS[verb]
    try:
        module = importlib.import_module(module_name)
        parser = argparse.ArgumentParser(prog=f"drivewm {verb}", description=text)
        module.configure(parser)
        return int(module.run(parser.parse_args(argv)) or 0)
    except InputError as error:
        print(f"drivewm {verb}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"drivewm {verb}: interrupted; finished work is kept, run again", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT):
            raise
        print(
            f"drivewm {verb}: {error.filename or 'output'}: {error.strerror}; "
            "free space or choose another output folder",
            file=sys.stderr,
        )
        return 2


if __name__ == "__main__":
    sys.exit(main())
