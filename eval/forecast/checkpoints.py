"""The checkpoints of one table: one configuration, several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from drivewm.errors import InputError
from drivewm.logs.fleet import Fleet
from drivewm.models import checkpoint
from drivewm.models.world_model import WorldModel
from drivewm.training.clips import Frames
from drivewm.training.perception import scene_features

MAY_DIFFER = ("seed", "threads", "start_from")  # of the training configuration


def load_all(runs: Sequence[str | Path]) -> list[WorldModel]:
    """The published models of the runs.

    Raises:
        InputError: a folder is no run, two differ in more than the seed, or two are the same.
    """
    models = [checkpoint.load(run) for run in runs]
    first = _flat(_configuration(runs[0]))
    digests: dict[str, str | Path] = {}
    for run in runs:
        other = _flat(_configuration(run))
        for name in sorted(first.keys() | other.keys()):
            if first.get(name) != other.get(name):
                raise InputError(
                    f"is {other.get(name)}, in {runs[0]} it is {first.get(name)}",
                    file=Path(run) / checkpoint.CONFIG, field=name,
                    fix="checkpoints of one table differ in nothing but the seed",
                )  # fmt: skip
        digest = checkpoint.digest(run)
        if digest in digests:
            raise InputError(f"the same weights as {digests[digest]}", file=run,
                             fix="name each checkpoint once")  # fmt: skip
        digests[digest] = run
    return models


def _configuration(run: str | Path) -> dict[str, Any]:
    config = checkpoint.provenance(run).get("config") or {}
    return {name: value for name, value in config.items() if name not in MAY_DIFFER}


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in tree.items():
        whole = f"{prefix}{name}"
        out |= _flat(value, f"{whole}.") if isinstance(value, dict) else {whole: value}
    return out


def trained_on(runs: Sequence[str | Path], fleet: Fleet) -> set[str]:
    """Ids of scenes of the fleet that a run was trained on. Where the runs say which fleets they
    were trained on and this is none of them, a scene of the same id is another one."""
    out: set[str] = set()
    for run in runs:
        origin = checkpoint.provenance(run)
        hashes = [f.get("hash") for f in origin.get("fleets", []) if isinstance(f, dict)]
        if not hashes or fleet.content_hash in hashes:
            out |= {str(scene) for scene in origin["scenes"]}
    return out & {info.id for info in fleet.scenes}


@torch.no_grad()
def features_of(model: WorldModel, frames: Frames, batch: int = 8) -> Tensor:
    """The encoder's features of every frame, [K, C, X/2, Y/2], as training kept them."""
    return scene_features(model, frames, batch).float()
