"""What the gate knows of one drive: events, contact, measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SAFETY_RULES = (
    "at_fault_collision", "road_departure", "red_light", "impact_speed", "not_passed",
    "no_progress",
)  # fmt: skip
EVENTS = ("at_fault_collision", "road_departure", "red_light", "not_passed", "no_progress")
TTC_CAP_S = 5.0  # further away is as good; so is a drive that met nobody
Facts = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Info:
    """A scenario: a suite's, or a scene (or moment) of a fleet."""

    id: str
    recording: str  # what its seeds and moments have in common: the unit of the statistics
    family: str  # of a fleet: the location
    group: str  # of a fleet: the split
    content_hash: str | None = None
    file: str | None = None  # the scenario's YAML
    line: int | None = None
    is_fleet: bool = True


@dataclass(frozen=True, kw_only=True)
class Drive:
    """One drive. ``None`` is not known, or not applicable."""

    scenario: str
    seed: int
    failed: bool
    reason: str | None  # of the failure, or of the verdict
    score: float  # a failed drive has 0
    score_name: str
    score_version: str
    settings: Mapping[str, Any] = field(default_factory=dict)  # how it was driven
    events: Mapping[str, bool | None] = field(default_factory=dict)  # by EVENTS
    impact_speed_mps: float | None = None  # 0: no contact
    unavoidable: bool = False
    collision_time_s: float | None = None
    measures: Mapping[str, float | None] = field(default_factory=dict)
    not_reproducible: bool = False

    @property
    def had_contact(self) -> bool | None:
        """Did it touch another road user, whoever was at fault?"""
        return None if self.impact_speed_mps is None else self.impact_speed_mps > 0

    @property
    def passed(self) -> bool | None:
        """The verdict of a suite's scenario."""
        value = self.events.get("not_passed")
        return None if value is None else not value


def drive_of(score: Facts, safety: Facts, scenario: Facts, means: Facts) -> Drive:
    """From the rows of one drive.

    Args:
        score: of ``scores``.
        safety, scenario: of those tables; empty where there is none.
        means: of the series, by measure.
    """
    failed = score["status"] != "ok" or score["score"] is None
    reason = score["reason"] if failed else scenario.get("reason")
    return Drive(
        scenario=score["scene_id"], seed=int(score["seed"]), failed=failed, reason=reason,
        score=0.0 if failed else float(score["score"]),
        score_name=score["score_name"], score_version=score["score_version"],
        settings={name: score[name] for name in ("agents", "mode", "tracker", "replan_interval_s")},
        events=dict.fromkeys(EVENTS) if failed else _events(score, scenario),
        impact_speed_mps=None if failed else _impact(score, safety, scenario),
        unavoidable=bool(scenario.get("unavoidable")),
        collision_time_s=score["collision_time_s"],
        measures={} if failed else _measures(safety, scenario, means),
        not_reproducible=bool(score["not_reproducible"]),
    )  # fmt: skip


def _events(score: Facts, scenario: Facts) -> dict[str, bool | None]:
    progress = score["making_progress"]
    passed = scenario.get("passed")
    return {
        "at_fault_collision": _either(
            scenario.get("at_fault_collision"),
            None if score["collisions"] is None else score["collisions"] > 0,
            _below_one(score["no_at_fault_collision"]),
        ),
        "road_departure": _either(
            scenario.get("road_departure"), _below_one(score["drivable_area"])
        ),
        "red_light": _either(scenario.get("red_light"), _below_one(score["traffic_light"])),
        "not_passed": None if passed is None else not passed,
        "no_progress": None if progress is None else progress == 0,
    }


def _below_one(term: float | None) -> bool | None:
    return None if term is None else term < 1


def _either(*known: bool | None) -> bool | None:
    """True where anybody says so; None where nobody knows."""
    said = [value for value in known if value is not None]
    return any(said) if said else None


def _impact(score: Facts, safety: Facts, scenario: Facts) -> float | None:
    """The fastest impact; 0 without contact, None where nothing was measured."""
    if not safety and not scenario:
        return None
    speeds = [scenario.get("impact_speed_mps"), safety.get("impact_speed_mps")]
    return max([speed for speed in speeds if speed is not None], default=0.0)


def _measures(safety: Facts, scenario: Facts, means: Facts) -> dict[str, float | None]:
    ttc_s = [s for s in (safety.get("min_ttc_s"), scenario.get("min_ttc_s")) if s is not None]
    return {
        **means,
        "ride_rms_mps2": safety.get("ride_rms_mps2"),
        "min_ttc_s": min([*ttc_s, TTC_CAP_S]) if safety or scenario else None,
    }
