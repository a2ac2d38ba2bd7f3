"""Parameters of scenario roads. Every one is explicit: a road has no random geometry.

Link roads run along a reference line, which is the line between the two directions; it begins at
the origin towards +x, and ``_at_m`` is the arc length on it. Traffic keeps right. Junctions lie
round the origin: the arm ``near`` comes from -x, ``far`` goes on to +x, ``left`` and ``right`` are
as seen by who comes from ``near``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from drivewm.config import Config

Side = Literal["left", "right"]


class Wall(Config):
    """Something beside the road that hides what is behind it."""

    at_m: float = 0.0  # where it begins on the reference line; at a junction: from its edge
    length_m: float = Field(default=20.0, gt=0, le=400)
    side: Side = "right"
    gap_m: float = Field(default=0.6, ge=0, le=30)  # from the kerb
    height_m: float = Field(default=2.2, gt=0, le=20)
    material: Literal["wall", "hedge", "building"] = "wall"


class Opening(Config):
    """A paved stub off the road: a driveway, a gate, a loading bay."""

    at_m: float  # of its middle on the reference line
    side: Side = "right"
    width_m: float = Field(default=5.0, ge=2, le=40)
    depth_m: float = Field(default=10.0, ge=1, le=40)


class RoadSpec(Config):
    """What all roads have."""

    speed_limit_mps: float = Field(default=13.9, ge=1, le=40)
    lane_m: float = Field(default=3.5, ge=2.2, le=5)
    sidewalk_m: float = Field(default=2.5, ge=0, le=8)


class LinkRoad(RoadSpec):
    """A road without a junction."""

    length_m: float = Field(default=300.0, ge=40, le=1500)
    lanes: int = Field(default=1, ge=1, le=5)  # in the ego's direction
    oncoming_lanes: int = Field(default=1, ge=0, le=5)
    median_m: float = Field(default=0.0, ge=0, le=20)
    parking_m: float = Field(default=0.0, ge=0, le=7)  # strip along both kerbs
    shoulder_m: float = Field(default=0.0, ge=0, le=5)  # hard shoulder on the right
    curve_at_m: float = Field(default=80.0, ge=0)
    radius_m: float = Field(default=0.0, ge=0)  # 0: straight
    curve_deg: float = Field(default=0.0, ge=-270, le=270)  # turned in the curve, left positive
    crossings_m: tuple[float, ...] = ()
    drop_at_m: float = Field(default=0.0, ge=0)  # where the rightmost lane ends; 0: nowhere
    taper_m: float = Field(default=40.0, ge=10, le=200)
    ramp: Literal["none", "entry", "exit"] = "none"
    ramp_at_m: float = Field(default=200.0, ge=0)  # where the extra lane begins
    ramp_lane_m: float = Field(default=150.0, ge=20, le=500)  # its length
    walls: tuple[Wall, ...] = ()
    openings: tuple[Opening, ...] = ()
    court_radius_m: float = Field(default=0.0, ge=0, le=40)  # the road ends in a court; 0: goes on


class Highway(LinkRoad):
    """One carriageway, by default with a hard shoulder; the other direction is out of sight."""

    kind: Literal["highway"] = "highway"
    length_m: float = Field(default=1000.0, ge=40, le=1500)
    lanes: int = Field(default=3, ge=1, le=5)
    oncoming_lanes: int = Field(default=0, ge=0, le=5)
    shoulder_m: float = Field(default=2.5, ge=0, le=5)
    sidewalk_m: float = Field(default=0.0, ge=0, le=8)
    speed_limit_mps: float = Field(default=33.3, ge=1, le=40)


class TwoWay(LinkRoad):
    """A two-way road, by default a rural one."""

    kind: Literal["two_way"] = "two_way"
    length_m: float = Field(default=500.0, ge=40, le=1500)
    speed_limit_mps: float = Field(default=22.2, ge=1, le=40)
    sidewalk_m: float = Field(default=0.0, ge=0, le=8)


class UrbanStreet(LinkRoad):
    """A street with kerb strips for parking and sidewalks."""

    kind: Literal["urban_street"] = "urban_street"
    parking_m: float = Field(default=2.3, ge=0, le=7)


class NarrowStreet(LinkRoad):
    """A street where two cars hardly pass each other."""

    kind: Literal["narrow_street"] = "narrow_street"
    length_m: float = Field(default=200.0, ge=40, le=1500)
    lane_m: float = Field(default=2.6, ge=2.2, le=5)
    speed_limit_mps: float = Field(default=8.3, ge=1, le=40)


class Curve(LinkRoad):
    """A curve, by default with the view across it blocked by a hedge given in ``walls``."""

    kind: Literal["curve"] = "curve"
    radius_m: float = Field(default=60.0, ge=0)
    curve_deg: float = Field(default=80.0, ge=-270, le=270)


class Zipper(LinkRoad):
    """The rightmost lane ends."""

    kind: Literal["zipper"] = "zipper"
    lanes: int = Field(default=2, ge=2, le=5)
    drop_at_m: float = Field(default=160.0, ge=0)


class CarPark(LinkRoad):
    """An aisle between two rows of parking bays."""

    kind: Literal["car_park"] = "car_park"
    length_m: float = Field(default=120.0, ge=40, le=1500)
    parking_m: float = Field(default=5.0, ge=0, le=7)
    lane_m: float = Field(default=3.0, ge=2.2, le=5)
    speed_limit_mps: float = Field(default=4.2, ge=1, le=40)


class Driveway(LinkRoad):
    """A residential street with driveways or a loading bay (``openings``)."""

    kind: Literal["driveway"] = "driveway"
    openings: tuple[Opening, ...] = (Opening(at_m=80.0),)
    speed_limit_mps: float = Field(default=8.3, ge=1, le=40)


class DeadEnd(LinkRoad):
    """A lane into a courtyard."""

    kind: Literal["dead_end"] = "dead_end"
    length_m: float = Field(default=120.0, ge=40, le=1500)
    lane_m: float = Field(default=2.8, ge=2.2, le=5)
    speed_limit_mps: float = Field(default=5.6, ge=1, le=40)
    court_radius_m: float = Field(default=12.0, ge=0, le=40)


class JunctionRoad(RoadSpec):
    """What junctions have. Lanes are counted per direction."""

    lanes: int = Field(default=1, ge=1, le=3)  # of near and far
    side_lanes: int = Field(default=1, ge=1, le=3)  # of left and right
    arm_m: float = Field(default=130.0, ge=40, le=400)
    corner_m: float = Field(default=6.0, ge=2, le=30)  # room between the kerbs' corner and the arms
    parking_m: float = Field(default=0.0, ge=0, le=5)
    median_m: float = Field(default=0.0, ge=0, le=10)
    crossings: bool = True
    walls: tuple[Wall, ...] = ()  # along the near arm, ``at_m`` back from the junction
    control: Literal["lights", "main", "side", "right"] = "main"
    # lights; near-far has priority; left-right has priority; whoever comes from the right
    green_s: float = Field(default=20.0, gt=0, le=600)  # of near and far
    side_green_s: float = Field(default=20.0, gt=0, le=600)
    light_offset_s: float = Field(default=0.0, ge=0)  # into the cycle, near's green first


class FourWay(JunctionRoad):
    """Four arms; ``side_angle_deg`` turns left and right against the square."""

    kind: Literal["four_way"] = "four_way"
    side_angle_deg: float = Field(default=0.0, ge=-35, le=35)
    turn_lane: bool = False  # the innermost of several lanes turns left only


class TJunction(JunctionRoad):
    """Three arms: one of far, left, right is missing."""

    kind: Literal["t_junction"] = "t_junction"
    missing: Literal["far", "left", "right"] = "left"
    side_angle_deg: float = Field(default=0.0, ge=-35, le=35)
    turn_lane: bool = False


class Roundabout(RoadSpec):
    """A ring of one lane; exits are counted from the ego's entry on."""

    kind: Literal["roundabout"] = "roundabout"
    arms: int = Field(default=4, ge=3, le=5)
    radius_m: float = Field(default=18.0, ge=12, le=40)
    arm_m: float = Field(default=120.0, ge=40, le=300)
    crossings: bool = True


Road = Annotated[
    Highway
    | TwoWay
    | UrbanStreet
    | NarrowStreet
    | Curve
    | Zipper
    | CarPark
    | Driveway
    | DeadEnd
    | FourWay
    | TJunction
    | Roundabout,
    Field(discriminator="kind"),
]
SPECS: dict[str, type[RoadSpec]] = {
    "highway": Highway,
    "two_way": TwoWay,
    "urban_street": UrbanStreet,
    "narrow_street": NarrowStreet,
    "curve": Curve,
    "zipper": Zipper,
    "car_park": CarPark,
    "driveway": Driveway,
    "dead_end": DeadEnd,
    "four_way": FourWay,
    "t_junction": TJunction,
    "roundabout": Roundabout,
}
