"""Published models: ``model.safetensors`` + ``config.json`` + a model card. No code is loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as serialise
from torch import Tensor

import drivewm
from drivewm.config import validate
from drivewm.errors import InputError
from drivewm.models.grid import GridConfig
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
        grid = model.config.grid.model_dump(mode="json")
        about = {"drivewm": json.dumps({"version": drivewm.__version__, "grid": grid})}
        # One entry: the library writes several in any order, and equal models are equal files.
        # Not the library's own writer of files: that keeps them private to the user.
        partial.write_bytes(serialise(weights, metadata=about))


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
        InputError: a file is missing or corrupt, or the weights do not fit the config; what is
            missing, unexpected or of another shape is named, and the versions where they differ.
    """
    folder = Path(folder)
    parts = _config(folder)
    config = validate(ModelConfig, parts["model"], file=str(folder / CONFIG))
    model = WorldModel(config)
    weights = read_weights(folder)
    check_grid(_grid_of(folder / WEIGHTS), config.grid, folder / CONFIG)
    differ = differences(model.state_dict(), weights)
    if differ:
        made = str(parts["provenance"].get("drivewm", "unknown"))
        raise InputError(
            f"the weights do not fit the model of {CONFIG}: {differ.text(made)}",
            file=folder / WEIGHTS, field=differ.first,
            fix="train again with this version, or use the weights that fit as the start of "
            "another run: --set start_from=RUN",
        )  # fmt: skip
    model.load_state_dict(weights)
    return model.eval()


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Tensors of ``model.safetensors``.

    Raises:
        InputError: the file is missing or damaged.
    """
    try:
        return load_file(folder / WEIGHTS)
    except FileNotFoundError as error:
        raise InputError("file is missing", file=folder / WEIGHTS, fix=FIX) from error
    except SafetensorError as error:
        raise InputError(f"not readable ({error})", file=folder / WEIGHTS, fix=FIX) from error


def _grid_of(path: Path) -> object:
    """The grid that the weights were trained on, where the file says so: its tensors do not."""
    with safe_open(path, framework="pt") as file:
        about = file.metadata() or {}
    try:
        return json.loads(about.get("drivewm", "{}")).get("grid")
    except (ValueError, AttributeError) as error:
        raise InputError(f"metadata is not JSON ({error})", file=path, fix=FIX) from error


@dataclass(frozen=True, kw_only=True)
class Differences:
    """How a file's tensors differ from a model's. True when they do."""

    missing: tuple[str, ...]  # the model has them, the file does not
    unexpected: tuple[str, ...]
    shapes: tuple[tuple[str, list[int], list[int]], ...]  # name, the file's, the model's

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.shapes)

    @property
    def first(self) -> str | None:
        """The first tensor that differs, by name."""
        names = sorted([*self.missing, *self.unexpected, *(name for name, _, _ in self.shapes)])
        return names[0] if names else None

    def text(self, made: str) -> str:
        """One line; ``made``: the version that wrote the file."""
        parts = []
        if self.shapes:
            name, theirs, ours = self.shapes[0]
            parts.append(f"{len(self.shapes)} of another shape ({name}: the file has {theirs}, "
                         f"this model wants {ours})")  # fmt: skip
        for label, names in (("missing", self.missing), ("unexpected", self.unexpected)):
            if names:
                shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
                parts.append(f"{len(names)} {label} ({shown})")
        if made != drivewm.__version__:
            parts.append(f"written by drivewm {made}, this is {drivewm.__version__}")
        return "; ".join(parts)


def differences(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> Differences:
    """What keeps the tensors ``theirs`` of a file from being loaded into ``ours``."""
    both = sorted(ours.keys() & theirs.keys())
    return Differences(
        missing=tuple(sorted(ours.keys() - theirs.keys())),
        unexpected=tuple(sorted(theirs.keys() - ours.keys())),
        shapes=tuple(
            (name, list(theirs[name].shape), list(ours[name].shape))
            for name in both
            if ours[name].shape != theirs[name].shape
        ),
    )


def start_from(model: WorldModel, folder: str | Path) -> str:
    """Gives a new model the weights of a published one where name and shape fit.

    Returns:
        a line that says what was taken and what was not.

    Raises:
        InputError: a file is missing or damaged, the grids differ (the same weights mean other
            metres there), or nothing fits.
    """
    folder = Path(folder)
    parts = _config(folder)
    check_grid(parts["model"].get("grid"), model.config.grid, folder / CONFIG)
    weights = read_weights(folder)
    differ = differences(model.state_dict(), weights)
    apart = {*differ.unexpected, *(name for name, _, _ in differ.shapes)}
    fitting = {name: value for name, value in weights.items() if name not in apart}
    if not fitting:
        raise InputError("no weight fits this model", file=folder / WEIGHTS,
                         fix="start from a run of the same encoder or dynamics")  # fmt: skip
    model.load_state_dict(fitting, strict=False)
    line = f"start from {folder}: {len(fitting)} of {len(model.state_dict())} tensors taken"
    rest = differ.text(str(parts["provenance"].get("drivewm", "unknown")))
    return f"{line}; {rest}" if rest else line


def check_grid(theirs: object, ours: GridConfig, file: Path) -> None:
    """
    Raises:
        InputError: a checkpoint was made for another grid; the first field that differs is named.
    """
    known = theirs if isinstance(theirs, dict) else {}
    for name, value in ours.model_dump().items():
        if name in known and known[name] != value:
            raise InputError(
                f"the checkpoint was made for a grid with {name} = {known[name]}, this one has "
                f"{value}", file=file, field=f"model.grid.{name}",
                fix=f"--set model.grid.{name}={known[name]}, or train anew on this grid",
            )  # fmt: skip
