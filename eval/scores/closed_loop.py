"""``closed_loop``: nuPlan's closed-loop score over the terms that need no lane graph or limits."""

from __future__ import annotations

import numpy as np

from drivewm.eval.scores.base import Judgement, ScoreConfig, combine
from drivewm.eval.scores.evidence import first_at_fault, gather
from drivewm.measures.collision import Fault
from drivewm.scene import Scene
from drivewm.sim.rollout import Rollout


class ClosedLoop:
    """At-fault collision, drivable area and making progress multiply; progress, TTC and comfort
    are averaged 5 : 5 : 2 (nuPlan without speed limit and driving direction)."""

    def __init__(self, config: ScoreConfig) -> None:
        self.config = config

    def judge(self, scene: Scene, rollout: Rollout) -> Judgement:
        """Judges one finished drive."""
        evidence = gather(scene, rollout, self.config.missing)
        contacts = evidence.contacts
        score, used = combine(evidence.terms, self.config)
        step = first_at_fault(contacts)
        return Judgement(
            score=score,
            terms=evidence.terms,
            weights_used=used,
            series=evidence.series,
            collisions=int(np.sum(contacts.fault == Fault.EGO)),
            fault_unknown=int(np.sum(contacts.fault == Fault.UNKNOWN)),
            collision_time_s=None if step is None else float(evidence.series["time_s"][step]),
        )
