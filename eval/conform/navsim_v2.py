"""NAVSIM v2: sub-scores on given states, extended comfort, and plans end to end to EPDMS."""

from __future__ import annotations

from typing import Any

import numpy as np

from drivewm.eval.conform.fixtures import Fixtures, Row, states
from drivewm.eval.conform.navsim_case import (
    CLOSE,
    compare_batch,
    compare_layers,
    driven_states,
    environment_of,
    given_states,
)
from drivewm.eval.conform.tally import Tally
from drivewm.eval.scores.navsim import PlanScore, score_plan, terms_of
from drivewm.measures.proposals import NAVSIM_V2, ProposalEnvironment, score_proposals
from drivewm.measures.proposals_extended import extended_comfort

COLUMNS = {
    "NC": "no_at_fault_collision", "DAC": "drivable_area", "DDC": "driving_direction",
    "TLC": "traffic_light", "EP": "progress", "TTC": "ttc", "LK": "lane_keeping", "HC": "comfort",
}  # fmt: skip


def check(fixtures: Fixtures, tally: Tally) -> None:
    """Compares every output of every row."""
    maps = fixtures.maps()
    for row in fixtures.rows("navsim_v2"):
        road = maps[row["map_id"]]
        case, environment = row["scene_id"], environment_of(row, road, is_v2=True)
        compare_layers(tally, case, fixtures, row, road)
        comfort = _extended(row, case, tally)
        _level1(row, case, environment, comfort, tally)
        _level2(row, case, environment, comfort, tally)


def _extended(row: Row, case: str, tally: Tally) -> list[float | None]:
    """Extended comfort of each proposal, None without a previous frame."""
    count = row["B"]
    ok: list[float | None] = [None] * count
    rms = np.full((count, 4), np.nan)
    if row["has_prev"]:
        now = given_states(row)[1 : count + 1]
        compared = extended_comfort(now, states(row, "prev_states", (count,)), row["prev_dt"])
        ok, rms = [float(value) for value in compared.ok], compared.rms
    tally.discrete(case, "ec", row["out_ec"], ok)
    tally.close(case, "ec_rms", _floats(row["out_ec_rms"]), rms.ravel(), CLOSE)
    return ok


def _level1(
    row: Row, case: str, environment: ProposalEnvironment, comfort: list[float | None], tally: Tally
) -> None:
    given = given_states(row)[:-1]
    scores = score_proposals(given, environment, NAVSIM_V2)
    for short, name in COLUMNS.items():
        _same(tally, case, "l1", short, row, getattr(scores, name))
    compare_batch(tally, case, row, scores)
    tally.close(case, "l1_hist", row["out_l1_hist"], environment.history.ravel(), CLOSE)
    final = [
        PlanScore(
            terms=terms_of(scores, i + 1), multiplier=float(scores.multiplier[i + 1]),
            score=float(scores.score[i + 1]), states=given[i + 1],
        ).epdms(comfort[i])
        for i in range(row["B"])
    ]  # fmt: skip
    tally.close(case, "l1_epdms", row["out_l1_epdms"], final, CLOSE)


def _level2(
    row: Row, case: str, environment: ProposalEnvironment, comfort: list[float | None], tally: Tally
) -> None:
    driven, count = driven_states(row), row["B"]
    final = driven[1 : count + 1, -1]
    tally.close(case, "e2e_final_state", row["out_e2e_final_state"], final.ravel(), CLOSE)
    tally.close(case, "e2e_states", given_states(row), driven, CLOSE)
    for tag, human in (("e2e", None), ("e2ef", driven[-1])):
        plans = [
            score_plan(driven[i + 1], driven[0], environment, NAVSIM_V2, human)
            for i in range(count)
        ]
        for short, name in COLUMNS.items():
            _same(tally, case, tag, short, row, [plan.terms[name] for plan in plans])
        epdms = [plan.epdms(ec) for plan, ec in zip(plans, comfort)]
        multiplier, score = [plan.multiplier for plan in plans], [plan.score for plan in plans]
        tally.discrete(case, f"{tag}_mult", row[f"out_{tag}_mult"], multiplier)
        tally.close(case, f"{tag}_pdm_score", row[f"out_{tag}_pdm_score"], score, CLOSE)
        tally.close(case, f"{tag}_epdms", row[f"out_{tag}_epdms"], epdms, CLOSE)


def _same(tally: Tally, case: str, tag: str, short: str, row: Row, got: Any) -> None:
    """Progress is continuous, the other terms are discrete."""
    name, expected = f"{tag}_{short}", row[f"out_{tag}_{short}"]
    if short == "EP":
        tally.close(case, name, expected, got, CLOSE)
    else:
        tally.discrete(case, name, expected, got)


def _floats(values: list[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], float)
