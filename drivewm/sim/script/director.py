"""Runs the tree of a storyboard: asks triggers, starts and ends acts, events and actions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from drivewm.sim.script import model as m
from drivewm.sim.script.acting import Part
from drivewm.sim.script.body import HOLD, KEEP, Body
from drivewm.sim.script.tree import (
    COMPLETE,
    RUNNING,
    SKIP,
    STANDBY,
    ActElement,
    Element,
    EventElement,
    GroupElement,
    Tree,
)

if TYPE_CHECKING:
    from drivewm.sim.script.engine import Engine

Parts = list[tuple[Element, list[tuple[Body, Part]]]]
ALIGNED_RAD = 0.35  # a lane that leads the way in which a body has come


class Director:
    """The storyboard's state machine; ``evaluate`` is asked after every sub-step."""

    def __init__(self, storyboard: m.Storyboard, engine: Engine) -> None:
        self.tree = Tree(storyboard)
        self.evaluation = 0
        self.stopped_s: float | None = None
        self.loose: list[tuple[Body, Part, m.AnyAction]] = []  # of the init actions
        self._engine = engine
        self._running: dict[int, tuple[EventElement, Parts]] = {}
        self._changed = True  # an event or group has come to its end

    def begin(self) -> None:
        """The stories run from time 0 on."""
        for story in self.tree.stories:
            story.start(0)
        self.evaluate()

    def _note(self, element: Element, what: str, detail: str = "") -> None:
        engine = self._engine
        engine.record.add(engine.time_s, element.path, what, detail, element.where)

    def evaluate(self) -> None:
        """Once, now."""
        self.evaluation += 1
        if self.stopped_s is not None:
            return
        self._finish()
        stop = self.tree.stop_watch
        if stop is not None and stop.holds(self._engine):
            for story in self.tree.stories:
                self._stop(story)
            self.stopped_s = self._engine.time_s
            self._engine.record.add(self.stopped_s, "storyboard", "stopped")
            return
        for act in self.tree.acts:
            self._ask(act)
        self._changed = False

    def _ask(self, act: ActElement) -> None:
        if act.state == STANDBY and (
            act.start_watch is None or act.start_watch.holds(self._engine)
        ):
            act.start(self.evaluation)
            self._note(act, "started")
            for group in act.groups:
                self._start_group(group)
        if act.state != RUNNING:
            return
        if act.stop_watch is not None and act.stop_watch.holds(self._engine):
            self._stop(act)
            self._note(act, "stopped")
            return
        for group in act.groups:
            if group.state != RUNNING:
                continue
            for event in group.events:
                if event.state == STANDBY:
                    self._consider(event)
        if self._changed:
            self._complete(act)

    def _start_group(self, group: GroupElement) -> None:
        self._changed = True
        if group.group.max_executions < 1:
            group.end(self.evaluation)
            return
        group.start(self.evaluation)
        for maneuver in group.children:
            maneuver.start(self.evaluation)

    def _consider(self, event: EventElement) -> None:
        if event.event.max_executions < 1:
            self._changed = True
            event.end(self.evaluation)
            return
        if event.watch is not None and not event.watch.holds(self._engine):
            event.told_skip = False
            return
        assert event.parent is not None, "an event is in a maneuver"
        others = [e for e in event.parent.children if e is not event and e.state == RUNNING]
        if event.event.priority == "skip" and others:
            event.happened[SKIP] = self.evaluation
            if not event.told_skip:
                self._note(event, "skipped")
            event.told_skip = True
            return
        if event.event.priority == "override":
            for other in others:
                self._stop(other)
                self._note(other, "stopped", f"overridden by {event.name}")
        self._fire(event)

    def _fire(self, event: EventElement) -> None:
        names = event.group.actors
        if event.group.select_triggering and event.watch is not None:
            names = tuple(event.watch.who)
        event.start(self.evaluation)
        self._note(event, "fired", ", ".join(names))
        parts: Parts = []
        for element, action in zip(event.actions, event.event.actions):
            element.start(self.evaluation)
            parts.append((element, self._engine.start(element, action, names)))
        self._running[id(event)] = (event, parts)
        self._settle(event, parts)

    # Ends.

    def _finish(self) -> None:
        for event, parts in list(self._running.values()):
            self._settle(event, parts)
        for body, part, action in [one for one in self.loose if one[1].ended or one[1].stopped]:
            self._let_go(body, part, action)
            self.loose = [one for one in self.loose if one[1] is not part]
        for act in self.tree.acts if self._changed else ():
            if act.state == RUNNING:
                self._complete(act)

    def _settle(self, event: EventElement, parts: Parts) -> None:
        """Ends the actions of a running event that are over, and the event after the last."""
        for (element, running), action in zip(parts, event.event.actions):
            if element.state != RUNNING or any(not (p.ended or p.stopped) for _, p in running):
                continue
            if any(part.stopped for _, part in running):
                element.stop(self.evaluation)
                self._note(element, "stopped", "another action took over")
            else:
                element.end(self.evaluation)
            for body, part in running:
                self._let_go(body, part, action)
        if all(element.state == COMPLETE for element in event.actions):
            del self._running[id(event)]
            self._changed = True
            event.end(self.evaluation, again=event.runs < event.event.max_executions)
            self._note(event, "ended")

    def _let_go(self, body: Body, part: Part, action: m.AnyAction) -> None:
        if body.drive is part:
            body.drive = HOLD
        if body.side is not part:
            return
        body.side = KEEP
        if isinstance(action, m.FollowTrajectory) and part.ended:
            self._lead_on(body)

    def _lead_on(self, body: Body) -> None:
        """After its trajectory a body follows the lane it has come into, if that goes its way (and
        the trajectory had no headings of its own); else it goes straight on."""
        ground = self._engine.ground
        found = ground.lane_of(body)
        if found is None or body.curve.has_orientation:
            return
        curve = ground.curves[found.lane]
        if abs(math.sin(body.course - curve.pose(found.s)[2])) < math.sin(ALIGNED_RAD):
            body.move_to(curve)

    def _complete(self, act: ActElement) -> None:
        for group in act.groups:
            if group.state != RUNNING:
                continue
            for maneuver in group.children:
                done = all(event.state == COMPLETE for event in maneuver.children)
                if maneuver.state == RUNNING and done:
                    maneuver.end(self.evaluation)
            if all(maneuver.state == COMPLETE for maneuver in group.children):
                again = group.runs < group.group.max_executions and bool(group.children)
                group.end(self.evaluation, again)
                if again:
                    runs = group.runs
                    group.reset()
                    group.runs = runs
                    self._start_group(group)
        if all(group.state == COMPLETE for group in act.groups):
            act.end(self.evaluation)
            self._note(act, "ended")
            story = act.parent
            if story is not None and all(one.state == COMPLETE for one in story.children):
                story.end(self.evaluation)

    def _stop(self, element: Element) -> None:
        """Stops an element and whatever runs in it; bodies keep their speed and place."""
        self._changed = True
        inside = {id(one) for one in element.walk()}
        for key in [key for key in self._running if key in inside]:
            _, parts = self._running.pop(key)
            for body, part in (pair for _, running in parts for pair in running):
                part.stopped = True
                body.drive = HOLD if body.drive is part else body.drive
                body.side = KEEP if body.side is part else body.side
        element.stop(self.evaluation)
