"""The lanes and reference lines of a road network as the paths that entities keep to.

Shapes: Q vertices of a path. Lanes that follow each other are one path, over junctions too (the
straightest way on); a lane may lie on several paths, of which the first is its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from drivewm.scenarios.opendrive.lane_graph import is_forward
from drivewm.scenarios.opendrive.model import LaneKey, Road
from drivewm.scenarios.opendrive.network import OpenDrive
from drivewm.scenarios.opendrive.places import lane_centre, lane_width, offset_points
from drivewm.sim.script import model as m

STRAIGHT_STEP_M, BENT_STEP_M, TURN_RAD = 10.0, 1.0, 0.02  # of vertices
NARROW_M = 0.01  # a lane that is nowhere wider is no lane


@dataclass(frozen=True)
class Piece:
    """One lane section on a path: road s and path s of its vertices, both rising with the path's
    direction reversed where one drives against s."""

    key: LaneKey
    road_s_m: np.ndarray  # [Q], rising
    path_s_m: np.ndarray  # [Q], falling where one drives against s


@dataclass(frozen=True)
class LanePaths:
    """Paths and where each lane lies on them."""

    paths: tuple[m.Path, ...]
    pieces: Mapping[LaneKey, tuple[int, Piece]]  # its own path

    def place(self, key: LaneKey, s_m: float) -> tuple[int, float]:
        """Path and arc length of a place in a lane."""
        path, piece = self.pieces[key]
        return path, float(np.interp(s_m, piece.road_s_m, piece.path_s_m))


def lane_paths(network: OpenDrive) -> LanePaths:
    """All lanes of a network as paths."""
    keys = [
        LaneKey(road.id, number, lane)
        for road in network.roads.values()
        for number, section in enumerate(road.sections)
        for lane in sorted(section.lanes, reverse=True)
        if lane and _widest_m(road, number, lane) > NARROW_M
    ]
    chains = _chains(network, keys)
    drawn = [_draw(network, chain) for chain in chains]
    own: dict[LaneKey, tuple[int, Piece]] = {}
    for index, (_, pieces) in enumerate(drawn):
        for piece in pieces:
            own.setdefault(piece.key, (index, piece))
    paths = []
    for chain, (xy, _) in zip(chains, drawn, strict=True):
        left, right = (_beside(network, chain, own, side) for side in (1, -1))
        width, limit = _width_and_limit(network, chain)
        key = chain[0]
        name = f"lane {key.lane} of road {key.road}"
        paths.append(m.Path(name=name, xy=xy, left=left, right=right, width_m=width,
                            limit_mps=limit))  # fmt: skip
    return LanePaths(tuple(paths), own)


def _widest_m(road: Road, number: int, lane: int) -> float:
    section = road.sections[number]
    s = np.linspace(section.start_m, section.end_m, 9)
    return float(lane_width(road, section, lane, s).max())


def _chains(network: OpenDrive, keys: list[LaneKey]) -> list[list[LaneKey]]:
    """Lanes in driving direction, each chain as long as lanes go on."""
    there = set(keys)
    onward: dict[LaneKey, LaneKey | None] = {}
    for key in keys:
        following = [k for k in network.successors.get(key, ()) if k in there]
        onward[key] = min(following, key=lambda k: _turn(network, key, k)) if following else None
    reached = {key for key in onward.values() if key is not None}
    chains, used = [], {}
    for key in [*(k for k in keys if k not in reached), *keys]:
        if key in used:
            continue
        chain: list[LaneKey] = []
        here: LaneKey | None = key
        while here is not None and here not in chain:
            chain.append(here)
            here = onward[here]
        used.update(dict.fromkeys(chain))
        chains.append(chain)
    return chains


def _turn(network: OpenDrive, key: LaneKey, following: LaneKey) -> float:
    """How far a following lane turns from the direction at the end of this one."""
    before, behind = (_driven(network, k) for k in (key, following))
    angle = behind[1] - before[1]
    return abs(math.remainder(angle, 2 * math.pi))


def _driven(network: OpenDrive, key: LaneKey) -> tuple[float, float]:
    """Heading where one enters and where one leaves a lane."""
    road = network.roads[key.road]
    section = road.sections[key.section]
    headings = road.plan.at(np.array([section.start_m, section.end_m])).heading_rad
    if is_forward(network.roads, key):
        return float(headings[0]), float(headings[1])
    return float(headings[1] + np.pi), float(headings[0] + np.pi)


def sample_s(road: Road, low_m: float, high_m: float, is_bent: bool = False) -> np.ndarray:
    """Distances [Q] along a road: close where it bends (or lanes do), far apart where straight."""
    if high_m - low_m < 1e-6:
        return np.array([low_m, high_m])
    knots = [low_m, *(float(s) for s in road.plan.starts_m if low_m < s < high_m), high_m]
    parts = []
    for start, end in pairwise(knots):
        bend = float(np.abs(road.plan.at(np.linspace(start, end, 33)[:-1]).curvature_per_m).max())
        step = STRAIGHT_STEP_M if bend < 1e-9 and not is_bent else BENT_STEP_M
        step = min(step, TURN_RAD / max(bend, 1e-9))
        count = max(math.ceil((end - start) / max(step, 0.05)), 1)
        parts.append(np.linspace(start, end, count + 1)[:-1])
    return np.concatenate([*parts, [high_m]])


def _draw(network: OpenDrive, chain: list[LaneKey]) -> tuple[np.ndarray, list[Piece]]:
    """Vertices [Q, 2] of a chain of lanes, and where each lane lies on it."""
    points: list[np.ndarray] = []
    spans: list[tuple[LaneKey, np.ndarray, int]] = []
    count = 0
    for key in chain:
        road = network.roads[key.road]
        section = road.sections[key.section]
        middle = np.linspace(section.start_m, section.end_m, 33)
        slope = np.abs(lane_centre(road, section, key.lane, middle, order=1)).max()
        s = sample_s(road, section.start_m, section.end_m, bool(slope > 1e-6))
        line = offset_points(road, s, lane_centre(road, section, key.lane, s))
        spans.append((key, s, count))
        points.append(line if is_forward(network.roads, key) else line[::-1])
        count += len(line)
    xy = np.concatenate(points)
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    pieces = []
    for key, s, first in spans:
        along = arc[first : first + len(s)]
        pieces.append(Piece(key, s, along if is_forward(network.roads, key) else along[::-1]))
    return _apart(xy), pieces


def _apart(xy: np.ndarray) -> np.ndarray:
    """Without vertices that repeat the one before (arc lengths stay as they are)."""
    keep = np.concatenate([[True], np.hypot(*np.diff(xy, axis=0).T) > 1e-6])
    found = xy[keep]
    return found if len(found) > 1 else np.stack([xy[0], xy[0] + [1e-3, 0.0]])


def _beside(
    network: OpenDrive, chain: list[LaneKey], own: Mapping[LaneKey, tuple[int, Piece]], side: int
) -> int | None:
    """The neighbour to the left (1) or right (-1) along most of a chain."""
    length: dict[int, float] = {}
    for key in chain:
        step = side if is_forward(network.roads, key) else -side
        other = LaneKey(key.road, key.section, key.lane + step or key.lane + 2 * step)
        if other in own:
            section = network.roads[key.road].sections[key.section]
            index = own[other][0]
            length[index] = length.get(index, 0.0) + section.end_m - section.start_m
    return max(length, key=lambda index: length[index]) if length else None


def _width_and_limit(network: OpenDrive, chain: list[LaneKey]) -> tuple[float, float]:
    widths, limits = [], []
    for key in chain:
        road = network.roads[key.road]
        section = road.sections[key.section]
        middle = np.array([0.5 * (section.start_m + section.end_m)])
        widths.append(float(lane_width(road, section, key.lane, middle)[0]))
        limit = network.speed_limit_mps(key.road, key.lane, float(middle[0]))
        limits.append(50.0 if limit is None else limit)
    return max(*widths, 0.1) if len(widths) > 1 else max(widths[0], 0.1), max(min(limits), 1.0)


def road_path(network: OpenDrive, road: Road) -> m.Path:
    """The reference line of a road, along s."""
    s = sample_s(road, 0.0, road.length_m)
    xy = offset_points(road, s, np.zeros(len(s)))
    return m.Path(name=f"road {road.id}", xy=_apart(xy), kind="road")
