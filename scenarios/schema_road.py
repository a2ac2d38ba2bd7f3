"""Roads of a scenario: one class per kind, every number explicit, nothing drawn at random.

Lanes count from 0 at the right edge (where traffic keeps right) in the direction of the ego.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from drivewm.scenarios.schema_base import Part

Side = Literal["left", "right"]
LaneWidth = Annotated[float, Field(ge=2.0, le=5.0)]
Limit = Annotated[float, Field(gt=0.5, le=42.0)]
Metres = Annotated[float, Field(ge=0.0, le=1500.0)]
Lanes = Annotated[int, Field(ge=1, le=5)]
OptionalRadius = Annotated[float | None, Field(ge=-5000.0, le=5000.0)]


class Road(Part):
    """What every road has."""

    speed_limit_mps: Limit
    lane_m: LaneWidth = 3.5
    sidewalk_m: float = Field(default=0.0, ge=0.0, le=6.0)  # 0: none


class Span(Part):
    """A stretch of the road, metres along it from its start."""

    from_m: Metres
    to_m: Metres

    @model_validator(mode="after")
    def _ordered(self):
        if self.to_m <= self.from_m:
            raise ValueError("to_m must lie behind from_m")
        return self


class ClosedLane(Span):
    """A lane nobody may drive in, fenced off by cones that taper it."""

    lane: int = Field(ge=0, le=4)
    taper_m: float = Field(default=30.0, ge=5.0, le=150.0)


class Zebra(Part):
    """A crossing over the whole road."""

    at_m: Metres
    width_m: float = Field(default=4.0, ge=2.0, le=10.0)


class ParkingRow(Span):
    """A strip for parked vehicles beside the outer lane; empty until a scenario fills it."""

    side: Side = "right"
    width_m: float = Field(default=2.2, ge=1.8, le=6.0)


class Wall(Part):
    """Something beside the road that hides what is behind it; part of the scenery."""

    at_m: float = Field(default=0.0, ge=0.0, le=1500.0)
    # where it begins along the road; at a junction: back from its edge along the ego's arm
    length_m: float = Field(default=20.0, gt=0.0, le=400.0)
    side: Side = "right"
    from_kerb_m: float = Field(default=0.6, ge=0.0, le=30.0)
    height_m: float = Field(default=2.2, gt=0.0, le=20.0)
    material: Literal["wall", "hedge", "building"] = "wall"


Walls = Annotated[tuple[Wall, ...], Field(max_length=20)]


class Highway(Road):
    """One carriageway, optionally with a ramp that merges from the right or an exit."""

    kind: Literal["highway"] = "highway"
    lane_m: LaneWidth = 3.6
    lanes: Lanes = 3
    length_m: float = Field(default=900.0, ge=100.0, le=1500.0)
    radius_m: OptionalRadius = None  # of the middle line; + bends left, - right; None: straight
    straight_m: Metres = 0.0  # before a bend begins
    shoulder_m: float = Field(default=0.0, ge=0.0, le=4.0)
    ramp: Literal["none", "merge", "exit"] = "none"
    ramp_at_m: Metres = 300.0  # where the ramp's lane begins to run beside the road
    ramp_m: float = Field(default=180.0, ge=40.0, le=400.0)  # length beside the road
    closed: tuple[ClosedLane, ...] = ()
    walls: Walls = ()


class Street(Road):
    """A straight or bent two-way (or one-way) road."""

    kind: Literal["street"] = "street"
    lanes: Lanes = 1  # in the direction of the ego
    oncoming_lanes: int = Field(default=1, ge=0, le=4)
    length_m: float = Field(default=260.0, ge=40.0, le=1200.0)
    radius_m: OptionalRadius = None  # + bends left, - right; None: straight
    straight_m: Metres = 0.0  # before a bend begins
    bend_rad: float = Field(default=1.2, gt=0.0, le=3.2)  # turned through, then straight again
    parking: tuple[ParkingRow, ...] = ()
    crossings: tuple[Zebra, ...] = ()
    closed: tuple[ClosedLane, ...] = ()
    sidewalk_m: float = Field(default=2.5, ge=0.0, le=6.0)
    walls: Walls = ()


class LaneDrop(Road):
    """Two (or more) lanes of one direction of which the right or left one ends (zipper)."""

    kind: Literal["lane_drop"] = "lane_drop"
    lanes: Annotated[int, Field(ge=2, le=4)] = 2
    ends: Side = "right"
    drop_at_m: Metres = 160.0  # where the taper begins
    taper_m: float = Field(default=60.0, ge=15.0, le=200.0)
    length_m: float = Field(default=400.0, ge=100.0, le=1200.0)


class Narrow(Road):
    """A street of one shared lane for both directions, or a street with a narrow passage."""

    kind: Literal["narrow"] = "narrow"
    length_m: float = Field(default=200.0, ge=60.0, le=600.0)
    passage: Span | None = None  # only one lane wide there; None: narrow throughout
    sidewalk_m: float = Field(default=1.5, ge=0.0, le=6.0)
    walls: Walls = ()


class Junction(Road):
    """What four-way and T junctions share. Arms lead away from the junction's middle."""

    lanes: Annotated[int, Field(ge=1, le=3)] = 1  # towards the junction, on every arm
    arm_m: float = Field(default=110.0, ge=30.0, le=300.0)
    angle_rad: float = Field(default=1.5707963, ge=0.7, le=2.45)  # between the crossing roads
    control: Literal["lights", "ego_priority", "ego_yields", "right_before_left", "stop"] = "lights"
    light: Literal["green", "red", "amber_ahead"] = "green"  # what the ego meets first
    light_change_s: float | None = Field(default=None, ge=0.0, le=120.0)  # when that changes
    turn_lanes: bool = False
    crossings: bool = True
    sidewalk_m: float = Field(default=2.5, ge=0.0, le=6.0)
    walls: Walls = ()


class FourWay(Junction):
    """A crossing of two roads."""

    kind: Literal["four_way"] = "four_way"


class TJunction(Junction):
    """A road that ends at another; ``ego_from`` says where the ego comes from."""

    kind: Literal["t_junction"] = "t_junction"
    ego_from: Literal["stem", "main_left", "main_right"] = "stem"  # main_left: stem on its right


class Roundabout(Road):
    """A roundabout with evenly spread arms; the ego enters by arm 0."""

    kind: Literal["roundabout"] = "roundabout"
    arms: Annotated[int, Field(ge=3, le=5)] = 4
    radius_m: float = Field(default=16.0, ge=8.0, le=45.0)  # of the circulating lane's middle
    arm_m: float = Field(default=90.0, ge=30.0, le=200.0)
    crossings: bool = True
    sidewalk_m: float = Field(default=2.5, ge=0.0, le=6.0)


class CarPark(Road):
    """An aisle between two rows of bays at right angles."""

    kind: Literal["car_park"] = "car_park"
    length_m: float = Field(default=90.0, ge=30.0, le=200.0)
    aisle_m: float = Field(default=6.0, ge=4.5, le=9.0)
    bay_m: float = Field(default=5.0, ge=4.0, le=7.0)  # depth of a bay
    bay_width_m: float = Field(default=2.5, ge=2.2, le=4.0)
    filled_share: float = Field(default=0.7, ge=0.0, le=1.0)  # of bays that hold a parked car
    walls: Walls = ()


class Driveway(Road):
    """A street that the ego enters from, or passes by, a driveway or a loading bay."""

    kind: Literal["driveway"] = "driveway"
    ego_from: Literal["street", "driveway"] = "street"
    at_m: Metres = 120.0  # of the driveway along the street
    side: Side = "right"
    width_m: float = Field(default=4.0, ge=2.8, le=12.0)
    depth_m: float = Field(default=20.0, ge=8.0, le=60.0)
    length_m: float = Field(default=240.0, ge=60.0, le=600.0)
    sidewalk_m: float = Field(default=2.5, ge=0.0, le=6.0)
    walls: Walls = ()


class DeadEnd(Road):
    """A street that ends in a turning place or a courtyard."""

    kind: Literal["dead_end"] = "dead_end"
    length_m: float = Field(default=120.0, ge=30.0, le=400.0)
    court_m: float = Field(default=16.0, ge=8.0, le=40.0)  # side of the turning place
    sidewalk_m: float = Field(default=1.5, ge=0.0, le=6.0)
    walls: Walls = ()


class Drawn(Road):
    """A network of the synthetic world (``drivewm.worlds.layouts``), told by its seed."""

    kind: Literal["drawn"] = "drawn"
    layout: Literal["straight", "curve", "four_way", "t_junction", "roundabout", "merge"]
    layout_seed: int = Field(default=0, ge=0, le=1_000_000)


AnyRoad = Annotated[
    Highway | Street | LaneDrop | Narrow | FourWay | TJunction | Roundabout | CarPark
    | Driveway | DeadEnd | Drawn,
    Field(discriminator="kind"),
]  # fmt: skip
