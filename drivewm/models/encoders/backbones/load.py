"""Weights of an image backbone from a local file. No code is loaded, nothing is downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.errors import InputError

FIELD = "backbone.weights"
_WRAPPERS = ("state_dict", "model", "teacher")  # keys under which files hide the tensors
_PREFIXES = ("module.", "backbone.", "encoder.")
_UNUSED = ("fc.", "head.", "mask_token", "register_tokens", "num_batches_tracked")


def load_backbone_weights(trunk: nn.Module, file: str | Path, name: str) -> list[str]:
    """Fills ``trunk`` from ``file`` (.safetensors, or a .pt / .pth of tensors alone).

    A classifier head and counters in the file are left aside; a position embedding of another
    picture size is resampled.

    Returns:
        the names in the file that were left aside.

    Raises:
        InputError: no such file, not readable, or a tensor is missing or has another shape.
    """
    path = Path(file)
    found = _strip(_read(path))
    wanted = trunk.state_dict()
    if "pos_embed" in wanted and "pos_embed" in found:
        found["pos_embed"] = _resampled(found["pos_embed"], wanted["pos_embed"])
    for key, ours in wanted.items():
        theirs = found.get(key)
        if theirs is None or theirs.shape != ours.shape:
            what = "is missing" if theirs is None else f"has shape {list(theirs.shape)}"
            raise InputError(
                f"tensor {key} {what}, {name} wants {list(ours.shape)}",
                file=path, field=FIELD,
                fix=f"name a checkpoint of {name} (docs/encoders.md lists the layouts)",
            )  # fmt: skip
    trunk.load_state_dict({key: found[key] for key in wanted})
    return sorted(key for key in found if key not in wanted)


def _read(path: Path) -> dict[str, Tensor]:
    fix = "name a .safetensors file or a .pt / .pth file that holds tensors alone"
    if not path.is_file():
        raise InputError("no such file", file=path, field=FIELD, fix=fix)
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        text = str(error).strip().split("\n")[0][:120]
        raise InputError(f"not readable ({text})", file=path, field=FIELD, fix=fix) from error
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not content:
        raise InputError("holds no tensors by name", file=path, field=FIELD, fix=fix)
    return {str(k): v for k, v in content.items() if isinstance(v, Tensor)}


def _strip(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Without the prefixes that wrappers leave, and without heads."""
    for prefix in _PREFIXES:
        if tensors and all(key.startswith(prefix) for key in tensors):
            tensors = {key[len(prefix) :]: value for key, value in tensors.items()}
    return {k: v for k, v in tensors.items() if not any(u in k for u in _UNUSED)}


def _resampled(theirs: Tensor, ours: Tensor) -> Tensor:
    """A position embedding [1, 1 + h0 * w0, C] for the square grid of ``ours``."""
    if theirs.shape == ours.shape or theirs.ndim != 3 or theirs.shape[2] != ours.shape[2]:
        return theirs
    old, new = (round((t.shape[1] - 1) ** 0.5) for t in (theirs, ours))
    if old * old != theirs.shape[1] - 1:
        return theirs
    grid = theirs[:, 1:].reshape(1, old, old, -1).permute(0, 3, 1, 2).float()
    grid = F.interpolate(grid, size=(new, new), mode="bicubic", align_corners=False)
    return torch.cat([theirs[:, :1], grid.flatten(2).transpose(1, 2)], 1)
