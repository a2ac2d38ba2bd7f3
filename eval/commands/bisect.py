"""``drivewm bisect GOOD BAD``: which commit of a planner's repository made a scenario worse."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivewm.errors import InputError

if TYPE_CHECKING:
    from drivewm.eval.gate.bisect import Found, Step
    from drivewm.eval.gate.revisions import Repository


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("good", help="revision whose planner drives the scenario well")
    parser.add_argument("bad", help="later revision whose planner does not")
    parser.add_argument("--repo", default=".", metavar="PATH", help="git repository (%(default)s)")
    parser.add_argument("--scenario", required=True, metavar="ID", help="scenario, or scene")
    parser.add_argument(
        "--planner",
        required=True,
        help="file.py:Class in the repository, or module:Class that it holds; with ?key=value "
        "options",
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--suite", help="suite that holds the scenario")
    source.add_argument("--fleet", help="fleet that holds the scene")
    parser.add_argument("--seed", type=int, default=0, help="of the drive (%(default)s)")
    parser.add_argument("--policy", metavar="FILE", help="what is worse (default: the gate's)")
    parser.add_argument(
        "--options",
        default="",
        metavar="TEXT",
        help="further options of `drivewm score`, such as '--agents reactive'",
    )
    parser.add_argument("--json", metavar="OUT", help="the log, as JSON")


def run(args: argparse.Namespace) -> int:
    """Searches, printing each step; returns 0 where the commit was found."""
    import json
    import shlex

    from drivewm.eval.gate.bisect import search, symptom_of
    from drivewm.eval.gate.policy import load_policy
    from drivewm.eval.gate.revisions import Repository
    from drivewm.eval.gate.trial import Setup, planner_text
    from drivewm.storage import write_text

    policy, repository = load_policy(args.policy), Repository(args.repo)
    good, bad = repository.commit(args.good), repository.commit(args.bad)
    _check(repository, good, bad)
    setup = Setup(
        planner=planner_text(args.planner, repository.root), source=_source(args),
        scenario=args.scenario, seed=args.seed, options=shlex.split(args.options),
    )  # fmt: skip
    trials = _Trials(repository, setup)
    first, last = trials(good), trials(bad)
    symptom = symptom_of(first, last, policy)
    print(f"good  {repository.title(good)}: {first.text}")
    print(f"bad   {repository.title(bad)}: {last.text}")
    print(f"bad is: {symptom.text}", flush=True)

    def judge(commit: str) -> Step:
        trial = trials(commit)
        step = trials.step(commit, symptom.judge(trial), trial.text)
        print(f"{step.state:<8} {repository.title(commit)}: {trial.text}", flush=True)
        return step

    found = search(good, bad, repository.between, judge)
    print(_result(found, repository))
    if args.json:
        log = _log(found, symptom.text, good, bad, repository)
        write_text(args.json, json.dumps(log, indent=2) + "\n")
    return 0


class _Trials:
    """Tries commits, each in a worktree and a process of its own."""

    def __init__(self, repository: Repository, setup: Any) -> None:
        self._repository, self._setup = repository, setup

    def __call__(self, commit: str):
        from drivewm.eval.gate.trial import try_revision

        with self._repository.worktree(commit) as tree:
            return try_revision(tree, self._setup)

    @staticmethod
    def step(commit: str, state, text: str) -> Step:
        from drivewm.eval.gate.bisect import Step

        return Step(commit=commit, state=state, text=text)


def _check(repository: Repository, good: str, bad: str) -> None:
    if good == bad:
        raise InputError("both revisions are one commit", field="BAD", fix="name two")
    if not repository.is_ancestor(good, bad):
        raise InputError("the good revision is not in the history of the bad one", field="GOOD",
                         fix="name the older revision first")  # fmt: skip
    if repository.has(bad, "drivewm/__init__.py"):
        raise InputError("the repository holds a package named drivewm, which would hide the "
                         "evaluator", file=repository.root, field="--repo",
                         fix="bisect a repository of planners")  # fmt: skip


def _source(args: argparse.Namespace) -> tuple[str, str]:
    """Where the scenario is from; a path of this folder is one of the worktree's too."""
    option, value = ("--suite", args.suite) if args.suite else ("--fleet", args.fleet)
    return option, str(Path(value).resolve()) if Path(value).exists() else value


def _result(found: Found, repository: Repository) -> str:
    lines = [f"first bad commit: {repository.about(found.commit)}"]
    if found.suspects:
        lines = ["the first bad commit is one of these (the others could not be judged):"]
        lines += [f"  {repository.about(c)}" for c in (*found.suspects, found.commit)]
    return "\n".join([*lines, f"see it: git -C {repository.root} show {found.commit[:12]}"])


def _log(found: Found, symptom: str, good: str, bad: str, repository: Repository) -> dict[str, Any]:
    return {
        "schema_version": 1, "good": good, "bad": bad, "symptom": symptom,
        "first_bad": None if found.suspects else found.commit,
        "suspects": [*found.suspects, found.commit] if found.suspects else [],
        "steps": [
            {"commit": step.commit, "title": repository.title(step.commit), "state": step.state,
             "text": step.text}
            for step in found.steps
        ],
    }  # fmt: skip
