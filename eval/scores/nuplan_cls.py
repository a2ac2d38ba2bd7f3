"""``nuplan_cls``: nuPlan's closed-loop score, all eight terms."""

from __future__ import annotations

from drivewm.eval.scores.base import Judgement, ScoreConfig
from drivewm.eval.scores.evidence import Evidence, along, gather, judgement
from drivewm.measures.progress import making_progress
from drivewm.scene import Scene
from drivewm.sim.rollout import Rollout


class NuplanCls:
    """At-fault collision, drivable area, driving direction and making progress multiply; progress,
    TTC, speed limit and comfort are averaged 5 : 5 : 4 : 2. The recorded ego is the expert.

    Without a lane graph the recorded ego's path is the line that progress is measured along
    (``missing: reference`` gives full marks there, as nuPlan does to an expert without a route).
    """

    def __init__(self, config: ScoreConfig) -> None:
        self.config = config

    def judge(self, scene: Scene, rollout: Rollout) -> Judgement:
        """Judges one finished drive."""
        evidence = gather(scene, rollout, self.config.missing)
        if self.config.missing == "drop" and not len(evidence.measured.expert_progress_m):
            _follow_recorded(scene, evidence)
        return judgement(evidence, evidence.terms, self.config)


def _follow_recorded(scene: Scene, evidence: Evidence) -> None:
    metres, ratio = along(scene.ego[:, :2], scene, evidence.history)
    step = len(metres) - 1
    evidence.series["progress_m"] = metres
    evidence.terms |= {"progress": ratio, "making_progress": making_progress(ratio)}
    evidence.worst |= {
        "progress": (step, None, ratio), "making_progress": (step, None, making_progress(ratio)),
    }  # fmt: skip
