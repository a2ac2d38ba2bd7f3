"""EPDMS of a plan: extended comfort, human filter, two stages."""

import numpy as np
import pytest

from drivewm.eval.scores.navsim import MULTIPLIERS, TERMS, PlanScore, filter_human, score_plan
from drivewm.eval.scores.navsim_stages import Group, Token, follow_up_weights, two_stages
from drivewm.measures.proposals import NAVSIM_V2
from tests.measures.hand import drive, track
from tests.measures.test_proposals import CAR, around, cruise


def plan_score(**terms):
    values = dict.fromkeys(TERMS, 1.0) | terms
    multiplier = float(np.prod([values[name] for name in MULTIPLIERS]))
    return PlanScore(terms=values, multiplier=multiplier, score=0.0, states=cruise())


def test_extended_comfort_weighs_two_of_sixteen_and_drops_out():
    plan = plan_score(ttc=0.0)
    assert plan.epdms(1.0) == pytest.approx(11 / 16)
    assert plan.epdms(0.0) == pytest.approx(9 / 16)
    assert plan.epdms(None) == pytest.approx(9 / 14)


def test_the_filter_forgives_what_the_human_did_but_only_zeros():
    human = dict.fromkeys(TERMS, 1.0) | {"ttc": 0.0, "no_at_fault_collision": 0.5}
    terms = dict.fromkeys(TERMS, 0.25)
    found = filter_human(terms, human)
    assert found["ttc"] == 1.0 and found["no_at_fault_collision"] == 0.25


def test_a_human_who_leaves_the_road_too_forgives_it_and_the_old_score_stays():
    off = drive(0.8 * np.arange(41), y=-3.0, speed=8.0)
    environment = around()
    plain = score_plan(off, cruise(), environment, NAVSIM_V2)
    filtered = score_plan(off, cruise(), environment, NAVSIM_V2, human=off)
    assert plain.terms["drivable_area"] == plain.multiplier == plain.score == 0.0
    assert filtered.terms["drivable_area"] == filtered.multiplier == 1.0
    assert filtered.score == 0.0  # as the reference's stale column
    assert filtered.epdms(None) > 0.5


def test_a_human_who_collides_forgives_the_collision():
    environment = around(track(CAR, 20.0, steps=51))
    found = score_plan(cruise(), cruise(), environment, NAVSIM_V2, human=cruise())
    assert found.terms["no_at_fault_collision"] == 1.0 and found.multiplier == 1.0


def test_weights_of_follow_ups_fall_with_distance_and_underflow_to_equal():
    near = follow_up_weights((0.0, 0.0), np.array([[0.3, 0.0], [0.5, 0.0]]))
    assert near[0] == pytest.approx(1 / (1 + np.exp((0.09 - 0.25) / 0.2)))
    assert follow_up_weights((0.0, 0.0), np.array([[3.0, 0], [5, 0]])) == pytest.approx([0.5, 0.5])


def token(name, start_s, x, **terms):
    return Token(
        name=name, start_s=start_s, start_xy=(x, 0.0), end_xy=(x + 32.0, 0.0),
        plan=plan_score(**terms),
    )  # fmt: skip


def test_a_group_is_stage_one_times_stage_two_for_both_frames():
    rows = [
        token("now", 10.5, 4.0, ttc=0.0), token("before", 10.0, 0.0),
        token("follow", 14.5, 36.0), token("follow_before", 14.0, 32.0, drivable_area=0.0),
    ]  # fmt: skip
    group = Group(now="now", before="before", follow_ups=(("follow", "follow_before"),))
    found = two_stages({row.name: row for row in rows}, [group])
    # the same cruise half a second apart from its own start: plans differ by nothing
    comfort = found.tokens["now"].extended_comfort
    assert comfort == 1.0
    assert found.stage1["score"] == pytest.approx((11 / 16 + 1) / 2)
    assert found.stage2["score"] == pytest.approx(0.5)
    assert found.combined["score"] == pytest.approx((11 / 16 * 1 + 1 * 0) / 2)


def test_no_groups_is_an_error():
    with pytest.raises(ValueError, match="no groups"):
        two_stages({}, [])
