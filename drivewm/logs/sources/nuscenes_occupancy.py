"""Occupancy labels of nuScenes scenes in any of the sets of ``label_formats``."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from drivewm.errors import InputError
from drivewm.geometry import se3
from drivewm.logs.label_formats import SETS, LabelSet
from drivewm.logs.occupancy_codec import SHAPE
from drivewm.logs.records import OccupancyLabel
from drivewm.scene import OccClass

OCC3D_LOW_M, OCC3D_CELL_M = np.array([-40.0, -40.0, -1.0]), 0.4


class LabelFiles:
    """The labels of one set under a folder.

    Args:
        folder: where they lie; None = the set's usual folder under the dataroot.
        name: of the set; None = Occ3D in a folder that was named, else the first set whose usual
            folder the dataroot has.

    Raises:
        InputError: ``folder`` does not exist.
    """

    def __init__(self, dataroot: Path, folder: Path | None = None, name: str | None = None) -> None:
        if folder is not None and not Path(folder).is_dir():
            raise InputError("no such folder", file=folder, field="--occupancy")
        there = [n for n, s in SETS.items() if (dataroot / s.folder).is_dir()]
        found = there[0] if there and folder is None else "occ3d"
        self.set: LabelSet = SETS[found if name is None else name]
        self.root = Path(folder) if folder is not None else dataroot / self.set.folder

    def path(self, scene: str, token: str, keyframe: int, lidar: str | None) -> Path | None:
        """The file of one sample; ``lidar`` is the path of its LIDAR_TOP sweep."""
        kind = self.set.name
        if kind == "surroundocc":
            name = None if lidar is None else f"{Path(lidar).name}.npy"
            tries = [] if name is None else [self.root / "samples" / name, self.root / name]
        elif kind == "uniocc":
            tries = [self.root / scene / f"{keyframe}.npz"]
        else:
            tries = [self.root / scene / token / "labels.npz", self.root / f"{token}.npz"]
        return next((path for path in tries if path.is_file()), None)

    def read(self, path: Path, ego_from_lidar: np.ndarray | None) -> OccupancyLabel:
        """One label on the Occ3D grid of the ego frame.

        Args:
            ego_from_lidar: [4, 4] from LIDAR_TOP's frame to the ego's at the keyframe; needed by
                sets in the lidar frame.

        Raises:
            InputError: the file is broken, an array is missing, of another shape or out of range.
        """
        if self.set.name == "surroundocc":
            if ego_from_lidar is None:
                raise InputError(
                    "the sample has no LIDAR_TOP record, whose frame the label is in", file=path,
                    field="LIDAR_TOP", fix="use labels in the ego frame for this scene",
                )  # fmt: skip
            return resampled(native_surroundocc(path), SETS["surroundocc"], ego_from_lidar)
        names = {"semantics": "semantics", "camera": "mask_camera", "lidar": "mask_lidar"}
        if self.set.name == "uniocc":
            names = {"semantics": "occ_label", "camera": "occ_mask_camera"}
        wanted = {k: v for k, v in names.items() if k == "semantics" or k in self.set.masks}
        arrays = _read_npz(path, wanted)
        semantics = arrays["semantics"]
        _check_classes(path, wanted["semantics"], semantics, self.set)
        masks = {k: arrays[k].astype(bool) if k in arrays else _everywhere() for k in names}
        masks.setdefault("lidar", _everywhere())
        return OccupancyLabel(
            semantics=self.set.to_occ3d[semantics], mask_camera=masks["camera"],
            mask_lidar=masks["lidar"],
        )  # fmt: skip


def _everywhere() -> np.ndarray:
    """The mask of a set that has none: every voxel counts."""
    return np.ones(SHAPE, bool)


def read_label(path: Path) -> OccupancyLabel:
    """One Occ3D label; see ``LabelFiles.read``."""
    return LabelFiles(path.parent, path.parent, "occ3d").read(path, None)


def _read_npz(path: Path, names: dict[str, str]) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[name] for key, name in names.items()}
    except KeyError as error:
        raise InputError(
            "array is missing", file=path, field=str(error.args[0]).split(" ")[0],
            fix="name the set of these labels with --labels",
        ) from error  # fmt: skip
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"not a readable npz ({error})", file=path, fix="fetch it again"
        ) from error
    for key, array in arrays.items():
        if array.shape != SHAPE:
            raise InputError(
                f"shape {array.shape} is not {SHAPE}", file=path, field=names[key],
                fix="labels of another grid cannot be used as they are",
            )  # fmt: skip
    return arrays


def _check_classes(path: Path, field: str, classes: np.ndarray, of: LabelSet) -> None:
    whole = classes.dtype.kind in "iu"
    if not whole or (classes.size and not 0 <= classes.min() <= classes.max() <= of.highest):
        what = f"{classes.min()} to {classes.max()}" if whole else str(classes.dtype)
        raise InputError(
            f"classes are {what}, not whole numbers from 0 to {of.highest}", file=path, field=field,
            fix=f"these are no labels of {of.name}: name the right set with --labels",
        )  # fmt: skip


def native_surroundocc(path: Path) -> np.ndarray:
    """A SurroundOcc file on its own grid; uint8 [200, 200, 16] of OccClass, lidar frame.

    What the set ignores (its class 0) is ``OTHERS``; voxels that are not listed are free.

    Raises:
        InputError: not rows of four whole numbers, or an index or a class out of range.
    """
    fix = "these are no labels of surroundocc: name the right set with --labels"
    try:
        rows = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(
            f"not a readable npy ({error})", file=path, fix="fetch it again"
        ) from error
    if rows.ndim != 2 or rows.shape[1] != 4:
        raise InputError(f"shape {rows.shape} is not (n, 4)", file=path, field="rows", fix=fix)
    if rows.dtype.kind not in "iu":
        if not (np.isfinite(rows).all() and (rows == np.floor(rows)).all()):
            raise InputError("rows are not whole numbers", file=path, field="rows", fix=fix)
        rows = rows.astype(np.int64)
    grid = np.full(SHAPE, OccClass.FREE, np.uint8)
    if not len(rows):
        return grid
    outside = (rows[:, :3] < 0) | (rows[:, :3] >= np.array(SHAPE))
    if outside.any():
        first = rows[outside.any(1)][0, :3]
        raise InputError(
            f"voxel {tuple(int(v) for v in first)} is outside the grid {SHAPE}", file=path,
            field="rows", fix="labels of another grid cannot be used as they are",
        )  # fmt: skip
    _check_classes(path, "class", rows[:, 3], SETS["surroundocc"])
    grid[rows[:, 0], rows[:, 1], rows[:, 2]] = SETS["surroundocc"].to_occ3d[rows[:, 3]]
    return grid


def resampled(native: np.ndarray, of: LabelSet, ego_from_set: np.ndarray) -> OccupancyLabel:
    """A label on its own grid [I, J, K] (OccClass) brought to the Occ3D grid of the ego frame.

    Each voxel takes the class of the native voxel that holds its centre. What lies outside the
    native grid is free and masked out.
    """
    index = [np.arange(n) for n in SHAPE]
    centers = np.stack(np.meshgrid(*index, indexing="ij"), -1).reshape(-1, 3) + 0.5
    local = se3.transform(se3.inverse(ego_from_set), centers * OCC3D_CELL_M + OCC3D_LOW_M)
    cells = np.floor((local - np.array(of.low_m)) / of.cell_m + 1e-9).astype(np.int64)
    inside = ((cells >= 0) & (cells < np.array(native.shape))).all(1)
    flat = np.full(len(cells), OccClass.FREE, np.uint8)
    flat[inside] = native[tuple(cells[inside].T)]
    known = inside.reshape(SHAPE)
    return OccupancyLabel(semantics=flat.reshape(SHAPE), mask_camera=known, mask_lidar=known.copy())
