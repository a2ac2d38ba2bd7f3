"""What of a world does not change while it runs, made once and kept as long as the world lives."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from drivewm.scene import OccClass
from drivewm.worlds.render.ground import Tile, rasterise
from drivewm.worlds.render.scenery import LightPosts, light_posts, solid_parts
from drivewm.worlds.render.shadow import Shade, cast
from drivewm.worlds.render.weather import LAMPS_ON, Air, air

if TYPE_CHECKING:
    from drivewm.worlds.world import World

SHADE_CELL_M = 0.5


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Ground, static parts, their shade and the weather of one world."""

    tile: Tile
    solids: np.ndarray  # [B, PART_COLUMNS]
    posts: LightPosts
    shade: Shade
    air: Air

    @property
    def static_parts(self) -> np.ndarray:
        """Everything solid that never moves, lights unlit; [B, PART_COLUMNS]."""
        return np.concatenate([self.solids, self.posts.parts])


_STAGES: dict[int, Stage] = {}  # by id(world); entries go when their world goes


def stage_of(world: World) -> Stage:
    """The world's stage, built at the first call."""
    key = id(world)
    if key not in _STAGES:
        _STAGES[key] = _build(world)
        weakref.finalize(world, _STAGES.pop, key, None)
    return _STAGES[key]


def _build(world: World) -> Stage:
    tile = rasterise(world.road_map)

    def is_road(x_m: float, y_m: float) -> bool:
        return bool(tile.class_at(np.array([[x_m, y_m]]))[0] == OccClass.DRIVEABLE_SURFACE)

    solids = solid_parts(world.solids, world.spec.layout_seed)
    posts = light_posts(world, is_road)
    weather = air(world.spec.weather, world.spec.seed)
    rows, columns = (int(n * tile.cell_m / SHADE_CELL_M) + 1 for n in tile.levels[0, 1:])
    shade = cast(
        np.concatenate([solids, posts.parts]), (tile.x0_m, tile.y0_m), (rows, columns),
        SHADE_CELL_M, weather.sun, _softness(world.spec.weather), weather.lamps > LAMPS_ON,
    )  # fmt: skip
    return Stage(tile=tile, solids=solids, posts=posts, shade=shade, air=weather)


def _softness(weather: str) -> float:
    """Half width of a shadow's edge, metres: an overcast sky has no sharp ones."""
    return {"day": 0.12, "dusk": 0.2, "night": 0.3, "rain": 0.8}[weather]
