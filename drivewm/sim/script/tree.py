"""The storyboard as a tree of elements with states (ASAM OpenSCENARIO XML 1.3, Storyboard states).

Standby -> running -> complete; a transition holds for the evaluation in which it happens and, for
who was asked earlier in it, the next one.
"""

from __future__ import annotations

from collections.abc import Iterator

from drivewm.sim.script import model as m
from drivewm.sim.script.conditions import StoryboardElementState
from drivewm.sim.script.watches import TriggerWatch

STANDBY, RUNNING, COMPLETE = "standbyState", "runningState", "completeState"
START, END, STOP, SKIP = "startTransition", "endTransition", "stopTransition", "skipTransition"


class Element:
    """A story, act, maneuver group, maneuver, event or action."""

    def __init__(self, kind: str, name: str, parent: Element | None, where: str | None) -> None:
        self.kind, self.name, self.parent, self.where = kind, name, parent, where
        self.state, self.happened, self.runs = STANDBY, dict[str, int](), 0
        self.children: list[Element] = []
        if parent is not None:
            parent.children.append(self)

    @property
    def path(self) -> str:
        """Names from outside in, joined by "::"."""
        above = "" if self.parent is None else self.parent.path + "::"
        return above + self.name

    def start(self, evaluation: int) -> None:
        self.state, self.happened[START] = RUNNING, evaluation
        self.runs += 1

    def end(self, evaluation: int, again: bool = False) -> None:
        """Completes, or is ready again."""
        self.state, self.happened[END] = (STANDBY if again else COMPLETE), evaluation

    def stop(self, evaluation: int) -> None:
        """Stopped from outside, with all that is in it."""
        for child in self.children:
            child.stop(evaluation)
        if self.state != COMPLETE:
            self.state, self.happened[STOP] = COMPLETE, evaluation

    def reset(self) -> None:
        """Ready to run again from the start (an execution of a maneuver group)."""
        self.state, self.runs = STANDBY, 0
        for child in self.children:
            child.reset()

    def walk(self) -> Iterator[Element]:
        yield self
        for child in self.children:
            yield from child.walk()


class EventElement(Element):
    """An event with its trigger and its actions."""

    def __init__(self, event: m.Event, group: m.ManeuverGroup, parent: Element) -> None:
        super().__init__("event", event.name, parent, event.where)
        self.event, self.group = event, group
        self.actions = [
            Element("action", action.name or type(action).__name__, self, action.where)
            for action in event.actions
        ]
        self.watch = self._watch()
        self.told_skip = False

    def _watch(self) -> TriggerWatch | None:
        trigger = self.event.trigger
        return None if trigger is None else TriggerWatch(trigger, self.path)

    def reset(self) -> None:
        super().reset()
        self.watch = self._watch()


class GroupElement(Element):
    def __init__(self, group: m.ManeuverGroup, parent: Element) -> None:
        super().__init__("maneuverGroup", group.name, parent, group.where)
        self.group = group
        for maneuver in group.maneuvers:
            element = Element("maneuver", maneuver.name, self, maneuver.where)
            for event in maneuver.events:
                EventElement(event, group, element)

    @property
    def events(self) -> list[EventElement]:
        return [e for one in self.children for e in one.children if isinstance(e, EventElement)]


class ActElement(Element):
    def __init__(self, act: m.Act, parent: Element) -> None:
        super().__init__("act", act.name, parent, act.where)
        self.groups = [GroupElement(group, self) for group in act.groups]
        self.start_watch = None if act.start is None else TriggerWatch(act.start, self.path)
        self.stop_watch = (
            None if act.stop is None else TriggerWatch(act.stop, f"{self.path} stop trigger")
        )


class Tree:
    """All stories of a storyboard."""

    def __init__(self, storyboard: m.Storyboard) -> None:
        self.stories: list[Element] = []
        self.acts: list[ActElement] = []
        for story in storyboard.stories:
            element = Element("story", story.name, None, story.where)
            self.stories.append(element)
            self.acts += [ActElement(act, element) for act in story.acts]
        self.stop_watch = (
            None if storyboard.stop is None else TriggerWatch(storyboard.stop, "storyboard stop")
        )
        self._known = [one for story in self.stories for one in story.walk()]
        self._found: dict[tuple[str, str | None], list[Element]] = {}

    def find(self, condition: StoryboardElementState) -> list[Element]:
        """Elements of the kind whose path ends with the names given; all that fit."""
        key = (condition.element, condition.kind)
        if key not in self._found:
            names = condition.element.split("::")
            self._found[key] = [
                one for one in self._known
                if one.path.split("::")[-len(names) :] == names
                and condition.kind in (None, one.kind)
            ]  # fmt: skip
        return self._found[key]

    def events(self) -> Iterator[EventElement]:
        for act in self.acts:
            for group in act.groups:
                yield from group.events
