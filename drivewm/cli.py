"""The command line: a table of verbs; each verb's module is imported only when it is called."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

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
    "card": ("drivewm.commands.card", "put the scores of a forecast on a model's card"),
    "export": ("drivewm.commands.export", "a trained model as one file, checked against it"),
    "forecast": ("drivewm.eval.commands.forecast", "score a model's forecasts beside baselines"),
    "branch": ("drivewm.eval.commands.branch", "what would have happened, as windows to train on"),
    "counterfactual": (
        "drivewm.eval.commands.counterfactual",
        "does a model know what other actions would have caused",
    ),
    "horizon": ("drivewm.eval.commands.horizon", "how long imagination stays like the logs"),
    "novelty": ("drivewm.eval.commands.novelty", "does a model tell what it has never seen"),
    "scenarios": ("drivewm.eval.commands.scenarios", "the library of scenarios: list, show, draw"),
    "score": ("drivewm.eval.commands.score", "drive planners in closed loop and score them"),
    "gate": ("drivewm.eval.commands.gate", "is a planner worse than its baseline"),
    "baseline": ("drivewm.eval.commands.baseline", "accept results as the baseline of the gate"),
    "bisect": ("drivewm.eval.commands.bisect", "which commit of a planner made a scenario worse"),
    "conform": ("drivewm.eval.commands.conform", "check all scores against reference values"),
    "explain": ("drivewm.eval.commands.explain", "why a scene scored what it scored, in pictures"),
    "report": ("drivewm.eval.commands.report", "one self-contained HTML page from results"),
    "demo": ("drivewm.eval.commands.demo", "the whole line on the synthetic fleet"),
}

# Failures of the system that a user can mend, each with a file name except a full disk
FULL = (errno.ENOSPC, errno.EDQUOT)
MENDABLE = (
    *FULL, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.EEXIST, errno.ENOTDIR,
    errno.EISDIR, errno.ENOTEMPTY, errno.ENAMETOOLONG, errno.ELOOP, errno.EFBIG,
)  # fmt: skip
FIX_FULL = "free space or choose another output folder"
FIX_PATH = "check the path, or choose another one"


def _help() -> str:
    lines = [
        f"drivewm {__version__}: world model and closed-loop evaluator for autonomous driving",
        "",
        "usage: drivewm VERB ...   (drivewm VERB --help for one verb)",
        "",
        *(f"  {verb:<14} {text}" for verb, (_, text) in VERBS.items()),
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


class _Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong with the arguments."""

    def error(self, message: str) -> NoReturn:
        raise InputError(message, fix=f"see {self.prog} --help")


def _run(verb: str, argv: list[str]) -> int:
    module_name, text = VERBS[verb]
    try:
        module = importlib.import_module(module_name)
        parser = _Parser(prog=f"drivewm {verb}", description=text)
        module.configure(parser)
        return int(module.run(parser.parse_args(argv)) or 0)
    except InputError as error:
        return _say(verb, str(error), 2)
    except KeyboardInterrupt:
        return _say(verb, "interrupted; finished work is kept, run again", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in MENDABLE:
            raise
        file, text = error.filename or "output", error.strerror or str(error)
        if error.errno not in FULL and error.filename is None:
            raise
        return _say(verb, f"{file}: {text}; {FIX_FULL if error.errno in FULL else FIX_PATH}", 2)


def _say(verb: str, text: str, code: int) -> int:
    """One line on stderr, below any progress bar that was running."""
    if "drivewm.progress" in sys.modules:
        sys.modules["drivewm.progress"].close_all()
    print(f"drivewm {verb}: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
