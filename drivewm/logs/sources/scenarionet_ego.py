"""The ego of a ScenarioNet scenario, put back in time.

Its track is the true path, but runs ahead of the other tracks by a lag that grows to 0.36 s.
``ego_ref.npz`` holds better positions at the annotated instants; for some scenes it has no heading
(identity rotations) and lacks instants. Both come from the track: its heading at the place of the
reference position, and its pose delayed by the last known lag. Shapes: T steps of 0.1 s, K
annotated instants, F fine steps.
"""

from __future__ import annotations

import numpy as np

from drivewm.geometry.se2 import wrap_angle

_STEP_S = 0.1
_FINE_S = 0.005
_SEARCH_S = 1.0
_LAG_INSTANTS = 5


def corrected_poses(
    reference: np.ndarray,  # [K, 4, 4], NaN translation = unknown, identity rotation = no heading
    position: np.ndarray,  # [T, 2] the track
    heading_rad: np.ndarray,  # [T]
    interval_s: float,  # between annotated instants
) -> np.ndarray:
    """[K, 3] x, y, heading at the annotated instants."""
    times = np.arange(len(position)) * _STEP_S
    fine_times = np.arange(0.0, times[-1] + _FINE_S / 2, _FINE_S)
    track = np.column_stack(
        [
            np.interp(fine_times, times, column)
            for column in (position[:, 0], position[:, 1], np.unwrap(heading_rad))
        ]
    )  # [F, 3]
    out = np.full((len(reference), 3), np.nan)
    lags: list[float] = []
    for k, pose in enumerate(reference):
        now = k * interval_s
        if np.isfinite(pose[:2, 3]).all():
            near = np.nonzero(np.abs(fine_times - now) <= _SEARCH_S)[0]
            at = near[int(np.hypot(*(track[near, :2] - pose[:2, 3]).T).argmin())]
            lags.append(fine_times[at] - now)
            yaw = track[at, 2] if _has_no_heading(pose) else np.arctan2(pose[1, 0], pose[0, 0])
            out[k] = (*pose[:2, 3], yaw)
        else:
            lag = float(np.median(lags[-_LAG_INSTANTS:])) if lags else 0.0
            at_time = np.clip(now + lag, 0.0, fine_times[-1])
            out[k] = [np.interp(at_time, fine_times, column) for column in track.T]
    out[:, 2] = wrap_angle(out[:, 2])
    return out


def _has_no_heading(pose: np.ndarray) -> bool:
    return bool(np.array_equal(pose[:3, :3], np.eye(3)))
