"""Plans as NAVSIM hands them to its simulator: relative poses to absolute ones, 0.1 s apart.

Definition: ``evaluate/pdm_score.py`` (``transform_trajectory``, ``get_trajectory_as_array``) over
nuPlan's ``InterpolatedTrajectory``. Times are cut to whole microseconds on the way, which moves a
pose by up to a microsecond's drive: kept, so that states agree to 1e-6 m.
Shapes: B plans, P poses, K known instants, Q asked instants.
"""

from __future__ import annotations

import numpy as np

from drivewm.scene import EgoColumn
from drivewm.sim.config import DT_S

HORIZON_S = 4.0
POSES = 41  # 0 ... 4 s
LINEAR = [EgoColumn.X, EgoColumn.Y, EgoColumn.VX, EgoColumn.VY, EgoColumn.AX, EgoColumn.AY,
          EgoColumn.STEER]  # fmt: skip


def absolute_poses(
    relative: np.ndarray,  # [B, P, 3] in the frame of ``ego``
    pose_dt_s: float,
    ego: np.ndarray,  # [11] or [3], now
    now_us: int,
) -> np.ndarray:
    """[B, 41, 3] absolute rear-axle poses at 0, 0.1 ... 4 s, the first being the ego's own."""
    x, y, heading = ego[:3]
    cos, sin = np.cos(heading), np.sin(heading)
    turn_cos, turn_sin = np.cos(relative[..., 2]), np.sin(relative[..., 2])
    known = np.empty((len(relative), relative.shape[1] + 1, 3))
    known[:, 0] = ego[:3]
    known[:, 1:, 0] = cos * relative[..., 0] - sin * relative[..., 1] + x
    known[:, 1:, 1] = sin * relative[..., 0] + cos * relative[..., 1] + y
    known[:, 1:, 2] = np.arctan2(sin * turn_cos + cos * turn_sin, cos * turn_cos - sin * turn_sin)
    now_s = now_us * 1e-6
    count = relative.shape[1]
    ahead = np.arange(0.0, count * pose_dt_s, pose_dt_s)[:count] + pose_dt_s + now_s
    known_us = np.array([now_us, *(int(t * 1e6) for t in ahead)])
    asked_us = np.array([int(t * 1e6) for t in np.arange(0.0, HORIZON_S + DT_S, DT_S) + now_s])
    return _interpolate(np.clip(asked_us, known_us[0], known_us[-1]), known_us, known)


def past_states(
    known: np.ndarray,  # [K, 11], EgoColumn
    known_us: np.ndarray,  # int64 [K]
) -> np.ndarray:
    """[Q, 11] states every 0.1 s from the first to before the last: the history that NAVSIM pads
    comfort with (``_calculate_history_comfort``).

    Angular velocity and acceleration and the steering rate are 0: nuPlan does not interpolate
    them. The last instant before now is left out, as the reference does.
    """
    asked_us = np.arange(known_us[0], known_us[-1], round(DT_S * 1e6), dtype=np.int64)[:-1]
    out = np.zeros((len(asked_us), len(EgoColumn)))
    pose = known[None, :, [EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]]
    out[:, EgoColumn.HEADING] = _interpolate(asked_us, known_us, pose)[0, :, 2]
    out[:, LINEAR] = _linear(asked_us, known_us, known[None][..., LINEAR])[0]
    return out


def _interpolate(asked_us: np.ndarray, known_us: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Poses [B, K, 3] at other instants [B, Q, 3]; the heading in [-pi, pi)."""
    unwrapped = known.copy()
    unwrapped[..., 2] = np.unwrap(known[..., 2], axis=1)
    out = _linear(asked_us, known_us, unwrapped)
    out[..., 2] = (out[..., 2] + np.pi) % (2 * np.pi) - np.pi
    return out


def _linear(asked_us: np.ndarray, known_us: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Linear interpolation along axis 1, in SciPy ``interp1d``'s order of operations."""
    after = np.clip(np.searchsorted(known_us, asked_us), 1, len(known_us) - 1)
    low, high = known[:, after - 1], known[:, after]
    width = (known_us[after] - known_us[after - 1]).astype(float)[:, None]
    slope = (high - low) / width
    return slope * (asked_us - known_us[after - 1]).astype(float)[:, None] + low
