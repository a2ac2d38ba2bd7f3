"""Windows in which the ego did something else than was recorded, from `drivewm branch`.

In a log every agent has reacted to the one thing that the ego did; what it would have done had the
ego braked, turned or kept on is not in it. A branch is the recorded past and, from an instant on,
what truly follows another action in the simulator with reactive agents.
The files are those of ``drivewm.eval.counterfactual.truth``.
Shapes: B branches, S + 1 steps of 0.1 s, H + 1 frames of 0.5 s, X, Y, Z cells.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from drivewm.errors import InputError
from drivewm.geometry.se2 import relative
from drivewm.models.dynamics.base import make_action
from drivewm.models.grid import STEP_S
from drivewm.models.world_model import ModelConfig
from drivewm.scene import EgoColumn

SURVEY = "survey.json"
FIX = "make the folder with `drivewm branch`"
STEPS_PER_FRAME = 5  # of 0.1 s
_POSE = [EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]


@dataclass(frozen=True, kw_only=True)
class Branches:
    """All branches of a folder whose scenes are trained on."""

    rows: tuple[tuple[int, int, int], ...]  # (scene, its frame that is branched, branch)
    futures: Mapping[tuple[int, int], Mapping[str, np.ndarray]]  # (scene, frame) -> arrays
    horizon: int

    def future(self, row: int) -> dict[str, Tensor]:
        """What replaces the imagined part of a window [H, ...]: occupancy, flow, flow_known,
        action [H, 6], reward (unknown) and cont (0 when the drive ends, unknown after it)."""
        scene, frame, branch = self.rows[row]
        kept = self.futures[scene, frame]
        motion = torch.from_numpy(kept["motion"][branch])
        action = make_action(motion, torch.full((self.horizon,), STEP_S))
        shape = kept["known_shape"]
        known = np.unpackbits(kept["known"][branch], axis=-1, count=int(np.prod(shape)))
        return {
            "occupancy": torch.from_numpy(kept["occupancy"][branch]),
            "flow": torch.from_numpy(kept["flow"][branch]).float(),
            "flow_known": torch.from_numpy(known.reshape(-1, *shape).astype(bool)),
            "action": action,
            "reward": torch.full((self.horizon,), float("nan")),
            "cont": torch.from_numpy(kept["cont"][branch]),
        }


def load_branches(folder: str | Path, scene_ids: Sequence[str], config: ModelConfig) -> Branches:
    """The branches of the scenes that are trained on.

    Raises:
        InputError: the folder holds no branches, they are of other scenes, of another grid or
            window than the model's, or a file is damaged.
    """
    folder = Path(folder)
    survey = _survey(folder)
    _check(survey["config"], config, folder)
    place = {name: s for s, name in enumerate(scene_ids)}
    rows, futures = [], {}
    for state in survey["states"]:
        if state["scene"] not in place:
            continue
        key = (place[state["scene"]], int(state["keyframe"]))
        path = folder / f"{state['scene']}@{state['keyframe']}.npz"
        futures[key] = _future(path, config.imagined_steps)
        rows += [(*key, b) for b in range(len(futures[key]["motion"]))]
    if not rows:
        raise InputError(
            "none of its branches is of a scene that is trained on", file=folder, field="branches",
            fix="make them of this fleet with `drivewm branch`",
        )  # fmt: skip
    return Branches(rows=tuple(rows), futures=futures, horizon=config.imagined_steps)


def _survey(folder: Path) -> dict:
    try:
        found = json.loads((folder / SURVEY).read_text(encoding="utf-8"))
        return {"config": dict(found["config"]), "states": list(found["states"])}
    except FileNotFoundError as error:
        raise InputError("holds no branches", file=folder, field="branches", fix=FIX) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"not readable ({error})", file=folder / SURVEY, fix=FIX) from error


def _check(made: dict, config: ModelConfig, folder: Path) -> None:
    wanted = {
        "grid": config.grid.model_dump(mode="json"), "history": config.observed_steps,
        "horizon": config.imagined_steps,
    }  # fmt: skip
    for name, value in wanted.items():
        if made.get(name) != value:
            raise InputError(
                f"the branches were made for {name} {made.get(name)}, the model has {value}",
                file=folder / SURVEY, field=name, fix=FIX,
            )  # fmt: skip


def _future(path: Path, horizon: int) -> dict[str, np.ndarray]:
    """The arrays of one state, frames 1 to H."""
    try:
        with np.load(path) as found:
            ego, occupancy = found["ego"][:, ::STEPS_PER_FRAME, _POSE], found["occupancy"][:, 1:]
            flow, known = found["flow"][:, 1:], found["known"][:, 1:]
            ends = np.minimum(found["collision_s"], found["departure_s"])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        fix = "delete it and make it again with `drivewm branch`"
        raise InputError(f"not readable ({error})", file=path, fix=fix) from error
    seconds = np.arange(1, horizon + 1) * STEP_S
    over = seconds[None] >= ends[:, None]  # [B, H]
    first = over & ~np.pad(over, ((0, 0), (1, 0)))[:, :-1]
    cont = np.where(over, np.where(first, 0.0, np.nan), 1.0).astype(np.float32)
    return {
        "motion": relative(ego[:, :-1], ego[:, 1:]).astype(np.float32), "occupancy": occupancy,
        "flow": flow, "known": np.packbits(known.reshape(*known.shape[:2], -1), axis=-1),
        "known_shape": np.array(known.shape[2:]), "cont": cont,
    }  # fmt: skip
