"""Every number equals the reference implementations': on the cut, and on the full set."""

from pathlib import Path

import pytest

from drivewm.eval.conform.registry import KINDS
from drivewm.eval.conform.run import conform, is_equal, table

CUT = Path(__file__).parents[2] / "golden" / "reference"
LARGEST_CUT_BYTES = 2**20


def _assert_equal(folder: Path, kind: str) -> None:
    counts = conform(folder, [kind])
    assert counts and all(count.cases for count in counts)
    wrong = [count for count in counts if not is_equal(count)]
    assert not wrong, table(wrong) + "\n" + "\n".join(wrong[0].examples)


@pytest.mark.parametrize("kind", KINDS)
def test_the_cut_equals_the_reference(kind):
    _assert_equal(CUT, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_the_full_set_equals_the_reference(kind, fixtures_dir):
    _assert_equal(fixtures_dir, kind)


def test_the_cut_is_small():
    assert sum(file.stat().st_size for file in CUT.iterdir()) <= LARGEST_CUT_BYTES
