"""Hand-made branches on an empty road: what is where is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from drivewm.eval.counterfactual.outcome import Seen, certain
from drivewm.eval.counterfactual.states import State
from drivewm.eval.counterfactual.truth import StateTruth
from drivewm.models.grid import GridConfig
from drivewm.scene import OccClass

GRID = GridConfig()
FRAMES = 7
STEPS = 30


def empty_road(branches: int = 1) -> np.ndarray:
    """uint8 [B, H + 1, X, Y, Z]: road everywhere, nothing on it."""
    out = np.full((branches, FRAMES, *GRID.shape), OccClass.FREE, np.uint8)
    out[..., 0] = OccClass.DRIVEABLE_SURFACE
    return out


def put(occupancy: np.ndarray, x: float, y: float, half: tuple[float, float], what: OccClass):
    """A box of class ``what`` [X, Y, Z] around a place in the ego frame."""
    x0, _, y0, _ = GRID.extent_m
    rows = slice(*(int((x + s * half[0] - x0) / GRID.cell_m) + (s > 0) for s in (-1, 1)))
    columns = slice(*(int((y + s * half[1] - y0) / GRID.cell_m) + (s > 0) for s in (-1, 1)))
    occupancy[rows, columns, :2] = what


def straight(speed_mps: float, branches: int = 1, accel_mps2: float = 0.0) -> np.ndarray:
    """[B, S + 1, 11] along x from the origin; stops when its speed is used up."""
    out = np.zeros((branches, STEPS + 1, 11))
    time_s = np.arange(STEPS + 1) * 0.1
    speed = np.maximum(speed_mps + accel_mps2 * time_s, 0.0)
    out[..., 3] = speed
    out[:, 1:, 0] = np.cumsum(speed[:-1]) * 0.1
    return out


def seen_of(occupancy: np.ndarray, flow: np.ndarray | None = None) -> Seen:
    shape = (*occupancy.shape[:2], 2, *GRID.shape[:2])
    return certain(occupancy, np.zeros(shape) if flow is None else flow, GRID)


def truth_of(occupancy: np.ndarray, ego: np.ndarray, **verdict: Any) -> StateTruth:
    """A state whose branches end as ``verdict`` says; nothing happens where it says nothing."""
    count = len(occupancy)
    usual = {"collision_s": np.inf, "departure_s": np.inf, "progress": 1.0, "comfort": 1.0,
             "score": 1.0, "closed_loop": 1.0}  # fmt: skip
    agents = verdict.pop("agents", np.zeros((count, 0, 6)))
    return StateTruth(
        state=State(split="val", scene="s", keyframe=3, kind="random"),
        names=tuple(f"b{b}" for b in range(count)), ego=ego, occupancy=occupancy,
        flow=np.zeros((count, FRAMES, 2, *GRID.shape[:2]), np.float32), agents=agents,
        there=np.ones(agents.shape[:2], bool),
        size_m=np.full((agents.shape[1], 3), [4.0, 1.6, 1.5]),
        movable=np.ones(agents.shape[1], bool),
        verdict={
            name: np.broadcast_to(np.asarray(verdict.get(name, value), float), count).copy()
            for name, value in usual.items()
        },
    )  # fmt: skip
