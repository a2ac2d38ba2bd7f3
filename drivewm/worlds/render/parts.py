"""Parts: the convex primitives that everything above the ground is drawn with.

A set of parts is one float64 array [B, PART_COLUMNS]; the constants below name its columns, as
plain integers because compiled kernels index with them. A part stands upright (it turns about z
only), so a ray is moved into its frame with one cosine and one sine.
"""

from __future__ import annotations

import numpy as np

# Columns. X..Z centre (m); COS, SIN of the yaw; HX..HZ half sizes (m); KIND below; TAPER_*: share
# of the half size that is gone at the top (front, rear, both sides; SLANTED only); R, G, B linear
# albedo; MATERIAL below; CLASS OccClass; OWNER actor index or -1; SEED in [0, 1); EMIT radiance.
(
    X,
    Y,
    Z,
    COS,
    SIN,
    HX,
    HY,
    HZ,
    KIND,
    TAPER_FRONT,
    TAPER_REAR,
    TAPER_SIDE,
    R,
    G,
    B,
    MATERIAL,
    CLASS,
    OWNER,
    SEED,
    EMIT,
) = range(20)
PART_COLUMNS = 20

# Kinds.
BOX, SLANTED, ELLIPSOID, CYLINDER_Z, CYLINDER_Y = range(5)

# Materials: procedural surfaces, functions of the point in the part's own frame.
(
    PLAIN,
    PAINT,
    CABIN,
    GLASS,
    RUBBER,
    FACADE,
    FOLIAGE,
    BUS_BODY,
    TRUCK_CAB,
    STRIPES,
    LAMP,
    CARGO,
    BARK,
    CLOTH,
    LAMP_POST,
) = range(15)

NEAR_M = 0.05  # a part that holds the sensor itself is not seen by it


def make_part(
    center: tuple[float, float, float],
    half: tuple[float, float, float],
    color: tuple[float, float, float],
    *,
    yaw_rad: float = 0.0,
    kind: int = BOX,
    taper: tuple[float, float, float] = (0.0, 0.0, 0.0),
    material: int = PLAIN,
    occ_class: int = 15,
    owner: int = -1,
    seed: float = 0.0,
    emit: float = 0.0,
) -> list[float]:
    """One row of a part array. ``color`` is linear albedo in 0..1."""
    return [
        *center, float(np.cos(yaw_rad)), float(np.sin(yaw_rad)), *half, kind, *taper, *color,
        material, occ_class, owner, seed, emit,
    ]  # fmt: skip


def as_array(rows: list[list[float]]) -> np.ndarray:
    """Rows -> float64 [B, PART_COLUMNS]; also for no rows."""
    return np.array(rows, float).reshape(-1, PART_COLUMNS)


def linear(color: tuple[float, float, float] | np.ndarray) -> tuple[float, float, float]:
    """Display colour 0..255 -> linear albedo 0..1 (gamma 2, the inverse of the tone curve)."""
    r, g, b = (float(c) / 255.0 for c in color)
    return r * r, g * g, b * b
