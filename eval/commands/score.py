"""``drivewm score``: planners in closed loop on a fleet, judged."""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from drivewm.arguments import positive_int

if TYPE_CHECKING:
    from drivewm.sim.config import VehicleConfig


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument(
        "planners",
        nargs="+",
        metavar="PLANNER",
        help="name, module:Class or file.py[:Class], each with ?key=value&key=value options; "
        "LABEL=PLANNER names it in the results",
    )
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--fleet", help="fleet folder or address")
    chosen.add_argument(
        "--suite",
        help="scenarios instead of a fleet: a suite (smoke, nightly, ncap, alks), a suite file, a "
        "scenario family or an .xosc file",
    )
    parser.add_argument("-o", "--out", default="runs/score", help="results folder (%(default)s)")
    parser.add_argument("--scenes", help="scene ids, comma separated (default: all)")
    parser.add_argument("--split", help="only scenes of this split")
    parser.add_argument(
        "--agents",
        choices=("replay", "reactive", "nuplan_idm"),
        default="replay",
        help="other road users: as recorded, reacting to the ego, or reacting as nuPlan's do "
        "(%(default)s); those of a suite follow their scripts",
    )
    parser.add_argument(
        "--tracker",
        choices=("lqr", "perfect"),
        default="lqr",
        help="how plans are followed (%(default)s)",
    )
    parser.add_argument(
        "--replan",
        type=float,
        metavar="S",
        help="seconds between plans (default: the planner's own)",
    )
    parser.add_argument(
        "--mode",
        choices=("privileged", "visible", "sensor"),
        help="what planners are shown: everything, what one sensor makes out, or camera pictures "
        "(default: the first of the planner's own)",
    )
    parser.add_argument(
        "--visible",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of mode visible, such as range_m=50 (docs/planners.md); may be repeated",
    )
    parser.add_argument(
        "--planner-process",
        action="store_true",
        help="each planner in a process of its own, which may crash",
    )
    parser.add_argument(
        "--deadline",
        type=float,
        metavar="S",
        help="a plan that takes longer fails the drive (in a process of its own; the results are "
        "marked as not reproducible)",
    )
    parser.add_argument(
        "--planner-memory",
        type=positive_int,
        metavar="MB",
        help="a planner that takes more fails the drive (in a process of its own)",
    )
    parser.add_argument(
        "--vehicle",
        metavar="CAR",
        help="the ego car: pacifica, zoe, fusion, or figures such as width_m=2.5,wheelbase_m=3.1 "
        "(default, and for what is not given: the log's own)",
    )
    parser.add_argument(
        "--friction",
        type=float,
        metavar="MU",
        help="of the road: bounds the acceleration of the ego; 0 = no bound, as in nuPlan "
        "(default: 1, or the scenario's own)",
    )
    parser.add_argument(
        "--duration",
        type=float,
        metavar="S",
        help="seconds driven of every scene (default: as long as the log)",
    )
    parser.add_argument("--score", default="closed_loop", help="score definition (%(default)s)")
    parser.add_argument(
        "--missing",
        choices=("drop", "reference"),
        help="terms that the source cannot know (default: the score's own)",
    )
    parser.add_argument(
        "--safety",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a parameter of the safety measures (conf/safety/default.yaml); may be repeated",
    )
    parser.add_argument("--workers", type=positive_int, default=1, help="processes (%(default)s)")
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="seed of the agents and of what is random; 0 = agents as they are (%(default)s)",
    )
    parser.add_argument(
        "--seeds",
        type=positive_int,
        default=1,
        metavar="K",
        help="drive every scene K times, with reactive agents of other IDM parameters from the "
        "second time on (%(default)s)",
    )
    parser.add_argument(
        "--no-rollouts",
        action="store_true",
        help="archive no drives: smaller and faster, but nothing to play or explain in pictures",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace results in the folder")


def run(args: argparse.Namespace) -> int:
    """Scores and prints the table of planners."""
    from drivewm.config import load, validate
    from drivewm.eval.results import read_manifest
    from drivewm.eval.scores.registry import load_config
    from drivewm.eval.scores.safety import SafetyConfig
    from drivewm.eval.scoring import ScoringRun, score_planners
    from drivewm.eval.table import planner_table
    from drivewm.sim.config import SimConfig

    given = {"friction": args.friction, "mode": args.mode, "duration_s": args.duration,
             "visible": args.visible or None}  # fmt: skip
    settings = {
        "tracker": args.tracker,
        "agents": "reactive" if args.suite else args.agents,
        "seed": args.seed,
        "replan_interval_s": args.replan,
        "mode": args.mode,
        "duration_s": args.duration,
        "vehicle": _vehicle(args.vehicle),
        "visible": dict(_pairs(args.visible, "--visible")),
        "isolation": {
            "process": args.planner_process,
            "deadline_s": args.deadline,
            "memory_mb": args.planner_memory,
        },
    }
    if args.friction is not None:
        settings["friction"] = args.friction
    overrides = [f"missing={args.missing}"] if args.missing else []
    score = load_config(args.score, overrides)
    rows = score_planners(
        ScoringRun(
            planners=args.planners,
            fleet=args.suite or args.fleet,
            suite=args.suite is not None,
            given=frozenset(name for name, value in given.items() if value is not None),
            out=Path(args.out),
            scene_ids=args.scenes.split(",") if args.scenes else None,
            split=args.split,
            sim=validate(SimConfig, settings, file="command line"),
            score=score,
            safety=load(
                SafetyConfig,
                "safety/default",
                [f"{key}={value}" for key, value in _pairs(args.safety, "--safety")],
            ),
            workers=args.workers,
            seeds=args.seeds,
            rollouts=not args.no_rollouts,
            overwrite=args.overwrite,
            command=shlex.join(["drivewm", *sys.argv[1:]]),
        )
    )
    print(planner_table(rows, [*score.multipliers, *score.weights]))
    if args.suite:
        from drivewm.eval.scenario_table import scenario_table

        print(scenario_table(Path(args.out)))
    judged = {row["score_name"] for row in rows} - {score.name}
    if judged:
        print(f"judged by {', '.join(sorted(judged))}: the recordings cannot have {score.name}")
    for line in read_manifest(Path(args.out)).get("caveats", ()):
        print(line)
    if score.missing == "reference":
        print("missing reference: what is not applicable was judged as the reference's code does")
    print(f"\nresults: {args.out}")
    return 0


def _pairs(texts: Sequence[str], option: str) -> Iterator[tuple[str, str]]:
    """Key and value of each text.

    Raises:
        InputError: one is not ``KEY=VALUE``.
    """
    from drivewm.errors import InputError

    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise InputError(f"'{text}' is not KEY=VALUE", field=option)
        yield key, value


def _vehicle(text: str | None) -> str | VehicleConfig | None:
    """A car's name, or its figures.

    Raises:
        InputError: neither is known.
    """
    from drivewm.config import validate
    from drivewm.errors import InputError
    from drivewm.sim.config import VehicleConfig
    from drivewm.sim.vehicle import KNOWN

    if text is None or text in KNOWN:
        return text
    figures = [part.partition("=") for part in text.split(",")]
    wrong = next((part for part, equals, _ in figures if not equals), None)
    if wrong is not None:
        fix = f"name {', '.join(KNOWN)}, or give figures such as width_m=2.5,wheelbase_m=3.1"
        raise InputError(f"no car and no figure: '{wrong}'", field="--vehicle", fix=fix)
    car = validate(VehicleConfig, {key: value for key, _, value in figures}, file="--vehicle")
    for name, value in car.model_dump(exclude_none=True).items():
        if not math.isfinite(value):
            raise InputError(f"{value} is no length", file="--vehicle", field=name,
                             fix="give metres")  # fmt: skip
    return car
