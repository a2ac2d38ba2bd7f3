"""Everything that records one world: cameras, lidar, occupancy. The writer's only view of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from drivewm.worlds.actors import Actors
from drivewm.worlds.render.camera import Picture, Renderer
from drivewm.worlds.render.lidar import sweep
from drivewm.worlds.render.occupancy import Occupancy, label
from drivewm.worlds.world import World


class Studio(Protocol):
    """Records a world; ``ego_pose`` [3] is the rear axle in the map frame."""

    def pictures(
        self, ego_pose: np.ndarray, actors: Actors, light_status: np.ndarray
    ) -> Mapping[str, Picture]:
        """One picture per camera channel."""

    def lidar(self, ego_pose: np.ndarray, actors: Actors) -> tuple[np.ndarray, np.ndarray]:
        """float32 [P, 5] points in the lidar frame, int32 [P] actor index or -1."""

    def occupancy(self, ego_pose: np.ndarray, actors: Actors) -> Occupancy:
        """The Occ3D label round the ego."""


class WorldStudio:
    """The renderer's studio of one world."""

    def __init__(self, world: World, width: int, height: int) -> None:
        self.world, self._renderer = world, Renderer(world, width, height)

    def pictures(
        self, ego_pose: np.ndarray, actors: Actors, light_status: np.ndarray
    ) -> Mapping[str, Picture]:
        return self._renderer.render(ego_pose, actors, light_status)

    def lidar(self, ego_pose: np.ndarray, actors: Actors) -> tuple[np.ndarray, np.ndarray]:
        return sweep(self.world, ego_pose, actors)

    def occupancy(self, ego_pose: np.ndarray, actors: Actors) -> Occupancy:
        return label(self.world, ego_pose, actors)
