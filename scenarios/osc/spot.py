"""A place at the start of a scenario."""

from __future__ import annotations

from typing import NamedTuple

from drivewm.scenarios.opendrive.model import LaneKey


class Spot(NamedTuple):
    """A place at the start of the scenario; ``path`` is one it lies on, with the arc length."""

    x_m: float
    y_m: float
    heading_rad: float
    path: int | None = None
    near_s_m: float | None = None
    key: LaneKey | None = None
    road_s_m: float | None = None
    has_orientation: bool = False  # the file tells the heading
