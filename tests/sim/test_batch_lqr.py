"""The batch tracker beside NAVSIM's formulation, beside the single tracker and its own limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm.eval.conform import lqr_navsim
from drivewm.eval.conform.fixtures import Fixtures
from drivewm.eval.conform.tally import Tally
from drivewm.scene import PACIFICA
from drivewm.sim.batch_lqr import NAVSIM_GAINS, _factor_speed, simulate
from drivewm.sim.reference import substitute_pentadiagonal

DT = 0.1
WHEELBASE = PACIFICA.wheelbase_m


def straight(speed, offset=0.0, steps=40):
    times = np.arange(steps + 1) * DT
    return np.stack([speed * times, np.full(steps + 1, offset), np.zeros(steps + 1)], -1)


def ego(speed):
    out = np.zeros(11)
    out[3] = speed
    return out


def plain_speed(displacement, penalty):
    """NAVSIM's least squares over (v0, accelerations) with its overwritten difference matrix."""
    count = len(displacement)
    matrix = np.tril(np.full((count, count), DT * DT))
    matrix[:, 0] = DT
    rough = np.zeros((max(count - 2, 0), count))
    for i in range(count - 2):
        rough[i, i + 1] = -1.0
    if count > 2:
        rough[-1, -1] = 1.0
    values = np.linalg.solve(matrix.T @ matrix + penalty * rough.T @ rough, matrix.T @ displacement)
    return values[0] + np.concatenate([[0.0], np.cumsum(values[1:] * DT)])


@given(st.integers(2, 40), st.integers(0, 2**31))
def test_speed_fit_equals_the_least_squares_it_stands_for(count, seed):
    displacement = np.random.default_rng(seed).normal(0.8, 0.2, count)
    fitted = DT * displacement
    substitute_pentadiagonal(*_factor_speed(count, DT, 1e-4), fitted)
    np.testing.assert_allclose(fitted, plain_speed(displacement, 1e-4), atol=1e-8)


def test_a_plan_already_followed_stays_as_it_is():
    driven = simulate(straight(8.0)[None], ego(8.0), WHEELBASE)[0]
    np.testing.assert_allclose(driven[:, :3], straight(8.0), atol=1e-9)
    np.testing.assert_allclose(driven[:, 3], 8.0, atol=1e-9)


def test_an_offset_is_approached_and_a_speed_reached():
    driven = simulate(straight(9.0, offset=0.5)[None], ego(7.0), WHEELBASE)[0]
    assert driven[-1, 1] == pytest.approx(0.5, abs=0.1)
    assert driven[-1, 3] == pytest.approx(9.0, abs=0.1)


def test_the_stopping_controller_does_not_steer():
    driven = simulate(straight(0.0, offset=0.5)[None], ego(0.1), WHEELBASE)[0]
    assert (driven[:, 7] == 0).all() and abs(driven[-1, 3]) < 0.05


@given(st.integers(1, 6), st.integers(0, 2**31))
def test_a_proposal_does_not_depend_on_its_batch(count, seed):
    rng = np.random.default_rng(seed)
    batch = np.stack([straight(rng.uniform(0, 12), rng.uniform(-1, 1)) for _ in range(count)])
    together = simulate(batch, ego(6.0), WHEELBASE)
    alone = [simulate(one[None], ego(6.0), WHEELBASE)[0] for one in batch]
    assert np.array_equal(together, np.stack(alone))


def test_turning_the_world_turns_the_states():
    path, turn = straight(6.0, 0.7), 3.0
    turned = path.copy()
    turned[:, 0] = np.cos(turn) * path[:, 0] - np.sin(turn) * path[:, 1]
    turned[:, 1] = np.sin(turn) * path[:, 0] + np.cos(turn) * path[:, 1]
    turned[:, 2] = np.mod(path[:, 2] + turn + np.pi, 2 * np.pi) - np.pi
    start = ego(5.0)
    start[2] = turn
    np.testing.assert_allclose(
        simulate(turned[None], start, WHEELBASE)[0, :, 3:],
        simulate(path[None], ego(5.0), WHEELBASE)[0, :, 3:],
        atol=1e-9,
    )


def test_too_short_a_plan_is_refused():
    with pytest.raises(ValueError, match="H \\+ 1 >= 3"):
        simulate(np.zeros((1, 2, 3)), ego(1.0), WHEELBASE)


def test_gains_are_those_of_the_reference():
    assert NAVSIM_GAINS.horizon == 10 and NAVSIM_GAINS.q_heading == 10.0


def test_states_equal_navsim(fixtures_dir):
    tally = Tally("lqr_navsim")
    lqr_navsim.check(Fixtures(fixtures_dir), tally)
    assert len(tally.counts) == 11
    assert all(c.cases >= 140 and c.mismatches == 0 for c in tally.counts.values())
