"""The storyboard engine: bodies move in sub-steps, triggers are asked after each of them.

Order of a sub-step from t to t + dt: who is moved from outside (the ego with a planner, reactive
drivers) is told; scripted bodies move in the storyboard's order; actions that ended complete their
events; triggers are asked and start or stop what they belong to. Everything at t + dt.
"""

from __future__ import annotations

from collections.abc import Callable

from drivewm.sim.script import model as m
from drivewm.sim.script.acting import MOTION, Part, start_private
from drivewm.sim.script.beginning import begin
from drivewm.sim.script.body import HOLD, KEEP, Body
from drivewm.sim.script.checking import check
from drivewm.sim.script.director import Director
from drivewm.sim.script.doing import GLOBAL, do_global
from drivewm.sim.script.ground import Ground, NoPlace, Spot
from drivewm.sim.script.record import Record
from drivewm.sim.script.signals import Signals
from drivewm.sim.script.tree import COMPLETE, Element, EventElement, Tree

FIXED = (m.WorldPosition, m.PathPosition)  # mean the same at all times


class Engine:
    """One run of a storyboard.

    Args:
        ego: the ego's body; ``external`` when a planner drives it. An ego that is not placed yet
            is placed by the storyboard.
        ground: of the storyboard's roads, if it is ready already.

    Raises:
        InputError: the storyboard names something that does not exist or asks for the impossible.
    """

    def __init__(self, storyboard: m.Storyboard, ego: Body, ground: Ground | None = None) -> None:
        self.storyboard, self.time_s = storyboard, 0.0
        self.record, self.director = Record(), Director(storyboard, self)
        check(storyboard, self.director.tree)
        self.ground = ground or Ground(storyboard.roads)
        self.signals = Signals(storyboard.roads)
        self.parameters = dict(storyboard.parameters)
        self.variables = dict(storyboard.variables)
        self.user_values = dict(storyboard.user_values)
        self.time_of_day_s = storyboard.time_of_day_s
        self.friction, self.weather = 1.0, ""
        self.bodies = {storyboard.ego_id: ego}
        self.bodies.update((actor.id, body_of(actor)) for actor in storyboard.actors)
        self.ego = ego
        self.released: set[str] = set()  # told to drive by themselves
        self.kept: set[str] = set()  # told not to
        self.doors: dict[str, tuple[float, m.Grow]] = {}  # when they began to open
        self._spots: dict[int, Spot] = {}
        self._telling: Element | None = None
        self._moves = _movers(self.director.tree, storyboard)
        self.signals.advance(0.0)
        begin(self)
        self.director.begin()

    # What conditions and actions see.

    @property
    def evaluation(self) -> int:
        return self.director.evaluation

    @property
    def signal_states(self) -> dict[str, str]:
        return self.signals.states

    @property
    def phases(self) -> dict[str, str]:
        return self.signals.phases

    def elements(self, condition: m.StoryboardElementState) -> list[Element]:
        return self.director.tree.find(condition)

    def spot(self, position: m.Position) -> Spot:
        """Where a position is now."""
        if not isinstance(position, FIXED):
            return self.ground.spot(position, self.bodies.__getitem__)
        if id(position) not in self._spots:
            self._spots[id(position)] = self.ground.spot(position, self.bodies.__getitem__)
        return self._spots[id(position)]

    def tell(self, what: str, detail: str) -> None:
        """Records something about the element that is being started."""
        one = self._telling
        path, where = ("init", None) if one is None else (one.path, one.where)
        self.record.add(self.time_s, path, what, detail, where)

    def controller(self, body: Body, action: m.ActivateController) -> None:
        if body is self.ego and body.external:
            self.tell("replaced", f"{body.name} is driven by the planner")
        elif action.longitudinal or (action.longitudinal is None and action.lateral):
            self.released.add(body.name)
            self.kept.discard(body.name)
        elif action.longitudinal is False or action.lateral is False:
            self.released.discard(body.name)
            self.kept.add(body.name)
            self.take_back(body)

    def door(self, body: Body, action: m.Grow) -> None:
        self.doors[body.name] = (self.time_s, action)

    def take_back(self, body: Body) -> None:
        """A reactive body follows the script again, from where and as fast as it is."""
        if not body.external or body is self.ego:
            return
        body.external, body.drive, body.side = False, HOLD, KEEP
        found = self.ground.lane_of(body)
        if found is not None:
            body.move_to(self.ground.curves[found.lane])
        else:
            body.put_free(body.x, body.y, body.heading)
        self.record.add(self.time_s, body.name, "scripted")

    def hand_over(self, body: Body) -> None:
        """Its own driver moves a body from now on."""
        body.external, body.drive, body.side = True, HOLD, KEEP
        self.record.add(self.time_s, body.name, "reactive")

    def is_done_with(self, name: str) -> bool:
        """Whether nothing in the storyboard can move the actor any more."""
        return self.director.stopped_s is not None or all(
            e.state == COMPLETE for e in self._moves[name]
        )

    # Time.

    def run(self, until_s: float, tell: Callable[[float], None]) -> None:
        """Sub-steps up to a time; ``tell(t)`` gives external bodies their states at t."""
        dt_s = self.storyboard.substep_s
        start_s, count = self.time_s, max(round((until_s - self.time_s) / dt_s), 1)
        for k in range(count):
            now_s = self.time_s
            later_s = until_s if k + 1 == count else start_s + (k + 1) * dt_s
            tell(later_s)
            for body in self.bodies.values():
                if body.present and not body.external:
                    _move(body, now_s, later_s - now_s)
            self.time_s = later_s
            if self.storyboard.roads.controllers:
                self.signals.advance(later_s)
            self._grow()
            self.director.evaluate()

    def _grow(self) -> None:
        for name, (start_s, door) in self.doors.items():
            part = 1.0
            if door.duration_s > 0.0:
                part = min((self.time_s - start_s) / door.duration_s, 1.0)
            self.bodies[name].grow(part * door.left_m, part * door.right_m)

    # Starting.

    def start(
        self, element: Element | None, action: m.AnyAction, names: tuple[str, ...]
    ) -> list[tuple[Body, Part]]:
        """Starts an action; what it waits for."""
        self._telling = element
        if type(action) in GLOBAL:
            do_global(self, action)  # type: ignore[arg-type]
            return []
        return [
            (self.bodies[name], part)
            for name in names
            for part in self.start_one(action, self.bodies[name])
        ]

    def start_one(self, action: m.AnyAction, body: Body) -> list[Part]:
        """Starts one actor's private action; a reason why not goes to the record."""
        if not body.present:
            self.tell("failed", f"{body.name} is not there")
            return []
        if isinstance(action, MOTION):
            if body is self.ego and body.external:
                kind = type(action).__name__
                self.tell("replaced", f"{kind} of {body.name}: its planner drives")
                return []
            self.take_back(body)
        try:
            return start_private(self, action, body)  # type: ignore[arg-type]
        except NoPlace as error:
            self.tell("failed", str(error))
            return []


def _move(body: Body, time_s: float, dt_s: float) -> None:
    if body.speed == 0.0 and body.drive is HOLD and body.side is KEEP:
        body.stamp, body.accel, body.yaw_rate = time_s + dt_s, 0.0, 0.0
        body.still_s += dt_s
        return
    body.advance(time_s, dt_s)


def _movers(tree: Tree, storyboard: m.Storyboard) -> dict[str, list[EventElement]]:
    """Events that may move each entity."""
    out: dict[str, list[EventElement]] = {storyboard.ego_id: []}
    out.update((actor.id, []) for actor in storyboard.actors)
    for event in tree.events():
        if all(type(action) in GLOBAL for action in event.event.actions):
            continue
        names = tuple(out) if event.group.select_triggering else event.group.actors
        for name in names:
            out[name].append(event)
    return out


def body_of(actor: m.Actor) -> Body:
    """The body of an actor, not placed yet."""
    body = Body(actor.id, actor.kind, actor.category, actor.size_m[:2],
                (actor.center_ahead_m, actor.center_left_m))  # fmt: skip
    body.speed, body.present = actor.speed_mps, actor.present
    body.max_speed, body.max_accel = actor.max_speed_mps, actor.max_accel_mps2
    body.max_decel = actor.max_decel_mps2
    return body
