"""One plan at one moment of a recording: asked, driven, scored. Shapes: T states, N tracks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
from drivewm.eval.scores.navsim_config import PDMS, NavsimConfig
from drivewm.eval.scores.navsim_plan import AskedPlan, plan_at, recorded_plan
from drivewm.eval.scores.navsim_reference import ReferencePlans
from drivewm.eval.scores.navsim_world import (
    NO_HISTORY,
    Landscape,
    environment_at,
    landscape_of,
    observed_tracks,
    reacting_tracks,
    with_route,
)
from drivewm.geometry.strips import Strips
from drivewm.measures.proposals import (
    NAVSIM_V1,
    NAVSIM_V2,
    ProposalEnvironment,
    ProposalRules,
    ProposalScores,
    score_proposals,
)
from drivewm.measures.proposals_fault import unsettled_contacts
from drivewm.scene import Planner, Scene, Tracks, VehicleParams
from drivewm.sim.batch_lqr import gains, simulate
from drivewm.sim.config import SimConfig
from drivewm.sim.observation import CameraSource

OBSERVED_V1, OBSERVED_V2 = 51, 41


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who is asked and how."""

    scene: Scene  # the recording
    planner: Planner
    sim: SimConfig
    mode: str
    cameras: CameraSource | None


@dataclass(frozen=True, kw_only=True)
class Place:
    """A step of a recording, the ego moved from it (see ``moments.cut``)."""

    step: int
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One plan."""

    asked: AskedPlan
    plan: PlanScore
    scores: ProposalScores  # of (reference, plan)
    tracks: Tracks  # as they moved
    vehicle: VehicleParams
    multipliers: tuple[str, ...]  # names of the terms that multiply
    reference: str  # whose plan progress is related to
    environment: ProposalEnvironment
    rules: ProposalRules
    edge: Strips | None  # of the drivable area
    has_lanes: bool
    fault_unknown: int  # lateral contacts that lanes would have to settle, and there are none


class MomentJudge:
    """Scores plans by one definition; keeps what belongs to the recording at hand."""

    def __init__(self, config: NavsimConfig) -> None:
        self._config, self._v2 = config, config.name != PDMS
        self._land: tuple[str, Landscape] | None = None
        self._references = ReferencePlans()

    def judge(self, asking: Asking, place: Place, with_human: bool) -> Judged:
        """The plan of the planner at a place.

        Args:
            asking: who is asked.
            place: where.
            with_human: forgive what the recorded driver does too (the human penalty filter).

        Raises:
            PlannerFailure: the planner raised or answered what cannot be driven.
        """
        scene, sim = asking.scene, asking.sim
        asked = plan_at(
            scene, asking.planner, place.step, place.offset, sim, asking.mode, asking.cameras,
            self._config.moments,
        )  # fmt: skip
        land = self._landscape(scene)
        known = with_route(scene, land)  # found once
        reference, whose = self._references.at(known, place.step, place.offset)
        states = self._driven(asking, asked.ego, np.stack([reference, asked.poses]))
        tracks = self._tracks(asking, place.step, states[1])
        environment = self._environment(scene, place, tracks)
        rules, multipliers, weights = self._law(scene)
        scores = score_proposals(states, environment, rules)
        terms = terms_of(scores, 1)
        if with_human:
            human = self._driven(asking, asked.ego, recorded_plan(scene, place.step)[None])[0]
            around = environment
            if sim.agents != "replay":
                around = self._environment(scene, place, self._tracks(asking, place.step, human))
            calm = around._replace(history=NO_HISTORY)
            terms = filter_human(terms, human_terms(human, calm, rules))
        plan = PlanScore(
            terms=terms, multiplier=product(terms, multipliers), score=float(scores.score[1]),
            states=states[1], weights=weights,
        )  # fmt: skip
        return Judged(
            asked=asked, plan=plan, scores=scores, tracks=tracks, vehicle=scene.vehicle,
            multipliers=multipliers, reference=whose, environment=environment, rules=rules,
            edge=land.edge, has_lanes=land.has_lanes,
            fault_unknown=self._unsettled(scene, plan, scores, environment, rules),
        )  # fmt: skip

    def _driven(self, asking: Asking, ego: np.ndarray, poses: np.ndarray) -> np.ndarray:
        wheelbase_m = asking.scene.vehicle.wheelbase_m
        return simulate(poses, ego, wheelbase_m, gains(asking.sim.lqr))

    def _tracks(self, asking: Asking, step: int, driven: np.ndarray) -> Tracks:
        if asking.sim.agents != "replay":
            return reacting_tracks(asking.scene, step, driven, asking.sim)
        return observed_tracks(asking.scene, step, OBSERVED_V2 if self._v2 else OBSERVED_V1)

    def _environment(self, scene: Scene, place: Place, tracks: Tracks) -> ProposalEnvironment:
        return environment_at(
            scene, self._landscape(scene), place.step, place.offset, tracks, self._v2
        )  # fmt: skip

    def _law(self, scene: Scene) -> tuple[ProposalRules, tuple[str, ...], dict[str, float]]:
        """Rules of the scorer, names of the multipliers, weights of the averaged terms; as far as
        the source lets them be judged."""
        land, missing = self._landscape(scene), self._config.missing
        rules = NAVSIM_V2 if self._v2 else NAVSIM_V1
        names, weights = (MULTIPLIERS, WEIGHTS) if self._v2 else (MULTIPLIERS_V1, WEIGHTS_V1)
        multipliers = land.applicable(names, missing)
        if "driving_direction" not in multipliers:
            rules = rules._replace(direction_multiplies=False)
        kept = land.applicable(tuple(weights), missing)
        return rules, multipliers, {name: weights[name] for name in kept}

    def _unsettled(
        self,
        scene: Scene,
        plan: PlanScore,
        scores: ProposalScores,
        environment: ProposalEnvironment,
        rules: ProposalRules,
    ) -> int:
        if self._config.missing == "reference" or self._landscape(scene).has_lanes:
            return 0
        stride = rules.observation_stride
        return unsettled_contacts(plan.states, scores.where[1], environment, stride)

    def _landscape(self, scene: Scene) -> Landscape:
        if self._land is None or self._land[0] != scene.id:
            self._land = scene.id, landscape_of(scene, self._config.missing)
        return self._land[1]
