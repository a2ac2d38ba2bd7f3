"""The static map of a scene, clipped and packed for the animation (decimetres, differenced)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from drivewm.errors import InputError
from drivewm.eval.report.packing import DM, Run, Stream
from drivewm.scene import Scene
from drivewm.viz.bev import stop_bar

if TYPE_CHECKING:
    from drivewm.logs.fleet import Fleet

MARGIN_M = 75.0
SIMPLIFY_M = 0.1
Bounds = tuple[float, float, float, float]
LAYERS = ("walkways", "carparks", "drivable", "crossings", "stop_lines")


def open_fleet(path: str | None) -> Fleet | None:
    """The fleet the results were made on, or None where it is no longer at its place."""
    if not path:
        return None
    from drivewm.logs.fleet import Fleet

    try:
        return Fleet.open(path)
    except InputError:  # results outlive their fleet; the archives hold a plain map
        return None


def scene_of(fleet: Fleet | None, scene_id: str) -> Scene | None:
    """The scene as logged, or None where the fleet does not hold it any more."""
    if fleet is None or scene_id not in [info.id for info in fleet.scenes]:
        return None
    try:
        return fleet.scene(scene_id)
    except InputError:
        return None


def around(egos: Sequence[np.ndarray]) -> Bounds:
    """x0, y0, x1, y1 that holds every ego [T, 11] with a margin."""
    places = np.concatenate([ego[:, :2] for ego in egos])
    low, high = places.min(0) - MARGIN_M, places.max(0) + MARGIN_M
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def pack_scene_map(
    scene: Scene, bounds: Bounds, origin_m: np.ndarray, stream: Stream
) -> dict[str, Any]:
    """Layers, lanes and dividers of a logged scene."""
    road = scene.map
    packed: dict[str, Any] = {
        name: _areas(getattr(road, name), bounds, origin_m, stream) for name in LAYERS
    }
    packed["lanes"] = _lines([lane.centerline for lane in road.lanes], bounds, origin_m, stream)
    packed["dividers"] = _lines(road.dividers, bounds, origin_m, stream)
    return packed


def pack_archive_map(
    arrays: dict[str, np.ndarray], bounds: Bounds, origin_m: np.ndarray, stream: Stream
) -> dict[str, Any]:
    """What a rollout archive knows of the map: drivable area and lane centrelines."""
    starts, raw = arrays["drivable_wkb_start"], arrays["drivable_wkb"].tobytes()
    areas = shapely.get_parts([shapely.from_wkb(raw[a:b]) for a, b in pairwise(starts.tolist())])
    whole = [area for area in areas if isinstance(area, Polygon)]
    lanes = np.split(arrays["lane_xy"], arrays["lane_start"][1:-1])
    return {
        "drivable": _areas(whole, bounds, origin_m, stream),
        "lanes": _lines(lanes, bounds, origin_m, stream),
    }


def _areas(
    polygons: Iterable[Polygon], bounds: Bounds, origin_m: np.ndarray, stream: Stream
) -> list[list[Run]]:
    """Each polygon as a list of rings, exterior first."""
    packed = []
    for polygon in polygons:
        whole = polygon if polygon.is_valid else shapely.make_valid(polygon)
        part = shapely.clip_by_rect(whole.simplify(SIMPLIFY_M), *bounds)
        for piece in shapely.get_parts(part):
            if isinstance(piece, Polygon) and not piece.is_empty:
                rings = [piece.exterior, *piece.interiors]
                packed.append(
                    [stream.points(np.asarray(ring.coords), origin_m, DM) for ring in rings]
                )
    return packed


def _lines(
    lines: Iterable[np.ndarray], bounds: Bounds, origin_m: np.ndarray, stream: Stream
) -> list[Run]:
    packed = []
    for line in lines:
        if len(line) < 2:
            continue
        part = shapely.clip_by_rect(LineString(line[:, :2]).simplify(SIMPLIFY_M), *bounds)
        for piece in shapely.get_parts(part):
            if isinstance(piece, LineString) and not piece.is_empty:
                packed.append(stream.points(np.asarray(piece.coords), origin_m, DM))
    return packed


def pack_lights(
    scene: Scene, arrays: dict[str, np.ndarray], origin_m: np.ndarray, stream: Stream
) -> list[Any]:
    """[stop bar, statuses, how many steps each] of each light, as it was in the rollout."""
    lanes = {lane.id: lane.centerline for lane in scene.map.lanes}
    packed = []
    for lane_id, status in zip(arrays["light_lane_ids"].tolist(), arrays["light_status"]):
        if lane_id not in lanes or len(lanes[lane_id]) < 2:
            continue
        starts = np.flatnonzero(np.diff(status, prepend=-1))
        counts = np.diff(np.append(starts, len(status)))
        bar = stream.points(stop_bar(lanes[lane_id]), origin_m, DM)
        packed.append([bar, status[starts].tolist(), counts.tolist()])
    return packed
