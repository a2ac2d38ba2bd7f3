"""Who is in a scenario, and where they begin.

Frame of placements: along the ego's route, ``ahead_m`` from the ego's rear axle at time 0,
``left_m`` to the left. Lane offsets count to the left (+1 is the next lane to the left).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from drivewm.scenarios.schema_base import Part
from drivewm.scenarios.schema_road import Side

Kind = Literal[
    "car", "van", "truck", "bus", "motorcycle", "bicycle", "scooter", "pedestrian", "child",
    "wheelchair", "dog", "deer", "cone", "barrier", "debris", "trolley", "ball", "container",
    "police", "ambulance", "fire_engine",
]  # fmt: skip
# length, width, height in m
SIZES_M: dict[str, tuple[float, float, float]] = {
    "car": (4.5, 1.85, 1.55), "van": (5.6, 2.05, 2.4), "truck": (9.0, 2.5, 3.4),
    "bus": (12.0, 2.55, 3.1), "motorcycle": (2.1, 0.8, 1.5), "bicycle": (1.8, 0.6, 1.7),
    "scooter": (1.2, 0.6, 1.75), "pedestrian": (0.6, 0.6, 1.75), "child": (0.5, 0.5, 1.2),
    "wheelchair": (1.1, 0.7, 1.35), "dog": (0.9, 0.35, 0.65), "deer": (1.7, 0.5, 1.5),
    "cone": (0.4, 0.4, 0.8), "barrier": (0.5, 2.2, 1.0), "debris": (1.0, 0.8, 0.4),
    "trolley": (1.0, 0.6, 1.0), "ball": (0.3, 0.3, 0.3), "container": (6.1, 2.4, 2.6),
    "police": (4.7, 1.9, 1.6),
    "ambulance": (6.0, 2.1, 2.7), "fire_engine": (8.5, 2.5, 3.2),
}  # fmt: skip
VEHICLES = ("car", "van", "truck", "bus", "motorcycle", "police", "ambulance", "fire_engine")
VULNERABLE = ("bicycle", "scooter", "pedestrian", "child", "wheelchair")
STILL = ("cone", "barrier", "debris", "trolley", "container")

Speed = Annotated[float, Field(ge=-8.0, le=70.0)]  # below 0: backwards
Along = Annotated[float, Field(ge=-600.0, le=1200.0)]
Lateral = Annotated[float, Field(ge=-60.0, le=60.0)]
Facing = Literal["along", "against", "across_left", "across_right"]


class OnLane(Part):
    """In a lane beside or on the ego's, measured along the ego's route."""

    at: Literal["lane"] = "lane"
    ahead_m: Along | None = None  # centre of the actor ahead of the ego's centre
    gap_m: Along | None = None  # between bumpers; below 0: behind the ego
    lane_offset: int = Field(default=0, ge=-4, le=4)
    left_m: Lateral = 0.0  # from the middle of that lane
    facing: Facing = "along"
    turned_rad: float = Field(default=0.0, ge=-3.2, le=3.2)  # to the left of that

    @model_validator(mode="after")
    def _one_measure(self):
        if (self.ahead_m is None) == (self.gap_m is None):
            raise ValueError("give either ahead_m (centre to centre) or gap_m (bumper to bumper)")
        return self


class OnArm(Part):
    """In the lane of a junction's or roundabout's arm, driving towards it.

    ``arrives_with_ego_s``: placed so that at constant speeds the actor reaches the point where
    the two paths cross this much after (+) or before (-) the ego does.
    """

    at: Literal["arm"] = "arm"
    arm: Literal["left", "right", "oncoming", "own"]  # as seen by the ego
    way_in: int = Field(default=0, ge=0, le=4)  # of a roundabout: its entries after the ego's
    before_m: Annotated[float, Field(ge=-100.0, le=290.0)] | None = None  # to the junction's edge
    arrives_with_ego_s: Annotated[float, Field(ge=-10.0, le=10.0)] | None = None
    turn: Literal["straight", "left", "right", "u_turn"] = "straight"
    lane: int = Field(default=0, ge=0, le=3)  # 0: the right one

    @model_validator(mode="after")
    def _one_measure(self):
        if (self.before_m is None) == (self.arrives_with_ego_s is None):
            raise ValueError("give either before_m or arrives_with_ego_s")
        return self


class OnSide(Part):
    """Beside the road: a walker at a kerb, a vehicle in a parking row, a driveway, a wall.

    ``arrives_with_ego_s`` needs a speed and ``facing`` across: the distance from the kerb is then
    chosen so that at constant speeds the actor reaches the middle of the ego's lane that much
    after (+) or before (-) the ego's front; ``from_kerb_m`` is not used.
    """

    at: Literal["side"] = "side"
    side: Side = "right"
    ahead_m: Along
    from_kerb_m: Annotated[float, Field(ge=-10.0, le=60.0)] = 1.0  # centre outside the kerb line
    arrives_with_ego_s: Annotated[float, Field(ge=-10.0, le=10.0)] | None = None
    facing: Literal["across", "along", "against"] = "across"  # across: towards the road
    turned_rad: float = Field(default=0.0, ge=-3.2, le=3.2)


class OnCrossing(Part):
    """At a zebra crossing of the ego's route, about to cross."""

    at: Literal["crossing"] = "crossing"
    crossing: int = Field(default=0, ge=0, le=8)  # counted along the ego's route
    side: Side = "right"
    from_kerb_m: Annotated[float, Field(ge=-10.0, le=60.0)] = 1.0
    arrives_with_ego_s: Annotated[float, Field(ge=-10.0, le=10.0)] | None = None


class OnDriveway(Part):
    """In the driveway of a ``driveway`` road: about to leave it, or backing out of it."""

    at: Literal["driveway"] = "driveway"
    inside_m: Annotated[float, Field(ge=-10.0, le=60.0)] = 4.0  # centre, from the kerb inwards
    arrives_with_ego_s: Annotated[float, Field(ge=-10.0, le=10.0)] | None = None
    facing: Literal["out", "in"] = "out"  # in: it leaves backwards, at a speed below 0
    turn: Literal["left", "right", "across"] = "right"  # where its path leads once on the road


class InRow(Part):
    """A row of copies, one actor per place (``name_0``, ``name_1``, ...), none where ``free``.

    Along a kerb, or in a lane when ``lane_offset`` is given; then ``left_m`` is from the middle
    of that lane, and with ``left_end_m`` the row runs slantwise from the one to the other.
    """

    at: Literal["row"] = "row"
    side: Side = "right"
    from_m: Along  # ahead of the ego
    to_m: Along
    spacing_m: Annotated[float, Field(ge=1.0, le=60.0)] = 6.5
    from_kerb_m: Annotated[float, Field(ge=-10.0, le=60.0)] = -1.1  # centre; < 0: on the road
    lane_offset: Annotated[int, Field(ge=-4, le=4)] | None = None  # None: along the kerb
    left_m: Lateral = 0.0
    left_end_m: Lateral | None = None  # at ``to_m``; None: as ``left_m``
    free_from_m: Along | None = None  # a gap in the row
    free_to_m: Along | None = None
    facing: Facing = "along"

    @model_validator(mode="after")
    def _ordered(self):
        if self.to_m < self.from_m:
            raise ValueError("to_m must not lie before from_m")
        if (self.free_from_m is None) != (self.free_to_m is None):
            raise ValueError("free_from_m and free_to_m belong together")
        return self


AnyPlace = OnLane | OnArm | OnSide | OnCrossing | OnDriveway | InRow
Place = Annotated[AnyPlace, Field(discriminator="at")]

Point = tuple[Along, Lateral]


class Actor(Part):
    """One road user or thing. What no event tells it to do, it does by its ``behaviour``."""

    kind: Kind
    place: Place
    speed_mps: Speed = 0.0  # at time 0
    # scripted: keeps its speed along its path but for its events (a vehicle in a lane drives by
    # itself once they are over); reactive: drives by itself whenever no event moves it
    behaviour: Literal["scripted", "reactive", "still"] = "scripted"
    path: tuple[Point, ...] | None = Field(default=None, min_length=2, max_length=64)
    # [ahead_m, left_m] of the ego's route: the actor's own path instead of its lane
    length_m: Annotated[float, Field(gt=0.05, le=30.0)] | None = None
    width_m: Annotated[float, Field(gt=0.05, le=12.0)] | None = None
    height_m: Annotated[float, Field(gt=0.05, le=6.0)] | None = None
    desired_speed_mps: Annotated[float, Field(ge=0.0, le=70.0)] | None = None  # when reactive

    @property
    def size_m(self) -> tuple[float, float, float]:
        """Length, width, height in m: the kind's own where nothing else is said."""
        usual = SIZES_M[self.kind]
        given = (self.length_m, self.width_m, self.height_m)
        return tuple(u if g is None else g for u, g in zip(usual, given))  # type: ignore[return-value]

    @model_validator(mode="after")
    def _moves_or_not(self):
        if self.speed_mps != 0 and (self.behaviour == "still" or self.kind in STILL):
            raise ValueError(f"a {self.kind} that stands still has speed_mps: 0")
        if self.place.at == "row" and self.speed_mps != 0:
            raise ValueError("actors of a row are parked: speed_mps is 0")
        return self


class Ego(Part):
    """Where the ego begins and where it shall go."""

    lane: int = Field(default=0, ge=0, le=4)  # 0: the right one
    s_m: Annotated[float, Field(ge=0.0, le=1400.0)] | None = None  # along the road or arm
    before_junction_m: Annotated[float, Field(ge=2.0, le=290.0)] | None = None
    left_m: Annotated[float, Field(ge=-2.0, le=2.0)] = 0.0  # from the middle of the lane
    speed_mps: Annotated[float, Field(ge=0.0, le=42.0)]
    turn: Literal["straight", "left", "right", "u_turn"] = "straight"
    exit: Annotated[int, Field(ge=1, le=5)] | None = None  # of a roundabout
    to_lane: Annotated[int, Field(ge=0, le=4)] | None = None  # lane the route ends in
    goal_m: Annotated[float, Field(gt=0.0, le=1400.0)]  # along its route from the start

    @model_validator(mode="after")
    def _one_start(self):
        if self.s_m is not None and self.before_junction_m is not None:
            raise ValueError("give either s_m or before_junction_m")
        return self


def is_of(track: str, actor: str) -> bool:
    """Is a track an actor's: itself, a copy of its row (``row_0``), its door (``car.door``)?"""
    copy = track.removeprefix(f"{actor}_")
    return track == actor or track.startswith(f"{actor}.") or (copy != track and copy.isdigit())
