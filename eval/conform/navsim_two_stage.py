"""NAVSIM v2: aggregation over two stages."""

from __future__ import annotations

import numpy as np

from drivewm.eval.conform.fixtures import Fixtures, Row
from drivewm.eval.conform.navsim_v2 import COLUMNS
from drivewm.eval.conform.tally import Tally
from drivewm.eval.scores.navsim import MULTIPLIERS, PlanScore, product
from drivewm.eval.scores.navsim_stages import Group, Token, two_stages
from drivewm.scene import EgoColumn

SOURCE = "navsim_v2_two_stage"
CLOSE = 1e-6
NAMES = {
    "no_at_fault_collision": "no_at_fault_collisions",
    "drivable_area": "drivable_area_compliance",
    "driving_direction": "driving_direction_compliance",
    "traffic_light": "traffic_light_compliance",
    "progress": "ego_progress",
    "ttc": "time_to_collision_within_bound",
    "lane_keeping": "lane_keeping",
    "comfort": "history_comfort",
    "extended_comfort": "two_frame_extended_comfort",
    "score": "score",
}


def check(fixtures: Fixtures, tally: Tally) -> None:
    """Compares the tokens' weights, comforts and scores, and the three means."""
    for row in fixtures.rows(SOURCE):
        case, expected = row["case_id"], row["out"]
        tokens = {token["token"]: _token(token) for token in row["rows"]}
        groups = [
            Group(now=now, before=before, follow_ups=tuple((a, b) for a, b in pairs))
            for now, before, pairs in row["mapping"]
        ]
        found = two_stages(tokens, groups)
        rows = [found.tokens[token["token"]] for token in expected["rows"]]
        for name, values, tolerance in (
            ("weight", [r.weight for r in rows], CLOSE),
            ("score", [r.score for r in rows], CLOSE),
        ):
            wanted = [token[name] for token in expected["rows"]]
            tally.close(case, f"token_{name}", wanted, values, tolerance)
        comfort = [r.extended_comfort for r in rows]
        tally.discrete(case, "token_ec", [token["ec"] for token in expected["rows"]], comfort)
        for stage in ("combined", "stage1", "stage2"):
            mean = getattr(found, stage)
            for ours, theirs in NAMES.items():
                tally.close(case, f"{stage}_{ours}", expected[stage][theirs], mean[ours], CLOSE)


def _token(row: Row) -> Token:
    terms = {name: row[short] for short, name in COLUMNS.items()}
    plan = PlanScore(
        terms=terms, multiplier=product(terms, MULTIPLIERS), score=np.nan,
        states=np.array(row["states"], float).reshape(-1, len(EgoColumn)),
    )  # fmt: skip
    start, end = row["start"], row["endpoint"]
    return Token(
        name=row["token"], start_s=row["start_time"], start_xy=(start[0], start[1]),
        end_xy=(end[0], end[1]), plan=plan,
    )  # fmt: skip
