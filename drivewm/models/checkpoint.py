"""Published models: ``model.safetensors`` + ``config.json`` + a model card. No code is loaded."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as serialise

from drivewm.config import validate
from drivewm.errors import InputError
from drivewm.models.world_model import ModelConfig, WorldModel
from drivewm.storage import atomic_file, write_text

WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"
FIX = "train again or restore the file"


def save(folder: str | Path, model: WorldModel, provenance: dict[str, Any], card: str) -> None:
    """Writes the three files; the weights last, so that a folder with weights is complete."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    content = {"model": model.config.model_dump(mode="json"), "provenance": provenance}
    write_text(folder / CONFIG, json.dumps(content, indent=2) + "\n")
    write_text(folder / CARD, card)
    with atomic_file(folder / WEIGHTS) as partial:
        weights = {k: v.contiguous() for k, v in model.state_dict().items()}
        partial.write_bytes(serialise(weights))  # the library's own writer keeps the file private


def provenance(folder: str | Path) -> dict[str, Any]:
    """What ``config.json`` says of the model's training."""
    return _config(Path(folder))["provenance"]


def digest(folder: str | Path) -> str:
    """Hash of the published weights."""
    return hashlib.blake2b((Path(folder) / WEIGHTS).read_bytes(), digest_size=8).hexdigest()


def _config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        parts = {name: content[name] for name in ("model", "provenance")}
    except FileNotFoundError as error:
        raise InputError(
            "no published model here", file=folder, fix="name the folder that `drivewm train` wrote"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"not a model config ({error})", file=path, fix=FIX) from error
    for name in ("parameters", "scenes"):
        if not isinstance(parts["provenance"], dict) or name not in parts["provenance"]:
            raise InputError("is missing", file=path, field=f"provenance.{name}", fix=FIX)
    return parts


def load(folder: str | Path) -> WorldModel:
    """The published model, in evaluation mode.

    Raises:
        InputError: a file is missing or corrupt, or the weights do not fit the config; the first
            differing tensor is named.
    """
    folder = Path(folder)
    config = validate(ModelConfig, _config(folder)["model"], file=str(folder / CONFIG))
    model = WorldModel(config)
    try:
        weights = load_file(folder / WEIGHTS)
    except FileNotFoundError as error:
        raise InputError("file is missing", file=folder / WEIGHTS, fix=FIX) from error
    except SafetensorError as error:
        raise InputError(f"not readable ({error})", file=folder / WEIGHTS, fix=FIX) from error
    wanted = model.state_dict()
    for name in sorted(wanted.keys() | weights.keys()):
        ours, theirs = wanted.get(name), weights.get(name)
        if ours is None or theirs is None or ours.shape != theirs.shape:
            shapes = [None if t is None else list(t.shape) for t in (theirs, ours)]
            raise InputError(
                f"the file has {shapes[0]}, this version of drivewm wants {shapes[1]}",
                file=folder / WEIGHTS,
                field=name,
                fix="train again with this version",
            )
    model.load_state_dict(weights)
    return model.eval()
