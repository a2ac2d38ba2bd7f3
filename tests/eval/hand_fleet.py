"""A fleet of hand-built scenes: what the evaluator needs of a Fleet, picklable."""

from __future__ import annotations

from dataclasses import dataclass

from drivewm.scene import Scene, ScoreType
from tests.measures.hand import cruise, golden_road, scene_of, track

CAR = ScoreType.VEHICLE


@dataclass(frozen=True)
class Info:
    id: str
    source: str = "nuscenes"
    split: str = "val"
    location: str = "nowhere"
    content_hash: str = "0"


class HandFleet:
    """Three scenes: a free road, a standing car ahead, a road without lanes."""

    def __init__(self) -> None:
        self.scenes = tuple(Info(name) for name in ("free", "standing_car", "no_lanes"))

    def select(self, split=None, ids=None):
        return [i for i in self.scenes if ids is None or i.id in ids]

    def scene(self, scene_id: str) -> Scene:
        if scene_id == "standing_car":
            return scene_of(cruise(9.0, 61), track(CAR, 10.0, steps=61), name=scene_id)
        road = golden_road(lanes=scene_id == "free")
        return scene_of(cruise(9.0, 61), road=road, name=scene_id)
