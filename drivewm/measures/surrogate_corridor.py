"""Kernel of headway, DRAC and PET: what the ego's box sweeps. Shapes: T steps, N tracks, E poses.

Reference: Shapely over every pair of steps (in the tests).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.geometry.overlap import boxes_overlap, fill_corners
from drivewm.measures.surrogate_kernels import meeting_time

STANDING_MPS = 0.5


@njit(cache=True)
def _meets(
    ego_box: np.ndarray,
    x: float,
    y: float,
    heading: float,
    length_m: float,
    width_m: float,
    box: np.ndarray,
) -> bool:
    fill_corners(x, y, heading, length_m, width_m, box)
    return boxes_overlap(ego_box, box)


@njit(cache=True)
def _first_ahead(
    path: np.ndarray,  # [E, 3]
    boxes: np.ndarray,  # [E, 4, 2]
    arc_m: np.ndarray,  # [E]
    start: int,
    until_m: float,
    x: float,  # of the track
    y: float,
    heading: float,
    length_m: float,
    width_m: float,
    reach: float,
    box: np.ndarray,  # [4, 2] scratch
) -> int:
    """First pose from ``start`` whose box meets the track's, E = none up to the arc length."""
    e, count = start, len(path)
    while e < count and arc_m[e] <= until_m:
        dx, dy = x - path[e, 0], y - path[e, 1]
        far = math.sqrt(dx * dx + dy * dy) - reach  # hypot is several times slower
        if far > 0.0:  # nothing can meet before the path has covered the distance
            e = max(e + 1, np.searchsorted(arc_m, arc_m[e] + far))
        elif _meets(boxes[e], x, y, heading, length_m, width_m, box):
            return e
        else:
            e += 1
    return count


@njit(cache=True)
def _last_behind(
    path: np.ndarray,  # [E, 3]
    boxes: np.ndarray,  # [E, 4, 2]
    arc_m: np.ndarray,  # [E]
    start: int,
    stop: int,
    x: float,  # of the track
    y: float,
    heading: float,
    length_m: float,
    width_m: float,
    reach: float,
    box: np.ndarray,  # [4, 2] scratch
) -> int:
    """Last pose from ``start`` down to ``stop`` whose box meets the track's, -1 = none."""
    e = start
    while e >= stop:
        dx, dy = x - path[e, 0], y - path[e, 1]
        far = math.sqrt(dx * dx + dy * dy) - reach  # hypot is several times slower
        if far > 0.0:
            e = min(e - 1, np.searchsorted(arc_m, arc_m[e] - far, side="right") - 1)
        elif _meets(boxes[e], x, y, heading, length_m, width_m, box):
            return e
        else:
            e -= 1
    return -1


@njit(cache=True)
def _gap_m(
    path: np.ndarray,
    arc_m: np.ndarray,
    start: int,
    hit: int,
    place: np.ndarray,
    length_m: float,
    width_m: float,
    track_length_m: float,
    track_width_m: float,
) -> float:
    """Arc length from pose ``start`` to the touch between poses ``hit`` - 1 and ``hit``."""
    if hit == start:
        return 0.0
    e = hit - 1
    sx, sy = path[hit, 0] - path[e, 0], path[hit, 1] - path[e, 1]
    part = meeting_time(
        place[0] - path[e, 0], place[1] - path[e, 1], -sx, -sy, path[e, 2], length_m, width_m,
        place[3], track_length_m, track_width_m,
    )  # fmt: skip
    return arc_m[e] - arc_m[start] + min(part, 1.0) * (arc_m[hit] - arc_m[e])


@njit(cache=True)
def corridor(
    path: np.ndarray,  # [E, 3] box centres: the drive, then its extension
    arc_m: np.ndarray,  # [E]
    speed: np.ndarray,  # [T]
    length_m: float,
    width_m: float,
    state: np.ndarray,  # [N, T, 6]
    valid: np.ndarray,  # [N, T]
    size: np.ndarray,  # [N, 3]
    kind: np.ndarray,  # int64 [N], 0 vehicle or bicycle, 1 pedestrian, 2 object
    last_step: np.ndarray,  # int64 [N]
    corridor_m: float,
    pet_steps: int,
    headway: np.ndarray,  # [3, T] gap to the lead m, DRAC m/s2, PET steps
    who: np.ndarray,  # int64 [3, T]
) -> None:
    """Gap to the lead, deceleration to avoid a crash and post-encroachment time at every step.

    The corridor at a step is what the ego's box sweeps from there on, on the path it really took.
    """
    tracks, steps = valid.shape
    headway[0], headway[1], headway[2] = np.inf, 0.0, np.inf
    who[:] = -1
    box, boxes = np.empty((4, 2)), np.empty((len(path), 4, 2))
    for e in range(len(path)):
        fill_corners(path[e, 0], path[e, 1], path[e, 2], length_m, width_m, boxes[e])
    radius = math.hypot(length_m, width_m) / 2
    low_x, high_x = path[:, 0].min() - radius, path[:, 0].max() + radius
    low_y, high_y = path[:, 1].min() - radius, path[:, 1].max() + radius
    for n in range(tracks):
        own = math.hypot(size[n, 0], size[n, 1]) / 2
        reach = radius + own + 1e-6
        for s in range(min(steps, last_step[n] + 1)):
            x, y, heading = state[n, s, 0], state[n, s, 1], state[n, s, 3]
            if not valid[n, s] or not (
                low_x - own <= x <= high_x + own and low_y - own <= y <= high_y + own
            ):
                continue
            until_m = max(arc_m[s] + corridor_m, arc_m[min(s + pet_steps, steps - 1)])
            hit = _first_ahead(
                path, boxes, arc_m, s, until_m, x, y, heading, size[n, 0], size[n, 1], reach, box
            )
            if hit < len(path):
                later = hit - s
                met = hit < steps and hit <= last_step[n] and later <= pet_steps and kind[n] < 2
                if met and later < headway[2, hit]:
                    headway[2, hit], who[2, hit] = later, n
                gap = _gap_m(
                    path, arc_m, s, hit, state[n, s], length_m, width_m, size[n, 0], size[n, 1]
                )
                if hit > s and gap <= corridor_m:
                    _follow(path[hit, 2], gap, speed[s], state[n, s], kind[n], n, s, headway, who)
            if kind[n] == 2:  # an object does not arrive
                continue
            stop = max(0, s - pet_steps)
            left = _last_behind(
                path, boxes, arc_m, s, stop, x, y, heading, size[n, 0], size[n, 1], reach, box
            )
            if left >= 0 and s - left < headway[2, left]:
                headway[2, left], who[2, left] = s - left, n


@njit(cache=True)
def _follow(
    heading: float,
    gap_m: float,
    speed: float,
    place: np.ndarray,
    kind: int,
    n: int,
    s: int,
    headway: np.ndarray,
    who: np.ndarray,
) -> None:
    """Takes a track ahead in the corridor into the gap and the deceleration of its step."""
    cos, sin = math.cos(heading), math.sin(heading)
    along, across = cos * place[4] + sin * place[5], cos * place[5] - sin * place[4]
    if kind == 2:
        along = across = 0.0
    standing = math.hypot(along, across) < STANDING_MPS
    lead = kind == 0 and (standing or abs(across) <= along)
    if kind == 0 and not lead:  # crossing or oncoming
        return
    if lead and gap_m < headway[0, s]:
        headway[0, s], who[0, s] = gap_m, n
    closing = speed - max(0.0, along)
    if closing > 0.0 and gap_m > 0.0:
        needed = closing * closing / (2.0 * gap_m)
        if needed > headway[1, s]:
            headway[1, s], who[1, s] = needed, n
