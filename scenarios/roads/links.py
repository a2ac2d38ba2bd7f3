"""Link roads by kind of the schema: highway, street, lane drop, narrow street."""

from __future__ import annotations

import numpy as np

from drivewm.scenarios.roads.drawn import Arm, Drawn, Strip
from drivewm.scenarios.roads.link import (
    Link,
    Piece,
    draw_link,
    headings,
    join,
    pave,
    reference_line,
)
from drivewm.scenarios.schema_road import Highway, LaneDrop, Narrow, Street
from drivewm.worlds.layouts.network import Network

RAMP_RAD = 0.16  # between a ramp and the carriageway
RAMP_M = 140.0
BEND_M = 40.0  # of the bend between them
TAPER_M = 40.0
PASSAGE_TAPER_M = 15.0


def draw_highway(network: Network, road: Highway) -> Drawn:
    """A carriageway whose reference line is its left edge, with its ramp."""
    line = reference_line(road.length_m, road.radius_m, road.straight_m, None)
    end = _length(line)
    cuts: list[tuple[float, int, bool]] = [(0.0, road.lanes, False)]
    begin, stop, more = road.ramp_at_m, road.ramp_at_m + road.ramp_m, road.lanes + 1
    if road.ramp == "merge":
        cuts += [
            (begin, more, False),
            (stop, road.lanes, True),
            (stop + TAPER_M, road.lanes, False),
        ]
    elif road.ramp == "exit":
        cuts += [
            (begin - TAPER_M, road.lanes, True),
            (begin, more, False),
            (stop, road.lanes, False),
        ]
    ends = [at for at, _, _ in cuts[1:]] + [end]
    pieces = tuple(
        Piece(start_m=at, end_m=until, lanes=lanes, taper=taper)
        for (at, lanes, taper), until in zip(cuts, ends)
    )
    link = Link(line=line, lane_m=road.lane_m, pieces=pieces, shoulder_m=road.shoulder_m)
    drawn, roads = draw_link(network, link)
    if road.ramp != "none":
        k = next(k for k, piece in enumerate(pieces) if piece.lanes == more)
        _ramp(drawn, roads[k].forward[-1], road.ramp == "merge")
    return drawn


def _ramp(drawn: Drawn, extra: int, merges: bool) -> None:
    """The ramp before (or after) the extra lane ``extra``, and the bend between them."""
    network = drawn.network
    lane = network.lanes[extra]
    start, end = headings(lane.line)
    point, out = (lane.line[0], start + np.pi) if merges else (lane.line[-1], end)
    angle = out + (RAMP_RAD if merges else -RAMP_RAD)  # away from it, to the carriageway's right
    middle = (out + angle) / 2
    foot = point + BEND_M * np.array([np.cos(middle), np.sin(middle)])
    far = foot + RAMP_M * np.array([np.cos(angle), np.sin(angle)])
    ends = np.stack([far, foot]) if merges else np.stack([foot, far])
    ramp = network.lane(ends, lane.width_m, network.new_road())
    pave(network, ramp)
    if merges:
        join(network, ramp, extra)
        drawn.arms["ramp"] = Arm(entering=(ramp,))
    else:
        join(network, extra, ramp)
        drawn.arms["ramp"] = Arm(leaving=(ramp,))


def draw_street(network: Network, road: Street) -> Drawn:
    """A road of one or two directions with its parking strips and crossings."""
    line = reference_line(road.length_m, road.radius_m, road.straight_m, road.bend_rad)
    strips = tuple(
        Strip(side=p.side, from_m=p.from_m, to_m=p.to_m, width_m=p.width_m) for p in road.parking
    )
    link = Link(
        line=line, lane_m=road.lane_m, backward=road.oncoming_lanes, strips=strips,
        pieces=(Piece(start_m=0.0, end_m=_length(line), lanes=road.lanes),),
        crossings=tuple((zebra.at_m, zebra.width_m) for zebra in road.crossings),
    )  # fmt: skip
    return draw_link(network, link)[0]


def draw_lane_drop(network: Network, road: LaneDrop) -> Drawn:
    """Lanes of one direction, of which one ends."""
    end, drop, less = road.length_m, road.drop_at_m, road.lanes - 1
    moved = int(road.ends == "left")
    pieces = (
        Piece(start_m=0.0, end_m=drop, lanes=road.lanes),
        Piece(start_m=drop, end_m=drop + road.taper_m, lanes=less, moved=moved, taper=True),
        Piece(start_m=drop + road.taper_m, end_m=end, lanes=less, moved=moved),
    )
    line = reference_line(end, None, 0.0, None)
    return draw_link(network, Link(line=line, lane_m=road.lane_m, pieces=pieces))[0]


def draw_narrow(network: Network, road: Narrow) -> Drawn:
    """One lane's width for both directions, throughout or in a passage."""
    line, end = reference_line(road.length_m, None, 0.0, None), road.length_m
    pieces: tuple[Piece, ...] = (Piece(start_m=0.0, end_m=end, lanes=1, shared=True),)
    if road.passage is not None:
        first, last = road.passage.from_m, road.passage.to_m
        pieces = (
            Piece(start_m=0.0, end_m=first - PASSAGE_TAPER_M, lanes=1),
            Piece(start_m=first, end_m=last, lanes=1, shared=True),
            Piece(start_m=last + PASSAGE_TAPER_M, end_m=end, lanes=1),
        )
    return draw_link(network, Link(line=line, lane_m=road.lane_m, backward=1, pieces=pieces))[0]


def _length(line: np.ndarray) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())
