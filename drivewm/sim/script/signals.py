"""Traffic lights as the storyboard tells them: states by name, phases of controllers."""

from __future__ import annotations

import numpy as np

from drivewm.scene import LightStatus
from drivewm.sim.script.places import Roads, SignalController

WORDS = {"green": LightStatus.GREEN, "yellow": LightStatus.YELLOW, "amber": LightStatus.YELLOW,
         "red": LightStatus.RED}  # fmt: skip


class Signals:
    """States of the signals that were set or belong to a controller."""

    def __init__(self, roads: Roads) -> None:
        self.states: dict[str, str] = {}
        self.phases: dict[str, str] = {}
        self._lights = {signal.name: signal.lights for signal in roads.signals}
        self._controllers = {one.name: one for one in roads.controllers}
        self._starts = {one.name: one.delay_s for one in roads.controllers}
        self._held: dict[str, str] = {}

    def set_phase(self, controller: str, phase: str, time_s: float) -> None:
        """The phase begins now; the others follow it."""
        before = 0.0
        for one in self._controllers[controller].phases:
            if one.name == phase:
                break
            before += one.duration_s
        self._starts[controller] = time_s - before

    def advance(self, time_s: float) -> None:
        """States at a time."""
        for one in self._controllers.values():
            phase = _phase(one, time_s - self._starts[one.name])
            if phase is not None and self.phases.get(one.name) != phase:
                self.phases[one.name] = phase
                states = next(p.states for p in one.phases if p.name == phase)
                self.states.update(dict(states))

    def apply(self, status: np.ndarray) -> np.ndarray:
        """Lights [L] with the states that the storyboard has set."""
        if not self.states:
            return status
        status = status.copy()
        for name, state in self.states.items():
            for light in self._lights.get(name, ()):
                status[light] = light_status(state)
        return status


def light_status(state: str) -> LightStatus:
    """Green, yellow or red where the text names one; "on;off;off" is red, yellow, green in turn
    (the order of OpenDRIVE's three-part lights); anything else is unknown."""
    text = state.lower()
    for word, status in WORDS.items():
        if word in text:
            return status
    parts = [part.strip() for part in text.split(";")]
    if len(parts) == 3:
        order = (LightStatus.RED, LightStatus.YELLOW, LightStatus.GREEN)
        lit = [status for part, status in zip(parts, order) if part in ("on", "true", "1")]
        if lit:
            return lit[0]
    return LightStatus.UNKNOWN


def _phase(controller: SignalController, into_s: float) -> str | None:
    cycle = sum(phase.duration_s for phase in controller.phases)
    if cycle <= 0.0 or into_s < -1e-9:
        return None
    into_s = (into_s + 1e-9) % cycle
    for phase in controller.phases:
        if into_s < phase.duration_s:
            return phase.name
        into_s -= phase.duration_s
    return controller.phases[-1].name
