"""From what was read off frames to distances from the logs, and how long they stay small.

A row's values at a horizon are compared with those of the logs at the same horizon, on the windows
whose log reaches there; once it does so in too few scenes, with every recorded frame (``pool``).
Shapes: M scenes, H steps (0 = now), R draws, S checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from drivewm.eval.forecast.windows import STEP_S
from drivewm.eval.horizon import distance
from drivewm.eval.horizon.distance import Sample
from drivewm.eval.horizon.names import LOG, POOL, QUANTITIES, ROWS, SAME
from drivewm.eval.horizon.reading import occupied_share
from drivewm.eval.horizon.store import POOL_ROW
from drivewm.scene import MOVABLE, OccClass
from drivewm.seeds import generator

Line = Mapping[str, Any]
FEWEST = 4  # scenes, under which nothing is said of the logs' own range
PERCENT = 100.0
AT_S = (1.0, 3.0, 5.0, 10.0, 15.0, 20.0, 30.0)  # of comparisons and pages

_MOVABLE = [int(c) for c in MOVABLE]
_VALUES: dict[str, Callable[[Line], Sequence[float]]] = {
    "movable": lambda x: [PERCENT * float(np.asarray(x["shares"])[_MOVABLE].sum())],
    "occupied": lambda x: [PERCENT * occupied_share(np.asarray(x["shares"]))],
    "mass": lambda x: [] if x["mass"] is None else [PERCENT * x["mass"]],
    "agents": lambda x: [float(len(x["speeds_mps"]))],
    "speed": lambda x: x["speeds_mps"],
    "boxes": lambda x: [] if x["boxes_mps"] is None else [float(len(x["boxes_mps"]))],
    "box_speed": lambda x: x["boxes_mps"] or [],
}


class Drift:
    """Distances of every row, quantity and step, with their draws."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.scenes = sorted({x["scene"] for x in lines})
        self.place = {scene: m for m, scene in enumerate(self.scenes)}
        self.weights = distance.bootstrap_weights(len(self.scenes))
        self.halves = distance.half_weights(len(self.scenes))
        self.steps = 1 + max(x["step"] for x in lines if x["row"] not in (LOG, POOL_ROW))
        self.groups: dict[tuple[int, str, int], list[Line]] = {}
        for x in lines:
            step = -1 if x["row"] == POOL_ROW else x["step"]
            self.groups.setdefault((x["run"], x["row"], step), []).append(x)
        self.pool = self.groups[-1, POOL_ROW, -1]
        self.lasting = [self._logged(h) for h in range(self.steps)]
        self.distances: dict[tuple[str, str, str], np.ndarray] = {}  # row, quantity, reference
        self.ranges: dict[tuple[str, str], np.ndarray] = {}  # quantity, reference -> [H + 1]

    def _logged(self, step: int) -> frozenset[tuple[str, int]]:
        """The windows whose log reaches a step."""
        return frozenset((x["scene"], x["keyframe"]) for x in self.groups.get((-1, LOG, step), []))

    def reference(self, step: int) -> str:
        """What a step is compared with."""
        there = len({scene for scene, _ in self.lasting[step]})
        return SAME if there >= max(2, (len(self.scenes) + 1) // 2) else POOL

    @property
    def rows(self) -> list[str]:
        """The rows that are there, in order."""
        return [r for r in ROWS if any(key[1] == r for key in self.groups)]

    def runs(self, row: str) -> list[int]:
        """The checkpoints of a row."""
        return sorted({run for run, name, _ in self.groups if name == row})

    def samples(self, lines: Sequence[Line], quantity: str) -> list[Sample]:
        """The values of a quantity; of class frequencies one sample a class."""
        scene = np.array([self.place[x["scene"]] for x in lines], np.int64)
        if quantity == "classes":
            shares = PERCENT * np.array([x["shares"] for x in lines])
            return [distance.sample(scene, shares[:, c]) for c in range(OccClass.FREE)]
        each = [np.asarray(_VALUES[quantity](x), float) for x in lines]
        owner = np.repeat(scene, [len(v) for v in each])
        return [distance.sample(owner, np.concatenate(each) if each else np.zeros(0))]

    def of(self, row: str, quantity: str, reference: str) -> np.ndarray:
        """[1 + R, H + 1] distances, the mean of the checkpoints'; NaN where not defined."""
        key = (row, quantity, reference)
        if key not in self.distances:
            runs = [self._distances(run, row, quantity, reference) for run in self.runs(row)]
            self.distances[key] = np.mean(runs, axis=0)
        return self.distances[key]

    def _distances(self, run: int, row: str, quantity: str, reference: str) -> np.ndarray:
        out = np.full((len(self.weights), self.steps), np.nan)
        for h in range(self.steps):
            theirs = self.pool
            ours = self.groups[run, row, h]
            if reference == SAME:
                theirs = self.groups.get((-1, LOG, h), [])
                ours = [x for x in ours if (x["scene"], x["keyframe"]) in self.lasting[h]]
            if ours and theirs:
                out[:, h] = self._between(ours, theirs, quantity, self.weights, self.weights)
        return out

    def _between(
        self, a: Sequence[Line], b: Sequence[Line], quantity: str,
        weights_a: np.ndarray, weights_b: np.ndarray,
    ) -> np.ndarray:  # fmt: skip
        pairs = zip(self.samples(a, quantity), self.samples(b, quantity))
        return np.sum([distance.wasserstein(*p, weights_a, weights_b) for p in pairs], axis=0)

    def log_range(self, quantity: str, reference: str) -> np.ndarray:
        """[H + 1] the distance that 95 % of random splits of the scenes into two halves stay
        below, log against log; NaN with too few scenes."""
        key = (quantity, reference)
        if key not in self.ranges:
            first, second = self.halves, ~self.halves
            out = np.full(self.steps, np.nan)
            if reference == POOL and len(self.scenes) >= FEWEST:
                drawn = self._one_frame_each()
                gaps = self._between(drawn, self.pool, quantity, first, second)
                out[:] = _quantile(gaps)
            for h in range(self.steps if reference == SAME else 0):
                here = self.groups.get((-1, LOG, h), [])
                if len({x["scene"] for x in here}) >= FEWEST:
                    out[h] = _quantile(self._between(here, here, quantity, first, second))
            self.ranges[key] = out
        return self.ranges[key]

    def _one_frame_each(self) -> list[Line]:
        """For each window one recorded frame of its scene, drawn: as many as a row has."""
        windows = sorted({(x["scene"], x["keyframe"]) for x in self.groups[-1, LOG, 0]})
        rng = generator("one frame", len(windows))
        frames = {s: [x for x in self.pool if x["scene"] == s] for s in self.scenes}
        return [frames[s][int(rng.integers(len(frames[s])))] for s, _ in windows]

    def mean(self, run: int, row: str, step: int, quantity: str) -> float:
        """What a quantity is on average, on the windows that are compared; of class frequencies
        the share of the movable ones."""
        lines = self.pool if row == POOL_ROW else self.groups.get((run, row, step), [])
        if row not in (LOG, POOL_ROW) and self.reference(step) == SAME:
            lines = [x for x in lines if (x["scene"], x["keyframe"]) in self.lasting[step]]
        name = "movable" if quantity == "classes" else quantity
        return distance.mean_of(self.samples(lines, name)[0], self.weights) if lines else np.nan


def _quantile(gaps: np.ndarray) -> float:
    known = gaps[np.isfinite(gaps)]
    return float(np.quantile(known, 0.95)) if len(known) >= len(gaps) // 2 else float("nan")


def tables(lines: Sequence[Line]) -> dict[str, list[dict[str, Any]]]:
    """``rows``: one a row, quantity and step; ``divergence``: one a row and quantity;
    ``comparisons``: the model minus each other row at a few horizons."""
    drift = Drift(lines)
    known = [q for q in QUANTITIES if any(_defined(drift, r, q) for r in drift.rows)]
    out: dict[str, list[dict[str, Any]]] = {"rows": [], "divergence": [], "comparisons": []}
    for quantity in known:
        for row in drift.rows:
            if not _defined(drift, row, quantity):
                continue
            spliced, limits = _spliced(drift, row, quantity)
            out["rows"] += _rows(drift, row, quantity, spliced, limits)
            out["divergence"].append(_divergence(row, quantity, spliced, limits))
        out["comparisons"] += _comparisons(drift, quantity)
    return out


def _defined(drift: Drift, row: str, quantity: str) -> bool:
    return any(
        np.isfinite(drift.of(row, quantity, ref)[0]).any() for ref in (SAME, POOL)
    )  # fmt: skip


def _spliced(drift: Drift, row: str, quantity: str) -> tuple[np.ndarray, np.ndarray]:
    """Distances [1 + R, H + 1] and the logs' own range [H + 1], each step with its reference."""
    references = np.array([drift.reference(h) for h in range(drift.steps)])
    same = references == SAME
    gaps = np.where(same, drift.of(row, quantity, SAME), drift.of(row, quantity, POOL))
    limits = np.where(same, drift.log_range(quantity, SAME), drift.log_range(quantity, POOL))
    return gaps, limits


def _rows(
    drift: Drift, row: str, quantity: str, gaps: np.ndarray, limits: np.ndarray
) -> list[dict[str, Any]]:
    out = []
    for h in range(drift.steps):
        low, high = interval(gaps[:, h], len(drift.scenes))
        reference = drift.reference(h)
        logged = (-1, LOG, h) if reference == SAME else (-1, POOL_ROW, -1)
        values = [drift.mean(run, row, h, quantity) for run in drift.runs(row)]
        out.append(
            {"row": row, "quantity": quantity, "horizon_s": h * STEP_S, "reference": reference,
             "logged_windows": len(drift.lasting[h]), "distance": number(gaps[0, h]), "low": low,
             "high": high, "log_range": number(limits[h]), "mean": number(float(np.mean(values))),
             "log_mean": number(drift.mean(*logged, quantity))}
        )  # fmt: skip
    return out


def _divergence(row: str, quantity: str, gaps: np.ndarray, limits: np.ndarray) -> dict[str, Any]:
    """When a row leaves the logs' own range for two steps; None: not before the end. ``known`` is
    false where there are too few scenes to tell that range, or nothing to compare at the start."""
    told = bool(np.isfinite(limits).any() and np.isfinite(gaps[0]).any())
    out: dict[str, Any] = {"row": row, "quantity": quantity, "known": told,
                           "until_s": (len(limits) - 1) * STEP_S}  # fmt: skip
    # A row without a single agent has no speeds to compare: it has left the logs too.
    lost = ~np.isfinite(gaps) & np.isfinite(limits)
    steps = distance.first_lasting((gaps > limits) | lost)
    never = gaps.shape[1]
    at = [None if s == never else float(s * STEP_S) for s in (steps[0], *_ends(steps[1:]))]
    return out | dict(zip(("after_s", "low_s", "high_s"), at if told else [None] * 3))


def _ends(drawn: np.ndarray) -> tuple[int, int]:
    low, high = np.quantile(drawn, [0.025, 0.975], method="nearest")
    return int(low), int(high)


def _comparisons(drift: Drift, quantity: str) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    first, *others = drift.rows
    if not _defined(drift, first, quantity):
        return out
    ours = _spliced(drift, first, quantity)[0]
    for row in others:
        if not _defined(drift, row, quantity):
            continue
        gaps = ours - _spliced(drift, row, quantity)[0]
        for seconds in AT_S:
            h = round(seconds / STEP_S)
            if h < drift.steps and np.isfinite(gaps[0, h]):
                low, high = interval(gaps[:, h], len(drift.scenes))
                out.append(
                    {"against": row, "quantity": quantity, "horizon_s": seconds,
                     "difference": number(gaps[0, h]), "low": low, "high": high}
                )  # fmt: skip
    return out


def interval(values: np.ndarray, scenes: int) -> tuple[float | None, float | None]:
    """95 % of the draws behind the first of [1 + R]; None with a single scene."""
    drawn = values[1:][np.isfinite(values[1:])]
    if scenes < 2 or not np.isfinite(values[0]) or len(drawn) < len(values) // 2:
        return None, None
    low, high = np.quantile(drawn, [0.025, 0.975])
    return number(low), number(high)


def number(value: float) -> float | None:
    """Rounded for JSON; None where not defined."""
    return round(float(value), 6) if np.isfinite(value) else None
