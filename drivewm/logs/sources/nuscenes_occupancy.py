"""Occ3D-nuScenes labels: ``gts/<scene>/<sample token>/labels.npz``, or ``<sample token>.npz``."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from drivewm.errors import InputError
from drivewm.logs.occupancy_codec import SHAPE
from drivewm.logs.records import OccupancyLabel
from drivewm.scene import OccClass

HIGHEST = int(max(OccClass))
LabelFinder = Callable[[str, str], Path | None]  # scene name, sample token -> file


def find_labels(dataroot: Path, folder: Path | None = None) -> LabelFinder:
    """A finder for the labels under ``dataroot/gts``, or under ``folder`` where one is given.

    Raises:
        InputError: ``folder`` does not exist.
    """
    if folder is not None and not Path(folder).is_dir():
        raise InputError("no such folder", file=folder, field="--occupancy")
    root = Path(folder) if folder is not None else dataroot / "gts"

    def find(scene: str, token: str) -> Path | None:
        for path in (root / scene / token / "labels.npz", root / f"{token}.npz"):
            if path.is_file():
                return path
        return None

    return find


def read_label(path: Path) -> OccupancyLabel:
    """One label.

    Raises:
        InputError: the file is broken, an array is missing or has another shape.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            semantics = archive["semantics"]
            camera, lidar = archive["mask_camera"], archive["mask_lidar"]
    except KeyError as error:
        raise InputError("array is missing", file=path, field=str(error.args[0])) from error
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"not a readable npz ({error})", file=path, fix="fetch it again"
        ) from error
    for name, array in (("semantics", semantics), ("mask_camera", camera), ("mask_lidar", lidar)):
        if array.shape != SHAPE:
            raise InputError(f"shape {array.shape} is not {SHAPE}", file=path, field=name)
    if semantics.dtype.kind not in "iu" or not 0 <= semantics.min() <= semantics.max() <= HIGHEST:
        raise InputError(
            f"classes are not whole numbers from 0 to {HIGHEST}", file=path, field="semantics",
            fix="fetch labels of Occ3D-nuScenes",
        )  # fmt: skip
    return OccupancyLabel(
        semantics=semantics.astype(np.uint8),
        mask_camera=camera.astype(bool),
        mask_lidar=lidar.astype(bool),
    )
