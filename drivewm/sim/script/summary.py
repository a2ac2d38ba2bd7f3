"""What a storyboard has not done: triggers that never fired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivewm.sim.script.record import LogEntry
from drivewm.sim.script.tree import ActElement, EventElement

if TYPE_CHECKING:
    from drivewm.sim.script.engine import Engine


def never_fired(engine: Engine) -> list[LogEntry]:
    """One entry, at the present time, for every act and event that did not start, and for every
    stop trigger that did not hold, with the conditions that were never true."""
    out, now_s = [], round(engine.time_s, 6)
    tree = engine.director.tree
    for act in tree.acts:
        if not act.happened.get("startTransition"):
            missing = "" if act.start_watch is None else act.start_watch.missing
            out.append(LogEntry(now_s, act.path, "never", missing, act.where))
        elif act.stop_watch is not None and not _stopped(act):
            name = f"{act.path} stop trigger"
            out.append(LogEntry(now_s, name, "never", act.stop_watch.missing, act.where))
    for event in tree.events():
        if not event.happened.get("startTransition"):
            out.append(LogEntry(now_s, event.path, "never", _why(event, tree.acts), event.where))
    if tree.stop_watch is not None and engine.director.stopped_s is None:
        out.append(LogEntry(now_s, "storyboard stop", "never", tree.stop_watch.missing))
    return out


def _stopped(act: ActElement) -> bool:
    return "stopTransition" in act.happened or act.state == "completeState"


def _why(event: EventElement, acts: list[ActElement]) -> str:
    act = next(one for one in acts if any(event is e for g in one.groups for e in g.events))
    if not act.happened.get("startTransition"):
        return "its act never started"
    if event.watch is None:
        return "its maneuver never ran"
    return event.watch.missing


def lines(log: tuple[LogEntry, ...]) -> list[str]:
    """The log in words, and at the end how many events fired and how many did not."""
    fired = sum(entry.what == "fired" for entry in log)
    never = sum(entry.what == "never" for entry in log)
    failed = sum(entry.what == "failed" for entry in log)
    last = f"{fired} events fired, {never} triggers never did, {failed} actions failed"
    return [*(str(entry) for entry in log), last]
