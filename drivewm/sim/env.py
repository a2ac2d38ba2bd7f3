"""The closed loop as a gymnasium environment, ``drivewm/Drive-v0``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces

from drivewm.errors import InputError
from drivewm.measures.reward import DEFAULT_REWARD, RewardConfig
from drivewm.scene import EgoColumn, Scene
from drivewm.sim.bicycle import bicycle_step, command_for_steer
from drivewm.sim.config import DT_S, SimConfig
from drivewm.sim.env_judge import Umpire, reward_of
from drivewm.sim.env_scenes import straight_road
from drivewm.sim.env_view import FARTHEST, sizes, view
from drivewm.sim.observation import Observer
from drivewm.sim.traffic import Traffic, reactive_traffic
from drivewm.sim.vehicle import with_vehicle

ID = "drivewm/Drive-v0"
ACCEL_MPS2 = (-6.0, 3.0)
STEER_RATE_RADPS = 0.8
CURVATURE_RADPM = 0.2


class DriveEnv(gymnasium.Env):
    """Drives a car through recorded or built scenes.

    Action, float32 [2]: acceleration in m/s2 (-6 to 3) and steering rate in rad/s (-0.8 to 0.8), or
    curvature in 1/m (-0.2 to 0.2). They are commands: the car answers with its actuators' lag,
    within its grip, and does not reverse.

    Observation, a dict of float32 arrays in the ego's frame (rear axle, x forward, y left):
    ``ego`` [4] speed, acceleration, steering angle, yaw rate; ``limit`` [1]; ``route`` [16, 2] the
    next 80 m; ``tracks`` [K, 8] x, y, cos and sin of heading, vx, vy, length, width, nearest first;
    ``stops`` [4, 2] points of red stop lines. ``limit_valid``, ``tracks_valid`` and ``stops_valid``
    (int8) say which rows mean something.

    Reward: ``measures.reward`` with weights for 0.5 s, whatever the step. Terminated at an at-fault
    collision or road departure (``info["ending"]``), truncated at the end of the log.

    Args:
        scenes: to draw from at each reset (anything with a length that gives a Scene by index);
            None = a straight road with some traffic.
        steering: meaning of the second action.
        step_s: seconds per action, a multiple of 0.1.
        max_tracks: K.
        traffic: makes the agents of a scene.
        sim: ``mode`` (``privileged`` or ``visible``), ``friction`` and ``seed`` count here.
        reward: weights.
        render_mode: must be None; a drive can be drawn from its states by ``drivewm.viz``.

    Raises:
        InputError: no scenes, a mode without tracks, or a step that is no multiple of 0.1 s.
    """

    metadata = {"render_modes": []}

    def __init__(
        self,
        scenes: Sequence[Scene] | None = None,
        *,
        steering: Literal["rate", "curvature"] = "rate",
        step_s: float = 0.1,
        max_tracks: int = 32,
        traffic: Callable[[Scene], Traffic] = reactive_traffic,
        sim: SimConfig | None = None,
        reward: RewardConfig = DEFAULT_REWARD,
        render_mode: None = None,
    ) -> None:
        self._scenes = (straight_road(),) if scenes is None else scenes
        self._sim, self._reward = sim or SimConfig(), reward
        self._repeat = round(step_s / DT_S)
        _check(self._scenes, self._sim, steering, step_s)
        self._steering, self._max_tracks, self._make_traffic = steering, max_tracks, traffic
        self.render_mode = render_mode
        bound = STEER_RATE_RADPS if steering == "rate" else CURVATURE_RADPM
        self._lowest = np.array([ACCEL_MPS2[0], -bound], np.float32)
        self._highest = np.array([ACCEL_MPS2[1], bound], np.float32)
        self.action_space = spaces.Box(self._lowest, self._highest)
        self.observation_space = spaces.Dict(
            {
                name: spaces.MultiBinary(size)
                if name.endswith("_valid")
                else spaces.Box(-FARTHEST, FARTHEST, size, np.float32)
                for name, size in sizes(max_tracks).items()
            }
        )
        self._umpires: dict[int, Umpire] = {}  # of the last scene alone

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Starts a scene: a random one, or ``options={"scene": index}``.

        Raises:
            InputError: there is no such scene.
        """
        super().reset(seed=seed)
        index = int(self.np_random.integers(len(self._scenes)))
        index = (options or {}).get("scene", index)
        if not isinstance(index, int) or not 0 <= index < len(self._scenes):
            raise InputError(f"scene is {index!r}", field="options",
                             fix=f"name one of 0 to {len(self._scenes) - 1}")  # fmt: skip
        scene = self._scene = with_vehicle(self._scenes[index], self._sim)
        self._traffic = self._make_traffic(scene)
        self._observer = Observer(scene, self._sim.mode or "privileged", None, self._sim)
        if index not in self._umpires:
            self._umpires = {index: Umpire(scene)}
        self._umpire = self._umpires[index]
        self._ego, self._step = scene.ego[0].copy(), 0
        self._ending: str | None = None
        self._umpire.begin(self._ego, self._traffic)
        self._observer.watch(self._ego, self._traffic)
        return self._view(), self._info(0.0)

    def step(
        self, action: np.ndarray
    ) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]:
        """Drives on for one action [2]."""
        action = np.clip(np.asarray(action, float), self._lowest, self._highest)
        states, progress_m = [], 0.0
        for _ in range(self._repeat):
            following = self._drive(float(action[0]), float(action[1]))
            self._traffic.step(self._ego, self._scene.vehicle)
            self._ego, self._step = following, self._step + 1
            self._observer.watch(following, self._traffic)
            moved_m, self._ending = self._umpire.watch(following, self._traffic)
            states.append(following)
            progress_m += moved_m
            if self._ending is not None or self._step >= self._scene.steps - 1:
                break
        ended = self._ending is not None
        reward = reward_of(np.array(states), progress_m, ended, self._reward)
        truncated = not ended and self._step >= self._scene.steps - 1
        return self._view(), reward, ended, truncated, self._info(progress_m)

    def _drive(self, accel_mps2: float, turn: float) -> np.ndarray:
        wheelbase_m = self._scene.vehicle.wheelbase_m
        if self._steering == "curvature":
            turn = command_for_steer(self._ego, math.atan(wheelbase_m * turn))
            turn = min(max(turn, -STEER_RATE_RADPS), STEER_RATE_RADPS)
        ego = bicycle_step(self._ego, accel_mps2, turn, wheelbase_m, DT_S, self._sim.friction)
        if ego[EgoColumn.VX] < 0.0:  # it brakes to a stop and stays
            ego[[EgoColumn.VX, EgoColumn.AX, EgoColumn.YAW_RATE]] = 0.0
        return ego

    def _view(self) -> dict[str, np.ndarray]:
        seen = self._observer.observe(self._step, self._step * DT_S, self._ego, self._traffic)
        return view(seen, self._max_tracks)

    def _info(self, progress_m: float) -> dict[str, Any]:
        return {
            "scene": self._scene.id, "time_s": self._step * DT_S, "progress_m": progress_m,
            "ending": self._ending, "ego": self._ego.copy(),
        }  # fmt: skip


def _check(scenes: Sequence[Scene], sim: SimConfig, steering: str, step_s: float) -> None:
    if len(scenes) == 0:
        raise InputError("no scene", field="scenes", fix="give some")
    if sim.mode == "sensor":
        raise InputError("mode sensor shows no tracks", field="sim.mode", fix="use visible")
    if steering not in ("rate", "curvature"):
        raise InputError(f"steering is {steering!r}", field="steering", fix="use rate or curvature")
    if step_s < DT_S - 1e-9 or abs(step_s / DT_S - round(step_s / DT_S)) > 1e-6:
        raise InputError(f"{step_s} is no multiple of 0.1 s", field="step_s", fix="use 0.1 or 0.5")


gymnasium.register(id=ID, entry_point="drivewm.sim.env:DriveEnv")
