"""Positions that are relative to where an entity is when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from drivewm.scenarios.osc.element import Element
from drivewm.scenarios.osc.position_kinds import orientation
from drivewm.sim.script import model as m


def _later_object(item: Element, name: str) -> m.RelativePosition:
    return _later(item, name, "object")


def _later_world(item: Element, name: str) -> m.RelativePosition:
    return _later(item, name, "world")


def _later(item: Element, name: str, frame: Any) -> m.RelativePosition:
    item.number("dz", 0.0)
    turn = orientation(item)
    heading: float | None = 0.0
    if frame == "object" and turn is not None and turn[1] == "absolute":
        raise item.error("with an absolute orientation is not supported here")
    if turn is not None:
        heading = turn[0]
    elif frame == "world":
        heading = None
    if frame == "world" and turn is not None and turn[1] == "relative":
        raise item.error("with a relative orientation is not supported here")
    return m.RelativePosition(entity=name, dx_m=item.number("dx"), dy_m=item.number("dy"),
                              frame=frame, heading_rad=heading)  # fmt: skip


def _later_lane(item: Element, name: str) -> m.RelativeLanePosition:
    ds = item.number("dsLane" if item.has("dsLane") else "ds", 0.0)
    found = m.RelativeLanePosition(entity=name, lanes=item.whole("dLane"), ds_m=ds,
                                   lateral_m=item.number("offset", 0.0))  # fmt: skip
    return replace(found, heading_rad=_along_lane(item))


def _later_road(item: Element, name: str) -> m.RelativeLanePosition:
    return m.RelativeLanePosition(
        entity=name, ds_m=item.number("ds"), lateral_m=item.number("dt"), keep_lateral=True,
        heading_rad=_along_lane(item),
    )  # fmt: skip


def _along_lane(item: Element) -> float:
    turn = orientation(item)
    if turn is not None and turn[1] == "absolute":
        raise item.error("with an absolute orientation is not supported here")
    return turn[0] if turn else 0.0


RELATIVE: Mapping[str, Callable[[Element, str], m.Position]] = {
    "RelativeObjectPosition": _later_object, "RelativeWorldPosition": _later_world,
    "RelativeLanePosition": _later_lane, "RelativeRoadPosition": _later_road,
}  # fmt: skip
