"""Cameras of a synthetic world, rendered from wherever the ego is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from drivewm.scene import CameraFrame
from drivewm.sim.traffic import Traffic
from drivewm.worlds.actors import Actors
from drivewm.worlds.world import World

DEFAULT_SIZE = (224, 128)  # width, height


class WorldCameras:
    """A CameraSource over a built world.

    Args:
        world: what is pictured.
        size: width and height in pixels.
        channels: camera channels; None = all six.
        dead: channels that show nothing but black.
    """

    def __init__(
        self,
        world: World,
        size: tuple[int, int] = DEFAULT_SIZE,
        channels: Sequence[str] | None = None,
        dead: Sequence[str] = (),
    ) -> None:
        from drivewm.worlds.render.camera import Renderer

        width, height = size
        self._dead = tuple(dead)
        self._renderer = Renderer(world, width, height, channels=channels)

    def capture(self, ego: np.ndarray, traffic: Traffic) -> Mapping[str, CameraFrame]:
        actors = Actors(
            ids=traffic.ids,
            categories=traffic.categories,
            occ_class=traffic.occ_class,
            size_m=traffic.size_m,
            state=traffic.state,
            valid=traffic.valid,
        )
        frames = self._renderer.frames(ego[:3], actors, traffic.light_status)
        return {
            channel: replace(frame, rgb=np.zeros_like(frame.rgb))
            if channel in self._dead
            else frame
            for channel, frame in frames.items()
        }
