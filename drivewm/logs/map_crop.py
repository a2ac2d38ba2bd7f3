"""Cutting a map to what lies near a drive, and refusing a map that the drive is not on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from drivewm.errors import InputError
from drivewm.scene import RoadMap

MARGIN_M = 120.0  # kept around the ego path
MIN_ON_ROAD = 0.05  # a drive with less of its path on the road is on another city's map


def path_area(path_xy: np.ndarray, margin_m: float) -> BaseGeometry:
    """Everything within ``margin_m`` of a driven path."""
    moved = len(path_xy) > 1 and np.ptp(path_xy, axis=0).max() > 1e-6
    path = LineString(path_xy).simplify(1.0) if moved else Point(path_xy[0])
    return path.buffer(margin_m, quad_segs=4)


def polygons_of(shape: BaseGeometry) -> tuple[Polygon, ...]:
    """The polygons of any geometry, without slivers."""
    if isinstance(shape, Polygon):
        return (shape,) if shape.area > 1e-3 else ()
    if hasattr(shape, "geoms"):
        return tuple(p for part in shape.geoms for p in polygons_of(part))
    return ()


def check_city(file: Path, location: str, road_map: RoadMap, path_xy: np.ndarray) -> None:
    """Refuses a map on whose road the drive hardly ever is.

    Raises:
        InputError: less than ``MIN_ON_ROAD`` of the path is on the drivable area.
    """
    drivable = shapely.union_all(list(road_map.drivable))
    share = float(np.mean(shapely.intersects_xy(drivable, *np.asarray(path_xy).T)))
    if share < MIN_ON_ROAD:
        raise InputError(
            f"the drive in {location} is off this map's road ({share:.0%} on it): "
            "map of another city?",
            file=file,
            field="location",
            fix="put the map of that city there",
        )
