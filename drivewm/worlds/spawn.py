"""Fills a world with moving traffic: drivers along the lanes, events around the ego."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.sim.traffic_paths import arc_lengths
from drivewm.sim.traffic_state import Event, Mode, Trigger
from drivewm.worlds.cast import Cast, Member
from drivewm.worlds.catalogue import BICYCLE, BUS, CAR, TRAFFIC_MIX, TRUCK, draw_kind, draw_size
from drivewm.worlds.pathways import Pathways


@dataclass(frozen=True, kw_only=True)
class EgoPlan:
    """Where the ego begins: its lane sequence, path, arc length of the rear axle, speed."""

    lanes: tuple[int, ...]
    path: int
    s: float
    speed: float


@dataclass(kw_only=True)
class Stage:
    """What the spawners work on."""

    ways: Pathways
    cast: Cast
    rng: np.random.Generator
    density: float
    ego: EgoPlan
    events: list[tuple]  # rows of traffic_state.Events
    duration_s: float


def add_driver(stage: Stage, lane: int, s: float, *, kind=None, speed=None, **more) -> int:
    """A driver on a lane at arc length ``s`` of it, bound for somewhere."""
    rng, network = stage.rng, stage.ways.network
    outermost = network.lanes[lane].right < 0
    kind = kind or draw_kind(TRAFFIC_MIX, rng)
    if kind is BICYCLE and not outermost:
        kind = CAR
    straight = kind in (BUS, TRUCK)
    lanes = stage.ways.straightest(lane, rng) if straight else stage.ways.walk(lane, rng)
    target = network.speed_limit_mps * rng.uniform(*kind.pace)
    side = -(network.lanes[lane].width_m / 2 - 0.4) if kind is BICYCLE else rng.normal(0, 0.08)
    pace = target * rng.uniform(0.7, 1.0) if speed is None else min(speed, target)
    return stage.cast.add(
        Member(
            kind=kind, size_m=draw_size(kind, rng), mode=Mode.DRIVE, path=stage.ways.path(lanes),
            s=s, speed=pace, target=target, lateral=float(side),
            headway=rng.uniform(1.0, 1.7), **more,
        )
    )  # fmt: skip


def fill_lanes(stage: Stage) -> None:
    """Drivers at random distances on every lane that is not a connector, and later arrivals."""
    network, rng = stage.ways.network, stage.rng
    ego_at = {stage.ego.lanes[0]: stage.ego.s}
    for index, lane in enumerate(network.lanes):
        if lane.is_connector:
            continue
        length = float(arc_lengths(lane.line)[-1])
        s = rng.uniform(5, 40)
        while s < length - 12:
            near_ego = abs(s - ego_at.get(index, -1e3)) < 22
            if not near_ego and rng.random() < min(0.62 * stage.density, 0.95):
                room = 12.0 if s > length - 40 else 1e3  # slower where the junction is near
                add_driver(stage, index, s, speed=min(room, 12.0), clear=3.0)
            s += rng.uniform(22, 55)
    entries = [k for k in range(len(network.lanes)) if is_entry(network, k)]
    for index in entries:
        time = rng.uniform(2, 9)
        while time < stage.duration_s:
            if rng.random() < min(0.55 * stage.density, 0.9):
                add_driver(stage, index, 6.0, appear=time, clear=9.0)
            time += rng.uniform(5, 11)


def is_entry(network, index: int) -> bool:
    """Whether no lane leads into this one."""
    return all(index not in lane.successors for lane in network.lanes)


def stage_lead(stage: Stage) -> None:
    """A car ahead of the ego, which in some worlds brakes hard."""
    rng = stage.rng
    if rng.random() > 0.75:
        return
    ahead = stage.ego.s + rng.uniform(20, 40)
    lead = add_driver(
        stage, stage.ego.lanes[0], ahead, kind=CAR, speed=stage.ego.speed * rng.uniform(0.85, 1.1)
    )
    if rng.random() < 0.45:
        row = (lead, Event.HARD_BRAKE, Trigger.TIME, rng.uniform(3, 13), -1, 0.0,
               rng.uniform(1.2, 2.8))  # fmt: skip
        stage.events.append(row)


def stage_cut_in(stage: Stage) -> None:
    """A car beside the ego's lane that moves over shortly ahead of it, in some worlds."""
    rng, network = stage.rng, stage.ways.network
    lane = stage.ego.lanes[0]
    sides = [k for k in (network.lanes[lane].left, network.lanes[lane].right) if k >= 0]
    if not sides or rng.random() > 0.6:
        return
    side = sides[int(rng.integers(len(sides)))]
    s = stage.ego.s + rng.uniform(2, 16)
    car = add_driver(stage, side, s, kind=CAR, speed=stage.ego.speed * rng.uniform(0.95, 1.2))
    target = stage.ways.path(stage.ego.lanes)
    row = (car, Event.LANE_CHANGE, Trigger.AHEAD_OF_EGO, rng.uniform(7, 16), target,
           rng.uniform(2.0, 5.0), rng.uniform(2.2, 3.6))  # fmt: skip
    stage.events.append(row)


def stage_lane_changes(stage: Stage) -> None:
    """Some of the drivers with a neighbouring lane change to it when there is room."""
    rng, network = stage.rng, stage.ways.network
    busy = {row[0] for row in stage.events}
    for i, member in enumerate(list(stage.cast.members)):
        if member.mode != Mode.DRIVE or member.kind is BICYCLE or i in busy:
            continue
        lane = stage.ways.first_lane(member.path)
        options = [k for k in (network.lanes[lane].left, network.lanes[lane].right) if k >= 0]
        if options and rng.random() < 0.3:
            to = stage.ways.path(stage.ways.walk(options[int(rng.integers(len(options)))], rng))
            row = (i, Event.LANE_CHANGE, Trigger.TIME, rng.uniform(1, 14), to, 7.0,
                   rng.uniform(3.0, 4.5))  # fmt: skip
            stage.events.append(row)
