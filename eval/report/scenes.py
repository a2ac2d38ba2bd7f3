"""Packs every scene with the drives of all planners in it, one blob per scene."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from drivewm.eval.report import roads, rollout
from drivewm.eval.report.charts import CHARTS
from drivewm.eval.report.packing import DM, Stream
from drivewm.eval.report.results import Results
from drivewm.eval.schema import cell_of
from drivewm.progress import track

if TYPE_CHECKING:
    from drivewm.logs.fleet import Fleet

BUDGET_BYTES = 13_000_000  # of all blobs, so that the page stays below 15 MB


def blobs(results: Results, order: Sequence[str]) -> dict[str, str]:
    """scene id -> text that the page decodes when the scene is opened.

    Args:
        results: to pack.
        order: scene ids, those first that must not be missing; when the page is full the rest is
            left out (its rows stay in every table and plot).
    """
    fleet = roads.open_fleet((results.manifest.get("fleet") or {}).get("path"))
    packed: dict[str, str] = {}
    left = BUDGET_BYTES
    for scene_id in track(order, "packing scenes"):
        text = _scene(results, scene_id, fleet)
        left -= len(text)
        if left < 0 and packed:
            break
        packed[scene_id] = text
    return packed


def _scene(results: Results, scene_id: str, fleet: Fleet | None) -> str:
    stream = Stream()
    rows = {
        planner: row
        for planner in results.planners
        if (row := results.shown.get((planner, scene_id))) is not None
    }
    archives = {
        planner: arrays
        for planner, row in rows.items()
        if (arrays := rollout.read(results.rollout_path(row))) is not None and len(arrays["ego"])
    }
    packed: dict[str, Any] = {
        "series": {
            planner: pack_series(results.series.get(cell_of(row)), stream)
            for planner, row in rows.items()
        },
        "worst": {
            planner: [
                [w["metric"], w["time_s"], w["value"], w["track_id"], w["category"]]
                for w in results.worst.get(cell_of(row), [])
            ]
            for planner, row in rows.items()
        },
        "map": {}, "tracks": [], "runs": {}, "route": None,
    }  # fmt: skip
    if archives:
        recording = next(iter(rows.values()))["recording"] or scene_id
        add_drives(packed, archives, roads.scene_of(fleet, recording), stream)
    return stream.blob(packed)


def add_drives(packed: dict[str, Any], archives: dict[str, dict], scene: Any, stream: Stream):
    """Map, route, road users (once where they did the same) and drives."""
    bounds = roads.around([arrays["ego"] for arrays in archives.values()])
    origin_m = np.round(np.array([bounds[0] + bounds[2], bounds[1] + bounds[3]]) / 2)
    some = next(iter(archives.values()))
    if scene is None:
        packed["map"] = roads.pack_archive_map(some, bounds, origin_m, stream)
    else:
        packed["map"] = roads.pack_scene_map(scene, bounds, origin_m, stream)
        packed["map"]["lights"] = roads.pack_lights(scene, some, origin_m, stream)
    if len(some["route"]):
        packed["route"] = stream.points(some["route"], origin_m, DM)
    places: dict[str, int] = {}
    for planner, arrays in archives.items():
        key = rollout.tracks_key(arrays)
        if key not in places:
            places[key] = len(packed["tracks"])
            packed["tracks"].append(rollout.pack_tracks(arrays, origin_m, stream))
        packed["runs"][planner] = {
            **rollout.pack(arrays, origin_m, stream), "tracks": places[key],
        }  # fmt: skip


def pack_series(found: dict[str, np.ndarray] | None, stream: Stream) -> dict[str, Any] | None:
    """The charted series on their time grid; None where the drive left none."""
    if found is None:
        return None
    times_s = found["time_s"]
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.1
    lines = {
        chart.key: stream.gappy(found[chart.key], chart.scale)
        for chart in CHARTS
        if len(found[chart.key])
    }
    return {
        "start": round(float(times_s[0]), 3), "step": round(step_s, 4), "count": len(times_s),
        "lines": {key: runs for key, runs in lines.items() if runs},
    }  # fmt: skip
