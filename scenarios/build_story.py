"""A scenario's events as a storyboard. Conditions and actions of the schema, one for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, Literal

import numpy as np

from drivewm.scenarios.placing import EgoWay, meeting, projected
from drivewm.scenarios.placing_actors import Placed
from drivewm.scenarios.placing_paths import PathBook
from drivewm.scenarios.schema_story import Do, Event, When
from drivewm.sim.script import model as m
from drivewm.worlds.layouts.network import resample

EGO = "Ego"
USUAL_MPS2 = 2.0
Groups = list[tuple[m.AnyCondition, ...]]


class StoryWriter:
    """Writes the events of the placed actors."""

    def __init__(self, ego: EgoWay, book: PathBook, placed: Mapping[str, Placed]) -> None:
        self.ego, self.book, self.placed = ego, book, placed
        self._left_m = {name: one.position.lateral_m for name, one in placed.items()}
        self._last: dict[str, str] = {}  # event -> its last part

    def stories(self, events: Sequence[Event], where: str) -> tuple[m.Story, ...]:
        """One story per event; what waits for another refers to its last part."""
        for event in events:
            parts = [do for do in event.do if do.wait_s is None]
            self._last[event.name] = part_name(event.name, max(len(parts), 1) - 1)
        return tuple(self._story(event, where) for event in events)

    def _story(self, event: Event, where: str) -> m.Story:
        parts: list[m.Event] = []
        wait_s = 0.0
        for do in event.do:
            if do.wait_s is not None:
                wait_s += do.wait_s
                continue
            parts.append(self._part(event, do, len(parts), wait_s, where))
            wait_s = 0.0
        return m.story_of(event.actor, *parts, name=event.name)

    def _part(self, event: Event, do: Do, k: int, wait_s: float, where: str) -> m.Event:
        trigger = self.trigger(event, wait_s) if k == 0 else m.when(
            m.StoryboardElementState(element=part_name(event.name, k - 1), state="completeState",
                                     kind="event", delay_s=wait_s))  # fmt: skip
        return m.Event(
            name=part_name(event.name, k), actions=(self.action(event.actor, do),),
            trigger=trigger, priority=event.priority, where=where,
        )  # fmt: skip

    def trigger(self, event: Event, wait_s: float = 0.0) -> m.Trigger:
        """The trigger: an OR of ANDs."""
        groups = self._groups(event.when, event.actor)
        delay = event.when.delay_s + wait_s
        if not groups or groups == [()]:
            groups = [(m.SimulationTime(value_s=delay),)]
        elif delay > 0:
            groups = [tuple(replace(c, delay_s=c.delay_s + delay) for c in g) for g in groups]
        return m.Trigger(groups=tuple(groups))

    def _groups(self, when: When, actor: str) -> Groups:
        own = list(self._conditions(when, actor))
        groups: Groups = [tuple(c for options in own if len(options) == 1 for c in options)]
        for options in (o for o in own if len(o) > 1):
            groups = [(*g, c) for g, c in product(groups, options)]
        if when.any:
            other = [g for one in when.any for g in self._delayed(one, actor)]
            groups = [(*a, *b) for a, b in product(groups, other)]
        return groups

    def _delayed(self, when: When, actor: str) -> Groups:
        groups = self._groups(when, actor) or [(m.SimulationTime(value_s=0.0),)]
        return [tuple(replace(c, delay_s=c.delay_s + when.delay_s) for c in g) for g in groups]

    def _conditions(self, when: When, actor: str) -> list[list[m.AnyCondition]]:
        """Each a list of alternatives."""
        found: list[list[m.AnyCondition]] = []
        for name in When.model_fields:
            value = getattr(when, name)
            make = CONDITIONS.get(name)
            if value is not None and make is not None:
                made = make(value, actor, when)
                found.append(made if isinstance(made, list) else [made])
        for name in ("after", "starts_with"):
            value = getattr(when, name)
            if value is not None:
                states: list[Literal["runningState", "completeState"]] = ["completeState"]
                if name != "after":
                    states.insert(0, "runningState")
                event = self._last[value] if name == "after" else part_name(value, 0)
                found.append([m.StoryboardElementState(element=event, state=state, kind="event")
                              for state in states])  # fmt: skip
        if when.ego_arrives_in_s is not None:
            x, y = self.conflict_point(actor)
            found.append([m.TimeToCollision(by=(EGO,), value_s=when.ego_arrives_in_s,
                                            position=m.WorldPosition(x_m=x, y_m=y))])  # fmt: skip
        return found

    def conflict_point(self, actor: str) -> tuple[float, float]:
        """Where the actor's way meets the ego's; else the place on the route next to its start."""
        placed = self.placed[actor]
        line = self.book.paths[placed.position.path].xy
        route = self.ego.route
        met = meeting(route, line)
        if met is not None:
            x, y, _ = self.ego.at(met[0])
            return x, y
        s, _, _ = projected(route, *line[0])
        x, y, _ = self.ego.at(s)
        return x, y

    def action(self, actor: str, do: Do) -> m.AnyAction:
        """The storyboard's action."""
        name = next(name for name in Do.model_fields if getattr(do, name) is not None)
        made: Any = getattr(self, f"_{name}")(actor, getattr(do, name))
        return made

    def _speed(self, actor: str, to: Any) -> m.AnyAction:
        dynamics = m.Dynamics()
        if to.shape != "step":
            dynamics = (
                m.Dynamics(shape=to.shape, dimension="time", value=to.over_s)
                if to.over_s is not None
                else m.Dynamics(shape=to.shape, dimension="rate",
                                value=to.rate_mps2 or USUAL_MPS2)
            )  # fmt: skip
        return m.Speed(speed_mps=to.to_mps, dynamics=dynamics)  # below 0: backwards

    def _brake(self, actor: str, brake: Any) -> m.AnyAction:
        return m.Brake(decel_mps2=brake.rate_mps2, speed_mps=brake.to_mps)

    def _lane_change(self, actor: str, change: Any) -> m.AnyAction:
        self._left_m[actor] = 0.0
        dynamics = m.Dynamics(shape=change.shape, dimension="time", value=change.over_s)
        return m.LaneChange(dynamics=dynamics, lanes=change.lanes)

    def _swerve(self, actor: str, swerve: Any) -> m.AnyAction:
        self._left_m[actor] += swerve.by_m
        dynamics = m.Dynamics(shape=swerve.shape, dimension="time", value=swerve.over_s)
        return m.LaneOffset(offset_m=self._left_m[actor], dynamics=dynamics)

    def _follow(self, actor: str, follow: Any) -> m.AnyAction:
        points = np.array([self.ego.at(*point)[:2] for point in follow.points])
        path = self.book.free(f"{actor} follows", resample(points), "trajectory")
        return m.FollowTrajectory(path=path, mode="follow")

    def _open_door(self, actor: str, grow: Any) -> m.AnyAction:
        if grow.side == "left":
            return m.Grow(left_m=grow.by_m, duration_s=grow.over_s)
        return m.Grow(right_m=grow.by_m, duration_s=grow.over_s)

    def _react(self, actor: str, _: Any) -> m.AnyAction:
        return m.ActivateController(lateral=True, longitudinal=True)

    def _vanish(self, actor: str, _: Any) -> m.AnyAction:
        return m.DeleteEntity(entity=actor)


def part_name(event: str, k: int) -> str:
    """An event of several actions is several events, which follow each other."""
    return event if k == 0 else f"{event}.{k}"


def _near(rule: m.Rule, by: str, entity: str, value: float) -> m.AnyCondition:
    return m.RelativeDistance(by=(by,), entity=entity, value_m=value, rule=rule, freespace=True,
                              distance_type="euclidean")  # fmt: skip


CONDITIONS: dict[str, Any] = {
    "time_s": lambda v, a, w: m.SimulationTime(value_s=v),
    "ego_within_m": lambda v, a, w: _near("lessThan", a, EGO, v),
    "ego_beyond_m": lambda v, a, w: _near("greaterThan", a, EGO, v),
    "ego_ttc_below_s": lambda v, a, w: m.TimeToCollision(
        by=(EGO,), entity=a, value_s=v, distance_type="longitudinal"
    ),
    "ego_headway_below_s": lambda v, a, w: m.TimeHeadway(by=(EGO,), entity=a, value_s=v),
    "ego_travelled_m": lambda v, a, w: m.TraveledDistance(by=(EGO,), value_m=v),
    "ego_speed_above_mps": lambda v, a, w: m.SpeedIs(by=(EGO,), value_mps=v),
    "ego_speed_below_mps": lambda v, a, w: m.SpeedIs(by=(EGO,), value_mps=v, rule="lessThan"),
    "actor_travelled_m": lambda v, a, w: m.TraveledDistance(by=(a,), value_m=v),
    "actor_stood_s": lambda v, a, w: m.StandStill(by=(a,), duration_s=v),
    "actor_within_m": lambda v, a, w: _near("lessThan", a, w.other, v),
}
