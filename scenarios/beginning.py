"""Who is there when a scenario begins. Shapes: N tracks, T steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from drivewm.scene import Scene, Tracks
from drivewm.sim.traffic import Traffic

NOBODY = Tracks(
    ids=(), categories=(), score_type=np.zeros(0, np.int8), occ_class=np.zeros(0, np.int8),
    size_m=np.zeros((0, 3)), state=np.zeros((0, 1, 6)), valid=np.zeros((0, 1), bool),
)  # fmt: skip


def with_tracks(scene: Scene, traffic: Traffic) -> Scene:
    """The scene with everybody where they begin, known at the first step alone."""
    steps, count = scene.steps, len(traffic.ids)
    valid = np.zeros((count, steps), bool)
    valid[:, 0] = traffic.valid
    tracks = Tracks(
        ids=traffic.ids, categories=traffic.categories, score_type=traffic.score_type,
        occ_class=traffic.occ_class, size_m=traffic.size_m,
        state=np.repeat(traffic.state[:, None], steps, axis=1), valid=valid,
    )  # fmt: skip
    return replace(scene, tracks=tracks)
