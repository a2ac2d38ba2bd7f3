"""``drivewm gate BASELINE CANDIDATE``: is the candidate worse?"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from drivewm.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from drivewm.eval.gate.findings import Comparison

SUMMARY = "GITHUB_STEP_SUMMARY"  # where GitHub says a job's summary goes


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("baseline", help="results folder, or baseline, to compare with")
    parser.add_argument("candidate", help="results folder to judge")
    parser.add_argument(
        "--policy", metavar="FILE", help="what fails (default: conf/gate/default.yaml)"
    )
    parser.add_argument("--waivers", metavar="FILE", help="regressions that are waived, and until")
    parser.add_argument(
        "--planner",
        metavar="NAME",
        help="which planner, where results hold several; OLD=NEW where its label changed",
    )
    parser.add_argument("--junit", metavar="OUT", help="JUnit XML, one case per scenario")
    parser.add_argument("--summary", metavar="OUT", help="job summary, Markdown")
    parser.add_argument(
        "--annotations", metavar="OUT", help="GitHub workflow commands, at most ten"
    )
    parser.add_argument("--json", metavar="OUT", help="everything, as JSON")
    parser.add_argument("--html", metavar="OUT", help="page with both drives side by side")
    parser.add_argument(
        "--github",
        action="store_true",
        help=f"in a GitHub job: print the annotations and append the summary to ${SUMMARY}",
    )
    parser.add_argument(
        "--today", metavar="YYYY-MM-DD", help="the day that waivers are judged on (default: today)"
    )
    parser.epilog = (
        "Exit codes: 0 no regression, 1 regression, 2 could not judge. OUT may be - (standard "
        "output)."
    )


def run(args: argparse.Namespace) -> int:
    """Compares, prints, writes what was asked for; returns the exit code."""
    if args.github and not os.environ.get(SUMMARY):
        raise InputError(f"{SUMMARY} is not set", field="--github",
                         fix="use it inside a GitHub job, or --summary FILE")  # fmt: skip
    shown = [f"--{name}" for name in _outputs() if getattr(args, name) == "-"]
    if len(shown) > 1:
        raise InputError("standard output can hold one of them", field=" ".join(shown),
                         fix="name files for the others")  # fmt: skip
    from drivewm.eval.gate.judge import compare
    from drivewm.eval.gate.policy import load_policy
    from drivewm.eval.gate.runs import read_run
    from drivewm.eval.gate.text import as_text
    from drivewm.eval.gate.waivers import read_waivers

    policy = load_policy(args.policy)
    waivers = read_waivers(args.waivers) if args.waivers else ()
    before, after = _planners(args.planner)
    comparison = compare(
        read_run(args.baseline, before), read_run(args.candidate, after), policy, waivers,
        today=_today(args.today),
    )  # fmt: skip
    if "-" not in (args.junit, args.summary, args.annotations, args.json, args.html):
        print(as_text(comparison))
    for name, write in _outputs().items():
        target = getattr(args, name)
        if target is not None:
            _write(target, write(comparison))
    if args.github:
        print(_annotations(comparison), end="")
        with Path(os.environ[SUMMARY]).open("a", encoding="utf-8") as file:
            file.write(_summary(comparison) + "\n")
    for reason in comparison.refusals:
        print(f"drivewm gate: not comparable: {reason}", file=sys.stderr)
    return comparison.exit_code


def _outputs() -> dict[str, Callable[[Comparison], str]]:
    """Option -> what it writes."""
    return {
        "junit": _junit, "summary": _summary, "annotations": _annotations, "json": _json,
        "html": _html,
    }  # fmt: skip


def _junit(comparison: Comparison) -> str:
    from drivewm.eval.gate.junit import as_junit

    return as_junit(comparison)


def _summary(comparison: Comparison) -> str:
    from drivewm.eval.gate.summary import as_markdown

    return as_markdown(comparison)


def _annotations(comparison: Comparison) -> str:
    from drivewm.eval.gate.annotations import workflow_commands

    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    return "".join(f"{line}\n" for line in workflow_commands(comparison, root.resolve()))


def _json(comparison: Comparison) -> str:
    from drivewm.eval.gate.as_json import as_json

    return as_json(comparison)


def _html(comparison: Comparison) -> str:
    from drivewm.eval.gate.page import render

    return render(comparison)


def _write(target: str, text: str) -> None:
    from drivewm.storage import write_text

    if target == "-":
        print(text, end="")
    else:
        write_text(target, text)


def _planners(text: str | None) -> tuple[str | None, str | None]:
    """Labels on both sides."""
    if text is None:
        return None, None
    old, equals, new = text.partition("=")
    return old, new if equals else old


def _today(text: str | None) -> date:
    from datetime import UTC, datetime

    from drivewm.eval.gate.waivers import day

    return datetime.now(UTC).date() if text is None else day(text, None, "--today")
