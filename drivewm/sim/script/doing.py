"""Global actions: values, lights, weather, entities that come and go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from drivewm.sim.script import actions_global as a
from drivewm.sim.script.acting import place
from drivewm.sim.script.body import Body
from drivewm.sim.script.ground import Spot
from drivewm.sim.script.places import Position
from drivewm.sim.script.signals import Signals


class World(Protocol):
    """The engine as global actions see it."""

    time_s: float
    bodies: dict[str, Body]
    parameters: dict[str, str]
    variables: dict[str, str]
    signals: Signals
    friction: float
    weather: str

    def spot(self, position: Position) -> Spot: ...

    def tell(self, what: str, detail: str) -> None: ...


def do_global(world: World, action: a.GlobalAction) -> None:
    """Does it at once."""
    GLOBAL[type(action)](world, action)


def _add(world: World, action: a.AddEntity) -> None:
    body = world.bodies[action.entity]
    body.present = True
    place(body, world.spot(action.position))


def _delete(world: World, action: a.DeleteEntity) -> None:
    world.bodies[action.entity].present = False


def _environment(world: World, action: a.Environment) -> None:
    if action.friction is not None:
        world.friction = action.friction
    world.weather = action.weather or world.weather
    world.tell("done", f"friction {world.friction:g}, {world.weather or 'weather as it was'}")


def _signal(world: World, action: a.SetSignal) -> None:
    world.signals.states[action.signal] = action.state
    world.tell("done", f"{action.signal} {action.state}")


def _phase(world: World, action: a.SetSignalPhase) -> None:
    world.signals.set_phase(action.controller, action.phase, world.time_s)
    world.signals.advance(world.time_s)
    world.tell("done", f"{action.controller} {action.phase}")


def _modified(value: str, action: a.ModifyParameter | a.ModifyVariable) -> str | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return repr(number * (1.0 if action.multiply is None else action.multiply)
                + (action.add or 0.0))  # fmt: skip


def _modify(
    world: World, values: dict[str, str], name: str, action: a.ModifyParameter | a.ModifyVariable
) -> None:
    changed = _modified(values[name], action)
    if changed is None:
        world.tell("failed", f"{name} is {values[name]!r}, no number")
    else:
        values[name] = changed


def _set_parameter(world: World, action: a.SetParameter) -> None:
    world.parameters[action.parameter] = action.value


def _modify_parameter(world: World, action: a.ModifyParameter) -> None:
    _modify(world, world.parameters, action.parameter, action)


def _set_variable(world: World, action: a.SetVariable) -> None:
    world.variables[action.variable] = action.value


def _modify_variable(world: World, action: a.ModifyVariable) -> None:
    _modify(world, world.variables, action.variable, action)


def _user_defined(world: World, action: a.UserDefined) -> None:
    world.tell("done", f"{action.kind} {action.text}".strip())


GLOBAL: dict[type, Callable[[Any, Any], None]] = {
    a.AddEntity: _add, a.DeleteEntity: _delete, a.Environment: _environment,
    a.SetSignal: _signal, a.SetSignalPhase: _phase, a.SetParameter: _set_parameter,
    a.ModifyParameter: _modify_parameter, a.SetVariable: _set_variable,
    a.ModifyVariable: _modify_variable, a.UserDefined: _user_defined,
}  # fmt: skip
