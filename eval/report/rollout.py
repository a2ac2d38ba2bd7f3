"""Reads one rollout archive and packs what the animation needs. Shapes: T steps, N tracks."""

from __future__ import annotations

import hashlib
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from drivewm.errors import InputError
from drivewm.eval.report import packing
from drivewm.eval.report.packing import CM, DM, HALF_DM, MRAD, Stream

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
STILL_M, STILL_RAD = 0.1, 0.05  # who moves less is drawn standing
TURN = 200.0  # headings of road users in 5 mrad
PLAN_EVERY_S = 0.2
PLAN_POSES = 10
ID_LENGTH = 12  # of a track's name on the page


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


def pack(arrays: dict[str, np.ndarray], origin_m: np.ndarray, stream: Stream) -> dict[str, Any]:
    """Ego, plans and car of one rollout; lengths in cm, angles in mrad."""
    ego = arrays["ego"]
    length, width, _, rear_to_center = arrays["vehicle"][:4].tolist()
    time_s = arrays["time_s"]
    kept = _every(arrays["plan_time_s"])
    plans = [_thinned(plan[np.isfinite(plan).all(1)]) for plan in arrays["plans"][kept]]
    headings = stream.add(np.unwrap(ego[:, 2]), MRAD, 2)
    return {
        "start": round(float(time_s[0]), 3) if len(time_s) else 0.0,
        "step": round(float(np.median(np.diff(time_s))), 4) if len(time_s) > 1 else 0.1,
        "ego": [stream.points(ego, origin_m, CM, 2), headings],
        "car": packing.rounded([length, width, rear_to_center]),
        "planTime": packing.rounded(arrays["plan_time_s"][kept]),
        "plans": [stream.points(plan, origin_m, DM, 2) for plan in plans],
    }


def _every(times_s: np.ndarray) -> np.ndarray:
    """Which plans are shown: of those made at most PLAN_EVERY_S apart not all."""
    kept, last = [], -np.inf
    for n, time_s in enumerate(times_s):
        if time_s >= last + PLAN_EVERY_S - 1e-6:
            kept.append(n)
            last = time_s
    return np.array(kept, int)


def _thinned(plan: np.ndarray) -> np.ndarray:
    """At most PLAN_POSES poses of a plan, evenly chosen, the first and the last among them."""
    return plan if len(plan) <= PLAN_POSES else plan[_evenly(len(plan))]


@lru_cache
def _evenly(count: int) -> np.ndarray:
    return np.linspace(0, count - 1, PLAN_POSES).round().astype(int)


def pack_tracks(
    arrays: dict[str, np.ndarray], origin_m: np.ndarray, stream: Stream
) -> list[list[Any]]:
    """[class, length, width, id, [[first step, poses, headings], ...]] of each road user that
    comes near; lengths in half decimetres. Poses and headings are runs, or numbers (and how many
    steps they hold) of who stands still."""
    state, valid = arrays["track_state"], arrays["track_valid"].astype(bool)
    ids = arrays.get("track_ids")
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
        runs = [_run(state[n], part, origin_m, stream) for part in _unbroken(seen)]
        name = "" if ids is None else str(ids[n])[:ID_LENGTH]
        packed.append([int(arrays["track_occ_class"][n]), length, width, name, runs])
    return packed


def _unbroken(steps: np.ndarray) -> list[np.ndarray]:
    return np.split(steps, np.flatnonzero(np.diff(steps) > 1) + 1)


def _run(state: np.ndarray, steps: np.ndarray, origin_m: np.ndarray, stream: Stream) -> list[Any]:
    poses = state[steps]
    headings = np.unwrap(poses[:, 3])
    moved = np.abs(poses[:, :2] - poses[0, :2]).max() > STILL_M
    if not moved and np.abs(headings - headings[0]).max() < STILL_RAD:
        x, y = np.rint((poses[0, :2] - origin_m) * HALF_DM).astype(int).tolist()
        return [int(steps[0]), len(steps), x, y, int(np.rint(headings[0] * MRAD))]
    return [
        int(steps[0]), stream.points(poses, origin_m, HALF_DM, 2), stream.add(headings, TURN, 2),
    ]  # fmt: skip


def tracks_key(arrays: dict[str, np.ndarray]) -> str:
    """Equal for rollouts whose road users did the same, so that the page holds them once."""
    digest = hashlib.blake2b(digest_size=16)
    for name in ("track_state", "track_valid", "track_size", "track_occ_class"):
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()
