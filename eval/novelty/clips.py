"""Short clips of frames: as recorded, and the same drives with one thing changed.

A synthetic scene carries its world's spec, so the same drive can be recorded again: under another
sky, with an object that was not there, on another road. Only what a model reads is made: pictures
(through the same JPEG), or, for a model that reads occupancy, occupancy.
Shapes: T frames of a clip, N cameras, X, Y, Z cells.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from PIL import Image

from drivewm.errors import InputError
from drivewm.geometry.se2 import relative, to_local
from drivewm.models.grid import STEP_S, GridConfig, pool_labels
from drivewm.models.heads.agents import AGENT_CLASSES
from drivewm.models.world_model import ModelConfig
from drivewm.scene import OccClass, TrackColumn, classify
from drivewm.training.clips import Frames
from drivewm.training.pictures import resize
from drivewm.worlds.actors import Actors
from drivewm.worlds.playback import KEYFRAME_STEPS, Instant, at
from drivewm.worlds.recordings import jpeg
from drivewm.worlds.render.occupancy import semantics_only
from drivewm.worlds.simulate import WorldLog
from drivewm.worlds.studio import WorldStudio
from drivewm.worlds.world import Weather, World

Change = Callable[[Actors], Actors]
CLASSES = {int(c): n for n, c in enumerate(AGENT_CLASSES)}
SIZES_M = {  # of what is put in the place of a car
    OccClass.CONSTRUCTION_VEHICLE: (6.4, 2.8, 3.2), OccClass.TRAILER: (10.0, 2.6, 3.6),
    OccClass.OTHERS: (2.0, 1.4, 1.6),
}  # fmt: skip


def cut(frames: Frames, last: int, length: int) -> Frames:
    """The ``length`` frames that end at ``last``."""
    count, first = len(frames.occupancy), last - length + 1
    out = {}
    for field in fields(frames):
        value = getattr(frames, field.name)
        if isinstance(value, np.ndarray):
            between = len(value) == count - 1  # of the steps from frame to frame
            value = value[first : last + (0 if between else 1)]
        out[field.name] = value
    return Frames(**out)


@dataclass(frozen=True, kw_only=True)
class Drive:
    """A simulated drive and how it is recorded."""

    world: World
    log: WorldLog
    size: tuple[int, int]  # width, height of the recorded pictures

    def at_frame(self, frame: int) -> Instant:
        """The world at a keyframe."""
        return at(self.log, int(self.log.times_us[frame * KEYFRAME_STEPS]))

    def under(self, weather: Weather) -> Drive:
        """The same drive under another sky."""
        spec = self.world.spec.model_copy(update={"weather": weather})
        return replace(self, world=replace(self.world, spec=spec))


class Camera:
    """Records clips of one drive anew."""

    def __init__(self, drive: Drive, config: ModelConfig, change: Change | None = None) -> None:
        self.drive, self.config, self.change = drive, config, change
        self._studio: WorldStudio | None = None
        self._frames: dict[int, np.ndarray] = {}

    def clip(self, recorded: Frames, last: int, length: int) -> Frames:
        """The clip of the recorded drive that ends at frame ``last``, with this camera's pictures
        (or occupancy); calibration and motion stay as recorded."""
        own = cut(recorded, last, length)
        seen = np.stack([self._frame(k, own.channels) for k in range(last - length + 1, last + 1)])
        return replace(own, images=seen) if own.images is not None else replace(own, occupancy=seen)

    def _frame(self, frame: int, channels: tuple[str, ...]) -> np.ndarray:
        if frame not in self._frames:
            now = self.drive.at_frame(frame)
            if self.change is not None:
                now = replace(now, actors=self.change(now.actors))
            look = self._pictures if self.config.cameras is not None else self._occupancy
            self._frames[frame] = look(now, channels)
        return self._frames[frame]

    def _pictures(self, now: Instant, channels: tuple[str, ...]) -> np.ndarray:
        """uint8 [N, h, w, 3] at the model's size."""
        if self._studio is None:
            self._studio = WorldStudio(self.drive.world, *self.drive.size)
        taken = self._studio.pictures(now.ego_pose, now.actors, now.light_status)
        look = self.config.cameras
        assert look is not None
        return np.stack([_stored(taken[c].rgb, look.image_height, look.image_width)
                         for c in channels])  # fmt: skip

    def _occupancy(self, now: Instant, _: tuple[str, ...]) -> np.ndarray:
        label = semantics_only(self.drive.world, now.ego_pose, now.actors)
        return pool_labels(label, self.config.grid)


def _stored(rgb: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture as it is after being written to a fleet and read by a model."""
    with Image.open(io.BytesIO(jpeg(rgb))) as picture:
        whole = np.asarray(picture.convert("RGB"))
    return resize(whole, np.eye(3), (height, width))[0]


def elsewhere(drive: Drive, like: Frames) -> Frames:
    """Frames of another drive, still without pictures and labels, with the calibration of ``like``:
    motion and time are its own."""
    poses = drive.log.ego[::KEYFRAME_STEPS, :3]
    count = len(poses)
    arrays: dict[str, Any] = {
        field.name: np.repeat(value[:1], count, 0)
        for field in fields(like)
        if isinstance(value := getattr(like, field.name), np.ndarray)
        and len(value) == len(like.occupancy)
    }
    unknown = np.full(count - 1, np.nan, np.float32)
    return replace(
        like, scene_id=f"{like.scene_id} on {drive.world.spec.layout}", **arrays,
        motion=relative(poses[:-1], poses[1:]).astype(np.float32),
        dt_s=np.full(count - 1, STEP_S, np.float32), reward=unknown, cont=unknown,
    )  # fmt: skip


def disguised(drive: Drive, category: str, count: int = 3) -> tuple[Change, tuple[int, ...]]:
    """A change that makes the cars that come nearest to the ego into another kind of object, and
    their indices; they drive on as they did."""
    log = drive.log
    near = np.where(log.valid, np.hypot(*(log.state[..., :2] - log.ego[None, :, :2]).T).T, np.inf)
    cars = [n for n in np.argsort(near.min(1)) if log.occ_class[n] == OccClass.CAR][:count]
    size = SIZES_M.get(classify("nuscenes", category)[1], SIZES_M[OccClass.OTHERS])
    chosen = tuple(int(n) for n in cars)

    def change(actors: Actors) -> Actors:
        state, sizes = actors.state.copy(), np.array(actors.size_m, float)
        classes, names, ids = actors.occ_class.copy(), list(actors.categories), list(actors.ids)
        for n in chosen:
            ground = state[n, TrackColumn.Z] - sizes[n, 2] / 2
            sizes[n] = size
            state[n, TrackColumn.Z] = ground + sizes[n, 2] / 2
            classes[n] = classify("nuscenes", category)[1]
            names[n] = category
        return replace(
            actors, state=state, size_m=sizes, occ_class=classes, categories=tuple(names),
            ids=tuple(ids),
        )  # fmt: skip

    return change, chosen


def on_grid(drive: Drive, frame: int, agents: tuple[int, ...], grid: GridConfig) -> bool:
    """Whether one of the agents is there and has its centre on the model's grid."""
    now = drive.at_frame(frame)
    there = [n for n in agents if now.actors.valid[n]]
    if not there:
        return False
    x0, x1, y0, y1 = grid.extent_m
    x, y = to_local(now.ego_pose, now.actors.state[there, :2]).T
    return bool(((x > x0) & (x < x1) & (y > y0) & (y < y1)).any())


def without_camera(clip: Frames, channel: str) -> Frames:
    """The clip with one camera's pictures black; the model is not told.

    Raises:
        InputError: there is no such camera.
    """
    assert clip.images is not None
    if channel not in clip.channels:
        raise InputError(f"no camera '{channel}'", field="--cameras",
                         fix=f"use one of {', '.join(clip.channels)}")  # fmt: skip
    images = clip.images.copy()
    images[:, clip.channels.index(channel)] = 0
    return replace(clip, images=images)
