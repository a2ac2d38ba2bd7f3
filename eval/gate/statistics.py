"""Tests of significance, pure functions. Shapes: M units (scenarios), H hypotheses, S strata.

Sources: Fisher, The Design of Experiments (1935), for sign flips of paired differences; Mehta,
Patel and Gray, J. Am. Stat. Assoc. 80 (1985), for the exact test of several 2x2 tables; Benjamini
and Hochberg, J. R. Stat. Soc. B 57 (1995); Benjamini and Yekutieli, Ann. Stat. 29 (2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy.stats import hypergeom

from drivewm.seeds import generator

CHUNK = 512  # sign patterns drawn at once
TIE = 1e-9  # sums that differ by less, relative to all there is, are equal
Method = Literal["bh", "by"]


class Stratum(NamedTuple):
    """Events and drives of one scenario on both sides."""

    before_events: int
    before: int
    after_events: int
    after: int


class Tails(NamedTuple):
    """p-values of both one-sided alternatives."""

    lower: float  # that the mean is below 0
    upper: float


def sign_flips(
    differences: np.ndarray,  # [M]
    *seed_names: object,
    exact_up_to: int,
    draws: int,
) -> Tails:
    """Permutation test of paired differences: each could as well have had the other sign.

    Exact over all sign patterns for up to ``exact_up_to`` differences that are not 0 (a 0 changes
    no sum); above that by ``draws`` seeded patterns, counting the observed one among them.
    """
    sizes = np.abs(differences[differences != 0])
    observed = float(np.sum(differences))
    slack = TIE * float(sizes.sum())
    if len(sizes) == 0:
        return Tails(1.0, 1.0)
    if len(sizes) <= exact_up_to:
        sums = np.zeros(1)
        for size in sizes:
            sums = np.concatenate([sums + size, sums - size])
        return Tails(float(np.mean(sums <= observed + slack)),
                     float(np.mean(sums >= observed - slack)))  # fmt: skip
    draw, below, above = generator("sign flips", *seed_names), 1, 1
    for first in range(0, draws, CHUNK):
        signs = draw.integers(0, 2, (min(CHUNK, draws - first), len(sizes))) * 2 - 1
        sums = signs @ sizes
        below += int(np.sum(sums <= observed + slack))
        above += int(np.sum(sums >= observed - slack))
    return Tails(below / (draws + 1), above / (draws + 1))


def least_sign_flips(differences: np.ndarray, draws: int) -> float:
    """The smallest p-value that differences of these sizes could have given."""
    return max(0.5 ** int(np.count_nonzero(differences)), 1 / (draws + 1))


def more_events(strata: Sequence[Stratum]) -> float:
    """Exact one-sided p-value that events became more frequent.

    Within a scenario the drives of both sides are exchangeable if nothing changed, so the events on
    the candidate's side are hypergeometric given all events of the scenario; their sum over
    scenarios is the convolution. With one scenario this is Fisher's exact test.
    """
    law = np.ones(1)
    observed = 0
    for before_events, before, after_events, after in strata:
        events = before_events + after_events
        counts = np.arange(min(events, after) + 1)
        law = np.convolve(law, hypergeom.pmf(counts, before + after, events, after))
        observed += after_events
    return min(1.0, float(law[observed:].sum()))


def least_more_events(strata: Sequence[Stratum]) -> float:
    """The smallest p-value that any outcome of the candidate could give, the baseline given."""
    return more_events([s._replace(after_events=s.after) for s in strata])


def larger_values(
    before: Sequence[np.ndarray], after: Sequence[np.ndarray], *seed_names: object, draws: int
) -> float:
    """One-sided p-value that values became larger; labels are shuffled within each scenario.

    Args:
        before, after: values of each scenario on both sides; S arrays of any lengths.
        seed_names: decide the shuffles.
        draws: shuffles; the observed labels count as one more.
    """
    draw = generator("label shuffles", *seed_names)
    observed, shuffled = 0.0, np.zeros(draws)
    spread = 0.0
    for old, new in zip(before, after):
        pooled = np.concatenate([old, new])
        observed += float(new.mean() - old.mean())
        order = draw.permuted(np.tile(pooled, (draws, 1)), axis=1)  # [draws, N]
        shuffled += order[:, len(old) :].mean(1) - order[:, : len(old)].mean(1)
        spread += float(np.abs(pooled).max())
    return float((1 + np.sum(shuffled >= observed - TIE * spread)) / (draws + 1))


def adjusted(p_values: Sequence[float], method: Method) -> np.ndarray:
    """[H] p-values adjusted for their number: those at or below q have a false-discovery rate of
    at most q. ``bh`` for independent or positively dependent tests (nested groups of scenarios
    are), ``by`` for any dependence."""
    p = np.asarray(p_values, float)
    count = len(p)
    order = np.argsort(p, kind="stable")
    factor = float(np.sum(1 / np.arange(1, count + 1))) if method == "by" else 1.0
    scaled = p[order] * count * factor / np.arange(1, count + 1)
    out = np.empty(count)
    out[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return out
