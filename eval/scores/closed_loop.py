"""``closed_loop``: nuPlan's closed-loop score over the terms that need no lane graph or limits."""

from __future__ import annotations

from drivewm.eval.scores.base import Judgement, ScoreConfig
from drivewm.eval.scores.evidence import along, gather, judgement
from drivewm.measures.progress import making_progress
from drivewm.scene import Scene
from drivewm.sim.rollout import Rollout

TERMS = ("no_at_fault_collision", "drivable_area", "making_progress", "ttc", "comfort", "progress")


class ClosedLoop:
    """At-fault collision, drivable area and making progress multiply; progress, TTC and comfort
    are averaged 5 : 5 : 2 (nuPlan without speed limit and driving direction). Progress is measured
    along the scene's route."""

    def __init__(self, config: ScoreConfig) -> None:
        self.config = config

    def judge(self, scene: Scene, rollout: Rollout) -> Judgement:
        """Judges one finished drive."""
        evidence = gather(scene, rollout, self.config.missing)
        metres, ratio = along(scene.route, scene, evidence.history)
        evidence.series["progress_m"] = metres
        own = {"progress": ratio, "making_progress": making_progress(ratio)}
        evidence.worst.update(dict.fromkeys(own, (len(metres) - 1, None, ratio)))
        terms = {name: (evidence.terms | own)[name] for name in TERMS}
        return judgement(evidence, terms, self.config)
