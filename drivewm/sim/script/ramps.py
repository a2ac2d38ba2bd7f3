"""How a value goes from where it is to its target, in closed form.

Shapes of the transition: ASAM OpenSCENARIO XML 1.3, DynamicsShape: linear f0 + rate x; cubic and
sinusoidal with zero slope at both ends. ``u`` is the part that has gone by, 0..1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from drivewm.sim.script.actions import Dynamics, Shape

STEEPEST = {"linear": 1.0, "cubic": 1.5, "sinusoidal": math.pi / 2}  # slope over the mean slope
BENT = {"linear": 4.0, "cubic": 6.0, "sinusoidal": math.pi**2 / 2}  # second derivative, x T^2


def part(shape: Shape, u: float) -> float:
    """Share of the way gone at ``u``."""
    if u >= 1.0 or shape == "step":
        return 1.0
    if u <= 0.0:
        return 0.0
    if shape == "linear":
        return u
    if shape == "cubic":
        return u * u * (3.0 - 2.0 * u)
    return 0.5 - 0.5 * math.cos(math.pi * u)


def slope(shape: Shape, u: float) -> float:
    """Derivative of ``part``."""
    if not 0.0 <= u <= 1.0 or shape == "step":
        return 0.0
    if shape == "linear":
        return 1.0
    if shape == "cubic":
        return 6.0 * u * (1.0 - u)
    return 0.5 * math.pi * math.sin(math.pi * u)


def area(shape: Shape, u: float) -> float:
    """Integral of ``part`` from 0 to ``u``."""
    if u <= 0.0:
        return 0.0
    if shape == "step":
        return u
    rest = max(u - 1.0, 0.0)
    u = min(u, 1.0)
    if shape == "linear":
        return 0.5 * u * u + rest
    if shape == "cubic":
        return u**3 - 0.5 * u**4 + rest
    return 0.5 * (u - math.sin(math.pi * u) / math.pi) + rest


@dataclass(frozen=True)
class Ramp:
    """A speed from ``low`` to ``high`` m/s (either may be the larger) in ``duration_s``."""

    low: float
    high: float
    duration_s: float
    shape: Shape = "linear"

    def speed(self, t_s: float) -> float:
        """Speed ``t_s`` after the start; held beyond both ends."""
        if t_s >= self.duration_s:
            return self.high
        return self.low + (self.high - self.low) * part(self.shape, t_s / self.duration_s)

    def accel(self, t_s: float) -> float:
        if not 0.0 <= t_s < self.duration_s:
            return 0.0
        rise = (self.high - self.low) / self.duration_s
        return rise * slope(self.shape, t_s / self.duration_s)

    def way(self, t_s: float) -> float:
        """Distance driven in ``t_s`` from the start, exact."""
        if self.duration_s <= 0.0:
            return self.high * t_s
        u = t_s / self.duration_s
        return self.low * t_s + (self.high - self.low) * self.duration_s * area(self.shape, u)


def speed_ramp(low: float, high: float, dynamics: Dynamics) -> Ramp:
    """The ramp that dynamics ask for. A distance is the way driven while the speed changes; a
    rate is the hardest acceleration."""
    shape, value = dynamics.shape, dynamics.value
    if shape == "step" or high == low:
        return Ramp(low, high, 0.0, "step")
    if dynamics.dimension == "time":
        return Ramp(low, high, value, shape if value > 0 else "step")
    if dynamics.dimension == "distance":  # every shape is symmetric: the mean of both speeds
        return Ramp(low, high, 2.0 * value / (low + high), shape if value > 0 else "step")
    return Ramp(low, high, STEEPEST[shape] * abs(high - low) / value, shape)


def seconds_for_offset(change_m: float, shape: Shape, max_accel_mps2: float | None) -> float:
    """Shortest time of a sideways move whose acceleration stays within a bound (a linear one is
    taken as half speeding up, half slowing down); 0 without a bound."""
    if max_accel_mps2 is None or shape == "step":
        return 0.0
    return math.sqrt(BENT[shape] * abs(change_m) / max_accel_mps2)


def span_of(change: float, dynamics: Dynamics) -> tuple[float, bool]:
    """Length of a sideways move and whether it counts metres driven (else seconds)."""
    if dynamics.shape == "step":
        return 0.0, False
    if dynamics.dimension == "rate":
        return STEEPEST[dynamics.shape] * abs(change) / dynamics.value, False
    return dynamics.value, dynamics.dimension == "distance"
