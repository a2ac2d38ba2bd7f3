"""What nuScenes tables cannot hold, beside them: ``drivewm/scenes/<scene>.npz`` and ``.json``.

10 Hz states of every actor and of the ego, lights per step, ego actions, route, speed limit; the
world's spec, the driving policy, the split. Shapes: T steps, N actors, L lights, P points.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from drivewm.scene import EgoColumn
from drivewm.worlds.occ3d import npz_bytes
from drivewm.worlds.world import GENERATOR_VERSION, World

if TYPE_CHECKING:
    from drivewm.worlds.simulate import WorldLog


def actions(times_us: np.ndarray, ego: np.ndarray) -> np.ndarray:
    """[T, 2] acceleration (m/s2) and steering rate (rad/s) that lead from each step to the next.

    Nothing follows the last step: its action is zero.
    """
    dt_s = np.diff(times_us)[:, None] / 1e6
    change = np.diff(ego[:, [EgoColumn.VX, EgoColumn.STEER]], axis=0) / dt_s
    return np.concatenate([change, np.zeros((1, 2))])


def write(folder: Path, name: str, split: str, world: World, log: WorldLog) -> None:
    """Writes ``<name>.npz`` and ``<name>.json`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        "times_us": log.times_us, "ego": log.ego,
        "ids": np.array(log.ids, dtype="U32"), "categories": np.array(log.categories, dtype=str),
        "size_m": log.size_m, "state": log.state, "valid": log.valid,
        "light_lane_ids": np.array(world.lights.lane_ids, dtype=str),
        "light_status": log.light_status, "light_stop_points": world.lights.stop_points,
        "actions": actions(log.times_us, log.ego), "route": world.route,
        "speed_limit_mps": np.float64(world.speed_limit_mps),
    }
    (folder / f"{name}.npz").write_bytes(npz_bytes(arrays, level=6))
    about = {
        "world_spec": world.spec.model_dump(mode="json"), "policy": log.policy, "split": split,
        "generator_version": GENERATOR_VERSION,
    }
    (folder / f"{name}.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
