"""Points of the unit cube: low-discrepancy sequences without end, and grids. Shapes: D axes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from drivewm.scenarios.parameters_scale import levels
from drivewm.scenarios.schema_parameters import Choice, Parameter
from drivewm.seeds import derive_seed, generator


def sequence(method: str, dimensions: int, n: int, *names: object) -> Iterator[np.ndarray]:
    """Points [D] of a seeded sequence. ``lhs`` is stratified over its first ``n`` points; what is
    drawn beyond them is uniform."""
    from scipy.stats import qmc

    seed = derive_seed("points", method, *names)
    if method == "lhs":
        yield from qmc.LatinHypercube(dimensions, seed=seed).random(n)
        rng = generator("points beyond", *names)
        while True:
            yield rng.random(dimensions)
    maker = qmc.Sobol if method == "sobol" else qmc.Halton
    engine = maker(dimensions, scramble=True, seed=seed)
    while True:
        yield from engine.random(64)


def grid_points(parameters: Sequence[Parameter], n: int) -> Iterator[tuple[float, ...]]:
    """Middles of the cells of a grid of at most ``n`` points: every choice, and of each range as
    many levels as fit. Where the choices alone are too many, evenly spread ones of them."""
    counts = [levels(p, 1) for p in parameters]
    while _product(more := [levels(p, _most(parameters, counts) + 1) for p in parameters]) <= n:
        if more == counts:
            break
        counts = more
    axes = [[(k + 0.5) / count for k in range(count)] for count in counts]
    total = _product(counts)
    wanted = {round(k * (total - 1) / max(n - 1, 1)) for k in range(min(n, total))}
    points = itertools.product(*axes)
    return (point for k, point in enumerate(points) if total <= n or k in wanted)


def _most(parameters: Sequence[Parameter], counts: Sequence[int]) -> int:
    ranges = [c for p, c in zip(parameters, counts) if not isinstance(p, Choice)]
    return max(ranges, default=1)


def _product(counts: Sequence[int]) -> int:
    return int(np.prod(np.asarray(counts, dtype=np.int64)))
