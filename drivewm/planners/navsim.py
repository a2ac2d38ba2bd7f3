"""Drives a NAVSIM-style agent: navsim/agents/abstract_agent.py, without needing navsim."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from drivewm.errors import InputError
from drivewm.geometry.polylines import arc_lengths, interpolate, project, without_repeats
from drivewm.geometry.se2 import compose, relative, to_local
from drivewm.planners.navsim_types import CAMERAS, AgentInput, Camera, Cameras, EgoStatus, Lidar
from drivewm.planners.past import EgoPast
from drivewm.scene import CameraFrame, EgoColumn, Observation, Scene, Trajectory

FRAMES, FRAME_S = 4, 0.5  # NAVSIM's history
COMMAND_AHEAD_M, COMMAND_SIDE_M = 20.0, 2.0
LEFT, STRAIGHT, RIGHT, UNKNOWN = range(4)


class NavsimPlanner:
    """A planner out of an object with ``compute_trajectory(agent_input)``.

    Args:
        agent: with ``initialize()`` and ``get_sensor_config()``; ``image_size`` (width, height), if
            it has one, is the size of the pictures it gets.

    Raises:
        InputError: it lacks a method, wants the whole scene, or a lidar.
    """

    replan_interval_s = FRAME_S

    def __init__(self, agent: Any) -> None:
        for method in ("initialize", "get_sensor_config", "compute_trajectory"):
            if not callable(getattr(agent, method, None)):
                raise InputError(f"the agent has no method {method}()", field="navsim:",
                                 fix="see docs/planners.md")  # fmt: skip
        if getattr(agent, "requires_scene", False):
            raise InputError("the agent requires the scene with its future", field="navsim:",
                             fix="use log_replay for the recorded drive")  # fmt: skip
        self._agent = agent
        named = getattr(agent, "name", None)
        self.name = str(named()) if callable(named) else type(agent).__name__
        wanted = agent.get_sensor_config()
        if getattr(wanted, "lidar_pc", False):
            raise InputError("the agent asks for a lidar, which the loop does not simulate",
                             field="navsim:", fix="use cameras")  # fmt: skip
        self._wanted = [name for name in CAMERAS if getattr(wanted, name, False)]
        self.modes = ("sensor",) if self._wanted else ("privileged", "visible", "sensor")
        self.camera_channels = [CAMERAS[name] for name in self._wanted if CAMERAS[name]]
        self.image_size = getattr(agent, "image_size", None)
        agent.initialize()

    def reset(self, scenes: Sequence[Scene]) -> None:
        """A new drive of one scene begins."""
        (scene,) = scenes
        self._line = without_repeats(scene.route)
        self._past = EgoPast()
        self._commands: list[tuple[float, np.ndarray]] = []
        self._pictures: deque[tuple[float, Cameras]] = deque(maxlen=10 * FRAMES)

    def plan(self, observation: Observation) -> Trajectory:
        """Asks the agent; its poses are relative to the rear axle, at equal intervals."""
        ego, now_s = observation.ego[0], observation.time_s
        self._past.add(now_s, ego)
        self._commands.append((now_s, driving_command(self._line, ego)))
        shown = observation.cameras[0] if observation.cameras else {}
        self._pictures.append((now_s, self._cameras(shown)))
        answer = self._agent.compute_trajectory(self._agent_input(now_s, ego))
        poses = np.asarray(answer.poses, float)
        if poses.ndim != 2 or poses.shape[1] != 3:
            raise ValueError(f"poses are {poses.shape}, not [N, 3]")
        every_s = float(answer.trajectory_sampling.interval_length)
        times = every_s * np.arange(1, len(poses) + 1)
        here = ego[[EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]]
        return Trajectory(
            times_s=times, poses=compose(np.broadcast_to(here, poses.shape), poses)[None]
        )

    def _agent_input(self, now_s: float, ego: np.ndarray) -> AgentInput:
        times = [now_s - FRAME_S * (FRAMES - 1 - k) for k in range(FRAMES)]
        return AgentInput(
            ego_statuses=[self._status(time_s, ego) for time_s in times],
            cameras=[_latest(self._pictures, time_s) for time_s in times],
            lidars=[Lidar() for _ in times],
        )

    def _status(self, time_s: float, now: np.ndarray) -> EgoStatus:
        ego = self._past.at(time_s)
        pose = relative(now[:3], ego[:3])
        return EgoStatus(
            ego_pose=pose.astype(np.float32),
            ego_velocity=ego[[EgoColumn.VX, EgoColumn.VY]].astype(np.float32),
            ego_acceleration=ego[[EgoColumn.AX, EgoColumn.AY]].astype(np.float32),
            driving_command=_latest(self._commands, time_s),
        )

    def _cameras(self, frames: Mapping[str, CameraFrame]) -> Cameras:
        pictures = {
            name: _camera(frames[channel])
            for name, channel in CAMERAS.items()
            if name in self._wanted and channel is not None and channel in frames
        }
        return Cameras(**pictures)


def _latest(records: Sequence[tuple[float, Any]], time_s: float) -> Any:
    """The last record up to a time; the first one for what lies before."""
    earlier = [value for at_s, value in records if at_s <= time_s + 1e-6]
    return earlier[-1] if earlier else records[0][1]


def _camera(frame: CameraFrame) -> Camera:
    return Camera(
        image=frame.rgb,
        sensor2lidar_rotation=frame.ego_from_camera[:3, :3],
        sensor2lidar_translation=frame.ego_from_camera[:3, 3],
        intrinsics=frame.intrinsics,
        distortion=np.zeros(5),
    )


def driving_command(line: np.ndarray, ego: np.ndarray) -> np.ndarray:
    """One-hot [4]: left or right if the route leads 2 m or more aside within the next 20 m, else
    straight; unknown without a route. ``line`` [P, 2], ``ego`` [11]."""
    out = np.zeros(4, int)
    if len(line) < 2:
        out[UNKNOWN] = 1
        return out
    arc_m = arc_lengths(line)
    at_m, _ = project(line, arc_m, ego[0], ego[1], -np.inf, np.inf)
    here = np.array(interpolate(line, arc_m, at_m))
    ahead = np.array(interpolate(line, arc_m, at_m + COMMAND_AHEAD_M))
    side_m = to_local(np.append(here[:2], ego[2]), ahead[:2])[1]
    out[LEFT if side_m >= COMMAND_SIDE_M else RIGHT if side_m <= -COMMAND_SIDE_M else STRAIGHT] = 1
    return out
