"""Where things are in a storyboard: paths and positions. Shapes: Q vertices of a path.

World frame: x, y in metres, heading in rad, counter-clockwise. A pose is that of an actor's
*reference point* (rear axle or box centre: ``Actor.center_ahead_m`` tells). Along a path: ``s_m``
from its first vertex, ``lateral_m`` to the left of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

PathKind = Literal["lane", "road", "trajectory", "route"]


@dataclass(frozen=True, kw_only=True)
class Path:
    """A polyline that actors follow or that distances are measured along.

    ``lane``: the middle of a lane in its driving direction, as far as whoever keeps to it would
    go (lanes that follow each other are one path); entities that have no path are looked for on
    these. ``road``: a reference line for distances along the road. ``trajectory``: to be followed
    from end to end. ``route``: what an entity keeps to after ``AssignRoute``.
    """

    name: str
    xy: np.ndarray  # [Q, 2], consecutive vertices apart
    kind: PathKind = "lane"
    heading_rad: np.ndarray | None = None  # [Q]; None: tangent. A trajectory's own orientations
    times_s: np.ndarray | None = None  # [Q] increasing; when the vertices are reached, if told
    left: int | None = None  # index of the neighbouring lane's path (an oncoming
    right: int | None = None  # one too, with its own direction)
    width_m: float = 3.5
    limit_mps: float = 50.0  # of reactive traffic
    stops: tuple[tuple[float, int], ...] = ()  # arc length of a stop line, index of its light
    zones: tuple[tuple[int, bool, float, float, float], ...] = ()  # as sim.traffic_paths.Path
    where: str | None = None


@dataclass(frozen=True, kw_only=True)
class WorldPosition:
    x_m: float
    y_m: float
    heading_rad: float | None = None  # None: along the lane it lies on, else 0


@dataclass(frozen=True, kw_only=True)
class PathPosition:
    path: int
    s_m: float
    lateral_m: float = 0.0
    heading_rad: float = 0.0  # relative to the path's direction (pi: against it)


@dataclass(frozen=True, kw_only=True)
class RelativePosition:
    """Relative to where another entity is at that moment: its own axes or the world's."""

    entity: str
    dx_m: float
    dy_m: float
    frame: Literal["object", "world"] = "object"
    heading_rad: float | None = 0.0  # relative to the entity ("object") or absolute ("world")


@dataclass(frozen=True, kw_only=True)
class RelativeLanePosition:
    """Relative to an entity along and left of its lane's path: ``lanes`` to the left (negative:
    right); offset and heading are those of the lane arrived at."""

    entity: str
    lanes: int = 0
    ds_m: float = 0.0
    lateral_m: float = 0.0
    keep_lateral: bool = False  # True (relative road position): from its own place in the lane
    heading_rad: float = 0.0


Position = WorldPosition | PathPosition | RelativePosition | RelativeLanePosition


@dataclass(frozen=True, kw_only=True)
class Signal:
    """A traffic light by the name that conditions and actions call it by."""

    name: str
    lights: tuple[int, ...] = ()  # indices into the traffic's lights; empty: only its state is kept


@dataclass(frozen=True, kw_only=True)
class Phase:
    name: str
    duration_s: float
    states: tuple[tuple[str, str], ...] = ()  # signal name, state


@dataclass(frozen=True, kw_only=True)
class SignalController:
    """Phases that follow each other round and round."""

    name: str
    phases: tuple[Phase, ...]
    delay_s: float = 0.0
    where: str | None = None


@dataclass(frozen=True, kw_only=True)
class Roads:
    """What the storyboard happens on."""

    paths: tuple[Path, ...] = ()
    drivable: tuple[np.ndarray, ...] = ()  # polygons [Q, 2]; none: the lanes' widths
    signals: tuple[Signal, ...] = ()
    controllers: tuple[SignalController, ...] = ()
    zone_soft: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))  # see traffic_paths
