"""How much of a training window is imagined from the model's own imagination.

`self`: all of it (multi-step losses through every step). `teacher`: none, every step starts from
what was really seen. `suffix`: teacher forcing first, and from a share of the steps on, a random
number of true frames followed by the model's own (self-forcing). `auto`: `self` for the recurrent
backbones, `suffix` for the ones that draw tokens.
"""

from __future__ import annotations

from typing import Literal

from drivewm.seeds import generator

Forcing = Literal["self", "suffix", "teacher"]
_OF_BACKBONE: dict[str, Forcing] = {
    "gru": "self", "rssm": "self", "transformer": "suffix", "flow": "suffix",
}  # fmt: skip


def forcing_of(configured: str, dynamics: str) -> Forcing:
    """The mode of a run; ``auto`` is a matter of the backbone."""
    return _OF_BACKBONE[dynamics] if configured == "auto" else configured  # type: ignore[return-value]


def forced_steps(
    mode: Forcing, step: int, steps: int, horizon: int, begins: float, seed: int
) -> int:
    """How many of ``horizon`` imagined steps are followed by a look at the true frame.

    Args:
        step: of ``steps`` optimiser steps.
        begins: share of the steps after which the suffix is self-forced.
    """
    if mode == "self":
        return 0
    if mode == "teacher" or step < begins * steps:
        return horizon
    return int(generator("forcing", seed, step).integers(0, horizon))
