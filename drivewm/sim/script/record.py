"""What happened in a storyboard, in order."""

from __future__ import annotations

from typing import NamedTuple


class LogEntry(NamedTuple):
    """One thing that happened, or did not.

    ``what``: fired, ended, skipped, stopped (event); started, ended, stopped (act, storyboard);
    true (a condition for the first time); failed (an action that could not be done); replaced (an
    action of the ego that its planner does instead); done (what only the log shows); reactive,
    scripted (who drives an actor from now on); never (a trigger that did not fire so far).
    """

    time_s: float
    element: str
    what: str
    detail: str = ""
    where: str | None = None

    def __str__(self) -> str:
        detail = f": {self.detail}" if self.detail else ""
        where = f" ({self.where})" if self.where else ""
        return f"{self.time_s:7.2f} s  {self.element} {self.what}{detail}{where}"


class Record:
    """Collects entries."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []

    def add(
        self, time_s: float, element: str, what: str, detail: str = "", where: str | None = None
    ) -> None:
        self.entries.append(LogEntry(round(time_s, 6), element, what, detail, where))
