"""Everything the scores look at, measured once from a drive. Shapes: T steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.eval.scores.base import Missing
from drivewm.geometry.boxes import corners
from drivewm.measures.collision import Contacts, Fault, LaneFlag, collision_score, find_contacts
from drivewm.measures.comfort import ComfortSeries, comfort_series, within_bounds
from drivewm.measures.drivable import DrivableArea, departures, drivable_margins
from drivewm.measures.history import History
from drivewm.measures.lanes import LaneLayout, in_intersection, lane_flags
from drivewm.measures.progress import along_route, making_progress, progress_ratio
from drivewm.measures.ttc import ttc_score, ttc_series
from drivewm.scene import EgoColumn, Scene
from drivewm.sim.rollout import Rollout


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Measured series and the sub-scores made from them."""

    terms: dict[str, float | None]
    contacts: Contacts
    comfort: ComfortSeries | None
    series: dict[str, np.ndarray]  # each [T]


def gather(scene: Scene, rollout: Rollout, missing: Missing) -> Evidence:
    """Measures a drive. ``missing='reference'`` judges without a map as nuPlan's code would: no
    corner is ever in a lane or on the drivable area."""
    history = History(
        times_us=rollout.times_us, ego=rollout.ego, vehicle=rollout.vehicle, tracks=rollout.tracks
    )
    centres = history.centres
    boxes = corners(centres, history.vehicle.length_m, history.vehicle.width_m)
    layout = LaneLayout.of_map(scene.map)
    flags = lane_flags(boxes, layout)
    if missing == "reference":
        flags = np.where(flags == LaneFlag.UNKNOWN, np.int8(LaneFlag.APART), flags)
    contacts = find_contacts(history, flags)
    wide = (flags == LaneFlag.APART) | in_intersection(history.ego[:, :2], layout)
    ttc_s = ttc_series(history, contacts, wide)
    margin_m, drivable = _drivable(scene, boxes, centres, missing)
    along_m, ratio = _progress(scene, history)
    smooth = comfort_series(history.times_us, history.ego, history.vehicle.rear_axle_to_center_m)
    return Evidence(
        terms={
            "no_at_fault_collision": collision_score(contacts),
            "drivable_area": drivable,
            "making_progress": making_progress(ratio),
            "ttc": ttc_score(ttc_s),
            "comfort": None if smooth is None else float(all(within_bounds(smooth).values())),
            "progress": ratio,
        },
        contacts=contacts,
        comfort=smooth,
        series=_series(history, smooth, ttc_s, margin_m, along_m),
    )


def _drivable(
    scene: Scene, boxes: np.ndarray, centres: np.ndarray, missing: Missing
) -> tuple[np.ndarray, float | None]:
    area = DrivableArea.of_map(scene.map, centres[:, :2])
    if area is None:
        return np.full(len(boxes), np.nan), 0.0 if missing == "reference" else None
    outside = departures(boxes, centres, area)
    return drivable_margins(boxes, area), float(not outside.any())


def _progress(scene: Scene, history: History) -> tuple[np.ndarray, float]:
    along_m = along_route(scene.route, history.centres[:, :2])
    recorded = History.of_scene(scene).centres[: len(along_m), :2]
    expert_m = along_route(scene.route, recorded)
    ratio = progress_ratio(along_m[-1] - along_m[0], expert_m[-1] - expert_m[0])
    return along_m - along_m[0], ratio


def _series(
    history: History,
    smooth: ComfortSeries | None,
    ttc_s: np.ndarray,
    margin_m: np.ndarray,
    along_m: np.ndarray,
) -> dict[str, np.ndarray]:
    unknown = np.full(len(history.ego), np.nan)
    return {
        "time_s": history.times_s,
        "x": history.ego[:, EgoColumn.X],
        "y": history.ego[:, EgoColumn.Y],
        "heading": history.ego[:, EgoColumn.HEADING],
        "speed_mps": history.speed_mps,
        "lon_acc_mps2": unknown if smooth is None else smooth.lon_acc_mps2,
        "lat_acc_mps2": unknown if smooth is None else smooth.lat_acc_mps2,
        "jerk_mps3": unknown if smooth is None else smooth.jerk_mps3,
        "yaw_rate_radps": unknown if smooth is None else smooth.yaw_rate_radps,
        "ttc_s": ttc_s,
        "drivable_margin_m": margin_m,
        "progress_m": along_m,
    }


def first_at_fault(contacts: Contacts) -> int | None:
    """Step of the first at-fault collision, or None."""
    steps = contacts.step[contacts.fault == Fault.EGO]
    return int(steps[0]) if len(steps) else None
