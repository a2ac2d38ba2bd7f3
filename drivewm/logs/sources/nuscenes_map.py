"""The map a nuScenes dataroot has for a scene: expansion, else drivable PNG, else none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from shapely.geometry import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from drivewm.errors import InputError
from drivewm.logs.sources.nuscenes_expansion import Expansion
from drivewm.logs.sources.nuscenes_mask import DrivableMask
from drivewm.scene import NO_MAP, RoadMap

MARGIN_M = 120.0  # kept around the ego path
MASK_MARGIN_M = 100.0
MIN_ON_ROAD = 0.05  # a drive with less of its path on the road is on another city's map


class NuScenesMaps:
    """The maps of a dataroot, each opened when a scene first needs it."""

    def __init__(self, dataroot: Path, map_table: list[dict[str, Any]]) -> None:
        self._dataroot = dataroot
        self._mask_path = {
            log: dataroot / record["filename"]
            for record in map_table if "absent" not in record for log in record["log_tokens"]
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


def path_area(path_xy: np.ndarray, margin_m: float) -> BaseGeometry:
    """Everything within ``margin_m`` of a driven path."""
    moved = len(path_xy) > 1 and np.ptp(path_xy, axis=0).max() > 1e-6
    path = LineString(path_xy).simplify(1.0) if moved else Point(path_xy[0])
    return path.buffer(margin_m, quad_segs=4)


def polygons_of(shape: BaseGeometry) -> tuple[Polygon, ...]:
    """The polygons of any geometry, without slivers."""
    if isinstance(shape, Polygon):
        return (shape,) if shape.area > 1e-3 else ()
    if isinstance(shape, MultiPolygon) or hasattr(shape, "geoms"):
        return tuple(p for part in shape.geoms for p in polygons_of(part))
    return ()


def check_city(file: Path, location: str, road_map: RoadMap, path_xy: np.ndarray) -> None:
    """Refuses a map on whose road the drive hardly ever is.

    Raises:
        InputError: less than ``MIN_ON_ROAD`` of the path is on the drivable area.
    """
    drivable = MultiPolygon(road_map.drivable).buffer(0)
    share = float(np.mean([drivable.covers(Point(p)) for p in path_xy]))
    if share < MIN_ON_ROAD:
        raise InputError(
            f"the drive in {location} is off this map's road ({share:.0%} on it): "
            "map of another city?",
            file=file, field="location", fix="put the map of that city there",
        )
