"""NAVSIM's scores on a fleet: a planner is asked at a moment, its plan is driven and judged.

A recording becomes moments (``eval.moments``). At each the planner is reset and shown the recent
past; its plan is driven for 4 s by the batch LQR. Progress is related to PDM-Closed's plan where
the map has a lane graph, else to the recorded driver's. The human of the filter is the recorded
driver. Shapes: T states.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.eval.moments import PAIR_S, PLAN_S, STILL, cut, step_of
from drivewm.eval.scores.base import Judgement
from drivewm.eval.scores.navsim import (
    MULTIPLIERS,
    MULTIPLIERS_V1,
    WEIGHTS,
    WEIGHTS_V1,
    PlanScore,
    filter_human,
    human_terms,
    product,
    terms_of,
)
from drivewm.eval.scores.navsim_config import PDMS, FollowUpConfig, NavsimConfig
from drivewm.eval.scores.navsim_judgement import judgement_of, rollout_of
from drivewm.eval.scores.navsim_plan import AskedPlan, plan_at, recorded_plan
from drivewm.eval.scores.navsim_reference import ReferencePlans
from drivewm.eval.scores.navsim_stages import Group, Token, two_stages
from drivewm.eval.scores.navsim_world import (
    NO_HISTORY,
    Landscape,
    environment_at,
    landscape_of,
    observed_tracks,
    reacting_tracks,
)
from drivewm.measures.proposals import (
    NAVSIM_V1,
    NAVSIM_V2,
    ProposalScores,
    score_proposals,
)
from drivewm.measures.proposals_extended import extended_comfort
from drivewm.scene import Planner, Scene, Tracks
from drivewm.seeds import generator
from drivewm.sim.asking import PlannerFailure
from drivewm.sim.batch_lqr import gains, simulate
from drivewm.sim.config import SimConfig
from drivewm.sim.observation import CameraSource
from drivewm.sim.rollout import Rollout

OBSERVED_V1, OBSERVED_V2 = 51, 41


@dataclass(frozen=True, kw_only=True)
class Drive:
    """A judged moment; ``scene`` is the recording from the moment on."""

    scene: Scene
    rollout: Rollout
    judgement: Judgement | None  # None: the planner failed


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One plan: as asked, as driven, as scored."""

    asked: AskedPlan
    plan: PlanScore
    scores: ProposalScores  # of (reference, plan)
    tracks: Tracks  # as they moved


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who is asked and how."""

    scene: Scene
    planner: Planner
    sim: SimConfig
    mode: str
    cameras: CameraSource | None


class NavsimFleet:
    """``navsim_pdms``, ``navsim_epdms`` and its first stage. Keeps what belongs to a recording."""

    def __init__(self, config: NavsimConfig) -> None:
        self.config = config
        self._v2 = config.name != PDMS
        self._rules = NAVSIM_V2 if self._v2 else NAVSIM_V1
        self._land: tuple[str, Landscape] | None = None
        self._references = ReferencePlans()

    def drive(
        self,
        scene: Scene,
        planner: Planner,
        sim: SimConfig,
        start_s: float,
        mode: str,
        cameras: CameraSource | None = None,
    ) -> Drive:
        """Asks, drives and judges the moment ``start_s`` after the recording's start."""
        asking = Asking(scene=scene, planner=planner, sim=sim, mode=mode, cameras=cameras)
        step, here = step_of(start_s), cut(scene, step_of(start_s))
        try:
            now = self._judge(asking, step, STILL, stage=1)
            if not self._v2:
                return self._finished(asking, here, now, None, {})
            before = self._judge(asking, step - step_of(PAIR_S), STILL, stage=1)
            if self.config.follow_ups is None:
                ec = extended_comfort(now.plan.states[None], before.plan.states[None], PAIR_S)
                return self._finished(asking, here, now, float(ec.ok[0]), {})
            return self._two_stages(asking, here, step, now, before)
        except PlannerFailure as failure:
            drive = rollout_of(here, None, None, mode, str(failure))
            return Drive(scene=here, rollout=drive, judgement=None)

    def _two_stages(
        self, asking: Asking, here: Scene, step: int, now: Judged, before: Judged
    ) -> Drive:
        """The combined score of the frame pair and its follow-ups."""
        assert self.config.follow_ups is not None
        tokens = {"now": _token("now", step, now), "before": _token("before", step, before, True)}
        pairs = []
        offsets = follow_up_offsets(self.config.follow_ups, asking.scene.id, step)
        for k, offset in enumerate(offsets):
            names = (f"now{k}", f"before{k}")
            for name, back in zip(names, (0, step_of(PAIR_S))):
                later = step + step_of(PLAN_S) - back
                judged = self._judge(asking, later, offset, stage=2)
                tokens[name] = _token(name, step + step_of(PLAN_S), judged, back > 0)
            pairs.append(names)
        found = two_stages(tokens, [Group(now="now", before="before", follow_ups=tuple(pairs))])
        moments = {name: getattr(found, name)["score"] for name in ("stage1", "stage2")}
        combined = dict(found.combined)
        return self._finished(
            asking, here, now, combined.pop("extended_comfort"), moments, combined
        )

    def _judge(
        self, asking: Asking, step: int, offset: tuple[float, float, float], stage: int
    ) -> Judged:
        """One plan at one (possibly displaced) place of the recording."""
        scene, car = asking.scene, asking.scene.vehicle
        asked = plan_at(
            scene, asking.planner, step, offset, asking.sim, asking.mode, asking.cameras,
            self.config.moments,
        )  # fmt: skip
        reference, _ = self._references.at(scene, step, offset)
        tracker = gains(asking.sim.lqr)
        both = np.stack([reference, asked.poses])
        states = simulate(both, asked.ego, car.wheelbase_m, tracker)
        observed = OBSERVED_V2 if self._v2 else OBSERVED_V1
        tracks = observed_tracks(scene, step, observed)
        if asking.sim.agents != "replay":
            tracks = reacting_tracks(scene, step, states[1], asking.sim)
        land, missing = self._landscape(scene), self.config.missing
        environment = environment_at(scene, land, step, offset, observed, self._v2, missing, tracks)
        rules = self._rules
        if missing == "drop":
            rules = rules._replace(
                direction_multiplies=rules.direction_multiplies and land.has_lanes
            )
        scores = score_proposals(states, environment, rules)
        terms, multipliers, weights = terms_of(scores, 1), *self._applicable(land)
        if self.config.human_filter and stage == 1:
            human = simulate(recorded_plan(scene, step)[None], asked.ego, car.wheelbase_m, tracker)
            calm = environment._replace(history=NO_HISTORY)
            if asking.sim.agents != "replay":
                moved = reacting_tracks(scene, step, human[0], asking.sim)
                calm = environment_at(
                    scene, land, step, offset, observed, self._v2, missing, moved
                )._replace(history=NO_HISTORY)
            terms = filter_human(terms, human_terms(human[0], calm, rules))
        plan = PlanScore(
            terms=terms, multiplier=product(terms, multipliers), score=float(scores.score[1]),
            states=states[1], weights=weights,
        )  # fmt: skip
        return Judged(asked=asked, plan=plan, scores=scores, tracks=tracks)

    def _applicable(self, land: Landscape) -> tuple[tuple[str, ...], dict[str, float]]:
        """Names of the terms that multiply and weights of those that are averaged."""
        names = MULTIPLIERS if self._v2 else MULTIPLIERS_V1
        weights = WEIGHTS if self._v2 else WEIGHTS_V1
        kept = land.applicable(tuple(weights), self.config.missing)
        multipliers = land.applicable(names, self.config.missing)
        return multipliers, {name: weights[name] for name in kept}

    def _finished(
        self,
        asking: Asking,
        here: Scene,
        judged: Judged,
        comfort: float | None,
        moments: dict[str, float],
        combined: dict[str, float] | None = None,
    ) -> Drive:
        """The rollout of the first stage's plan now, and the judgement of the row."""
        multipliers, weights = self._applicable(self._landscape(asking.scene))
        plan = judged.plan
        score = plan.epdms(comfort) if combined is None else combined["score"]
        terms = plan.terms if combined is None else combined
        if comfort is not None:
            weights = weights | {"extended_comfort": self.config.weights["extended_comfort"]}
            terms = terms | {"extended_comfort": comfort}
        rollout = rollout_of(here, judged.asked, judged, asking.mode, None)
        _, reference = self._references.at(asking.scene, asking.scene.steps - here.steps, STILL)
        judgement = judgement_of(
            self.config, score, terms, multipliers, weights, judged.scores, judged.plan.states,
            here.vehicle, judged.tracks, reference, moments,
        )  # fmt: skip
        return Drive(scene=here, rollout=rollout, judgement=judgement)

    def _landscape(self, scene: Scene) -> Landscape:
        if self._land is None or self._land[0] != scene.id:
            self._land = scene.id, landscape_of(scene)
        return self._land[1]


def follow_up_offsets(
    config: FollowUpConfig, recording: str, step: int
) -> list[tuple[float, float, float]]:
    """(ahead m, left m, rad) of each follow-up start; the same for every planner and run."""
    draw = generator("navsim follow-up", config.seed, recording, step)
    reach = np.array([config.longitudinal_m, config.lateral_m, config.heading_rad])
    rows = draw.uniform(-1.0, 1.0, (config.count, 3)) * reach
    return [(float(a), float(b), float(c)) for a, b, c in rows]


def _token(name: str, step: int, judged: Judged, is_before: bool = False) -> Token:
    """A judged plan for the aggregation; seconds on the recording's grid."""
    start, end = judged.asked.ego[:2], judged.asked.poses[-1, :2]
    return Token(
        name=name, start_s=step / 10 - PAIR_S * is_before, start_xy=(start[0], start[1]),
        end_xy=(end[0], end[1]), plan=judged.plan,
    )  # fmt: skip
