"""An imported scenario driven, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.planners.registry import create
from drivewm.scenarios.osc.impact import Impact, first_impact
from drivewm.scenarios.osc.load import Imported
from drivewm.scene import EgoColumn
from drivewm.sim.config import SimConfig
from drivewm.sim.loop import rollout
from drivewm.sim.rollout import Rollout
from drivewm.sim.script.record import LogEntry
from drivewm.sim.script.traffic import ScriptedTraffic

SCRIPTED = "scripted"
STOOD_MPS = 0.1


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A drive in a few figures."""

    planner: str
    status: str  # ok, failed
    reason: str | None
    duration_s: float
    stopped_s: float | None  # when the stop trigger held
    impact: Impact | None
    driven_m: float
    end_mps: float
    log: tuple[LogEntry, ...]

    @property
    def never(self) -> tuple[LogEntry, ...]:
        """Triggers that never fired."""
        return tuple(entry for entry in self.log if entry.what == "never")

    @property
    def failed(self) -> tuple[LogEntry, ...]:
        """Actions that could not be done."""
        return tuple(entry for entry in self.log if entry.what == "failed")

    def __str__(self) -> str:
        if self.status == "failed":
            return f"failed: {self.reason}"
        if self.impact is not None:
            hit = self.impact
            return (f"touches {hit.track} at {hit.contact_pct:.0f} % of the ego's width, "
                    f"{hit.ego_speed_mps * 3.6:.1f} km/h, after {hit.time_s:.2f} s")  # fmt: skip
        end = "stands" if abs(self.end_mps) < STOOD_MPS else f"{self.end_mps * 3.6:.0f} km/h"
        return f"no contact, {self.driven_m:.0f} m in {self.duration_s:.1f} s, {end} at the end"


def drive(imported: Imported, planner: str) -> tuple[Rollout, Outcome]:
    """Drives a scenario.

    Args:
        imported: the scenario.
        planner: a planner's name; ``scripted``: the ego's own actions, exactly.

    Raises:
        InputError: no such planner.
    """
    traffic = imported.make_traffic()
    assert isinstance(traffic, ScriptedTraffic)
    found = rollout(imported.scene, create(planner), SimConfig(**imported.sim), traffic)
    return found, outcome_of(imported, planner, found, traffic)


def outcome_of(
    imported: Imported, planner: str, found: Rollout, traffic: ScriptedTraffic
) -> Outcome:
    """What came of a drive."""
    xy = found.ego[:, [EgoColumn.X, EgoColumn.Y]]
    return Outcome(
        planner=planner, status=found.status, reason=found.reason,
        duration_s=float(found.times_us[-1] - found.times_us[0]) * 1e-6,
        stopped_s=traffic.stopped_s, impact=first_impact(found, dict(imported.references)),
        driven_m=float(np.hypot(*np.diff(xy, axis=0).T).sum()),
        end_mps=float(found.ego[-1, EgoColumn.VX]), log=traffic.log,
    )  # fmt: skip
