"""Roads without a junction, drawn piece by piece: within a piece the lanes stay the same.

The reference line is the divider of the two directions, or the left edge of a one-way road.
Shapes: P vertices of a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from shapely.geometry import LineString, MultiPoint, Polygon

from drivewm.errors import InputError
from drivewm.scenarios.roads.drawn import Arm, Drawn, Strip, band, part
from drivewm.worlds.layouts.network import Network, curve, offset, resample
from drivewm.worlds.layouts.roads import (
    SHOULDER_M,
    Road,
    Section,
    close_end,
    draw_crossing,
    draw_road,
)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch with its lanes. ``moved``: lanes that ended on the left before it. ``taper``: the
    outermost (or innermost) lane of its neighbours begins or ends in it. ``shared``: one lane's
    width for both directions."""

    start_m: float
    end_m: float
    lanes: int
    moved: int = 0
    taper: bool = False
    shared: bool = False


@dataclass(frozen=True, kw_only=True)
class Link:
    """What is to be drawn."""

    line: np.ndarray  # [P, 2]
    lane_m: float
    pieces: tuple[Piece, ...]  # each begins where the one before ends, or some metres later
    backward: int = 0
    strips: tuple[Strip, ...] = ()
    shoulder_m: float = 0.0
    crossings: tuple[tuple[float, float], ...] = ()  # at, depth


def reference_line(
    length_m: float, radius_m: float | None, straight_m: float, bend_rad: float | None
) -> np.ndarray:
    """Straight, arc (left where the radius is positive), straight, from the origin along +x; [P, 2]
    at 1 m. Without ``bend_rad`` the arc lasts to the end, or half a turn."""
    if not radius_m:
        return resample(np.array([[0.0, 0.0], [length_m, 0.0]]))
    radius, side = abs(radius_m), np.sign(radius_m)
    room_m = max(length_m - straight_m, 1.0)
    turn = min(room_m / radius, np.pi if bend_rad is None else bend_rad)
    angles = np.linspace(0, turn, max(int(radius * turn), 12) + 1)
    arc = np.stack([np.sin(angles), side * (1 - np.cos(angles))], -1) * radius
    arc[:, 0] += straight_m
    way = np.array([np.cos(turn), side * np.sin(turn)])
    rest_m = room_m - radius * turn
    tail = [arc[-1] + rest_m * way] if rest_m > 0.5 else []
    return resample(np.vstack([*([[0.0, 0.0]] if straight_m > 0 else []), arc, *tail]))


def draw_link(network: Network, link: Link) -> tuple[Drawn, list[Road]]:
    """Draws the pieces and joins them.

    Raises:
        InputError: a piece is too short (features overlap, or lie beyond the road's end).
    """
    short = [p for p in link.pieces if p.end_m - p.start_m < 4.0 or p.lanes < 1]
    if short:
        raise InputError(
            f"what begins at {short[0].start_m:g} m of the road overlaps another feature or "
            "the road's end", field="road", fix="move it, or make the road longer",
        )  # fmt: skip
    roads = [_piece(network, link, piece) for piece in link.pieces]
    for (p, first), (q, second) in pairwise(zip(link.pieces, roads)):
        gone = q.moved - p.moved
        if p.end_m < q.start_m - 0.1:
            _bridge(network, first, second)
            continue
        for before, after in zip(first.forward[gone:], second.forward):
            network.link(before, after)
        for before, after in zip(second.backward, first.backward):
            network.link(before, after)
    for k, piece in enumerate(link.pieces):
        if piece.taper:
            _taper(network, link, roads, k)
    _edges(network, link)
    for at_m, depth_m in link.crossings:
        _crossing(network, link, roads, at_m, depth_m)
    first, last = roads[0], roads[-1]
    close_end(network, first, True)
    close_end(network, last, False)
    drawn = Drawn(
        network=network, line=link.line, strips=link.strips,
        arms={"near": Arm(entering=first.forward, leaving=first.backward),
              "far": Arm(entering=last.backward, leaving=last.forward)},
        half_m={"left": first.section.left_m - SHOULDER_M,
                "right": first.section.right_m - SHOULDER_M},
        edge_m=SHOULDER_M + link.shoulder_m,
    )  # fmt: skip
    return drawn, roads


def _piece(network: Network, link: Link, piece: Piece) -> Road:
    line = part(link.line, piece.start_m, min(piece.end_m, _length(link.line)))
    if piece.moved:
        line = offset(line, -piece.moved * link.lane_m)
    section = Section(
        forward=piece.lanes, backward=link.backward, lane_m=link.lane_m,
        median_m=-link.lane_m if piece.shared else 0.0,
    )  # fmt: skip
    return draw_road(network, line, section)


def _length(line: np.ndarray) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def headings(line: np.ndarray) -> tuple[float, float]:
    """Heading at the start and at the end of a polyline."""
    first, last = line[1] - line[0], line[-1] - line[-2]
    return float(np.arctan2(first[1], first[0])), float(np.arctan2(last[1], last[0]))


def join(network: Network, before: int, after: int) -> int:
    """A connector from a lane's end to another's start, paved; returns its index."""
    start, end = network.lanes[before].line, network.lanes[after].line
    way = curve(start[-1], headings(start)[1], end[0], headings(end)[0])
    lane = network.lane(
        way, network.lanes[before].width_m, network.new_road(), is_connector=True
    )  # fmt: skip
    network.link(before, lane)
    network.link(lane, after)
    pave(network, lane)
    return lane


def pave(network: Network, lane: int) -> None:
    """Drivable area under a lane, with its usual edges."""
    draft = network.lanes[lane]
    half = draft.width_m / 2 + SHOULDER_M
    network.drivable.append(LineString(draft.line).buffer(half, cap_style="flat"))


def _bridge(network: Network, first: Road, second: Road) -> None:
    """Joins all lanes over a gap between two pieces."""
    for before, after in zip(first.forward, second.forward):
        join(network, before, after)
    for before, after in zip(second.backward, first.backward):
        join(network, before, after)
    sides = [
        line[k] + side * np.array([-way[1], way[0]])
        for road, k in ((first, -1), (second, 0))
        for line in (road.line,)
        for way in ((line[1] - line[0]) / np.hypot(*(line[1] - line[0])) if k == 0
                    else (line[-1] - line[-2]) / np.hypot(*(line[-1] - line[-2])),)
        for side in (road.section.left_m, -road.section.right_m)
    ]  # fmt: skip
    network.drivable.append(MultiPoint(sides).convex_hull)


def _taper(network: Network, link: Link, roads: list[Road], k: int) -> None:
    """The connector through piece ``k`` between the lane that begins or ends and its neighbour."""
    before, after = roads[k - 1].forward, roads[k + 1].forward
    inner = link.pieces[k].moved > link.pieces[k - 1].moved  # the left lane ends
    side = 0 if inner else -1
    lane = join(network, before[side], after[side])
    if len(before) > len(after):
        network.yields.append((lane, roads[k].forward[side], False))


def _edges(network: Network, link: Link) -> None:
    """Strips for parking and the hard shoulder, beside the outermost lanes of the first piece."""
    first = link.pieces[0]
    right = first.lanes * link.lane_m * (0.5 if first.shared else 1.0)
    left = link.backward * link.lane_m * (0.5 if first.shared else 1.0)
    for strip in link.strips:
        line = part(link.line, strip.from_m, min(strip.to_m, _length(link.line)))
        edges = (left, left + strip.width_m)
        if strip.side == "right":
            edges = (-right, -right - strip.width_m)
        network.drivable.append(Polygon(band(line, *edges)).buffer(0))
    if link.shoulder_m > 0:
        edge = -right - SHOULDER_M
        ring = band(link.line, edge + 0.05, edge - link.shoulder_m)
        network.drivable.append(Polygon(ring).buffer(0))


def _crossing(network: Network, link: Link, roads: list[Road], at_m: float, depth_m: float) -> None:
    for piece, road in zip(link.pieces, roads):
        if piece.start_m + 2 <= at_m <= piece.end_m - 2:
            draw_crossing(network, road, at_m - piece.start_m, depth_m)
            return
    raise InputError(f"no crossing can lie at {at_m:g} m of {link.pieces[-1].end_m:g} m",
                     field="road.crossings", fix="move it")  # fmt: skip
