"""Which ego motion the future is given, and how a forecast made with another one is compared.

* ``gt``: the recorded motion.
* ``cv``: the last observed motion goes on: constant velocity and yaw rate.
* ``planner``: what a planner plans at the window's instant from the true scene of then.
* ``none``: the ego stands still.

A forecast is made in the ego frame that it assumes. To be compared it is carried into the frame
where the ego truly was: each cell centre of the true grid takes the value of the assumed grid's
cell that it falls into; where that grid does not reach, nothing was said and the cell is free.
What is judged is then the world alone, not where the ego was thought to be. ``assumed`` leaves
that step out, as published tables do: an error in the ego motion then counts as one of occupancy.
Shapes: H forecast frames, X, Y, Z cells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from drivewm.errors import InputError
from drivewm.eval.forecast.truth import SceneTruth, WindowTruth
from drivewm.eval.forecast.windows import Window
from drivewm.geometry.se2 import compose, from_local, relative, to_local
from drivewm.models.grid import GridConfig, cell_centers
from drivewm.scene import OccClass, Planner, Scene
from drivewm.sim.asking import PlannerFailure, ask, guarded
from drivewm.sim.observation import Observer, known_at_start
from drivewm.sim.traffic import replay_traffic

MODES = ("gt", "cv", "planner", "none")
FRAMES = ("true", "assumed")
HANG_S = 60.0  # a planner that answers no sooner has hung


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """A forecast in the ego frame of each instant."""

    classes: np.ndarray  # uint8 [H + 1, X, Y, Z]
    flow: np.ndarray  # float32 [H + 1, 2, X, Y] m/s
    probability: np.ndarray | None = None  # float32 [H + 1, K, X, Y, Z]; None: it is certain


def assumed_poses(
    mode: str, truth: SceneTruth, window: Window, planner: Planner | None = None
) -> np.ndarray:
    """Where the ego is taken to be; [H + 1, 3] in its frame of now.

    Raises:
        InputError: ``cv`` with a window that has no past, or the planner fails.
    """
    here = truth.window(window)
    if mode == "gt":
        return here.poses
    if mode == "none":
        return np.zeros_like(here.poses)
    if mode == "cv":
        if window.keyframe == 0:
            raise InputError(
                f"{window.scene}, keyframe 0 has no past to extrapolate", field="--ego cv",
                fix="use windows with a history of 2 or more",
            )  # fmt: skip
        last = window.keyframe - 1
        twist = log_motion(truth.frames.motion[last].astype(np.float64))
        return exp_motion(twist[None] * (here.times_s / float(truth.frames.dt_s[last]))[:, None])
    assert planner is not None
    return planned_poses(planner, truth, window, here.times_s)


def log_motion(motion: np.ndarray) -> np.ndarray:
    """The constant twist (vx, vy, yaw rate, per unit of time) that causes a motion [3] in one."""
    half = motion[2] / 2
    scale = 1.0 if abs(half) < 1e-6 else half / np.tan(half)
    x, y = motion[0], motion[1]
    return np.array([scale * x + half * y, -half * x + scale * y, motion[2]])


def exp_motion(twist: np.ndarray) -> np.ndarray:
    """Motions [..., 3] that twists [..., 3] cause in one unit of time."""
    angle = twist[..., 2]
    small = np.abs(angle) < 1e-6
    safe = np.where(small, 1.0, angle)
    along = np.where(small, 1.0, np.sin(safe) / safe)
    across = np.where(small, angle / 2, (1 - np.cos(safe)) / safe)
    x = along * twist[..., 0] - across * twist[..., 1]
    y = across * twist[..., 0] + along * twist[..., 1]
    return np.stack([x, y, angle], -1)


def planned_poses(
    planner: Planner, truth: SceneTruth, window: Window, times_s: np.ndarray
) -> np.ndarray:
    """The planner's plan from the window's instant; past its end the last velocity goes on.

    Raises:
        InputError: it raises, or answers what cannot be driven.
    """
    scene = from_step(truth.scene, int(truth.steps[window.keyframe]))
    mode = str(getattr(planner, "mode", "privileged"))
    if mode == "sensor":
        raise InputError("the planner wants camera pictures", field="--planner",
                         fix="use one that plans from boxes, such as idm")  # fmt: skip
    traffic, ego = replay_traffic(scene), scene.ego[0]
    observer = Observer(scene, mode, None)
    try:
        guarded("reset", HANG_S, planner.reset, [known_at_start(scene, mode)])
        observer.watch(ego, traffic)
        answer, _ = ask(planner, observer.observe(0, 0.0, ego, traffic), 0.1, HANG_S)
    except PlannerFailure as failure:
        raise InputError(f"{window.scene}, keyframe {window.keyframe}: {failure}",
                         field="--planner", fix="mend it or use another") from failure  # fmt: skip
    times, poses = np.asarray(answer.times_s, float), np.asarray(answer.poses, float)[0]
    if times[0] > 0:
        times, poses = np.append(0.0, times), np.concatenate([ego[None, :3], poses])
    return sample_plan(times, relative(ego[:3], poses), times_s)


def sample_plan(plan_s: np.ndarray, poses: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Poses [P, 3] at ``plan_s`` [P], interpolated at ``times_s``; [..., 3]."""
    heading = np.unwrap(poses[:, 2])
    columns = [poses[:, 0], poses[:, 1], heading]
    out = np.stack([np.interp(times_s, plan_s, c) for c in columns], -1)
    beyond = times_s > plan_s[-1]
    if beyond.any() and len(plan_s) > 1:
        unit = plan_s[-1] - plan_s[-2]
        twist = log_motion(relative(poses[-2], poses[-1]))
        more = exp_motion(twist[None] * ((times_s[beyond] - plan_s[-1]) / unit)[:, None])
        out[beyond] = compose(poses[-1][None], more)
    return out


def from_step(scene: Scene, step: int) -> Scene:
    """The scene as if it began at ``step``."""
    tracks, lights = scene.tracks, scene.lights
    return replace(
        scene, times_us=scene.times_us[step:], ego=scene.ego[step:],
        tracks=replace(tracks, state=tracks.state[:, step:], valid=tracks.valid[:, step:]),
        lights=lights if lights.status is None
        else replace(lights, status=lights.status[:, step:]),
    )  # fmt: skip


def in_true_frame(
    forecast: Forecast, assumed: np.ndarray, truth: WindowTruth, grid: GridConfig
) -> Forecast:
    """The forecast carried into the frames where the ego truly was.

    Args:
        assumed: [H + 1, 3] poses in whose frames it was made.
    """
    centres, (x0, _, y0, _) = cell_centers(grid), grid.extent_m
    classes = np.full_like(forecast.classes, OccClass.FREE)
    flow = np.zeros_like(forecast.flow)
    probability = None
    if forecast.probability is not None:
        probability = np.zeros_like(forecast.probability)
        probability[:, OccClass.FREE] = 1.0
    for h, (here, there) in enumerate(zip(truth.poses, assumed)):
        points = to_local(there, from_local(here, centres))
        ix = np.floor((points[..., 0] - x0) / grid.cell_m + 1e-9).astype(int)
        iy = np.floor((points[..., 1] - y0) / grid.cell_m + 1e-9).astype(int)
        inside = (ix >= 0) & (iy >= 0) & (ix < classes.shape[1]) & (iy < classes.shape[2])
        ix, iy = ix[inside], iy[inside]
        classes[h, inside] = forecast.classes[h, ix, iy]
        turn = there[2] - here[2]  # vectors of the assumed frame, in the true one
        vx, vy = forecast.flow[h, :, ix, iy].T
        flow[h, 0, inside] = np.cos(turn) * vx - np.sin(turn) * vy
        flow[h, 1, inside] = np.sin(turn) * vx + np.cos(turn) * vy
        if probability is not None and forecast.probability is not None:
            probability[h][:, inside] = forecast.probability[h][:, ix, iy]
    return Forecast(classes=classes, flow=flow, probability=probability)
