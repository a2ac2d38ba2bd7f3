"""What a driver sees along its path: leads, stop lines, conflicting traffic (Numba kernels).

Shapes: M slots (the ego is the last), W look-ahead samples.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

DRIVE, WALK, EGO = 1, 2, 4
GREEN, YELLOW, RED = 0, 1, 2
STEP_M = 0.75
SPEEDS_UP_MPS2 = 1.2
FREE_M = 1e6


@njit(cache=True)
def on_path(paths, path, s):
    """(x, y, heading, z, speed bound) at arc length ``s``; straight on beyond both ends."""
    first, last = paths.first[path], paths.first[path + 1] - 1
    position = s / paths.spacing_m[path]
    index = min(max(int(position), 0), last - first - 1)
    part = position - index
    inside = min(max(part, 0.0), 1.0)
    a, b = paths.samples[first + index], paths.samples[first + index + 1]
    heading = a[2] + inside * (b[2] - a[2])
    beyond = (part - inside) * paths.spacing_m[path]
    x = a[0] + inside * (b[0] - a[0]) + beyond * math.cos(heading)
    y = a[1] + inside * (b[1] - a[1]) + beyond * math.sin(heading)
    return x, y, heading, a[3] + inside * (b[3] - a[3]), b[4] if inside > 0.5 else a[4]


@njit(cache=True)
def path_length(paths, path):
    return (paths.first[path + 1] - paths.first[path] - 1) * paths.spacing_m[path]


@njit(cache=True)
def project(paths, path, x, y, low_s, high_s):
    """Nearest (arc length, signed offset to the left) on a stretch of a path."""
    spacing = paths.spacing_m[path]
    first, count = paths.first[path], paths.first[path + 1] - paths.first[path]
    low = min(max(int(low_s / spacing), 0), count - 1)
    high = min(max(int(high_s / spacing) + 1, 0), count - 1)
    best, found = 1e18, low
    for k in range(low, high + 1):
        dx, dy = x - paths.samples[first + k, 0], y - paths.samples[first + k, 1]
        if dx * dx + dy * dy < best:
            best, found = dx * dx + dy * dy, k
    heading = paths.samples[first + found, 2]
    dx, dy = x - paths.samples[first + found, 0], y - paths.samples[first + found, 1]
    along = dx * math.cos(heading) + dy * math.sin(heading)
    return found * spacing + along, -dx * math.sin(heading) + dy * math.cos(heading)


@njit(cache=True)
def box_distance(x, y, box_x, box_y, heading, length, width):
    """Distance from a point to an oriented box; 0 inside."""
    dx, dy = x - box_x, y - box_y
    cos, sin = math.cos(heading), math.sin(heading)
    along = max(abs(dx * cos + dy * sin) - length / 2, 0.0)
    across = max(abs(dy * cos - dx * sin) - width / 2, 0.0)
    return math.hypot(along, across)


@njit(cache=True)
def boxes_touch(a, size_a, b, size_b, inflate):
    """Whether two boxes (pose x, y, heading; size length, width) come within ``inflate`` metres
    by the separating-axis test (the first box is grown on every side)."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    half_a0, half_a1 = size_a[0] / 2 + inflate, size_a[1] / 2 + inflate
    half_b0, half_b1 = size_b[0] / 2, size_b[1] / 2
    cos, sin = abs(math.cos(b[2] - a[2])), abs(math.sin(b[2] - a[2]))
    ca, sa, cb, sb = math.cos(a[2]), math.sin(a[2]), math.cos(b[2]), math.sin(b[2])
    return (
        abs(dx * ca + dy * sa) <= half_a0 + half_b0 * cos + half_b1 * sin
        and abs(dy * ca - dx * sa) <= half_a1 + half_b0 * sin + half_b1 * cos
        and abs(dx * cb + dy * sb) <= half_b0 + half_a0 * cos + half_a1 * sin
        and abs(dy * cb - dx * sb) <= half_b1 + half_a0 * sin + half_a1 * cos
    )


@njit(cache=True)
def offset_now(agents, i, time):
    """Offset to the left of the path, and what is left of a lane change in it."""
    part = (time - agents.shift_start[i]) / agents.shift_time[i]
    part = min(max(part, 0.0), 1.0)
    rest = agents.shift[i] * (1.0 - part * part * (3.0 - 2.0 * part))
    return agents.lateral[i] + rest, rest


@njit(cache=True)
def corridor(agents, paths, i, time, look_m):
    """Centre points [W, 2] ahead of the front bumper and their headings [W], first on the present
    offset and, during a lane change, also on the final one."""
    _, rest = offset_now(agents, i, time)
    radius = agents.size[i, 1] / 2 + agents.margin[i]
    start = agents.s[i] + agents.size[i, 0] / 2 - radius
    count = int(look_m / STEP_M) + 1
    rows = 2 if abs(rest) > 0.3 else 1
    points = np.empty((rows * count, 4))
    for row in range(rows):
        for k in range(count):
            s = start + k * STEP_M
            x, y, heading, _, _ = on_path(paths, agents.path[i], s)
            side = agents.lateral[i] + (rest if row == 0 else 0.0)
            points[row * count + k, 0] = x - side * math.sin(heading)
            points[row * count + k, 1] = y + side * math.cos(heading)
            points[row * count + k, 2] = heading
            points[row * count + k, 3] = k * STEP_M
    return points, radius


@njit(cache=True)
def lead_ahead(agents, paths, i, time, look_m):
    """(gap m, its speed along the path m/s, slot) of the first box in the corridor; slot -1: none.

    Walking pedestrians also count where they will be within 1.6 s.
    """
    points, radius = corridor(agents, paths, i, time, look_m)
    x0, y0 = agents.pose[i, 0], agents.pose[i, 1]
    cos0, sin0 = math.cos(agents.pose[i, 2]), math.sin(agents.pose[i, 2])
    best, speed, who = FREE_M, 0.0, -1
    for j in range(len(agents.mode)):
        if j == i or not agents.active[j]:
            continue
        dx, dy = agents.pose[j, 0] - x0, agents.pose[j, 1] - y0
        reach = look_m + agents.size[i, 0] + agents.size[j, 0]
        if dx * dx + dy * dy > reach * reach or dx * cos0 + dy * sin0 <= 0.0:
            continue
        heading, length, width = agents.pose[j, 2], agents.size[j, 0], agents.size[j, 1]
        futures = 3 if agents.mode[j] == WALK and agents.speed[j] > 0.1 else 1
        for future in range(futures):
            moved = agents.speed[j] * 0.8 * future
            bx = agents.pose[j, 0] + moved * math.cos(heading)
            by = agents.pose[j, 1] + moved * math.sin(heading)
            near = radius + 0.5 * math.hypot(length, width)
            for k in range(len(points)):
                if points[k, 3] >= best:
                    continue
                ex, ey = points[k, 0] - bx, points[k, 1] - by
                if ex * ex + ey * ey > near * near:
                    continue
                px, py = points[k, 0], points[k, 1]
                if box_distance(px, py, bx, by, heading, length, width) < radius:
                    along = agents.speed[j] * math.cos(heading - points[k, 2])
                    best, speed, who = points[k, 3], max(along, 0.0), j
    return best, speed, who


@njit(cache=True)
def light_gap(agents, paths, lights, i):
    """Distance from the front bumper to the next stop line that must be held; FREE_M if none."""
    front = agents.s[i] + agents.size[i, 0] / 2
    path, speed = agents.path[i], agents.speed[i]
    for k in range(paths.light_first[path], paths.light_first[path + 1]):
        gap = paths.light_s[k] - front
        status = lights[paths.light_index[k]]
        if gap < -0.5 or (status != YELLOW and status != RED):
            continue
        needed = speed * speed / (2.0 * max(gap, 0.1))
        if needed < (2.5 if status == YELLOW else 5.0) or speed < 1.0:
            return max(gap, 0.0)
    return FREE_M


@njit(cache=True)
def held_by_light(agents, paths, lights, j, before_s):
    """Whether a light that is not green stands between slot ``j`` and ``before_s``."""
    front = agents.s[j] + agents.size[j, 0] / 2
    path = agents.path[j]
    for k in range(paths.light_first[path], paths.light_first[path + 1]):
        ahead = front - 0.5 < paths.light_s[k] <= before_s
        if ahead and lights[paths.light_index[k]] != GREEN:
            return True
    return False


@njit(cache=True)
def arrival(agents, paths, lights, i, j, zone):
    """(time in, time out) of slot ``j`` in a zone where it has priority over ``i``; -1, -1 when it
    does not matter."""
    stop, enter, leave = paths.zone_prior[agents.path[j], zone]
    front, rear = agents.s[j] + agents.size[j, 0] / 2, agents.s[j] - agents.size[j, 0] / 2
    speed, inside = agents.speed[j], front > stop + 0.5
    if rear > leave or (paths.zone_soft[zone] and not inside):
        return -1.0, -1.0
    away = enter - front
    if away > 0.0 and held_by_light(agents, paths, lights, j, enter):
        return -1.0, -1.0
    if away <= 0.0:
        return 0.0, (leave - rear) / max(speed, 1.0)
    if speed < 0.5 and agents.waited[i] > 5.0 + 0.3 * i:
        return -1.0, -1.0  # it stands: whoever waited long goes first
    reached = math.sqrt(speed * speed + 2.0 * SPEEDS_UP_MPS2 * away)
    pace = 0.5 * (speed + max(min(reached, agents.target[j]), speed))
    return away / pace, (leave - rear) / max(0.5 * (speed + pace), 1.0)


@njit(cache=True)
def yield_gap(agents, paths, lights, i):
    """Distance to the yield line where slot ``i`` must wait for a gap; FREE_M if it may go."""
    path, speed = agents.path[i], agents.speed[i]
    front, rear = agents.s[i] + agents.size[i, 0] / 2, agents.s[i] - agents.size[i, 0] / 2
    best = FREE_M
    for zone in range(len(paths.zone_soft)):
        stop, enter, leave = paths.zone_yield[path, zone]
        gap = stop - front
        if gap <= -1.0 and not paths.zone_soft[zone]:
            gap = enter - 1.0 - front  # over the line already: the next place to wait
        if not gap > -1.0 or gap > speed * speed / 3.0 + 12.0 or gap >= best:
            continue
        if speed * speed / (2.0 * max(gap, 0.1)) > 6.0:
            continue  # too late to stop before the line
        pace = max(speed, 0.5 * (speed + min(agents.target[i], 6.0)))
        time_in, time_out = (enter - front) / pace, (leave - rear) / pace
        for j in range(len(agents.mode)):
            moving = agents.mode[j] == DRIVE or agents.mode[j] == EGO
            if j == i or not moving or not agents.active[j] or agents.path[j] < 0:
                continue
            if not paths.zone_prior[agents.path[j], zone, 1] > -1e9:
                continue
            other_in, other_out = arrival(agents, paths, lights, i, j, zone)
            if other_out >= 0.0 and other_in < time_out + 1.0 and other_out + 1.0 > time_in:
                best = max(gap, 0.0)
                break
    return best
