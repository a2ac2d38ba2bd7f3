"""The camera renderer: pictures with exact depth, semantics and instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from drivewm.errors import InputError
from drivewm.scene import CameraFrame
from drivewm.worlds.actors import Actors
from drivewm.worlds.render import parts as P
from drivewm.worlds.render import shade, visibility
from drivewm.worlds.render.noise import NOISE
from drivewm.worlds.render.rig import CAMERAS, map_from_ego
from drivewm.worlds.render.shadow import Shade, cast
from drivewm.worlds.render.shapes import Wardrobe
from drivewm.worlds.render.stage import stage_of
from drivewm.worlds.render.weather import LAMPS_ON

if TYPE_CHECKING:
    from drivewm.worlds.world import World

DRAW_DISTANCE_M = 260.0
MOVING_SHADE_CELLS, MOVING_SHADE_CELL_M = 640, 0.2  # 128 m around the ego


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What one camera sees. Depth is z-depth in the camera frame, inf in the sky."""

    rgb: np.ndarray  # uint8 [H, W, 3]
    depth_m: np.ndarray  # float32 [H, W]
    semantic: np.ndarray  # uint8 [H, W], OccClass; FREE = sky
    instance: np.ndarray  # int32 [H, W], actor index, -1 where none


class Renderer:
    """Renders a world from wherever the ego is.

    Args:
        world: the world; its static things are prepared once.
        width, height: picture size in pixels; intrinsics are scaled to it.
        channels: which cameras, default all six.
        threads: cameras drawn at the same time; the pictures do not depend on it.

    Raises:
        InputError: a size below 1, or an unknown channel.
    """

    def __init__(
        self,
        world: World,
        width: int,
        height: int,
        channels: Sequence[str] | None = None,
        *,
        threads: int = 1,
    ) -> None:
        if width < 1 or height < 1:
            raise InputError(f"{width}x{height} is no picture size", field="image size",
                             fix="use at least 1x1")  # fmt: skip
        self.channels = tuple(CAMERAS if channels is None else channels)
        for channel in self.channels:
            if channel not in CAMERAS:
                raise InputError(f"no camera {channel!r}", field="channels",
                                 fix=f"choose from {', '.join(CAMERAS)}")  # fmt: skip
        self.width, self.height, self.threads = width, height, threads
        self.world, self.stage = world, stage_of(world)
        self._wardrobe = Wardrobe()

    def render(
        self, ego_pose: np.ndarray, actors: Actors, light_status: np.ndarray
    ) -> dict[str, Picture]:
        """Pictures by channel for the ego at ``ego_pose`` [3] (x, y, heading of the rear axle)."""
        moving = self._wardrobe.dress(actors)
        parts = np.concatenate([self.stage.solids, self.stage.posts.lit(light_status), moving])
        apart = np.hypot(parts[:, P.X] - ego_pose[0], parts[:, P.Y] - ego_pose[1])
        parts = np.ascontiguousarray(parts[apart < DRAW_DISTANCE_M])
        shadow = self._moving_shade(ego_pose, moving)

        def one(channel: str) -> Picture:
            return self._draw(channel, ego_pose, parts, shadow)

        if self.threads == 1:
            return {channel: one(channel) for channel in self.channels}
        with ThreadPoolExecutor(self.threads) as pool:
            return dict(zip(self.channels, pool.map(one, self.channels)))

    def frames(
        self, ego_pose: np.ndarray, actors: Actors, light_status: np.ndarray
    ) -> Mapping[str, CameraFrame]:
        """The pictures as a planner gets them."""
        return {
            channel: CameraFrame(
                rgb=picture.rgb,
                intrinsics=CAMERAS[channel].scaled_intrinsics(self.width, self.height),
                ego_from_camera=CAMERAS[channel].ego_from_camera,
            )
            for channel, picture in self.render(ego_pose, actors, light_status).items()
        }

    def _moving_shade(self, ego_pose: np.ndarray, moving: np.ndarray) -> Shade:
        half = MOVING_SHADE_CELLS // 2
        low = [(np.floor(ego_pose[k] / MOVING_SHADE_CELL_M) - half) * MOVING_SHADE_CELL_M
               for k in (0, 1)]  # fmt: skip
        size = self.world.vehicle
        cos, sin = np.cos(ego_pose[2]), np.sin(ego_pose[2])
        ahead = size.rear_axle_to_center_m
        ego = P.make_part(
            (ego_pose[0] + ahead * cos, ego_pose[1] + ahead * sin, size.height_m / 2),
            (size.length_m / 2, size.width_m / 2, size.height_m / 2), (0, 0, 0),
            yaw_rad=ego_pose[2],
        )  # fmt: skip
        casting = np.concatenate([moving, P.as_array([ego])])
        cells = (MOVING_SHADE_CELLS, MOVING_SHADE_CELLS)
        air = self.stage.air
        return cast(
            casting, (float(low[0]), float(low[1])), cells, MOVING_SHADE_CELL_M, air.sun,
            0.5 if air.wet > 0.5 else 0.1, air.lamps > LAMPS_ON,
        )  # fmt: skip

    def _draw(
        self, channel: str, ego_pose: np.ndarray, parts: np.ndarray, shadow: Shade
    ) -> Picture:
        camera, shape = CAMERAS[channel], (self.height, self.width)
        k = camera.scaled_intrinsics(self.width, self.height)
        lens = (float(k[0, 0]), float(k[1, 1]), float(k[0, 2]), float(k[1, 2]))
        pose = map_from_ego(ego_pose) @ camera.ego_from_camera
        depth, index = np.empty(shape, np.float32), np.empty(shape, np.int32)
        visibility.see(parts, pose, lens, depth, index)
        rgb, semantic = np.empty((*shape, 3), np.uint8), np.empty(shape, np.uint8)
        instance = np.empty(shape, np.int32)
        tile, fixed = self.stage.tile, self.stage.shade
        ego = (float(ego_pose[0]), float(ego_pose[1]), float(np.cos(ego_pose[2])),
               float(np.sin(ego_pose[2])))  # fmt: skip
        shade.paint(
            parts, pose, lens, depth, index, tile.cells, tile.levels, tile.place, fixed.raster,
            fixed.place, shadow.raster, shadow.place, ego, self.stage.air.flat(), NOISE, rgb,
            semantic, instance,
        )  # fmt: skip
        return Picture(rgb=rgb, depth_m=depth, semantic=semantic, instance=instance)
