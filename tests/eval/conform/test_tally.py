"""Counting of mismatches."""

import numpy as np

from drivewm.eval.conform.tally import Tally


def test_equal_values_count_no_mismatch():
    tally = Tally("boxes")
    assert tally.discrete("a", "NC", 1.0, True)
    assert tally.discrete("a", "list", [1, 2], np.array([1.0, 2.0]))
    assert tally.discrete("a", "none", None, np.nan)
    assert tally.close("a", "ttc", [np.inf, 0.5], np.array([np.inf, 0.5 + 1e-10]), 1e-9)
    assert all(c.mismatches == 0 and c.cases == 1 for c in tally.counts.values())


def test_a_difference_is_a_mismatch_with_its_case():
    tally = Tally("boxes")
    assert not tally.discrete("row7", "NC", 1.0, 0.5)
    assert not tally.close("row7", "x", [1.0, 2.0], [1.0, 2.1], 1e-6)
    assert not tally.close("row7", "shape", [1.0, 2.0], [1.0], 1e-6)
    assert not tally.close("row7", "finite", [np.inf], [1.0], 1e-6)
    assert not tally.close("row7", "nan", [np.nan], [1.0], 1e-6)
    assert [c.mismatches for c in tally.counts.values()] == [1] * 5
    assert "row7" in tally.counts["NC"].examples[0]
    assert abs(tally.counts["x"].largest - 0.1) < 1e-12
