"""Reads one rollout archive and packs what the animation needs. Shapes: T steps, N tracks."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from drivewm.errors import InputError
from drivewm.eval.report import packing
from drivewm.eval.report.packing import CM, MRAD

NEEDED = (
    "time_s",
    "ego",
    "track_state",
    "track_valid",
    "track_size",
    "track_occ_class",
    "plan_time_s",
    "plans",
    "route",
    "vehicle",
    "light_lane_ids",
    "light_status",
    "drivable_wkb",
    "drivable_wkb_start",
    "lane_xy",
    "lane_start",
)
NEAR_M = 90.0  # road users that never come nearer to the ego are left out


def read(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of an archive, or None where the run left none.

    Raises:
        InputError: the archive is corrupt or an array is missing.
    """
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"not a readable rollout ({error})", file=path, fix="run `drivewm score` again"
        ) from error
    for name in NEEDED:
        if name not in arrays:
            raise InputError(
                "array is missing", file=path, field=name, fix="run `drivewm score` again"
            )
    return arrays


def pack(arrays: dict[str, np.ndarray], origin_m: np.ndarray) -> dict[str, Any]:
    """Ego, plans and car of one rollout; lengths in cm, angles in mrad, differenced."""
    ego = arrays["ego"]
    length, width, _, rear_to_center = arrays["vehicle"][:4].tolist()
    time_s = arrays["time_s"]
    plans = [_thinned(plan[np.isfinite(plan).all(1)]) for plan in arrays["plans"]]
    return {
        "start": round(float(time_s[0]), 3) if len(time_s) else 0.0,
        "step": round(float(np.median(np.diff(time_s))), 4) if len(time_s) > 1 else 0.1,
        "ego": [*packing.points(ego, origin_m, CM), packing.deltas(np.unwrap(ego[:, 2]), MRAD)],
        "car": packing.rounded([length, width, rear_to_center]),
        "planTime": packing.rounded(arrays["plan_time_s"]),
        "plans": [packing.points(plan, origin_m, CM) for plan in plans],
    }


def _thinned(plan: np.ndarray) -> np.ndarray:
    """Every other pose of a long plan, the last one kept; at 0.1 s a picture needs no more."""
    return plan if len(plan) < 12 else np.concatenate([plan[:-1:2], plan[-1:]])


def pack_tracks(arrays: dict[str, np.ndarray], origin_m: np.ndarray) -> list[list[Any]]:
    """[class, length, width, [[first step, x, y, heading], ...]] of each road user seen nearby."""
    state, valid = arrays["track_state"], arrays["track_valid"].astype(bool)
    steps = min(state.shape[1], len(arrays["ego"]))
    packed = []
    for n in range(len(state)):
        seen = np.flatnonzero(valid[n, :steps])
        if not len(seen):
            continue
        gap = state[n, seen, :2] - arrays["ego"][seen, :2]
        if np.hypot(gap[:, 0], gap[:, 1]).min() > NEAR_M:
            continue
        length, width = packing.rounded(arrays["track_size"][n, :2])
        runs = [_run(state[n], part, origin_m) for part in _unbroken(seen)]
        packed.append([int(arrays["track_occ_class"][n]), length, width, runs])
    return packed


def _unbroken(steps: np.ndarray) -> list[np.ndarray]:
    return np.split(steps, np.flatnonzero(np.diff(steps) > 1) + 1)


def _run(state: np.ndarray, steps: np.ndarray, origin_m: np.ndarray) -> list[Any]:
    x, y = packing.points(state[steps], origin_m, CM)
    still = not any(x[1:]) and not any(y[1:])
    heading = packing.deltas(np.unwrap(state[steps, 3]), MRAD)
    if still and not any(heading[1:]):  # parked: one pose and how long it holds
        return [int(steps[0]), len(steps), x[0], y[0], heading[0]]
    return [int(steps[0]), len(steps), x, y, heading]


def tracks_key(arrays: dict[str, np.ndarray]) -> str:
    """Equal for rollouts whose road users did the same, so that the page holds them once."""
    digest = hashlib.blake2b(digest_size=16)
    for name in ("track_state", "track_valid", "track_size", "track_occ_class"):
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()
