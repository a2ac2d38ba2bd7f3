"""A fleet of hand-built scenes with traffic around the ego, picklable."""

from __future__ import annotations

from drivewm.scene import Scene, ScoreType
from tests.eval.hand_fleet import Info
from tests.measures.hand import cruise, scene_of, track

CAR, WALKER, CYCLIST = ScoreType.VEHICLE, ScoreType.PEDESTRIAN, ScoreType.BICYCLE
STEPS = 51


def car(x, y, speed, heading=0.0):
    return track(CAR, x, y, heading=heading, speed=speed, steps=STEPS)


ROADS = {
    "following": [car(-5.0, 0.0, 6.0), car(20.0, 0.0, 6.0), car(-10.0, 3.5, 11.0)],
    "queue": [car(30.0 + 7.0 * k, 0.0, 0.0) for k in range(4)],
    "oncoming": [car(90.0, 7.0, 10.0, heading=3.14159), car(-60.0, 0.0, 12.0)],
    "crossing": [
        track(WALKER, 15.0, -6.0, heading=1.5708, speed=1.4, steps=STEPS),
        track(CYCLIST, 5.0, 0.5, speed=4.0, steps=STEPS),
    ],
}


class BusyFleet:
    """Four scenes of 5 s: a moving lead, a queue, oncoming and following traffic, a walker."""

    def select(self, split=None, ids=None):
        return [Info(name) for name in ROADS if ids is None or name in ids]

    def scene(self, scene_id: str) -> Scene:
        return scene_of(cruise(9.0, STEPS), *ROADS[scene_id], name=scene_id)
