"""Packs every scene with the rollouts of all planners in it, one blob per scene."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from drivewm.eval.report import packing, roads, rollout
from drivewm.eval.report.packing import DM
from drivewm.eval.report.results import Results
from drivewm.progress import track

if TYPE_CHECKING:
    from drivewm.logs.fleet import Fleet

CHARTS = (
    "time_s",
    "speed_mps",
    "lon_acc_mps2",
    "lat_acc_mps2",
    "jerk_mps3",
    "yaw_rate_radps",
    "ttc_s",
)


def blobs(results: Results) -> dict[str, str]:
    """scene id -> gzipped, base64 JSON that the page decodes when the scene is opened."""
    fleet = roads.open_fleet((results.manifest.get("fleet") or {}).get("path"))
    return {
        scene_id: packing.blob(_scene(results, scene_id, fleet))
        for scene_id in track(results.scene_ids, "packing scenes")
    }


def _scene(results: Results, scene_id: str, fleet: Fleet | None) -> dict[str, Any]:
    series = {
        planner: _series(results.series.get((planner, scene_id))) for planner in results.planners
    }
    archives = {
        planner: arrays
        for planner in results.planners
        if (arrays := rollout.read(results.rollout_path(planner, scene_id))) is not None
        and len(arrays["ego"])
    }
    packed: dict[str, Any] = {"series": series, "map": {}, "tracks": [], "runs": {}, "route": None}
    if not archives:
        return packed
    bounds = roads.around([arrays["ego"] for arrays in archives.values()])
    origin_m = np.round(np.array([bounds[0] + bounds[2], bounds[1] + bounds[3]]) / 2)
    some = next(iter(archives.values()))
    scene = roads.scene_of(fleet, scene_id)
    packed["map"] = (
        roads.pack_archive_map(some, bounds, origin_m)
        if scene is None
        else roads.pack_scene_map(scene, bounds, origin_m)
    )
    if scene is not None:
        packed["map"]["lights"] = roads.pack_lights(scene, some, origin_m)
    packed["route"] = packing.points(some["route"], origin_m, DM) if len(some["route"]) else None
    _add_runs(packed, archives, origin_m)
    return packed


def _add_runs(
    packed: dict[str, Any], archives: dict[str, dict[str, np.ndarray]], origin_m: np.ndarray
) -> None:
    places: dict[str, int] = {}
    for planner, arrays in archives.items():
        key = rollout.tracks_key(arrays)
        if key not in places:
            places[key] = len(packed["tracks"])
            packed["tracks"].append(rollout.pack_tracks(arrays, origin_m))
        packed["runs"][planner] = {**rollout.pack(arrays, origin_m), "tracks": places[key]}


def _series(row: dict[str, Any] | None) -> dict[str, list[float | None]] | None:
    """The charted columns with three decimals at most; None where the run left no series."""
    if row is None or not row["time_s"]:
        return None
    return {name: packing.rounded(row[name] or [], 3) for name in CHARTS}
