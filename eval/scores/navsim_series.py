"""What a judged plan did step by step, and when each term was worst. Shapes: T states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.eval.moments import PAIR_S
from drivewm.eval.scores.navsim_moment import Judged
from drivewm.geometry.strip_margin import least_margins
from drivewm.measures.proposals_areas import Where
from drivewm.measures.proposals_comfort import Series, comfort_filters, fill_series
from drivewm.measures.proposals_extended import worst_difference
from drivewm.measures.proposals_series import ProposalSeries, proposal_series
from drivewm.scene import EgoColumn, TrackColumn
from drivewm.sim.config import DT_S

PLAN = 1  # the plan's place in its batch
SERIES = {
    "lon_acc_mps2": Series.LON_ACC,
    "lat_acc_mps2": Series.LAT_ACC,
    "jerk_mps3": Series.JERK,
    "lon_jerk_mps3": Series.LON_JERK,
    "yaw_rate_radps": Series.YAW_RATE,
    "yaw_acc_radps2": Series.YAW_ACC,
}

Moment = tuple[int, str | None, float]  # step, other road user, value


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A plan's series; those that the source cannot tell are NaN."""

    terms: ProposalSeries
    margin_m: np.ndarray  # [T] of the outermost corner to the edge of the drivable area
    lane_offset_m: np.ndarray  # [T]
    along_route_m: np.ndarray  # [T] minus what was driven off the route


def measure(judged: Judged) -> Measured:
    """Measures the plan that was judged."""
    where = judged.scores.where[PLAN]
    found = proposal_series(judged.plan.states, where, judged.environment, judged.rules)
    unknown = np.full(len(where), np.nan)
    margin_m = unknown.copy()
    if judged.edge is not None:
        least_margins(judged.edge, np.ascontiguousarray(found.corners[:, :4]), margin_m)
    return Measured(
        terms=found, margin_m=margin_m,
        lane_offset_m=found.lane_offset_m if judged.has_lanes else unknown,
        along_route_m=0.0 - found.off_route_m if judged.has_lanes else unknown,
    )  # fmt: skip


def series_of(judged: Judged, measured: Measured) -> dict[str, np.ndarray]:
    """The series that results keep, each [T]."""
    states, terms = judged.plan.states, measured.terms
    steps = len(states)
    found, scratch = np.empty((len(Series), steps)), np.empty((4, steps))
    filters, none = comfort_filters(steps, False), np.zeros((0, len(EgoColumn)))
    axle_m = judged.vehicle.rear_axle_to_center_m
    fill_series(none, states, axle_m, filters, True, scratch, found)
    return {
        "time_s": np.arange(steps) * DT_S,
        "x": states[:, EgoColumn.X],
        "y": states[:, EgoColumn.Y],
        "heading": states[:, EgoColumn.HEADING],
        "speed_mps": np.hypot(states[:, EgoColumn.VX], states[:, EgoColumn.VY]),
        **{name: found[row] for name, row in SERIES.items()},
        "ttc_s": terms.ttc_s,
        "drivable_margin_m": measured.margin_m,
        "driving_direction_m": measured.along_route_m,
        "lane_offset_m": measured.lane_offset_m,
        "progress_m": terms.progress_m,
    }


def moments_of(judged: Judged, measured: Measured, before: Judged | None) -> dict[str, Moment]:
    """When each term was worst, against whom, and the value of what it is judged by.

    Of the drivable area and the lane the steps that the term judges come first: a corner may be
    off all polygons between two that touch, and intersections are no lane to keep.
    """
    terms, where, ids = measured.terms, judged.scores.where[PLAN], judged.tracks.ids
    last = len(where) - 1
    found: dict[str, Moment] = {"progress": (last, None, float(judged.scores.progress[PLAN]))}
    hit = int(judged.scores.collision_step[PLAN])
    if hit >= 0:
        track = int(judged.scores.collision_track[PLAN])
        found["no_at_fault_collision"] = hit, ids[track], _delta_v_mps(judged, hit, track)
    t = int(np.argmin(terms.ttc_s))
    if np.isfinite(terms.ttc_s[t]):
        found["ttc"] = t, ids[int(terms.ttc_track[t])], float(terms.ttc_s[t])
    if terms.red_light.any():
        found["traffic_light"] = int(np.argmax(terms.red_light)), None, 0.0
    off_road = (where & Where.NON_DRIVABLE) != 0
    in_lane, every = (where & Where.INTERSECTION) == 0, np.ones(len(where), bool)
    for name, values, sign, first in (
        ("drivable_area", measured.margin_m, 1, off_road),
        ("driving_direction", measured.along_route_m, 1, every),
        ("lane_keeping", measured.lane_offset_m, -1, in_lane),
        ("comfort", terms.comfort_share, -1, every),
    ):
        t = _lowest(sign * values, first)
        if np.isfinite(values[t]):
            found[name] = t, None, float(values[t])
    if before is not None:
        step, share = worst_difference(judged.plan.states, before.plan.states, PAIR_S)
        found["extended_comfort"] = step, None, share
    return found


def _lowest(values: np.ndarray, first: np.ndarray) -> int:
    """The step of the least value, of the steps ``first`` where there are any."""
    if first.any():
        values = np.where(first, values, np.inf)
    return int(np.argmin(values))


def _delta_v_mps(judged: Judged, step: int, track: int) -> float:
    """What a plastic collision of equal masses changes of the ego's velocity."""
    ego, other = judged.plan.states[step], judged.tracks.state[track, step]
    cos, sin = np.cos(ego[EgoColumn.HEADING]), np.sin(ego[EgoColumn.HEADING])
    vx, vy = ego[EgoColumn.VX], ego[EgoColumn.VY]
    closing_x = vx * cos - vy * sin - other[TrackColumn.VX]
    closing_y = vx * sin + vy * cos - other[TrackColumn.VY]
    return float(0.5 * np.hypot(closing_x, closing_y))
