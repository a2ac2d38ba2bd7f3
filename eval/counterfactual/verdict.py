"""What truly came of a branch: the evaluator's own terms on exact boxes and polygons.

Shapes: S + 1 steps.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np

from drivewm.eval.scores.base import ScoreConfig, combine
from drivewm.eval.scores.evidence import Evidence, along, gather
from drivewm.eval.scores.registry import load_config
from drivewm.measures.collision import Fault
from drivewm.measures.drivable import TOLERANCE_M
from drivewm.measures.progress import along_route, making_progress, progress_ratio
from drivewm.scene import Scene, ScoreType
from drivewm.sim.rollout import Rollout

PROGRESS_WEIGHT, COMFORT_WEIGHT = 5.0, 2.0  # nuPlan's
NEVER = np.inf


@dataclass(frozen=True, kw_only=True)
class Ride:
    """What the actions alone decide: the same for the truth and for everything imagined."""

    progress: float  # 0..1 of the recorded ego's, along the route
    comfort: float  # 0 or 1

    @property
    def worth(self) -> float:
        """Score of the ride if nothing goes wrong."""
        total = PROGRESS_WEIGHT * self.progress + COMFORT_WEIGHT * self.comfort
        return total / (PROGRESS_WEIGHT + COMFORT_WEIGHT)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The truth about a branch."""

    collision_s: float  # first contact at the ego's fault with anything but a cone; inf: never
    departure_s: float  # first step with a corner off the drivable area; inf: never
    progress: float
    comfort: float
    score: float  # the outcome: 0 after a collision or departure, else the ride's worth
    closed_loop: float  # the evaluator's closed-loop score, with TTC and making progress

    @property
    def bad(self) -> bool:
        return min(self.collision_s, self.departure_s) < NEVER

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def ride_of(scene: Scene, expert: np.ndarray, comfort: float | None) -> Ride:
    """Progress against the recorded ego.

    Args:
        scene: the branch.
        expert: [S + 1, 2] places of the recorded ego over the same time.
        comfort: nuPlan's term; None (too short a drive) counts as comfortable.
    """
    own, theirs = (along_route(scene.route, p) for p in (scene.ego[:, :2], expert))
    ratio = progress_ratio(float(own[-1] - own[0]), float(theirs[-1] - theirs[0]))
    return Ride(progress=ratio, comfort=1.0 if comfort is None else float(comfort))


def judge(scene: Scene, recorded: Scene) -> Verdict:
    """The exact outcome of a branch.

    Args:
        scene: the branch with its own agents.
        recorded: the same stretch as it was recorded: whose progress is the measure.
    """
    config = _config()
    evidence = gather(recorded, rollout_of(scene), config.missing)
    contacts = evidence.contacts
    counted = (contacts.fault == Fault.EGO) & (contacts.score_type != ScoreType.CONE)
    step_s = float(np.mean(np.diff(scene.times_us))) / 1e6
    hits = contacts.step[counted]
    off = np.zeros(0, np.int64)
    if evidence.terms["drivable_area"] == 0.0:
        margins = evidence.series["drivable_margin_m"]
        off = np.flatnonzero(margins <= -TOLERANCE_M)
        off = off if len(off) else np.array([int(np.argmin(margins))])
    ride = ride_of(scene, recorded.ego[:, :2], evidence.terms["comfort"])
    clean = not len(hits) and not len(off)
    return Verdict(
        collision_s=float(hits.min()) * step_s if len(hits) else NEVER,
        departure_s=float(off[0]) * step_s if len(off) else NEVER,
        progress=ride.progress, comfort=ride.comfort, score=ride.worth if clean else 0.0,
        closed_loop=closed_loop_score(recorded, evidence, config),
    )  # fmt: skip


def closed_loop_score(recorded: Scene, evidence: Evidence, config: ScoreConfig) -> float:
    """``closed_loop`` of a drive whose evidence is already there."""
    ratio = along(recorded.route, recorded, evidence.history)[1]
    own: dict[str, float | None] = {"progress": ratio, "making_progress": making_progress(ratio)}
    return combine(evidence.terms | own, config)[0]


@lru_cache(maxsize=1)
def _config() -> ScoreConfig:
    return load_config("closed_loop")


def rollout_of(scene: Scene) -> Rollout:
    """The branch as a finished drive."""
    status = scene.lights.status
    steps = scene.steps
    return Rollout(
        scene_id=scene.id, status="ok", reason=None, mode="privileged", replan_interval_s=0.1,
        times_us=scene.times_us, ego=scene.ego, vehicle=scene.vehicle, tracks=scene.tracks,
        light_lane_ids=scene.lights.lane_ids,
        light_status=np.zeros((0, steps), np.int8) if status is None else status,
        plan_times_us=np.zeros(0, np.int64), plan_poses=(), plan_horizons_s=(), plan_wall_s=(),
    )  # fmt: skip
