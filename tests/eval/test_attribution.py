"""Losses split among the terms of a score."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm.eval.attribution import attribute, score_of

WEIGHTS = {"progress": 5.0, "ttc": 5.0, "comfort": 2.0}
USED = {"multipliers": {"collision": 1.0, "drivable": 1.0}, "weights": WEIGHTS}
PERFECT = dict.fromkeys(("collision", "drivable", *WEIGHTS), 1.0)


def shares_of(**values):
    return {share.term: share for share in attribute(PERFECT | values, USED)}


def test_a_perfect_score_lost_nothing():
    assert all(share.lost == 0 and share.if_perfect == 1 for share in shares_of().values())


def test_a_weighted_term_alone_costs_its_weight():
    shares = shares_of(comfort=0.0)
    assert shares["comfort"].lost == pytest.approx(2 / 12)
    assert shares["comfort"].if_perfect == 1.0
    assert shares["ttc"].if_perfect == pytest.approx(10 / 12)


def test_two_multipliers_at_zero_share_the_loss_and_neither_alone_could_have_saved_it():
    shares = shares_of(collision=0.0, drivable=0.0)
    assert shares["collision"].lost == shares["drivable"].lost == pytest.approx(0.5)
    assert shares["collision"].if_perfect == 0.0


def test_the_costliest_comes_first():
    ranked = attribute(PERFECT | {"comfort": 0.0, "collision": 0.5}, USED)
    assert [share.term for share in ranked[:2]] == ["collision", "comfort"]


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_shares_add_up_to_what_was_lost(values):
    terms = dict(zip(PERFECT, values))
    lost = sum(share.lost for share in attribute(terms, USED))
    assert lost == pytest.approx(1 - score_of(terms, WEIGHTS), abs=1e-9)


def test_a_term_that_does_not_apply_has_no_share():
    used = {"multipliers": {"collision": 1.0}, "weights": {"progress": 5.0}}
    shares = attribute({"collision": 1.0, "progress": 0.5, "ttc": None}, used)
    assert [share.term for share in shares] == ["progress", "collision"]
    assert shares[0].lost == pytest.approx(0.5)
