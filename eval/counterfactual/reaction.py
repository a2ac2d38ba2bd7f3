"""How agents react to the ego: judged only on those whose own future differs between branches.

An agent's region is where it truly is at the end of any branch. There the imagined movable columns
are compared with its true ones, and their centre of mass with the true one. What only carries the
present on puts an agent at one place of the map in every branch.
Shapes: B branches, N agents, X, Y cells.
"""

from __future__ import annotations

import numpy as np

from drivewm.eval.counterfactual.outcome import MOVABLE_CLASSES, Seen
from drivewm.eval.counterfactual.states import REACTION_M
from drivewm.eval.counterfactual.truth import StateTruth
from drivewm.geometry.se2 import from_local, to_local
from drivewm.models.grid import GridConfig, cell_centers
from drivewm.scene import TrackColumn

GROW_M = 0.8  # around boxes: what belongs to an agent
LEAST_MASS = 0.5  # columns' worth of probability under which an agent is not found
# hit, union columns; agent-branches seen, found; sum of position errors; sums of products of the
# shifts between branches (ours x true, ours x ours, true x true); agents. The slope of ours on the
# true shift is the share of the reaction that is imagined: 0 for who knows no reaction.
COLUMNS = ("hit", "union", "seen", "found", "error_m", "xy", "xx", "yy", "agents")


def reactive(truth: StateTruth) -> np.ndarray:
    """Indices of the movable agents, there at the end of at least two branches, whose places at
    the end differ by more than 0.5 m."""
    apart = np.linalg.norm(
        truth.agents[:, None, :, :2] - truth.agents[None, :, :, :2], axis=-1
    )  # [B, B, N]
    both = truth.there[:, None] & truth.there[None]
    differs = (np.where(both, apart, 0.0) > REACTION_M).any((0, 1))
    return np.flatnonzero(differs & truth.movable)


def reaction_sums(seen: Seen, truth: StateTruth, grid: GridConfig) -> np.ndarray:
    """Sums over the reactive agents of a state; [9] of ``COLUMNS``."""
    total = dict.fromkeys(COLUMNS, 0.0)
    agents = reactive(truth)
    if not len(agents):
        return np.array(list(total.values()))
    poses = truth.poses[:, -1]  # [B, 3]
    cells = np.stack([from_local(pose, cell_centers(grid)) for pose in poses])  # map frame
    true = np.isin(truth.occupancy[:, -1], MOVABLE_CLASSES).any(-1)  # [B, X, Y]
    ours = np.isin(seen.classes[:, -1], MOVABLE_CLASSES).any(-1)
    mass = seen.movable[:, -1]
    # What is given to every column alike, as by a floor under probabilities, is no agent.
    mass = np.clip(mass - np.median(mass, (1, 2), keepdims=True), 0.0, None)
    still_on = truth.verdict["collision_s"] >= truth.ego.shape[1] * 0.1 - 0.15
    for n in agents:
        judged = truth.there[:, n] & still_on
        _add_agent(total, n, judged, truth, cells, true, ours, mass)
    return np.array(list(total.values()))


def _add_agent(
    total: dict[str, float], n: int, judged: np.ndarray, truth: StateTruth, cells: np.ndarray,
    true: np.ndarray, ours: np.ndarray, mass: np.ndarray,
) -> None:  # fmt: skip
    ends = [truth.agents[b, n] for b in np.flatnonzero(truth.there[:, n])]
    ours_at, true_at = [], []
    for b in np.flatnonzero(judged):
        own = _inside(cells[b], truth.agents[b, n], truth.size_m[n])
        anywhere = np.any([_inside(cells[b], end, truth.size_m[n]) for end in ends], axis=0)
        region = anywhere & ~(true[b] & ~own)  # others who stand there are not it
        if not (true[b] & own).any():
            continue  # outside of the grid
        total["hit"] += float((ours[b] & true[b] & region).sum())
        total["union"] += float(((ours[b] | true[b]) & region).sum())
        total["seen"] += 1
        weight = np.where(region, mass[b], 0.0)
        if weight.sum() < LEAST_MASS:
            continue
        place = (weight[..., None] * cells[b]).sum((0, 1)) / weight.sum()
        wanted = cells[b][true[b] & own].mean(0)
        total["found"] += 1
        total["error_m"] += float(np.hypot(*(place - wanted)))
        ours_at.append(place)
        true_at.append(wanted)
    if ours_at:
        total["agents"] += 1
        x, y = (np.array(p) - np.mean(p, 0) for p in (ours_at, true_at))
        for name, value in (("xy", x * y), ("xx", x * x), ("yy", y * y)):
            total[name] += float(value.sum())


def _inside(cells: np.ndarray, state: np.ndarray, size_m: np.ndarray) -> np.ndarray:
    """bool [X, Y]: cells [X, Y, 2] within an agent's grown box."""
    pose = state[[TrackColumn.X, TrackColumn.Y, TrackColumn.HEADING]]
    local = np.abs(to_local(pose, cells))
    return (local <= size_m[:2] / 2 + GROW_M).all(-1)
