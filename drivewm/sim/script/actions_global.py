"""What a storyboard can do to the world, not to one actor's motion (OpenSCENARIO's global
actions)."""

from __future__ import annotations

from dataclasses import dataclass

from drivewm.sim.script.actions import Action
from drivewm.sim.script.places import Position


@dataclass(frozen=True, kw_only=True)
class AddEntity(Action):
    entity: str
    position: Position


@dataclass(frozen=True, kw_only=True)
class DeleteEntity(Action):
    entity: str


@dataclass(frozen=True, kw_only=True)
class Environment(Action):
    friction: float | None = None  # factor on the road's friction
    weather: str = ""


@dataclass(frozen=True, kw_only=True)
class SetSignal(Action):
    """A light's state: green, yellow, red or any other text (conditions compare the text)."""

    signal: str
    state: str


@dataclass(frozen=True, kw_only=True)
class SetSignalPhase(Action):
    controller: str
    phase: str


@dataclass(frozen=True, kw_only=True)
class SetParameter(Action):
    parameter: str
    value: str


@dataclass(frozen=True, kw_only=True)
class ModifyParameter(Action):
    parameter: str
    add: float | None = None
    multiply: float | None = None


@dataclass(frozen=True, kw_only=True)
class SetVariable(Action):
    variable: str
    value: str


@dataclass(frozen=True, kw_only=True)
class ModifyVariable(Action):
    variable: str
    add: float | None = None
    multiply: float | None = None


@dataclass(frozen=True, kw_only=True)
class UserDefined(Action):
    """Recorded in the log, nothing else."""

    kind: str = ""
    text: str = ""


GlobalAction = (
    AddEntity | DeleteEntity | Environment | SetSignal | SetSignalPhase | SetParameter
    | ModifyParameter | SetVariable | ModifyVariable | UserDefined
)  # fmt: skip
