"""One 0.1 s step of every agent (Numba kernels). Shapes: M slots (the ego is the last)."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.sim.idm import idm_acceleration
from drivewm.sim.traffic_look import (
    DRIVE,
    EGO,
    FREE_M,
    WALK,
    box_distance,
    boxes_touch,
    lead_ahead,
    light_gap,
    offset_now,
    on_path,
    path_length,
    project,
    yield_gap,
)  # fmt: skip

LANE_CHANGE, HARD_BRAKE = 0, 1
AT_TIME, AHEAD_OF_EGO = 0, 1
HARD_BRAKE_MPS2 = 5.0


@njit(cache=True)
def follow(agents, i, gap, lead_speed):
    """IDM acceleration clipped to what the driver is willing to do, harder when it must."""
    min_gap, headway, accel_max, decel, hardest = agents.idm[i]
    speed = agents.speed[i]
    accel = idm_acceleration(
        speed, agents.target[i], gap, lead_speed, min_gap, headway, accel_max, decel
    )
    closing = max(speed * speed - lead_speed * lead_speed, 0.0)
    must = closing / (2.0 * max(gap - 0.7 * min_gap, 0.2)) if speed > lead_speed else 0.0
    lowest = -hardest if must > decel else -decel
    return min(max(accel, lowest), accel_max)


@njit(cache=True)
def drive_accel(agents, paths, lights, i, time):
    """Acceleration of a driver on its path: leads, red lights, yielding, curves."""
    speed, target = agents.speed[i], agents.target[i]
    look = 15.0 + 1.5 * speed + speed * speed / 4.0
    gap, lead_speed, _ = lead_ahead(agents, paths, i, time, look)
    accel = follow(agents, i, gap, lead_speed)
    slack = agents.idm[i, 0] - 0.5  # stop lines are approached to half a metre
    stop = min(light_gap(agents, paths, lights, i), yield_gap(agents, paths, lights, i))
    if stop < FREE_M:
        accel = min(accel, follow(agents, i, stop + slack, 0.0))
    bound = on_path(paths, agents.path[i], agents.s[i])[4]
    if speed > min(bound, target):
        accel = min(accel, max(-2.5, 1.5 * (min(bound, target) - speed)))
    elif bound < target:
        accel = min(accel, agents.idm[i, 2] * (1.0 - (speed / max(bound, 0.1)) ** 4))
    return accel


@njit(cache=True)
def walk_speed(agents, paths, i):
    """Speed a pedestrian wants: waits at the kerb for a gap and never walks into a vehicle."""
    x, y, heading = agents.pose[i, 0], agents.pose[i, 1], agents.pose[i, 2]
    ahead_x, ahead_y = x + 0.9 * math.cos(heading), y + 0.9 * math.sin(heading)
    at_kerb = 0.0 <= agents.kerb_s[i] - agents.s[i] < 0.4
    end_x, end_y, way = x, y, 0.0
    if at_kerb:
        end_x, end_y, _, _, _ = on_path(paths, agents.path[i], agents.kerb_end_s[i])
        way = math.hypot(end_x - x, end_y - y)
    for j in range(len(agents.mode)):
        vehicle = agents.mode[j] == DRIVE or agents.mode[j] == EGO
        if j == i or not vehicle or not agents.active[j]:
            continue
        px, py, turn = agents.pose[j, 0], agents.pose[j, 1], agents.pose[j, 2]
        length, width = agents.size[j, 0], agents.size[j, 1]
        if box_distance(ahead_x, ahead_y, px, py, turn, length, width) < 0.45:
            return 0.0
        if not at_kerb or (px - x) ** 2 + (py - y) ** 2 > 80.0**2:
            continue
        moments = int((way / max(agents.target[i], 0.5) + 1.5) / 0.5)
        for k in range(moments if agents.speed[j] > 0.3 else 1):
            moved = agents.speed[j] * 0.5 * k
            mx, my = px + moved * math.cos(turn), py + moved * math.sin(turn)
            along = ((mx - x) * (end_x - x) + (my - y) * (end_y - y)) / max(way * way, 1e-6)
            part = min(max(along, 0.0), 1.0)
            near_x, near_y = x + part * (end_x - x), y + part * (end_y - y)
            if box_distance(near_x, near_y, mx, my, turn, length, width) < 1.2:
                return 0.0
    return agents.target[i]


@njit(cache=True)
def lane_is_clear(agents, paths, i, path, s, gap_m, time):
    """Whether nobody is, or soon will be, within ``gap_m`` before and behind on the new path."""
    for j in range(len(agents.mode)):
        if j == i or not agents.active[j]:
            continue
        dx, dy = agents.pose[j, 0] - agents.pose[i, 0], agents.pose[j, 1] - agents.pose[i, 1]
        if dx * dx + dy * dy > 60.0**2:
            continue
        at, side = project(paths, path, agents.pose[j, 0], agents.pose[j, 1], s - 50.0, s + 50.0)
        _, rest = offset_now(agents, j, time)
        width = 4.5 if abs(rest) > 0.3 else 2.0  # who changes lanes too may come here
        if abs(side) > width or abs(at - s) > 49.0:
            continue
        room = abs(at - s) - (agents.size[i, 0] + agents.size[j, 0]) / 2
        faster = agents.speed[j] - agents.speed[i] if at < s else agents.speed[i] - agents.speed[j]
        if room < gap_m + max(1.5 * faster, 0.0):
            return False
    return True


@njit(cache=True)
def run_events(agents, paths, events, time):
    """Starts scripted lane changes and brakings whose trigger holds."""
    ego = len(agents.mode) - 1
    for e in range(len(events.agent)):
        i = events.agent[e]
        if events.done[e] or not agents.active[i]:
            continue
        if events.trigger[e] == AT_TIME:
            due = time >= events.value[e]
        else:
            dx = agents.pose[i, 0] - agents.pose[ego, 0]
            dy = agents.pose[i, 1] - agents.pose[ego, 1]
            cos, sin = math.cos(agents.pose[ego, 2]), math.sin(agents.pose[ego, 2])
            along = dx * cos + dy * sin
            reach = (agents.size[i, 0] + agents.size[ego, 0]) / 2
            due = along > reach and along - reach < events.value[e]
        if not due:
            continue
        if events.kind[e] == HARD_BRAKE:
            agents.brake_until[i] = time + events.duration[e]
            events.done[e] = True
            continue
        s, side = project(paths, events.path[e], agents.pose[i, 0], agents.pose[i, 1], 0.0, FREE_M)
        room = path_length(paths, events.path[e]) - s
        if abs(side) > 5.0 or room < 25.0:
            events.done[e] = True
        elif lane_is_clear(agents, paths, i, events.path[e], s, events.gap[e], time):
            agents.path[i], agents.s[i] = events.path[e], s
            agents.shift[i] = side - agents.lateral[i]
            agents.shift_start[i], agents.shift_time[i] = time, events.duration[e]
            events.done[e] = True


@njit(cache=True)
def place(agents, paths, i, time):
    """Writes the pose of a slot from its path, arc length and offset."""
    side, rest = offset_now(agents, i, time)
    half = 0.3 * agents.size[i, 0]
    x, y, heading, z, _ = on_path(paths, agents.path[i], agents.s[i])
    if agents.mode[i] == DRIVE:
        ax, ay, _, _, _ = on_path(paths, agents.path[i], agents.s[i] - half)
        bx, by, _, _, _ = on_path(paths, agents.path[i], agents.s[i] + half)
        turn = math.atan2(by - ay, bx - ax) - heading
        turn = math.atan2(math.sin(turn), math.cos(turn))
        if abs(turn) < 0.6:  # not where a recorded car reversed
            heading += turn
    agents.pose[i, 0] = x - side * math.sin(heading)
    agents.pose[i, 1] = y + side * math.cos(heading)
    if abs(rest) > 1e-3:
        later, _ = offset_now(agents, i, time + 0.1)
        heading += math.atan2(later - side, max(agents.speed[i], 3.0) * 0.1)
    agents.pose[i, 2], agents.pose[i, 3] = math.atan2(math.sin(heading), math.cos(heading)), z


@njit(cache=True)
def enter(agents, paths, time):
    """Brings in agents whose time has come and whose place is free."""
    for i in range(len(agents.mode) - 1):
        waits = (agents.mode[i] == DRIVE or agents.mode[i] == WALK) and not agents.active[i]
        if not waits or agents.gone[i] or agents.appear[i] > time + 1e-6:
            continue
        place(agents, paths, i, time)
        grown = np.array([agents.size[i, 0] + 2.0 * agents.clear[i], agents.size[i, 1]])
        free = True
        for j in range(len(agents.mode)):
            if j != i and agents.active[j] and free:
                _, rest = offset_now(agents, j, time)  # who changes lanes may come here
                grown[1] = agents.size[i, 1] + (6.0 if abs(rest) > 0.3 else 0.0)
                free = not boxes_touch(agents.pose[i], grown, agents.pose[j], agents.size[j], 0.1)
        agents.active[i] = free


@njit(cache=True)
def step_agents(agents, paths, events, lights, time, dt):
    """Advances every slot but the ego and the replayed ones from ``time`` to ``time + dt``."""
    run_events(agents, paths, events, time)
    count = len(agents.mode)
    accel = np.zeros(count)
    for i in range(count):
        if not agents.active[i]:
            continue
        if agents.mode[i] == DRIVE:
            accel[i] = drive_accel(agents, paths, lights, i, time)
            if agents.brake_until[i] > time:
                accel[i] = min(accel[i], -HARD_BRAKE_MPS2)
        elif agents.mode[i] == WALK:
            wanted = (walk_speed(agents, paths, i) - agents.speed[i]) / dt
            accel[i] = min(max(wanted, -8.0), 1.5)
    for i in range(count):
        if not agents.active[i] or (agents.mode[i] != DRIVE and agents.mode[i] != WALK):
            continue
        before = agents.speed[i]
        agents.speed[i] = max(before + accel[i] * dt, 0.0)
        agents.accel[i] = (agents.speed[i] - before) / dt
        agents.s[i] += before * dt
        agents.waited[i] = agents.waited[i] + dt if agents.speed[i] < 0.1 else 0.0
        if agents.s[i] > path_length(paths, agents.path[i]):
            agents.active[i], agents.gone[i] = False, True
        place(agents, paths, i, time + dt)
    enter(agents, paths, time + dt)
