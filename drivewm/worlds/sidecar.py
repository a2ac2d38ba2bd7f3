"""What nuScenes tables cannot hold, beside them: ``drivewm/scenes/<scene>.npz`` and ``.json``.

10 Hz states of every actor and of the ego, lights per step, ego actions (commanded acceleration and
steering rate), route, speed limit; the world's spec, the driving policy, the split, when the ego
first touched something or left the road. Shapes: T steps, N actors, L lights, P points.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from drivewm.errors import InputError
from drivewm.worlds.incidents import incidents
from drivewm.worlds.occ3d import npz_bytes
from drivewm.worlds.world import GENERATOR_VERSION, World

if TYPE_CHECKING:
    from drivewm.worlds.simulate import WorldLog


def write(folder: Path, name: str, split: str, world: World, log: WorldLog) -> None:
    """Writes ``<name>.npz`` and ``<name>.json`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, np.ndarray] = {
        "times_us": log.times_us,
        "ego": log.ego,
        "ids": np.array(log.ids, dtype="U32"),
        "categories": np.array(log.categories, dtype=str),
        "size_m": log.size_m,
        "state": log.state,
        "valid": log.valid,
        "light_lane_ids": np.array(world.lights.lane_ids, dtype=str),
        "light_status": log.light_status,
        "light_stop_points": world.lights.stop_points,
        "actions": log.actions,
        "route": world.route,
        "speed_limit_mps": np.array(world.speed_limit_mps),
    }
    (folder / f"{name}.npz").write_bytes(npz_bytes(arrays, level=6))
    about = {
        "world_spec": world.spec.model_dump(mode="json"),
        "policy": log.policy,
        "split": split,
        "generator_version": GENERATOR_VERSION,
        **incidents(world, log).as_dict(),
    }
    (folder / f"{name}.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def read_about(folder: Path, name: str) -> dict:
    """The content of ``<name>.json``.

    Raises:
        InputError: the file is missing or broken.
    """
    path = folder / f"{name}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(
            f"cannot be read: {error}", file=path, fix="make the dataroot again with --overwrite"
        ) from error
