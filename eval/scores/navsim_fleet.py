"""NAVSIM's scores on a fleet: a planner is asked at a moment, its plan is driven and judged.

A recording becomes moments (``eval.moments``). At each the planner is reset and shown the recent
past; its plan is driven for 4 s by the batch LQR. Progress is related to PDM-Closed's plan where
the map has a lane graph, else to the recorded driver's. The human of the filter is the recorded
driver.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from drivewm.eval.moments import PAIR_S, PLAN_S, cut, step_of
from drivewm.eval.scores.base import Judgement
from drivewm.eval.scores.navsim_config import PDMS, FollowUpConfig, NavsimConfig
from drivewm.eval.scores.navsim_judgement import judgement_of, rollout_of
from drivewm.eval.scores.navsim_moment import Asking, Judged, MomentJudge, Place
from drivewm.eval.scores.navsim_stages import Group, Token, two_stages
from drivewm.measures.proposals_extended import extended_comfort
from drivewm.scene import Planner, Scene
from drivewm.seeds import generator
from drivewm.sim.asking import PlannerFailure
from drivewm.sim.config import DT_S, SimConfig
from drivewm.sim.observation import CameraSource
from drivewm.sim.rollout import Rollout


@dataclass(frozen=True, kw_only=True)
class Drive:
    """A judged moment; ``scene`` is the recording from the moment on."""

    scene: Scene
    rollout: Rollout
    judgement: Judgement | None  # None: the planner failed


class NavsimFleet:
    """``navsim_pdms``, ``navsim_epdms`` and its first stage."""

    def __init__(self, config: NavsimConfig) -> None:
        self.config = config
        self._judge = MomentJudge(config)

    def drive(
        self,
        scene: Scene,
        planner: Planner,
        sim: SimConfig,
        start_s: float,
        mode: str,
        cameras: CameraSource | None = None,
    ) -> Drive:
        """Asks, drives and judges the moment ``start_s`` after the recording's start.

        A planner that fails at any plan of the row fails the row.
        """
        asking = Asking(scene=scene, planner=planner, sim=sim, mode=mode, cameras=cameras)
        step = step_of(start_s)
        here = cut(scene, step)
        try:
            judged, judgement = self._row(asking, step)
        except PlannerFailure as failure:
            failed = rollout_of(here, None, mode, str(failure))
            return Drive(scene=here, rollout=failed, judgement=None)
        drive = rollout_of(here, judged, mode, None)
        return Drive(scene=here, rollout=drive, judgement=judgement)

    def _row(self, asking: Asking, step: int) -> tuple[Judged, Judgement]:
        """The plan now, and what the row says of it."""
        config, human = self.config, self.config.human_filter
        now = self._judge.judge(asking, Place(step=step), human)
        if config.name == PDMS:
            return now, self._alone(now, None, None)
        before = self._judge.judge(asking, Place(step=step - step_of(PAIR_S)), human)
        if config.follow_ups is not None:
            return now, self._two_stages(asking, config.follow_ups, step, now, before)
        compared = extended_comfort(now.plan.states[None], before.plan.states[None], PAIR_S)
        return now, self._alone(now, before, float(compared.ok[0]))

    def _alone(self, judged: Judged, before: Judged | None, comfort: float | None) -> Judgement:
        extra = {} if comfort is None else {"extended_comfort": comfort}
        terms = judged.plan.terms | extra
        return self._judgement(judged, before, judged.plan.epdms(comfort), terms, tuple(extra), {})

    def _two_stages(
        self, asking: Asking, config: FollowUpConfig, step: int, now: Judged, before: Judged
    ) -> Judgement:
        """The combined score of the frame pair and its follow-ups."""
        pair, far = step_of(PAIR_S), step + step_of(PLAN_S)
        tokens = {"now": _token("now", step, now), "before": _token("before", step - pair, before)}
        follow_ups = []
        for k, offset in enumerate(follow_up_offsets(config, asking.scene.id, step)):
            names = (f"now{k}", f"before{k}")
            for name, at in zip(names, (far, far - pair)):
                judged = self._judge.judge(asking, Place(step=at, offset=offset), False)
                tokens[name] = _token(name, at, judged)
            follow_ups.append(names)
        group = Group(now="now", before="before", follow_ups=tuple(follow_ups))
        found = two_stages(tokens, [group])
        stages = {name: getattr(found, name)["score"] for name in ("stage1", "stage2")}
        combined = found.combined
        extra = ("extended_comfort",)
        return self._judgement(now, before, combined["score"], combined, extra, stages)

    def _judgement(
        self,
        judged: Judged,
        before: Judged | None,
        score: float,
        terms: Mapping[str, float],
        extra: tuple[str, ...],
        stages: Mapping[str, float],
    ) -> Judgement:
        weights = dict(judged.plan.weights) | {name: self.config.weights[name] for name in extra}
        return judgement_of(self.config, judged, before, score, terms, weights, stages)


def follow_up_offsets(
    config: FollowUpConfig, recording: str, step: int
) -> list[tuple[float, float, float]]:
    """(ahead m, left m, rad) of each follow-up start; the same for every planner and run."""
    draw = generator("navsim follow-up", config.seed, recording, step)
    reach = np.array([config.longitudinal_m, config.lateral_m, config.heading_rad])
    rows = draw.uniform(-1.0, 1.0, (config.count, 3)) * reach
    return [(float(a), float(b), float(c)) for a, b, c in rows]


def _token(name: str, step: int, judged: Judged) -> Token:
    """A judged plan for the aggregation; seconds on the recording's grid."""
    start, end = judged.asked.ego[:2], judged.asked.poses[-1, :2]
    return Token(
        name=name, start_s=step * DT_S, start_xy=(float(start[0]), float(start[1])),
        end_xy=(float(end[0]), float(end[1])), plan=judged.plan,
    )  # fmt: skip
