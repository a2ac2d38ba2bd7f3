"""A roundabout whose every measure is given; exits are counted from the ego's entry on."""

from __future__ import annotations

import numpy as np

from drivewm.scenarios.roads.drawn import Arm, Drawn
from drivewm.scenarios.schema_road import Roundabout
from drivewm.worlds.layouts.network import Network, resample
from drivewm.worlds.layouts.roads import (
    SHOULDER_M,
    Road,
    Section,
    close_end,
    draw_crossing,
    draw_road,
    draw_stop_line,
)
from drivewm.worlds.layouts.roundabout import draw_ring_area, link_arm

SPREAD_RAD = 0.56  # an arm's exit and entry meet the ring this far beside its axis
MEDIAN_M = 1.0
MOUTH_M = 15.0  # from the ring to where lanes begin


def draw_ring(network: Network, road: Roundabout) -> Drawn:
    """The ring round the origin runs counter-clockwise; the ego's arm comes from -x."""
    angles = np.pi + np.arange(road.arms) * 2 * np.pi / road.arms
    section = Section(forward=1, backward=1, lane_m=road.lane_m, median_m=MEDIAN_M)
    ring_m, radius = road.lane_m + 0.8, road.radius_m
    roads = [_arm(network, road, angle, section) for angle in angles]
    ring_road = network.new_road()

    def arc(start: float, end: float) -> int:
        steps = start + np.linspace(0, 1, 40) * ((end - start) % (2 * np.pi))
        line = radius * np.stack([np.cos(steps), np.sin(steps)], -1)
        return network.lane(line, ring_m, ring_road, is_connector=True)

    fronts = [arc(angle - SPREAD_RAD, angle + SPREAD_RAD) for angle in angles]
    betweens = [arc(angles[k] + SPREAD_RAD, angles[(k + 1) % road.arms] - SPREAD_RAD)
                for k in range(road.arms)]  # fmt: skip
    for k, (arm, angle) in enumerate(zip(roads, angles)):
        ring = (fronts[k], betweens[k], betweens[k - 1])
        link_arm(network, arm, ring, radius, float(angle), SPREAD_RAD)
    draw_ring_area(network, roads, radius, ring_m)
    arms = {"near": _ends(roads[0])}
    arms |= {f"exit_{k}": _ends(roads[k % road.arms]) for k in range(1, road.arms + 1)}
    line = resample(np.vstack([roads[0].line[::-1], np.zeros((1, 2))]))
    half_m = section.right_m - SHOULDER_M
    return Drawn(network=network, line=line, arms=arms, near_m=road.arm_m,
                 half_m={"left": half_m, "right": half_m})  # fmt: skip


def _ends(arm: Road) -> Arm:
    return Arm(entering=arm.backward, leaving=arm.forward)


def _arm(network: Network, road: Roundabout, angle: float, section: Section) -> Road:
    away = np.array([np.cos(angle), np.sin(angle)])
    inner = road.radius_m + MOUTH_M
    arm = draw_road(network, np.outer([inner, inner + road.arm_m], away), section)
    close_end(network, arm, at_start=False)
    if road.crossings:
        draw_crossing(network, arm, 6.0)
    draw_stop_line(network, arm.backward[0])
    return arm
