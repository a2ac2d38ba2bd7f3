"""Files of parameter values (``ParameterValueDistribution``): sets, ranges, seeded draws.

Several distributions in one file combine to all their combinations; the first parameter varies
slowest. Values are put into the scenario file that the file names, and everything in them (paths
to roads too) is read as if it stood there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drivewm.errors import InputError
from drivewm.scenarios.osc.element import Element
from drivewm.scenarios.osc.parameters import as_text
from drivewm.seeds import generator

Values = dict[str, str]
MAX_STEPS = 100_000  # values of one range
MAX_DRAWS = 10_000  # test runs of one stochastic file; re-draws of one bounded value


@dataclass(frozen=True)
class Distribution:
    """What a file of parameter values says."""

    file: Path
    scenario: Path  # the scenario file it names
    columns: tuple[tuple[Values, ...], ...]  # each: alternatives that are set together

    @property
    def count(self) -> int:
        """Number of combinations."""
        return math.prod(len(column) for column in self.columns)

    def combinations(self) -> Iterator[Values]:
        """All combinations, the first parameter varying slowest."""
        for parts in itertools.product(*self.columns):
            merged: Values = {}
            for part in parts:
                merged |= part
            yield merged

    def at(self, index: int) -> Values:
        """One combination.

        Raises:
            InputError: there are fewer.
        """
        if not 0 <= index < self.count:
            raise InputError(f"has no combination {index}", file=self.file,
                             fix=f"choose 0 to {self.count - 1}")  # fmt: skip
        merged: Values = {}
        picks = np.unravel_index(index, [len(column) for column in self.columns])
        for column, pick in zip(self.columns, picks, strict=True):
            merged |= column[int(pick)]
        return merged


def read_distribution(block: Element, file: Path) -> Distribution:
    """``<ParameterValueDistribution>`` of a file.

    Raises:
        InputError: the named scenario is missing, a range that is empty or too fine, unsupported
            (user-defined) distributions, a parameter given twice.
    """
    scenario = file.parent / block.one("ScenarioFile").text("filepath").replace("\\", "/")
    if not scenario.is_file():
        raise block.one("ScenarioFile").error(f"names {scenario}, which is not there",
                                              field="filepath")  # fmt: skip
    columns: list[tuple[Values, ...]] = []
    for kind in block.all("Deterministic", "Stochastic"):
        columns += _deterministic(kind) if kind.tag == "Deterministic" else [_draws(kind, file)]
    names = [name for column in columns for name in (column[0] if column else {})]
    for name in names:
        if names.count(name) > 1:
            raise block.error(f"gives '{name}' values twice", field=name)
    return Distribution(file, scenario, tuple(columns))


def _deterministic(block: Element) -> list[tuple[Values, ...]]:
    found: list[tuple[Values, ...]] = []
    for item in block.all():
        if item.tag == "DeterministicSingleParameterDistribution":
            name = item.text("parameterName")
            found.append(tuple({name: text} for text in _single(item)))
        elif item.tag == "DeterministicMultiParameterDistribution":
            sets = item.one("ValueSetDistribution").all("ParameterValueSet")
            found.append(tuple(_assignments(one) for one in sets))
        else:
            raise item.error("is not supported")
        if not found[-1]:
            raise item.error("holds no value")
    return found


def _assignments(block: Element) -> Values:
    nodes = block.all("ParameterAssignment")
    return {node.text("parameterRef").removeprefix("$"): node.text("value") for node in nodes}


def _single(item: Element) -> list[str]:
    chosen = item.first("DistributionSet", "DistributionRange", "UserDefinedDistribution")
    if chosen is None:
        raise item.error("holds no distribution")
    if chosen.tag == "DistributionSet":
        return [element.text("value") for element in chosen.all("Element")]
    if chosen.tag == "UserDefinedDistribution":
        raise chosen.error("is not supported: its meaning is its maker's own",
                           fix="write its values as a DistributionSet")  # fmt: skip
    step, limits = chosen.number("stepWidth"), chosen.one("Range")
    low, high = limits.number("lowerLimit"), limits.number("upperLimit")
    if step <= 0 or high < low:
        raise chosen.error(f"runs from {low:g} to {high:g} in steps of {step:g}", field="stepWidth")
    count = math.floor((high - low) / step * (1 + 1e-12) + 1e-9) + 1
    if count > MAX_STEPS:
        raise chosen.error(f"has {count} values, more than {MAX_STEPS}", field="stepWidth")
    return [as_text(float(f"{low + step * index:.12g}")) for index in range(count)]


def _draws(block: Element, file: Path) -> tuple[Values, ...]:
    """Test runs of a stochastic file; the seed is the file's own (default 0)."""
    runs, seed = block.whole("numberOfTestRuns"), block.number("randomSeed", 0.0)
    if not 1 <= runs <= MAX_DRAWS:
        raise block.error(f"asks for {runs} test runs; 1 to {MAX_DRAWS} are possible",
                          field="numberOfTestRuns")  # fmt: skip
    items = list(block.all("StochasticDistribution"))
    if not items:
        raise block.error("holds no distribution")
    columns = {}
    for item in items:
        name = item.text("parameterName")
        random = generator("openscenario", as_text(seed), name)
        columns[name] = [_draw(item.only(), random) for _ in range(runs)]
    return tuple({name: texts[run] for name, texts in columns.items()} for run in range(runs))


def _draw(kind: Element, random: np.random.Generator) -> str:
    if kind.tag == "ProbabilityDistributionSet":
        elements = list(kind.all("Element"))
        return elements[_weighted(elements, random)].text("value")
    if kind.tag == "Histogram":
        bins = list(kind.all("Bin"))
        limits = bins[_weighted(bins, random)].one("Range")
        return _text(random.uniform(limits.number("lowerLimit"), limits.number("upperLimit")))
    if kind.tag == "UniformDistribution":
        limits = kind.one("Range")
        return _text(random.uniform(limits.number("lowerLimit"), limits.number("upperLimit")))
    if kind.tag not in ("NormalDistribution", "LogNormalDistribution", "PoissonDistribution"):
        raise kind.error("is not supported", fix="normal, lognormal, Poisson, uniform, histogram "
                         "and weighted sets are")  # fmt: skip
    bounds = kind.first("Range")
    low = bounds.number("lowerLimit") if bounds else -math.inf
    high = bounds.number("upperLimit") if bounds else math.inf
    for _ in range(MAX_DRAWS):
        value = _sample(kind, random)
        if low <= value <= high:
            return _text(value)
    raise kind.error(f"finds no value between {low:g} and {high:g} in {MAX_DRAWS} draws")


def _sample(kind: Element, random: np.random.Generator) -> float:
    mean = kind.number("expectedValue")
    if kind.tag == "PoissonDistribution":
        return float(random.poisson(mean))
    spread = math.sqrt(max(kind.number("variance"), 0.0))
    if kind.tag == "NormalDistribution":
        return float(random.normal(mean, spread))
    if mean <= 0:
        raise kind.error("has an expected value that is not positive", field="expectedValue")
    sigma2 = math.log(1 + (spread / mean) ** 2)  # mean and variance of the values themselves
    return float(random.lognormal(math.log(mean) - sigma2 / 2, math.sqrt(sigma2)))


def _weighted(items: list[Element], random: np.random.Generator) -> int:
    weights = np.array([item.number("weight") for item in items])
    if not len(weights) or weights.min() < 0 or weights.sum() <= 0:
        raise InputError("weights must be positive numbers",
                         file=items[0].where if items else None)  # fmt: skip
    return int(random.choice(len(items), p=weights / weights.sum()))


def _text(value: float) -> str:
    return as_text(float(value))
