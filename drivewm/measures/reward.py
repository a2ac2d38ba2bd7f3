"""Reward of driving, per model step. Shapes: K model steps, T simulation steps.

reward = progress / scale - comfort weight * comfort cost - terminal penalty at the end. A step is
terminal at an at-fault collision or road departure; from then on ``continue`` stays 0 and the
reward is 0: the drive is over.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from drivewm.config import Config
from drivewm.geometry.boxes import corners
from drivewm.measures.collision import Fault, find_contacts
from drivewm.measures.drivable import DrivableArea, departures
from drivewm.measures.history import History
from drivewm.measures.lanes import LaneLayout, lane_flags
from drivewm.measures.progress import along_route
from drivewm.scene import EgoColumn, Scene


class RewardConfig(Config):
    """Weights of the reward."""

    progress_scale_m: float = Field(default=5.0, gt=0)  # 10 m/s for 0.5 s is worth 1
    comfort_weight: float = Field(default=0.1, ge=0)
    lon_acc_scale_mps2: float = Field(default=4.05, gt=0)  # nuPlan's comfort bounds
    lat_acc_scale_mps2: float = Field(default=4.89, gt=0)
    max_comfort_cost: float = Field(default=4.0, gt=0)
    terminal_penalty: float = Field(default=5.0, ge=0)


DEFAULT_REWARD = RewardConfig()


def comfort_cost(
    lon_acc_mps2: np.ndarray, lat_acc_mps2: np.ndarray, config: RewardConfig = DEFAULT_REWARD
) -> np.ndarray:
    """Cost of accelerations [...]: sum of squares in units of the bounds, capped."""
    lon, lat = lon_acc_mps2 / config.lon_acc_scale_mps2, lat_acc_mps2 / config.lat_acc_scale_mps2
    return np.minimum(lon**2 + lat**2, config.max_comfort_cost)


def step_reward(
    progress_m: np.ndarray,  # [..., K] made during each step
    cost: np.ndarray,  # [..., K] comfort cost, mean over each step
    terminal: np.ndarray,  # bool [..., K] at-fault collision or road departure in the step
    config: RewardConfig = DEFAULT_REWARD,
) -> tuple[np.ndarray, np.ndarray]:
    """Reward and continue, both [..., K] float64."""
    ended = np.cumsum(terminal, axis=-1) > 0
    over = ended & ~(terminal & (np.cumsum(terminal, axis=-1) == 1))  # after the terminal step
    reward = progress_m / config.progress_scale_m - config.comfort_weight * cost
    reward = reward - config.terminal_penalty * terminal
    return np.where(over, 0.0, reward), (~ended).astype(float)


def terminal_steps(history: History, scene: Scene) -> np.ndarray:
    """bool [T]: an at-fault collision begins, or a corner leaves the drivable area.

    A road departure counts only after the drive has begun on the road, and a contact only if it
    does not exist at the first step: recorded boxes overlap at times.
    """
    centres = history.centres
    boxes = corners(centres, history.vehicle.length_m, history.vehicle.width_m)
    contacts = find_contacts(history, lane_flags(boxes, LaneLayout.of_map(scene.map)))
    out = np.zeros(len(centres), bool)
    out[contacts.step[contacts.fault == Fault.EGO]] = True
    area = DrivableArea.of_map(scene.map, centres[:, :2])
    if area is not None:
        outside = departures(boxes, centres, area)
        out |= outside & (np.cumsum(~outside) > 0)
    out[0] = False
    return out


def recorded_reward(
    scene: Scene, step_s: float = 0.5, config: RewardConfig = DEFAULT_REWARD
) -> tuple[np.ndarray, np.ndarray]:
    """Reward [K] and continue [K] of the recorded ego; step k covers t_k .. t_k + ``step_s``.

    Args:
        scene: on a regular time grid, at least as fine as ``step_s``.
        step_s: model step.
        config: weights.
    """
    history = History.of_scene(scene)
    grid_s = float(np.mean(np.diff(scene.times_us))) / 1e6
    per_step = max(1, round(step_s / grid_s))
    steps = (scene.steps - 1) // per_step
    along = along_route(scene.route, history.centres[:, :2])
    edges = np.arange(steps + 1) * per_step
    cost = comfort_cost(
        scene.ego[:, EgoColumn.AX],
        scene.ego[:, EgoColumn.VX] * scene.ego[:, EgoColumn.YAW_RATE],
        config,
    )
    terminal = terminal_steps(history, scene)
    inside = np.arange(1, per_step + 1)
    windows = edges[:-1, None] + inside  # [K, per_step]: the grid steps after t_k
    return step_reward(
        np.diff(along[edges]), cost[windows].mean(-1), terminal[windows].any(-1), config
    )
