"""The cyclic light programme."""

from __future__ import annotations

import numpy as np

from drivewm.scene import LightStatus
from drivewm.sim.lights import LightProgram

TWO = LightProgram(
    lane_ids=("a", "b", "c"), stop_points=np.zeros((3, 2)), group=np.array([0, 1, 0]),
    green_s=(10.0, 8.0), yellow_s=3.0, all_red_s=2.0,
)  # fmt: skip


def test_phases_follow_each_other():
    seen = [tuple(TWO.status_at(t)) for t in (0, 9.9, 10, 13, 14.9, 15, 22.9, 23, 26, 28)]
    g, y, r = LightStatus.GREEN, LightStatus.YELLOW, LightStatus.RED
    assert seen == [
        (g, r, g), (g, r, g), (y, r, y), (r, r, r), (r, r, r), (r, g, r), (r, g, r), (r, y, r),
        (r, r, r), (g, r, g),
    ]  # fmt: skip


def test_two_groups_are_never_open_together():
    for t in np.arange(0, 2 * TWO.cycle_s, 0.1):
        a, b, _ = TWO.status_at(t) != LightStatus.RED
        assert not (a and b)


def test_no_lights_give_an_empty_status():
    assert LightProgram().status_at(3.0).shape == (0,)
