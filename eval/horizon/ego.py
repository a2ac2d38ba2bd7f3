"""Where the ego is while a model imagines, also after its log has ended.

As long as the log lasts the ego moves as recorded. After its last frame it keeps the speed of the
last second along the scene's route, at the side of it where it was; past the route's end, or
without a route, straight on. Shapes: K frames of the log, H steps, P points of the route.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.eval.forecast.truth import SceneTruth
from drivewm.geometry.polylines import arc_lengths, project, without_repeats
from drivewm.geometry.se2 import compose, relative, wrap_angle
from drivewm.models.grid import STEP_S
from drivewm.scene import EgoColumn

POSE = [EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]
LAST_S = 1.0  # of the log, over which the speed is taken
FAR_M = 10.0  # further than this from its route the ego does not follow it
FADE_M = 10.0  # over which the ego turns parallel to the route
BEYOND_M = 1000.0  # how far the route goes straight on after its end


@dataclass(frozen=True, kw_only=True)
class EgoPath:
    """The ego's poses of one window."""

    poses: np.ndarray  # [H + 1, 3] in the frame of now
    dt_s: np.ndarray  # [H] seconds of each step
    recorded: int  # steps that the log holds; after them the speed is kept


def ego_path(truth: SceneTruth, keyframe: int, steps: int) -> EgoPath:
    """The ego from frame ``keyframe`` on, for ``steps`` steps."""
    recorded = min(steps, len(truth.poses) - 1 - keyframe)
    span = slice(keyframe, keyframe + recorded + 1)
    poses = relative(truth.poses[keyframe], truth.poses[span])
    dt_s = np.concatenate(
        [truth.frames.dt_s[keyframe : keyframe + recorded], np.full(steps - recorded, STEP_S)]
    )
    if recorded < steps:
        speed = last_speed(truth)
        last = truth.scene.ego[int(truth.steps[-1])][POSE].astype(np.float64)
        times = STEP_S * np.arange(1, steps - recorded + 1)
        beyond = along_route(truth.scene.route, last, speed * times)
        poses = np.concatenate([poses, compose(poses[-1], relative(last, beyond))])
    return EgoPath(poses=poses, dt_s=dt_s.astype(np.float32), recorded=recorded)


def last_speed(truth: SceneTruth) -> float:
    """Mean speed of the log's last second, m/s."""
    count = max(1, round(LAST_S / STEP_S))
    motion, dt_s = truth.frames.motion[-count:], truth.frames.dt_s[-count:]
    return float(np.hypot(motion[:, 0], motion[:, 1]).sum() / dt_s.sum())


def along_route(route: np.ndarray, pose: np.ndarray, travelled_m: np.ndarray) -> np.ndarray:
    """Poses after so many metres along a route, at a constant distance from it.

    Args:
        route: [P, 2], map frame.
        pose: [3] at the start.
        travelled_m: [H] since then.

    Returns:
        [H, 3]; straight on where the route is too short or too far away to be followed.
    """
    ahead = np.stack([travelled_m, np.zeros_like(travelled_m), np.zeros_like(travelled_m)], -1)
    line = without_repeats(np.asarray(route, float)) if len(route) else np.zeros((0, 2))
    if len(line) < 2:
        return compose(pose, ahead)
    end = line[-1] - line[-2]
    line = np.concatenate([line, line[-1:] + end / np.hypot(*end) * BEYOND_M])
    at = arc_lengths(line)
    here, side = project(line, at, float(pose[0]), float(pose[1]), -np.inf, np.inf)
    if abs(side) > FAR_M:
        return compose(pose, ahead)
    s = here + travelled_m
    heading = _headings(line, at, s)
    xy = _places(line, at, s) + side * np.stack([-np.sin(heading), np.cos(heading)], -1)
    # It was not quite parallel to the route; that fades, so that nothing jumps.
    own = wrap_angle(pose[2] - _headings(line, at, np.array([here])))
    turn = own * np.clip(1 - travelled_m / FADE_M, 0.0, 1.0)
    return np.concatenate([xy, wrap_angle(heading + turn)[:, None]], -1)


def _places(line: np.ndarray, at: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Points [H, 2] of a line at arc lengths [H]."""
    return np.stack([np.interp(s, at, line[:, d]) for d in (0, 1)], -1)


def _headings(line: np.ndarray, at: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Directions [H] of a line at arc lengths [H], over a metre."""
    step = _places(line, at, s + 0.5) - _places(line, at, s - 0.5)
    return np.arctan2(step[:, 1], step[:, 0])
