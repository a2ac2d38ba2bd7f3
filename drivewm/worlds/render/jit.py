"""How the renderer's kernels are compiled: cached, without the interpreter lock so that cameras can
be drawn by threads, and with IEEE division (a zero divisor gives inf, never an exception)."""

from __future__ import annotations

from numba import njit

kernel = njit(cache=True, nogil=True, error_model="numpy")
inlined = njit(cache=True, nogil=True, error_model="numpy", inline="always")
