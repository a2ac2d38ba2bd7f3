"""A time limit for foreign code that runs in this process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

REPEAT_S = 1.0  # code that swallows the first exception meets it again


class TookTooLong(BaseException):
    """Raised inside the code that ran past its limit; no ``except Exception`` catches it."""


@contextmanager
def time_limit(limit_s: float) -> Iterator[None]:
    """Interrupts the body with :class:`TookTooLong` after ``limit_s`` seconds of wall clock.

    It works where Python can be interrupted: in the main thread of a POSIX system, between
    bytecodes (a sleep or a wait counts). A compiled call that never returns needs a process of
    its own. Elsewhere there is no limit.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "setitimer"
    ):
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise TookTooLong(f"longer than {limit_s:g} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, limit_s, REPEAT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
