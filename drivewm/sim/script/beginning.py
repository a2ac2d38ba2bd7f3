"""How a storyboard begins: everybody is placed, then the init actions are done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivewm.errors import InputError
from drivewm.sim.script import model as m
from drivewm.sim.script.acting import place
from drivewm.sim.script.doing import GLOBAL, do_global
from drivewm.sim.script.drives import relative_speed
from drivewm.sim.script.ground import NoPlace

if TYPE_CHECKING:
    from drivewm.sim.script.engine import Engine


def begin(engine: Engine) -> None:
    """Init actions count as simultaneous: positions and speeds that are relative to somebody wait
    until that one has its own; everything else follows in the order of the storyboard.

    Raises:
        InputError: an actor has no position, or positions wait for each other.
    """
    _place(engine)
    _set_speeds(engine)
    for item in engine.storyboard.init:
        if item.actor is None:
            if type(item.action) in GLOBAL:
                do_global(engine, item.action)  # type: ignore[arg-type]
            continue
        body = engine.bodies[item.actor]
        if isinstance(item.action, m.Teleport) and not body.external:
            place(body, engine.spot(item.action.position))
            continue
        parts = engine.start_one(item.action, body)
        engine.director.loose += [(body, part, item.action) for part in parts]
    for body in engine.bodies.values():
        if body.present and not body.placed:
            actor = next((a for a in engine.storyboard.actors if a.id == body.name), None)
            raise InputError("has no position", file=None if actor is None else actor.where,
                             field=body.name, fix="give it a start or a Teleport among the init"
                             " actions")  # fmt: skip


def _place(engine: Engine) -> None:
    waiting = {}
    for name, body in engine.bodies.items():
        position = _start_of(engine, name)
        if position is not None and not body.external and body.present:
            waiting[name] = position
    while waiting:
        ready = [
            name for name, position in waiting.items()
            if not isinstance(position, m.RelativePosition | m.RelativeLanePosition)
            or position.entity not in waiting
        ]  # fmt: skip
        if not ready:
            raise InputError("positions at the start wait for each other",
                             field=", ".join(waiting))  # fmt: skip
        for name in ready:
            try:
                place(engine.bodies[name], engine.spot(waiting.pop(name)))
            except NoPlace as error:
                raise InputError(f"cannot be placed: {error}", field=name) from None


def _start_of(engine: Engine, name: str) -> m.Position | None:
    board = engine.storyboard
    if name == board.ego_id:
        start = board.ego_start
    else:
        start = next(actor.start for actor in board.actors if actor.id == name)
    if start is not None:
        return start
    for item in board.init:
        if item.actor == name and isinstance(item.action, m.Teleport):
            return item.action.position
    return None


def _set_speeds(engine: Engine) -> None:
    """Speeds that hold from the start on: absolute ones first, then those relative to them."""
    ego = engine.ego
    if not ego.external:
        ego.speed = engine.storyboard.ego_speed_mps
    steps = [
        (engine.bodies[item.actor], item.action)
        for item in engine.storyboard.init
        if item.actor is not None and isinstance(item.action, m.Speed)
        and item.action.dynamics.shape == "step"
    ]  # fmt: skip
    for body, action in steps:
        if action.relative_to is None and not body.external:
            body.speed = action.speed_mps
    for body, action in steps * 2:  # twice: relative to somebody who is relative
        if action.relative_to is not None and not body.external:
            body.speed = relative_speed(action, engine.bodies[action.relative_to])
