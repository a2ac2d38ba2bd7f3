"""Worker processes that end when their parent fails or ends; the parent alone answers Ctrl-C."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

WATCH_S = 0.3


@contextmanager
def pool(
    workers: int, prepare: Callable | None = None, arguments: tuple = ()
) -> Iterator[Callable[..., Future]]:
    """Yields ``submit`` of a pool of fresh processes.

    Args:
        workers: processes.
        prepare: called once in each, with ``arguments``.

    Raises:
        BrokenProcessPool: a worker was killed (from the futures, as always).
    """
    context = get_context("spawn")
    stop = context.RawValue(ctypes.c_bool, False)  # no lock that a killed worker could keep
    executor = ProcessPoolExecutor(
        workers, context, _begin, (stop, os.getpid(), prepare, arguments)
    )

    def submit(call: Callable, *given: Any) -> Future:
        # The processes start here and inherit the blocked signal; it waits for the parent.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return executor.submit(call, *given)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        yield submit
    except BaseException:  # Ctrl-C too: the workers must not go on
        stop.value = True
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _begin(stop: Any, parent: int, prepare: Callable | None, arguments: tuple) -> None:
    """Makes a worker that cannot outlive its parent."""

    def watch() -> None:
        while not stop.value and os.getppid() == parent:
            time.sleep(WATCH_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    if prepare is not None:
        prepare(*arguments)
