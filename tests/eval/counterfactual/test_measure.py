from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from drivewm.eval.counterfactual import measure as m
from drivewm.eval.counterfactual.metrics import weighted_auc
from drivewm.scene import OccClass
from tests.eval.counterfactual.hand import GRID, empty_road, put, seen_of, straight, truth_of

few = hnp.arrays(float, 6, elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]))


def test_the_same_order_is_one_the_reverse_minus_one():
    true = np.array([0.1, 0.5, 0.9])
    assert m.tau_b(true * 2, true) == 1.0 and m.tau_b(-true, true) == -1.0


def test_a_truth_that_ties_throughout_has_no_tau_and_a_ranking_without_order_is_zero():
    assert np.isnan(m.tau_b(np.array([0.1, 0.2]), np.zeros(2)))
    assert m.tau_b(np.full(3, 0.5), np.array([0.0, 0.0, 1.0])) == 0.0


def test_regret_is_what_the_best_branch_was_worth_more():
    true = np.array([0.0, 0.6, 1.0])
    assert m.regret(np.array([0, 1, 2.0]), true) == pytest.approx([0.0, 1.0 - 1.6 / 3])
    assert m.regret(np.array([2.0, 1, 0]), true)[0] == 1.0
    assert m.regret(np.array([1.0, 1.0, 0]), true)[0] == pytest.approx(0.7)  # drawn among ties


@given(few, few)
def test_change_sums_are_those_over_all_pairs(ours, true):
    pairs = list(combinations(range(len(ours)), 2))
    a = np.array([ours[i] - ours[j] for i, j in pairs])
    b = np.array([true[i] - true[j] for i, j in pairs])
    wanted = [(a * b).sum(), (a * a).sum(), (b * b).sum()]
    np.testing.assert_allclose(m.change_sums(ours[:, None], true[:, None]), wanted, atol=1e-9)


@given(few, hnp.arrays(bool, 6), hnp.arrays(float, (2, 6), elements=st.floats(0.1, 3)))
def test_auc_is_the_share_of_pairs_in_order(risk, wrong, weights):
    got = weighted_auc(risk, wrong, weights)
    for w, value in zip(weights, got):
        top = bottom = 0.0
        for i in np.flatnonzero(wrong):
            for j in np.flatnonzero(~wrong):
                bottom += w[i] * w[j]
                top += w[i] * w[j] * ((risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j]))
        if bottom == 0:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(top / bottom)
    ahead, pairs = m.pairs_in_order(risk, wrong)
    equal = weighted_auc(risk, wrong, np.ones((1, 6)))[0]
    assert pairs == wrong.sum() * (~wrong).sum()
    assert pairs == 0 or ahead / pairs == pytest.approx(equal)


def test_frames_after_a_contact_do_not_count():
    occupancy = empty_road(2)
    put(occupancy[1, 4], 10.0, 0.0, (2.0, 1.0), OccClass.CAR)  # at 2 s
    early = truth_of(occupancy, straight(5.0, 2), collision_s=[np.inf, 1.2])
    late = truth_of(occupancy, straight(5.0, 2), collision_s=[np.inf, 2.0])
    blank = empty_road(2)
    car = int(OccClass.CAR)
    assert m.iou_counts(blank, early)[1, car].tolist() == [0, 0, 0]
    assert m.iou_counts(blank, late)[1, car, 2] > 0


def test_the_truth_itself_has_every_difference_right():
    occupancy = empty_road(3)
    for b in range(3):
        for h in range(1, 7):
            put(occupancy[b, h], 8.0 + 2 * b, 0.0, (2.0, 1.0), OccClass.CAR)
    truth = truth_of(occupancy, straight(5.0, 3), score=[0.2, 0.5, 1.0])
    seen = seen_of(occupancy)
    from drivewm.eval.counterfactual.outcome import Outcome

    zero, never = np.zeros(3), np.full(3, np.inf)
    score = np.array([0.2, 0.5, 1.0])
    judged = Outcome(collision=zero, departure=zero, collision_s=never, departure_s=never,
                     score=score, decided=score)  # fmt: skip
    sums = m.state_sums(seen, judged, truth, GRID)
    for name in ("score_change", "occupied_change", "movable_change"):
        xy, xx, yy = sums[name]
        assert xy == pytest.approx(xx) == pytest.approx(yy) and yy > 0
