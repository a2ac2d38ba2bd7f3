"""The one command that drives a failing scenario again."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from drivewm.errors import InputError
from drivewm.eval.gate.runs import Run

OWN = ("planners", "scenes", "split", "seed", "seeds", "out", "overwrite", "workers", "no_rollouts")
FOLDER = "runs/replay"


class _Silent(argparse.ArgumentParser):
    """Raises instead of leaving the process."""

    def error(self, message: str):
        raise ValueError(message)


def replay_command(run: Run, scenario: str, seed: int) -> str:
    """``drivewm score`` of one planner in one scenario at one seed, otherwise as the run was made.

    The results go to a folder of their own, for ``drivewm explain`` and ``drivewm report``.
    """
    info = run.infos.get(scenario)
    scene = info.recording if info is not None else scenario
    text = (run.manifest.get("config") or {}).get("planners", {}).get(run.planner, run.planner)
    label = text if text == run.planner else f"{run.planner}={text}"
    own = ["--scenes", scene, "--seed", str(seed), "-o", FOLDER, "--overwrite"]
    return shlex.join(["drivewm", "score", label, *_settings(run.manifest), *own])


def _settings(manifest: dict[str, Any]) -> Sequence[str]:
    """The options of the run that are not this command's own."""
    found = _of_command(str(manifest.get("command") or ""))
    return _from_config(manifest) if found is None else found


@lru_cache(maxsize=8)
def _of_command(command: str) -> tuple[str, ...] | None:
    """As the command gave them; None where it is no `drivewm score`, or an older one."""
    words = shlex.split(command)
    if words[:2] != ["drivewm", "score"]:
        return None
    parser = score_parser()
    try:
        return tuple(_given(parser, parser.parse_args(words[2:])))
    except ValueError:
        return None


def score_parser() -> argparse.ArgumentParser:
    """The arguments of ``drivewm score``; what it cannot read raises ``ValueError``."""
    from drivewm.eval.commands import score

    parser = _Silent(prog="drivewm score", add_help=False)
    try:
        score.configure(parser)
    except InputError as error:
        raise ValueError(str(error)) from error
    return parser


def _given(parser: argparse.ArgumentParser, found: argparse.Namespace) -> Iterator[str]:
    """What differs from the defaults, as it would be written."""
    for action in parser._actions:
        value = getattr(found, action.dest, None)
        if action.dest in OWN or not action.option_strings or value == action.default:
            continue
        option = action.option_strings[-1]
        if value is True:
            yield option
        else:
            for item in value if isinstance(value, list) else [value]:
                yield from (option, str(item))


def _from_config(manifest: dict[str, Any]) -> list[str]:
    """From the settings, where the command was another (``drivewm demo``, or a program)."""
    config, fleet = manifest.get("config") or {}, manifest.get("fleet") or {}
    sim = config.get("sim") or {}
    score = (config.get("score") or {}).get("name")
    source = "--suite" if manifest.get("suite") else "--fleet"
    wanted = {
        source: fleet.get("path"), "--agents": sim.get("agents"),
        "--tracker": sim.get("tracker"), "--replan": sim.get("replan_interval_s"),
        "--mode": sim.get("mode"), "--duration": sim.get("duration_s"), "--score": score,
    }  # fmt: skip
    return [str(w) for key, value in wanted.items() if value is not None for w in (key, value)]
