"""What the parts of a scenario must have to do with each other: names that exist, lanes that the
road has, places that lie on it."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import TYPE_CHECKING

from drivewm.scenarios.loading import nearest
from drivewm.scenarios.schema_actors import (
    AnyPlace,
    Ego,
    InRow,
    OnArm,
    OnCrossing,
    OnDriveway,
    OnLane,
)  # fmt: skip
from drivewm.scenarios.schema_base import wrong
from drivewm.scenarios.schema_road import (
    AnyRoad,
    Highway,
    LaneDrop,
    Roundabout,
    Street,
    TJunction,
)  # fmt: skip
from drivewm.scenarios.schema_story import Event, When

if TYPE_CHECKING:
    from drivewm.scenarios.schema import Body

_NO_ARM = {"stem": "oncoming", "main_left": "left", "main_right": "right"}
JUNCTIONS = ("four_way", "t_junction", "roundabout", "drawn")
Place = tuple[str | int, ...]


def check(body: Body) -> None:
    """Raises the first problem as a pydantic error that says where it stands."""
    _check_ego(body)
    for name, actor in body.actors.items():
        _check_name(body, name)
        _check_place(body, ("actors", name, "place"), actor.place)
    _check_story(body)
    _known(body.conflict.actor, body.actors, ("conflict", "actor"), "actor")
    for k, trigger in enumerate(body.conflict.triggers):
        events = [event.name for event in body.story]
        _known(trigger, events, ("conflict", "triggers", k), "event")


def _check_name(body: Body, name: str) -> None:
    row, _, number = name.rpartition("_")
    if name == "ego":
        raise wrong(("actors", name), "no other is called 'ego'", "choose another name")
    if number.isdigit() and row in body.actors and isinstance(body.actors[row].place, InRow):
        raise wrong(("actors", name), f"this is what copies of '{row}' are called")


def _check_ego(body: Body) -> None:
    road, ego = body.road, body.ego
    lanes = getattr(road, "lanes", 5 if road.kind == "drawn" else 1)
    for field in ("lane", "to_lane"):
        lane = getattr(ego, field)
        if lane is not None and lane >= lanes:
            raise wrong(("ego", field), f"lane {lane} of a road with {lanes}", "lanes count from 0")
    if ego.before_junction_m is not None:
        if road.kind not in JUNCTIONS:
            raise wrong(("ego", "before_junction_m"), f"a {road.kind} has no junction", "use s_m")
        if ego.before_junction_m > getattr(road, "arm_m", 290.0):
            raise wrong(("ego", "before_junction_m"), "begins before the arm of the road does")
    if ego.turn != "straight" and road.kind not in (*JUNCTIONS, "driveway"):
        raise wrong(("ego", "turn"), f"nothing to turn into on a {road.kind}")
    if (ego.exit is not None) != (road.kind == "roundabout"):
        raise wrong(("ego", "exit"), "a roundabout needs ego.exit (1: the first), and only it does")
    if isinstance(road, Roundabout) and ego.exit is not None and ego.exit > road.arms:
        raise wrong(("ego", "exit"), f"exit {ego.exit} of {road.arms}")
    length_m = getattr(road, "length_m", None)
    if length_m is not None and road.kind not in (*JUNCTIONS, "driveway"):
        _check_along(length_m, ego)


def _check_along(length_m: float, ego: Ego) -> None:
    start_m = ego.s_m or 0.0
    if start_m >= length_m:
        raise wrong(("ego", "s_m"), f"begins at {start_m:g} m of a road of {length_m:g} m")
    if start_m + ego.goal_m > length_m:
        raise wrong(("ego", "goal_m"), f"the goal lies beyond the road of {length_m:g} m",
                    "make the road longer or the goal nearer")  # fmt: skip


def _check_place(body: Body, where: Place, place: AnyPlace) -> None:
    road = body.road
    if isinstance(place, OnArm):
        ramp = isinstance(road, Highway) and road.ramp == "merge" and place.arm == "right"
        if road.kind not in JUNCTIONS and not ramp:
            raise wrong((*where, "at"), f"this {road.kind} has no arm {place.arm}",
                        "use lane or side")  # fmt: skip
        if isinstance(road, TJunction) and place.arm == _NO_ARM[road.ego_from]:
            raise wrong((*where, "arm"), f"coming from the {road.ego_from} there is no such arm")
    if isinstance(place, OnDriveway) and road.kind != "driveway":
        raise wrong((*where, "at"), f"a {road.kind} has no driveway")
    if isinstance(place, OnCrossing):
        _counted(place.crossing, _crossings(road), (*where, "crossing"))
    if isinstance(place, OnLane | InRow) and isinstance(road, Highway | Street | LaneDrop):
        lane = body.ego.lane + (place.lane_offset or 0)
        lanes = road.lanes + getattr(road, "oncoming_lanes", 0)
        beside = isinstance(road, Highway) and (road.ramp != "none" or road.shoulder_m > 0)
        if not (lane == -1 and beside) and not 0 <= lane < lanes:
            raise wrong((*where, "lane_offset"), f"lane {lane} of a road with {lanes}",
                        "counted to the left from the ego's lane")  # fmt: skip
    if getattr(place, "arrives_with_ego_s", None) is not None and body.ego.speed_mps <= 0:
        raise wrong((*where, "arrives_with_ego_s"), "the ego stands: it arrives nowhere")


def _crossings(road: AnyRoad) -> Sized:
    """As many things as the ego can meet zebra crossings; a junction's are not counted exactly."""
    if isinstance(road, Street):
        return road.crossings
    has = road.kind == "drawn" or getattr(road, "crossings", False)
    return range(9) if has else ()


def _counted(index: int, things: Sized, where: Place) -> None:
    if index >= len(things):
        raise wrong(where, f"{where[-1]} {index}, but the road has {len(things)}",
                    "they count from 0")  # fmt: skip


def _check_story(body: Body) -> None:
    names: list[str] = []
    for k, event in enumerate(body.story):
        if event.name in names:
            raise wrong(("story", k, "name"), f"two events are named '{event.name}'")
        names.append(event.name)
    for k, event in enumerate(body.story):
        _known(event.actor, body.actors, ("story", k, "actor"), "actor")
        _check_when(event.when, ("story", k, "when"), body, names)
    _check_waits(body.story)


def _check_when(when: When, where: Place, body: Body, events: list[str]) -> None:
    if when.other is not None:
        _known(when.other, body.actors, (*where, "other"), "actor")
    for field in ("after", "starts_with"):
        if getattr(when, field) is not None:
            _known(getattr(when, field), events, (*where, field), "event")
    if when.time_s is not None and when.time_s + when.delay_s > body.sim.duration_s:
        raise wrong((*where, "time_s"),
                    f"can never fire: the scenario ends at {body.sim.duration_s:g} s")  # fmt: skip
    for k, one in enumerate(when.any or ()):
        _check_when(one, (*where, "any", k), body, events)


def _check_waits(story: tuple[Event, ...]) -> None:
    """Events that wait for each other never fire."""
    waits = {event.name: [n for n in (event.when.after, event.when.starts_with) if n]
             for event in story}  # fmt: skip
    done: list[str] = []
    while ready := [n for n in waits if n not in done and all(w in done for w in waits[n])]:
        done += ready
    stuck = [name for name in waits if name not in done]
    if stuck:
        k = next(k for k, event in enumerate(story) if event.name == stuck[0])
        raise wrong(("story", k, "when"), f"can never fire: {', '.join(stuck)} wait for each other")


def _known(name: str, known: Iterable[str], where: Place, noun: str) -> None:
    known = list(known)
    if name not in known:
        near = nearest(name, known)
        fix = f"did you mean '{near}'?" if near else f"known: {', '.join(known) or 'none'}"
        raise wrong(where, f"no {noun} '{name}'", fix)
