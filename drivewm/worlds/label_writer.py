"""Exact occupancy written in the layout of one of the label sets (``logs.label_formats``)."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from drivewm.geometry import se3
from drivewm.logs.label_formats import SETS, LabelFormat
from drivewm.scene import MOVABLE, OccClass, TrackColumn
from drivewm.worlds import occ3d
from drivewm.worlds.render import voxels
from drivewm.worlds.render.occupancy import Occupancy, lidar_frame_semantics, owners
from drivewm.worlds.render.rig import map_from_ego

if TYPE_CHECKING:
    from drivewm.worlds.playback import Instant
    from drivewm.worlds.world import World

SCENE_INFOS = "scene_infos.pkl"
_MOVABLE = [int(c) for c in MOVABLE]


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """What UniOcc's flow needs of a keyframe until the next one is known."""

    label: np.ndarray  # uint8 [200, 200, 16], UniOcc's classes
    camera: np.ndarray  # bool
    owner: np.ndarray  # uint16, actor index + 1
    now: Instant


class LabelWriter:
    """The labels of one scene, under ``root`` as they lie in a dataroot."""

    def __init__(self, root: Path, scene: str, form: LabelFormat, world: World) -> None:
        self.root, self.scene, self.set, self.world = root, scene, SETS[form], world
        self.folder = root / self.set.folder
        self._frames: list[_Frame] = []

    def keyframe(self, sample: str, sweep: str, now: Instant, grid: Occupancy) -> None:
        """One keyframe; ``sweep`` is the path of its LIDAR_TOP file, ``grid`` its Occ3D label."""
        form = self.set.name
        if form == "occ3d":
            occ3d.write_label(
                self.root, self.scene, sample, grid.semantics, grid.mask_lidar, grid.mask_camera
            )
            return
        own = self.set.from_occ3d()
        if form == "surroundocc":
            native = lidar_frame_semantics(self.world, now.ego_pose, now.actors)
            where = np.argwhere(native != OccClass.FREE)
            rows = np.column_stack([where, own[native[tuple(where.T)]]]).astype(np.int64)
            _write(self.folder / "samples" / f"{Path(sweep).name}.npy", _npy(rows))
            return
        owner = owners(now.ego_pose, now.actors, grid.semantics)
        if form == "openocc":
            arrays = {
                "semantics": own[grid.semantics],
                "flow": _velocity(owner, now).astype(np.float16),
            }
            path = self.folder / self.scene / sample / "labels.npz"
            _write(path, occ3d.npz_bytes(arrays))
            return
        self._frames.append(
            _Frame(label=own[grid.semantics], camera=grid.mask_camera, owner=owner, now=now)
        )

    def finish(self, cameras: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        """Writes what needs the whole scene.

        Args:
            cameras: per keyframe, UniOcc's rows: name, filename, intrinsics, extrinsics.
        """
        for k, frame in enumerate(self._frames):
            after = self._frames[min(k + 1, len(self._frames) - 1)]
            before = self._frames[max(k - 1, 0)]
            arrays = {
                "occ_label": frame.label,
                "occ_mask_camera": frame.camera.astype(np.uint8),
                "occ_flow_forward": _displacement(frame, after),
                "occ_flow_backward": _displacement(frame, before),
                "ego_to_world_transformation": map_from_ego(frame.now.ego_pose),
            }
            objects: dict[str, Sequence[Any]] = {
                "cameras": cameras[k],
                "annotations": self._annotations(frame),
            }
            path = self.folder / self.scene / f"{k}.npz"
            _write(path, occ3d.npz_bytes(arrays, objects=objects))

    def _annotations(self, frame: _Frame) -> list[dict[str, Any]]:
        ego_from_map = se3.inverse(map_from_ego(frame.now.ego_pose))
        actors, own = frame.now.actors, self.set.from_occ3d()
        out = []
        for n in np.flatnonzero(actors.valid):
            pose = _box_pose(actors.state[n])
            out.append(
                {
                    "token": actors.ids[n], "agent_to_ego": ego_from_map @ pose,
                    "agent_to_world": pose, "size": np.asarray(actors.size_m[n], float),
                    "category_id": int(own[actors.occ_class[n]]),
                }
            )  # fmt: skip
        return out


def scene_infos(scenes: Mapping[str, int]) -> bytes:
    """UniOcc's ``scene_infos.pkl``: the scenes and how many frames each has.

    A pickle because its own loader wants one; nothing here reads it.
    """
    infos = [
        {
            "scene_name": name, "start_frame": 0, "end_frame": frames - 1,
            "occ_in_scene_paths": [f"{name}/{k}.npz" for k in range(frames)],
        }
        for name, frames in scenes.items()
    ]  # fmt: skip
    return pickle.dumps(infos, protocol=4)


def _velocity(owner: np.ndarray, now: Instant) -> np.ndarray:
    """Velocity over ground of movable voxels along the ego's axes; [200, 200, 16, 2] m/s."""
    actors, heading = now.actors, now.ego_pose[2]
    v = np.asarray(actors.state[:, TrackColumn.VX : TrackColumn.VY + 1], float)
    cos, sin = np.cos(heading), np.sin(heading)
    local = np.column_stack([cos * v[:, 0] + sin * v[:, 1], -sin * v[:, 0] + cos * v[:, 1]])
    local[~np.isin(actors.occ_class, _MOVABLE)] = 0.0
    return np.concatenate([np.zeros((1, 2)), local])[owner]


def _displacement(frame: _Frame, other: _Frame) -> np.ndarray:
    """Voxels from each occupied voxel to where its stuff is in the other frame; float32 [..., 3].

    Actors move with their box; where the other frame lacks the actor, and for everything else,
    the ego's motion alone counts.
    """
    out = np.zeros((*frame.label.shape, 3), np.float32)
    if other is frame:
        return out
    x, y, z = voxels.centers_m()
    there = np.argwhere(frame.label != SETS["uniocc"].free)
    points = np.column_stack([x[there[:, 0]], y[there[:, 1]], z[there[:, 2]]])
    other_from_ego = se3.inverse(map_from_ego(other.now.ego_pose)) @ map_from_ego(
        frame.now.ego_pose
    )
    moved = se3.transform(other_from_ego, points)
    owner = frame.owner[tuple(there.T)]
    for n in np.unique(owner[owner > 0]) - 1:
        if not other.now.actors.valid[n]:
            continue
        mine = owner == n + 1
        before, after = (_box_pose(f.now.actors.state[n]) for f in (frame, other))
        carried = after @ se3.inverse(before) @ map_from_ego(frame.now.ego_pose)
        pose = se3.inverse(map_from_ego(other.now.ego_pose)) @ carried
        moved[mine] = se3.transform(pose, points[mine])
    out[tuple(there.T)] = (moved - points) / voxels.CELL_M
    return out


def _box_pose(state: np.ndarray) -> np.ndarray:
    x, y, z, heading = (float(v) for v in state[: TrackColumn.HEADING + 1])
    return se3.from_yaw(x, y, heading, z)


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
