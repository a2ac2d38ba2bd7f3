"""Progress with remaining time, on stderr; one line per refresh when it is not a terminal."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")
_open: weakref.WeakSet[tqdm] = weakref.WeakSet()


def track(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Yields the items and shows how many are done, the rate and the time left."""
    return iter(bar(label, total=total, items=items))


def bar(label: str, total: int | None = None, items: Iterable | None = None) -> tqdm:
    """A tqdm bar in the house style (every 5 s in a log file, live on a terminal)."""
    live = sys.stderr.isatty()
    shown = tqdm(
        items,
        desc=label,
        total=total,
        file=sys.stderr,
        mininterval=0.2 if live else 5.0,
        dynamic_ncols=live,
        leave=True,
    )
    _open.add(shown)
    return shown


def close_all() -> None:
    """Ends the line of every bar that was left open, so that a message stands on its own line."""
    for shown in sorted(_open, key=lambda one: -one.pos):
        shown.close()
    _open.clear()
