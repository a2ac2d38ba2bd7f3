"""``nuplan_cls``: nuPlan's closed-loop score, all eight terms."""

from __future__ import annotations

from drivewm.eval.scores.base import Judgement, ScoreConfig
from drivewm.eval.scores.evidence import Evidence, along, gather, judgement
from drivewm.measures.history import History
from drivewm.measures.progress import making_progress
from drivewm.scene import Scene
from drivewm.sim.rollout import Rollout

PROGRESS = ("progress", "making_progress")


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
    path = History.of_scene(scene).centres[:, :2]  # where boxes are measured
    metres, ratio = along(path, scene, evidence.history)
    evidence.series["progress_m"] = metres
    evidence.terms.update(progress=ratio, making_progress=making_progress(ratio))
    evidence.worst.update(dict.fromkeys(PROGRESS, (len(metres) - 1, None, ratio)))
