"""Agents of the head as the scene's own types, so that any planner can drive by them.

Shapes: M slots, N agents, T instants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from drivewm.geometry.se2 import from_local, wrap_angle
from drivewm.models.heads.agents import AGENT_CLASSES, SCORE_TYPES
from drivewm.scene import ScoreType, Tracks, TrackSnapshot

GATE_M = 3.0  # an agent this near to where a track is expected may be that track
SAME_PLACE = 0.5  # of the mean width: two boxes whose centres are nearer are one agent


@dataclass(frozen=True, kw_only=True)
class Agents:
    """Agents at one instant in the map frame, the surest first."""

    state: np.ndarray  # float64 [N, 6], TrackColumn
    size_m: np.ndarray  # float64 [N, 3]
    occ_class: np.ndarray  # int8 [N]
    score_type: np.ndarray  # int8 [N]
    score: np.ndarray  # float64 [N], 0..1

    def __len__(self) -> int:
        return len(self.score)

    def snapshot(self) -> TrackSnapshot:
        """As one scene's tracks now."""
        return TrackSnapshot(
            state=self.state[None], size_m=self.size_m[None], score_type=self.score_type[None],
            occ_class=self.occ_class[None], valid=np.ones((1, len(self)), bool),
        )  # fmt: skip


def decode(boxes: Tensor, classes: Tensor, ego: np.ndarray, min_score: float) -> Agents:
    """One scene's boxes (``AgentHead.boxes``) in the map frame; doubles are dropped.

    Args:
        boxes: [M, 9] in the ego frame.
        classes: int64 [M] rows of ``AGENT_CLASSES``.
        ego: [3] pose of the ego in the map frame.
    """
    box, kind = boxes.double().cpu().numpy(), classes.cpu().numpy()
    order = np.argsort(-box[:, 8], kind="stable")
    order = order[box[order, 8] >= min_score]
    kept: list[int] = []
    for n in order:
        gaps = [np.hypot(*(box[n, :2] - box[k, :2])) for k in kept]
        near = [SAME_PLACE * (box[n, 4] + box[k, 4]) / 2 for k in kept]
        if all(gap > limit for gap, limit in zip(gaps, near)):
            kept.append(int(n))
    box, kind = box[kept], kind[kept]
    turn = np.array([0.0, 0.0, ego[2]])
    state = np.concatenate(
        [
            from_local(ego, box[:, :2]), box[:, 5:6] / 2, wrap_angle(box[:, 2:3] + ego[2]),
            from_local(turn, box[:, 6:8]),
        ],
        1,
    )  # fmt: skip
    chosen = [AGENT_CLASSES[k] for k in kind]
    return Agents(
        state=state, size_m=box[:, 3:6], score=box[:, 8],
        occ_class=np.array([int(c) for c in chosen], np.int8),
        score_type=np.array([int(SCORE_TYPES.get(c, ScoreType.VEHICLE)) for c in chosen], np.int8),
    )  # fmt: skip


def join(instants: Sequence[Agents], times_us: np.ndarray) -> Tracks:
    """Agents of T instants as tracks: each goes to the nearest track that expects it there.

    A track is expected where its last velocity takes it; of one kind only, within ``GATE_M``.
    """
    parts: list[dict[int, tuple[Agents, int]]] = []  # of each track: instant -> (agents, row)
    for t, now in enumerate(instants):
        free = set(range(len(now)))
        claims = sorted(
            (gap, n, i)
            for i, part in enumerate(parts)
            for n, gap in _claims(part, now, t, times_us)
        )
        taken: set[int] = set()
        for _, n, i in claims:
            if n in free and i not in taken:
                parts[i][t] = (now, n)
                free.discard(n)
                taken.add(i)
        parts.extend({t: (now, n)} for n in sorted(free))
    count = len(instants)
    state, valid = np.zeros((len(parts), count, 6)), np.zeros((len(parts), count), bool)
    for i, part in enumerate(parts):
        for t, (now, n) in part.items():
            state[i, t], valid[i, t] = now.state[n], True
    firsts = [next(iter(part.values())) for part in parts]
    return Tracks(
        ids=tuple(f"perceived-{i:04d}" for i in range(len(parts))),
        categories=("perceived",) * len(parts),
        score_type=np.array([now.score_type[n] for now, n in firsts], np.int8),
        occ_class=np.array([now.occ_class[n] for now, n in firsts], np.int8),
        size_m=np.array([now.size_m[n] for now, n in firsts]).reshape(-1, 3),
        state=state, valid=valid,
    )  # fmt: skip


def _claims(
    part: dict[int, tuple[Agents, int]], now: Agents, t: int, times_us: np.ndarray
) -> list[tuple[int, float]]:
    """Agents that may continue a track, with their distance from where it is expected."""
    last = max(part)
    if t - last > 2:  # not seen for two instants: gone
        return []
    then, row = part[last]
    ahead_s = (int(times_us[t]) - int(times_us[last])) / 1e6
    expected = then.state[row, :2] + ahead_s * then.state[row, 4:6]
    gaps = np.hypot(*(now.state[:, :2] - expected).T) if len(now) else np.zeros(0)
    fits = (gaps <= GATE_M) & (now.occ_class == then.occ_class[row])
    return [(int(n), float(gaps[n])) for n in np.flatnonzero(fits)]
