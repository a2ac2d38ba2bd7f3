"""Windows in which what moves stands still, for the head that sees velocities.

In the synthetic city most vehicles drive, on recorded logs most are parked, and which it is differs
from scene to scene: a head that has seen few parked cars takes their rows for queues. So in some
windows all that is movable, or what lies on one side of a line, is replaced by what the last frame
shows of it, put where it was in the world in every frame, and its velocity is zero.
Shapes: T frames, G groups of movables, X, Y cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from drivewm.models import warp
from drivewm.models.grid import GridConfig

WHOLE = 0.5  # share of the windows in which everything stands, not one side alone
LATE = 0.3  # share of those in which a part comes into view late, as what was hidden does
JITTER_M, JITTER_RAD = 0.1, 0.01  # of the place in a frame, as annotations have it


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """One window."""

    shown: Tensor  # [T, G, X, Y] chance of movables
    stands: Tensor  # bool [T, X, Y] where nothing moves any more


def since_each(steps: Tensor) -> Tensor:
    """Ego motion from each frame to the last; steps [T - 1, 3] between frames -> [T, 3]."""
    since = [steps.new_zeros(1, 3)]
    for step in reversed(steps.split(1)):
        since.append(warp.compose(step, since[-1]))
    return torch.cat(since[::-1])


def freeze(shown: Tensor, steps: Tensor, grid: GridConfig, rng: np.random.Generator) -> Frozen:
    """A window [T, G, X, Y], T >= 2, in which a part stands; ``steps`` [T - 1, 3] between."""
    since = since_each(steps)
    frames, cells = len(shown), warp.centers(grid, shown)
    noise = rng.normal(size=(frames, 3)) * (JITTER_M, JITTER_M, JITTER_RAD)
    noise[-1] = 0.0
    points = warp.to_later_frame(
        cells[None], since + torch.from_numpy(noise).to(since)
    )  # [T, X, Y, 2]
    last = torch.cat([shown[-1:], torch.ones_like(shown[-1:, :1])], 1).float()
    stood = warp.sample(last.expand(frames, -1, -1, -1), points, grid, "nearest")
    stood, inside = stood[:, :-1], stood[:, -1] > 0
    stands = inside & half(points, rng, WHOLE)
    if rng.random() < LATE:
        hidden = half(points, rng, 0.0) & stands
        hidden[int(rng.integers(1, frames)) :] = False
        stood = stood.masked_fill(hidden[:, None], 0.0)
    return Frozen(shown=torch.where(stands[:, None], stood.to(shown), shown), stands=stands)


def half(points: Tensor, rng: np.random.Generator, whole: float) -> Tensor:
    """Points of one side of a line near the ego, or all; bool [T, X, Y]."""
    angle, off, everything = rng.uniform(0, 2 * np.pi), rng.uniform(-10, 10), rng.random() < whole
    side = points[..., 0] * np.cos(angle) + points[..., 1] * np.sin(angle) > off
    return torch.ones_like(side) if everything else side
