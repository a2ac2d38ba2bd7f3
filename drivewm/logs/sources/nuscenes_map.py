"""The map a nuScenes dataroot has for a scene: expansion, else drivable PNG, else none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from drivewm.logs.map_crop import MARGIN_M, check_city, path_area
from drivewm.logs.sources.nuscenes_expansion import Expansion
from drivewm.logs.sources.nuscenes_mask import DrivableMask
from drivewm.scene import NO_MAP, RoadMap

MASK_MARGIN_M = 100.0


class NuScenesMaps:
    """The maps of a dataroot, each opened when a scene first needs it."""

    def __init__(self, dataroot: Path, map_table: list[dict[str, Any]]) -> None:
        self._dataroot = dataroot
        self._mask_path = {
            log: dataroot / record["filename"]
            for record in map_table
            if "absent" not in record
            for log in record["log_tokens"]
        }
        self._expansions: dict[str, Expansion] = {}
        self._masks: dict[Path, DrivableMask] = {}

    def crop(self, location: str, log_token: str, path_xy: np.ndarray) -> RoadMap:
        """The map around a driven path ([E, 2]).

        Raises:
            InputError: the file is broken, or it is the map of another city.
        """
        json_path = self._dataroot / "maps" / "expansion" / f"{location}.json"
        if json_path.exists():
            if location not in self._expansions:
                self._expansions[location] = Expansion(json_path, location)
            road_map = self._expansions[location].crop(path_area(path_xy, MARGIN_M))
            check_city(json_path, location, road_map, path_xy)
            return road_map
        png = self._mask_path.get(log_token)
        if png is None:
            return NO_MAP
        if png not in self._masks:
            self._masks[png] = DrivableMask(png)
        area = path_area(path_xy, MASK_MARGIN_M)
        road_map = RoadMap(origin="drivable_png", drivable=self._masks[png].polygons(area))
        check_city(png, location, road_map, path_xy)
        return road_map
