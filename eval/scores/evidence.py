"""Everything nuPlan's scores look at, measured once from a drive. Shapes: T steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.eval.scores.base import Judgement, Missing, ScoreConfig, combine
from drivewm.geometry.boxes import corners
from drivewm.geometry.strip_margin import least_margins
from drivewm.geometry.strips import Strips, cut
from drivewm.measures.collision import Contacts, Fault, LaneFlag
from drivewm.measures.comfort import BOUNDS
from drivewm.measures.comfort import SERIES as COMFORT_SERIES
from drivewm.measures.drivable import DrivableArea
from drivewm.measures.history import History
from drivewm.measures.nuplan import TERMS, NuplanTerms, contacts_of, nuplan_terms
from drivewm.measures.nuplan_road import NuplanRoad, road_of_map
from drivewm.measures.progress import along_route, progress_ratio
from drivewm.scene import EgoColumn, RoadMap, Scene
from drivewm.scene.once import once_per_map
from drivewm.sim.rollout import Rollout

Moment = tuple[int, str | None, float]  # step, other road user, value


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A map as the kernels read it."""

    road: NuplanRoad
    area: Strips | None  # union of the drivable area and the lanes, disjoint


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was measured. ``terms`` holds all of nuPlan's terms by name, None: not applicable."""

    history: History
    measured: NuplanTerms
    contacts: Contacts
    terms: dict[str, float | None]
    series: dict[str, np.ndarray]  # each [T], NaN: unknown
    worst: dict[str, Moment]  # by term


@once_per_map
def prepared(road_map: RoadMap) -> Prepared:
    """The map for the kernels."""
    area = DrivableArea.union_of(road_map)
    return Prepared(road=road_of_map(road_map), area=None if area is None else cut(area))


def gather(scene: Scene, rollout: Rollout, missing: Missing) -> Evidence:
    """Measures a drive against the recorded one.

    Where the source lacks something, ``missing='drop'`` leaves the term out and asks nobody's fault
    of lateral contacts; ``'reference'`` judges as nuPlan's code would: nothing is ever in a lane,
    on the drivable area or under a speed limit.
    """
    history = History(
        times_us=rollout.times_us, ego=rollout.ego, vehicle=rollout.vehicle, tracks=rollout.tracks
    )
    ground = prepared(scene.map)
    road = ground.road
    recorded = scene.ego[scene.times_us <= rollout.times_us[-1]]
    flag = LaneFlag.APART if missing == "reference" else LaneFlag.UNKNOWN
    measured = nuplan_terms(history, road, recorded, int(flag))
    terms: dict[str, float | None] = dict(zip(TERMS, measured.scores.tolist()))
    if np.isnan(measured.scores[TERMS.index("comfort")]):
        terms["comfort"] = None
    if missing == "drop":
        if not scene.map.has_drivable_area:
            terms["drivable_area"] = None
        if not road.known:
            terms["driving_direction"] = None
        if not measured.any_limit:
            terms["speed_limit"] = None
    series = _series(history, measured) | {"drivable_margin_m": _margins(ground.area, history)}
    if not road.known:
        series["driving_direction_m"] = np.full(len(history.ego), np.nan)
    if not measured.any_limit:
        series["overspeed_mps"] = np.full(len(history.ego), np.nan)
    return Evidence(
        history=history, measured=measured, terms=terms, series=series,
        contacts=contacts_of(measured, history.tracks.score_type),
        worst=_worst(history, measured, series),
    )  # fmt: skip


def along(line: np.ndarray, scene: Scene, history: History) -> tuple[np.ndarray, float]:
    """Metres [T] driven along a line [P, 2], and the share of what the recorded ego drove on it."""
    along_m = along_route(line, history.centres[:, :2])
    recorded = History.of_scene(scene).centres[: len(along_m), :2]
    expert_m = along_route(line, recorded)
    ratio = progress_ratio(float(along_m[-1] - along_m[0]), float(expert_m[-1] - expert_m[0]))
    return along_m - along_m[0], ratio


def _margins(area: Strips | None, history: History) -> np.ndarray:
    """[T] metres between the outermost corner and the edge of the area; NaN: no area known."""
    out = np.full(len(history.ego), np.nan)
    if area is not None:
        car = history.vehicle
        least_margins(area, corners(history.centres, car.length_m, car.width_m), out)
    return out


def _series(history: History, measured: NuplanTerms) -> dict[str, np.ndarray]:
    unknown = np.full(len(history.ego), np.nan)
    rows = measured.comfort if measured.comfort.size else [unknown] * len(COMFORT_SERIES)
    smooth = {name: row for name, row in zip(COMFORT_SERIES, rows) if name in BOUNDS}
    return {
        "time_s": history.times_s,
        "x": history.ego[:, EgoColumn.X],
        "y": history.ego[:, EgoColumn.Y],
        "heading": history.ego[:, EgoColumn.HEADING],
        "speed_mps": history.speed_mps,
        **smooth,
        "ttc_s": measured.ttc_s,
        "driving_direction_m": measured.along_lane_m,
        "overspeed_mps": measured.over_mps,
        "progress_m": np.cumsum(measured.progress_m),
    }


def _worst(
    history: History, measured: NuplanTerms, series: dict[str, np.ndarray]
) -> dict[str, Moment]:
    """The moment of each term: of contacts the hardest (at fault before others), else the extreme
    of its series; comfort's value is the largest share that a series takes of its bound, progress
    has its ratio at the end."""
    ids, last = history.tracks.ids, len(history.ego) - 1
    ratio = float(measured.scores[TERMS.index("progress")])
    worst: dict[str, Moment] = dict.fromkeys(("progress", "making_progress"), (last, None, ratio))
    if len(measured.contact_step):
        guilty = measured.contact_fault == Fault.EGO
        c = int(np.lexsort((-measured.contact_delta_v_mps, ~guilty))[0])
        track = ids[measured.contact_track[c]]
        value = float(measured.contact_delta_v_mps[c])
        worst["no_at_fault_collision"] = (int(measured.contact_step[c]), track, value)
    t = int(np.argmin(measured.ttc_s))
    if np.isfinite(measured.ttc_s[t]):
        worst["ttc"] = (t, ids[measured.ttc_track[t]], float(measured.ttc_s[t]))
    for term, name, sign in (
        ("drivable_area", "drivable_margin_m", 1),
        ("driving_direction", "driving_direction_m", 1),
        ("speed_limit", "overspeed_mps", -1),
    ):
        if not np.isnan(series[name]).any():
            t = int(np.argmin(sign * series[name]))
            worst[term] = (t, None, float(series[name][t]))
    if measured.comfort.size:
        share = np.zeros(len(history.ego))
        for name, row in zip(COMFORT_SERIES, measured.comfort):
            low, high = BOUNDS.get(name, (-np.inf, np.inf))
            share = np.maximum(share, np.maximum(row / high, row / low))
        t = int(np.argmax(share))
        worst["comfort"] = (t, None, abs(float(share[t])))
    return worst


def first_at_fault(contacts: Contacts) -> int | None:
    """Step of the first at-fault collision, or None."""
    steps = contacts.step[contacts.fault == Fault.EGO]
    return int(steps[0]) if len(steps) else None


def judgement(evidence: Evidence, terms: dict[str, float | None], config: ScoreConfig) -> Judgement:
    """The score made of ``terms``; of the moments, those that belong to them."""
    score, used = combine(terms, config)
    fault, step = evidence.contacts.fault, first_at_fault(evidence.contacts)
    return Judgement(
        score=score,
        terms=terms,
        weights_used=used,
        series=evidence.series,
        collisions=int(np.sum(fault == Fault.EGO)),
        fault_unknown=int(np.sum(fault == Fault.UNKNOWN)),
        collision_time_s=None if step is None else float(evidence.series["time_s"][step]),
        worst={name: moment for name, moment in evidence.worst.items() if name in terms},
    )
