"""Traffic signal controllers of the road network."""

from __future__ import annotations

from drivewm.scenarios.osc.element import Element
from drivewm.sim.script import model as m


def read_controllers(block: Element | None) -> tuple[m.SignalController, ...]:
    """``<TrafficSignals>``.

    Raises:
        InputError: a controller twice, without phases, or one that refers to an unknown other.
    """
    if block is None:
        return ()
    items = list(block.all("TrafficSignalController"))
    names = [item.text("name") for item in items]
    found = []
    for item in items:
        name = item.text("name")
        if names.count(name) > 1:
            raise item.error(f"declares '{name}' a second time", field="name")
        delay, other = item.number("delay", 0.0), item.text("reference", "")
        if other and other not in names:
            raise item.error(f"refers to the unknown controller '{other}'", field="reference")
        phases = tuple(_phase(phase) for phase in item.all("Phase"))
        if not phases or sum(phase.duration_s for phase in phases) <= 0:
            raise item.error("has no phase that lasts")
        found.append(m.SignalController(name=name, phases=phases, delay_s=delay, where=item.where))
    return tuple(found)


def _phase(item: Element) -> m.Phase:
    states = []
    for state in item.all("TrafficSignalState"):
        states.append((state.text("trafficSignalId"), state.text("state")))
    for group in item.all("TrafficSignalGroupState"):
        raise group.error("is not supported", fix="tell the state of each signal")
    duration = item.number("duration")
    if duration < 0:
        raise item.error("has a negative duration", field="duration")
    return m.Phase(name=item.text("name"), duration_s=duration, states=tuple(states))
