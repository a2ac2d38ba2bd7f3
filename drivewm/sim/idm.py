"""Intelligent Driver Model: one acceleration law for every follower, with nuPlan's clipping.

Source: Treiber, Hennecke, Helbing, Phys. Rev. E 62 (2000) 1805; defaults of nuPlan's IDM agents.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from numba import njit


@dataclass(frozen=True, kw_only=True)
class IdmParams:
    """nuPlan's ``idm_agents`` defaults."""

    min_gap_m: float = 1.0
    headway_s: float = 1.5
    accel_max_mps2: float = 1.0
    decel_mps2: float = 2.0


@njit(cache=True)
def idm_acceleration(
    speed_mps,
    target_mps,
    gap_m,
    lead_mps,
    min_gap_m,
    headway_s,
    accel_max_mps2,
    decel_mps2,
    exponent=4,
):
    """Unclipped IDM acceleration; ``gap_m`` is floored at ``min_gap_m``.

    ``exponent`` says how long the free acceleration lasts: 4 usually, 10 in PDM-Closed.
    """
    closing = speed_mps * (speed_mps - lead_mps) / (2.0 * math.sqrt(accel_max_mps2 * decel_mps2))
    desired = min_gap_m + speed_mps * headway_s + closing
    ratio = desired / max(gap_m, min_gap_m)
    free = (speed_mps / max(target_mps, 1e-3)) ** exponent
    return accel_max_mps2 * (1.0 - free - ratio * ratio)


@njit(cache=True)
def idm_step(x_m, speed_mps, target_mps, lead_x_m, lead_mps, lead_margin_m, params, dt_s):
    """One forward-Euler step clipped to [-decel, accel_max], speed >= 0 -> (x, speed).

    Args:
        lead_margin_m: subtracted from the distance between the two reference points.
        params: (min gap m, headway s, accel max m/s2, decel m/s2).
    """
    min_gap, headway, accel_max, decel = params
    gap = lead_x_m - x_m - lead_margin_m
    accel = idm_acceleration(
        speed_mps, target_mps, gap, lead_mps, min_gap, headway, accel_max, decel
    )
    accel = min(max(accel, -decel), accel_max)
    return x_m + speed_mps * dt_s, max(speed_mps + accel * dt_s, 0.0)
