"""Counts of compared values: kind x quantity -> cases, mismatches, largest difference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

EXAMPLES = 5  # mismatching cases named per quantity


@dataclass(kw_only=True)
class Count:
    """One quantity of one kind."""

    kind: str
    quantity: str
    tolerance: float | None  # None: must be equal
    cases: int = 0
    mismatches: int = 0
    excepted: int = 0  # mismatches shown to be ties in the reference
    largest: float = 0.0  # largest absolute difference of a continuous quantity
    examples: list[str] = field(default_factory=list)


class Tally:
    """Collects comparisons of one kind of cases. One call = one case of one quantity."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.counts: dict[str, Count] = {}

    def discrete(self, case: str, quantity: str, expected: Any, got: Any) -> bool:
        """Values (or lists, arrays) that must be equal; NaN and None count as 'none'."""
        same = _plain(expected) == _plain(got)
        self._add(case, quantity, None, same, f"expected {expected!r:.80}, got {got!r:.80}")
        return same

    def close(self, case: str, quantity: str, expected: Any, got: Any, tolerance: float) -> bool:
        """Values (or arrays of one shape) within an absolute tolerance; inf equals inf."""
        a, b = _numbers(expected), _numbers(got)
        if a.shape != b.shape:
            self._add(case, quantity, tolerance, False, f"shape {b.shape}, not {a.shape}")
            return False
        with np.errstate(invalid="ignore"):
            gap = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
        worst = float(np.max(np.where(np.isnan(gap), np.inf, gap), initial=0.0))
        count = self._add(case, quantity, tolerance, worst <= tolerance, f"differs by {worst:.3g}")
        count.largest = max(count.largest, worst)
        return worst <= tolerance

    def excuse(self, quantity: str, cases: int) -> None:
        """Marks mismatches of a quantity as shown ties of the reference."""
        self.counts[quantity].excepted += cases

    def _add(
        self, case: str, quantity: str, tolerance: float | None, same: bool, why: str
    ) -> Count:
        count = self.counts.setdefault(
            quantity, Count(kind=self.kind, quantity=quantity, tolerance=tolerance)
        )
        count.cases += 1
        if not same:
            count.mismatches += 1
            if len(count.examples) < EXAMPLES:
                count.examples.append(f"{case}: {why}")
        return count


def _numbers(value: Any) -> np.ndarray:
    return np.array(np.nan if value is None else value, float)


def _plain(value: Any) -> Any:
    """Nested lists of Python values; NaN as None; 1.0 and 1 and True alike."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and np.isnan(value):
        return None
    return value
