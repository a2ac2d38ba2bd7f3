"""What fails the gate: ``conf/gate/default.yaml``, and files that change parts of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from drivewm.config import Config, compose
from drivewm.errors import InputError
from drivewm.eval.gate.statistics import Method
from drivewm.scenarios.loading import Document, nearest, parse, read

Severity = Literal["fail", "warn", "ignore"]
DEFAULT = "gate/default"


class Rules(Config):
    """Severity of what a scenario can do worse at equal seeds."""

    at_fault_collision: Severity
    road_departure: Severity
    red_light: Severity
    impact_speed: Severity
    not_passed: Severity
    no_progress: Severity
    contact_not_at_fault: Severity
    short_ttc: Severity
    rough_ride: Severity
    score_drop: Severity


class Limits(Config):
    """How much worse is worse."""

    impact_speed_mps: float = Field(ge=0, le=20)
    short_ttc_s: float = Field(gt=0, le=10)
    ttc_drop_s: float = Field(ge=0, le=10)
    ride_rms_mps2: float = Field(ge=0, le=10)
    score_drop: float = Field(gt=0, le=1)


class Counts(Config):
    """When counts of events over seeds are judged."""

    min_seeds: int = Field(ge=2, le=1000)
    zero_to: int = Field(ge=1, le=1000)


class Statistics(Config):
    """Parameters of the tests."""

    false_discovery_rate: float = Field(gt=0, lt=0.5)
    method: Method
    exact_up_to: int = Field(ge=0, le=20)
    draws: int = Field(ge=1000, le=1_000_000)


class Effect(Config):
    """How large a mean change must be, and what it then does."""

    min_effect: float = Field(ge=0)
    verdict: Severity


class Measures(Config):
    """Beside the score; each in its own unit."""

    overspeed_mps: Effect
    lane_offset_m: Effect
    ride_rms_mps2: Effect
    min_ttc_s: Effect


class Policy(Config):
    """One policy (``conf/gate/<name>.yaml``)."""

    name: str
    rules: Rules
    limits: Limits
    new_scenarios: Severity
    dropped_scenarios: Severity
    least_shared: float = Field(ge=0, le=1)
    replan_interval: Literal["refuse", "judge"]
    counts: Counts
    statistics: Statistics
    score: Effect
    measures: Measures


def load_policy(path: str | Path | None = None) -> Policy:
    """The default policy, or the one that a file makes of it.

    Args:
        path: of a YAML file; ``None``, or the default's own path in the repository, is the default.

    Raises:
        InputError: malformed YAML (line and column), an unknown key (with the nearest known one),
            or a value out of range.
    """
    if path is None or (str(path) == f"conf/{DEFAULT}.yaml" and not Path(path).exists()):
        return Policy.model_validate(compose(DEFAULT))
    document = read(path)
    return of_document(document)


def of_text(text: str, file: str = "<text>") -> Policy:
    """As ``load_policy``, of a text."""
    return of_document(parse(text, file))


def of_document(document: Document) -> Policy:
    """The default with what the document changes."""
    if not isinstance(document.value, dict):
        raise InputError("is not a mapping", file=document.where(()), fix="write KEY: VALUE")
    base = compose(DEFAULT)
    _check_keys(document, document.value, base, ())
    merged = _merged(base, document.value)
    if "name" not in document.value:
        merged["name"] = Path(document.file).stem
    try:
        return Policy.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        place = tuple(part for part in first["loc"])
        raise InputError(first["msg"], file=document.where(place), field=".".join(map(str, place)),
                         fix="see conf/gate/default.yaml") from error  # fmt: skip


def _check_keys(
    document: Document, given: dict[str, Any], known: dict[str, Any], place: tuple[str, ...]
) -> None:
    for key, value in given.items():
        here = (*place, key)
        if key not in known:
            near = nearest(key, known)
            fix = f"did you mean '{near}'?" if near else f"known: {', '.join(known)}"
            raise InputError("unknown key", file=document.where(here), field=".".join(here),
                             fix=fix)  # fmt: skip
        if isinstance(known[key], dict):
            if not isinstance(value, dict):
                raise InputError("is not a mapping", file=document.where(here),
                                 field=".".join(here), fix="write KEY: VALUE below it")  # fmt: skip
            _check_keys(document, value, known[key], here)


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in changes.items():
        out[key] = _merged(base[key], value) if isinstance(value, dict) else value
    return out
