"""The kernels in plain C (``cc -O3 -march=native``), called on the same arrays as Numba's."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np

from drivewm.measures.history import History
from drivewm.measures.proposals_areas import Areas
from drivewm.scene import ScoreType

FOLDER = Path(__file__).parent
FLAGS = ("-O3", "-march=native", "-shared", "-fPIC")


@cache
def library(name: str) -> ctypes.CDLL:
    """Compiles ``NAME.c`` and loads it."""
    target = Path(tempfile.mkdtemp(prefix="drivewm-c-")) / f"{name}.so"
    subprocess.run(["cc", *FLAGS, str(FOLDER / f"{name}.c"), "-lm", "-o", str(target)], check=True)
    return ctypes.CDLL(str(target))


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    """Address of a C-contiguous array."""
    assert array.flags.c_contiguous, "C reads rows one after the other"
    return ctypes.c_void_p(array.ctypes.data)


class Gains(ctypes.Structure):
    """``drivewm.sim.batch_lqr.Gains``."""

    _fields_ = [
        *((name, ctypes.c_double) for name in ("q_lon", "r_lon", "q0", "q1", "q2", "r_lat")),
        ("horizon", ctypes.c_long),
        *((name, ctypes.c_double) for name in ("jerk", "curvature", "stop_gain", "stop_speed")),
    ]  # fmt: skip


def simulate(
    proposals: np.ndarray, ego0: np.ndarray, wheelbase_m: float, gains: tuple, out: np.ndarray
) -> None:
    """Batch LQR: states [B, H + 1, 11] of proposals [B, H + 1, 3] into ``out``."""
    tracker = Gains(*gains)
    library("lqr").simulate(
        pointer(proposals), ctypes.c_long(len(proposals)), ctypes.c_long(proposals.shape[1] - 1),
        pointer(ego0), ctypes.c_double(wheelbase_m), ctypes.c_double(0.1), ctypes.byref(tracker),
        pointer(out),
    )  # fmt: skip


class Drive:
    """The arrays of a drive as C reads them. Shapes: T steps, N tracks."""

    def __init__(self, history: History) -> None:
        tracks, car = history.tracks, history.vehicle
        self.first = np.zeros(len(tracks), np.int64)
        self.kind = np.zeros(len(tracks), np.int8)
        self.kept = [
            np.ascontiguousarray(history.ego), np.ascontiguousarray(history.centres),
            np.ascontiguousarray(history.speed_mps), np.ascontiguousarray(tracks.state),
            np.ascontiguousarray(tracks.valid), np.ascontiguousarray(tracks.size_m),
            tracks.score_type <= ScoreType.BICYCLE,
        ]  # fmt: skip
        ego, centres, speed, *others = map(pointer, self.kept)
        size = (ctypes.c_double(car.length_m), ctypes.c_double(car.width_m))
        counts = (ctypes.c_long(len(tracks)), ctypes.c_long(len(history.ego)))
        self._args = (*counts, ego, centres, speed, *size, *others)

    def first_contacts(self) -> None:
        """Fills ``first`` [N] and ``kind`` [N]."""
        library("contacts").first_contacts(*self._args, pointer(self.first), pointer(self.kind))

    def fill_ttc(
        self, wide_view: np.ndarray, offsets_s: np.ndarray, out: np.ndarray, who: np.ndarray
    ) -> None:
        """Time to collision [T] into ``out``, with whom into ``who``; after ``first_contacts``."""
        library("contacts").fill_ttc(
            *self._args, pointer(self.first), pointer(wide_view), pointer(offsets_s),
            ctypes.c_long(len(offsets_s)), pointer(out), pointer(who),
        )  # fmt: skip


class _Areas(ctypes.Structure):
    _fields_ = [
        *((f"array_{i}", ctypes.c_void_p) for i in range(7)),
        ("polygons", ctypes.c_long),
    ]


def fill_where(
    corners: np.ndarray, ground: Areas, near: np.ndarray, where: np.ndarray
) -> Callable[[], None]:
    """A call that tells what holds at each step: corners [T, 5, 2] -> ``where`` uint8 [T]."""
    native = _Areas(*(pointer(array) for array in ground), len(ground.kind))
    args = (
        ctypes.c_long(len(corners)), pointer(corners), ctypes.byref(native), pointer(near),
        pointer(where),
    )  # fmt: skip
    return partial(library("areas").fill_where, *args)
