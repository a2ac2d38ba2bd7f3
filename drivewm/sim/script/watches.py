"""Triggers at work: conditions with their edges and delays, evaluated once per sub-step."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from drivewm.sim.script import conditions as c
from drivewm.sim.script.checks import BY_ENTITY, BY_VALUE, LASTING, View
from drivewm.sim.script.ground import NoPlace
from drivewm.sim.script.record import Record

LATE_S = 1e-9


class State(Protocol):
    """A storyboard element as conditions see it."""

    state: str
    happened: dict[str, int]  # transition -> evaluation in which it happened last


class Seen(View, Protocol):
    """The engine as triggers see it."""

    record: Record

    @property
    def evaluation(self) -> int: ...  # counts up

    def elements(self, condition: c.StoryboardElementState) -> Sequence[State]: ...


class Watch:
    """One condition. It must be asked in every evaluation while it counts."""

    def __init__(self, condition: c.AnyCondition, owner: str) -> None:
        self.condition, self._owner = condition, owner
        self.name = condition.name or type(condition).__name__
        self.who: list[str] = []  # triggering entities for which it holds
        self.ever = False
        self._taken: dict[int, int] = {}
        self._before: bool | None = None
        self._since: dict[str, float] = {}
        self._past: deque[tuple[float, bool]] = deque()
        self._by_value = BY_VALUE.get(type(condition))

    def holds(self, seen: Seen) -> bool:
        """After edge and delay."""
        raw = self._raw(seen)
        result = self._edge(raw)
        self._before = raw
        if self.condition.delay_s > 0.0:
            result = self._delayed(seen.time_s, result)
        if result and not self.ever:
            self.ever = True
            seen.record.add(seen.time_s, f"{self._owner}/{self.name}", "true",
                            where=self.condition.where)  # fmt: skip
        return result

    def _edge(self, raw: bool) -> bool:
        edge, before = self.condition.edge, self._before
        if edge == "none":
            return raw
        if before is None or before == raw:
            return False
        return edge == "risingOrFalling" or raw == (edge == "rising")

    def _delayed(self, time_s: float, result: bool) -> bool:
        """The result as it was ``delay_s`` ago; false before anything was evaluated."""
        past, then_s = self._past, time_s - self.condition.delay_s + LATE_S
        past.append((time_s, result))
        while len(past) > 1 and past[1][0] <= then_s:
            past.popleft()
        return past[0][0] <= then_s and past[0][1]

    def _raw(self, seen: Seen) -> bool:
        condition = self.condition
        if self._by_value is not None:
            return self._by_value(seen, condition)
        if isinstance(condition, c.EntityCondition):
            return self._by_entity(seen, condition)
        assert isinstance(condition, c.StoryboardElementState), "the only other kind"
        return self._by_state(seen, condition)

    def _by_entity(self, seen: Seen, condition: c.EntityCondition) -> bool:
        check, self.who = BY_ENTITY[type(condition)], []
        for name in condition.by:
            body = seen.bodies[name]
            if not body.present:
                continue
            try:
                holds = check(seen, condition, body)
            except NoPlace:  # relative to a lane that nobody is in: it cannot hold now
                holds = False
            if isinstance(condition, LASTING):
                holds = self._lasts(name, holds, seen.time_s, condition.duration_s)
            if holds:
                self.who.append(name)
        return len(self.who) == len(condition.by) if condition.by_rule == "all" else bool(self.who)

    def _lasts(self, name: str, holds: bool, time_s: float, duration_s: float) -> bool:
        if not holds:
            self._since.pop(name, None)
            return False
        return time_s - self._since.setdefault(name, time_s) >= duration_s - LATE_S

    def _by_state(self, seen: Seen, condition: c.StoryboardElementState) -> bool:
        found = False
        for element in seen.elements(condition):
            if not condition.state.endswith("Transition"):
                found = found or element.state == condition.state
                continue
            when = element.happened.get(condition.state, -2)
            new = when >= seen.evaluation - 1 and self._taken.get(id(element)) != when
            if new:
                self._taken[id(element)] = when
            found = found or new
        return found


class TriggerWatch:
    """A trigger: any group of which all conditions hold."""

    def __init__(self, trigger: c.Trigger, owner: str) -> None:
        self.groups = [[Watch(condition, owner) for condition in group] for group in trigger.groups]
        self.who: list[str] = []

    def holds(self, seen: Seen) -> bool:
        """Asks every condition: edges and delays need each evaluation."""
        held, self.who = False, []
        for group in self.groups:
            results = [watch.holds(seen) for watch in group]
            if results and all(results):
                held = True
                self.who += [who for watch in group for who in watch.who if who not in self.who]
        return held

    @property
    def missing(self) -> str:
        """Conditions that never held, in words."""
        names = [watch.name for group in self.groups for watch in group if not watch.ever]
        if names:
            return "never true: " + ", ".join(names)
        return "its conditions were never true together"
