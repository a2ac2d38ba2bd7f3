"""The occupancy label sets that are read and written: layout, grid, frame, classes, free index.

A fleet keeps one form (Occ3D-nuScenes: ego frame, 200 x 200 x 16 voxels of 0.4 m, classes 0-17 with
17 = free). Sources of the facts:

* ``occ3d``: Occ3D (Tian et al., 2023), github.com/Tsinghua-MARS-Lab/Occ3D.
* ``openocc``: OpenOcc v2.1, github.com/OpenDriveLab/OccNet (README; ``ray_metrics.py`` has its
  classes, in another order than Occ3D's).
* ``surroundocc``: SurroundOcc (Wei et al., 2023), github.com/weiyithu/SurroundOcc
  (``docs/data.md``, ``nuscenes.yaml``, configs): voxel indices in the frame of LIDAR_TOP.
* ``uniocc``: UniOcc (Wang et al., 2025), github.com/tasl-lab/UniOcc (README, ``uniocc_viz.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from drivewm.scene import OccClass

LabelFormat = Literal["occ3d", "openocc", "surroundocc", "uniocc"]
_O = OccClass


@dataclass(frozen=True, kw_only=True)
class LabelSet:
    """One set. ``to_occ3d[i]`` is the OccClass of its class i."""

    name: LabelFormat
    folder: str  # under a dataroot
    layout: str  # of a file under the folder
    frame: Literal["ego", "lidar"]
    low_m: tuple[float, float, float]  # lower corner of the grid, in that frame
    cell_m: float
    classes: tuple[str, ...]
    to_occ3d: np.ndarray  # uint8 [classes]
    free: int | None  # index of free space; None = voxels that are not listed
    masks: tuple[str, ...]  # which masks its files hold
    merges: bool  # several of Occ3D's classes share one of its own

    @property
    def highest(self) -> int:
        return len(self.to_occ3d) - 1

    def from_occ3d(self) -> np.ndarray:
        """Its class for each OccClass, uint8 [18]; free becomes 255 where free is not listed."""
        out = np.full(len(OccClass), 255, np.uint8)
        for own, occ3d in reversed(list(enumerate(self.to_occ3d))):
            out[occ3d] = own
        for occ3d, own in _MERGED.get(self.name, {}).items():
            out[occ3d] = own
        return out


_EGO_LOW_M = (-40.0, -40.0, -1.0)
_OCC3D = tuple(c.name.lower() for c in OccClass)
_OPENOCC = (
    _O.CAR, _O.TRUCK, _O.TRAILER, _O.BUS, _O.CONSTRUCTION_VEHICLE, _O.BICYCLE, _O.MOTORCYCLE,
    _O.PEDESTRIAN, _O.TRAFFIC_CONE, _O.BARRIER, _O.DRIVEABLE_SURFACE, _O.OTHER_FLAT, _O.SIDEWALK,
    _O.TERRAIN, _O.MANMADE, _O.VEGETATION, _O.FREE,
)  # fmt: skip
_UNIOCC = (
    _O.OTHERS, _O.CAR, _O.BICYCLE, _O.MOTORCYCLE, _O.PEDESTRIAN, _O.TRAFFIC_CONE, _O.VEGETATION,
    _O.DRIVEABLE_SURFACE, _O.TERRAIN, _O.MANMADE, _O.FREE,
)  # fmt: skip
_UNIOCC_NAMES = (
    "undefined", "car", "bicycle", "motorcycle", "pedestrian", "traffic_cone", "vegetation", "road",
    "terrain", "building", "free",
)  # fmt: skip
# Where a set lacks a class: OpenOcc has no "others"; UniOcc has one class for all vehicles.
_MERGED: dict[str, dict[int, int]] = {
    "openocc": {_O.OTHERS: 14},
    "uniocc": {
        _O.BARRIER: 0, _O.BUS: 1, _O.CONSTRUCTION_VEHICLE: 1, _O.TRAILER: 1, _O.TRUCK: 1,
        _O.OTHER_FLAT: 8, _O.SIDEWALK: 8,
    },
}  # fmt: skip


def _indices(classes) -> np.ndarray:
    return np.array([int(c) for c in classes], np.uint8)


SETS: dict[str, LabelSet] = {
    "occ3d": LabelSet(
        name="occ3d", folder="gts", layout="SCENE/SAMPLE_TOKEN/labels.npz", frame="ego",
        low_m=_EGO_LOW_M, cell_m=0.4, classes=_OCC3D, to_occ3d=_indices(OccClass),
        free=int(_O.FREE), masks=("camera", "lidar"), merges=False,
    ),
    "openocc": LabelSet(
        name="openocc", folder="openocc_v2", layout="SCENE/SAMPLE_TOKEN/labels.npz", frame="ego",
        low_m=_EGO_LOW_M, cell_m=0.4, classes=tuple(c.name.lower() for c in _OPENOCC),
        to_occ3d=_indices(_OPENOCC), free=16, masks=(), merges=True,
    ),
    "surroundocc": LabelSet(
        name="surroundocc", folder="nuscenes_occ", layout="samples/LIDAR_FILE.pcd.bin.npy",
        frame="lidar", low_m=(-50.0, -50.0, -5.0), cell_m=0.5,
        classes=("ignored", *_OCC3D[1:17]), to_occ3d=_indices(list(OccClass)[:17]), free=None,
        masks=(), merges=False,
    ),
    "uniocc": LabelSet(
        name="uniocc", folder="uniocc", layout="SCENE/INDEX.npz", frame="ego", low_m=_EGO_LOW_M,
        cell_m=0.4, classes=_UNIOCC_NAMES, to_occ3d=_indices(_UNIOCC), free=10,
        masks=("camera",), merges=True,
    ),
}  # fmt: skip


def after_merging(semantics: np.ndarray, name: str) -> np.ndarray:
    """Occ3D classes as they are after a trip through another set's classes; uint8, any shape."""
    own = SETS[name].from_occ3d()[semantics]
    back = np.append(SETS[name].to_occ3d, np.full(255 - SETS[name].highest, OccClass.FREE))
    return back.astype(np.uint8)[own]
