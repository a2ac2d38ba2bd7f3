"""What the ego may do instead: manoeuvres that a bicycle model can drive.

A manoeuvre is a function of time and of the ego's own state alone, never of the agents, so that it
is a sequence of actions. Along the world's path it steers by pure pursuit of an offset, off it by
a steering angle; both through the rate limit, the lags and the grip of the simulator's own bicycle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.scene import EgoColumn, VehicleParams
from drivewm.sim.bicycle import DT_S, bicycle_step, command_for_accel, command_for_steer
from drivewm.sim.traffic import Traffic
from drivewm.sim.traffic_look import project
from drivewm.worlds.simulate import FRICTION

STEER_RATE_RADPS = 0.5
JERK_MPS3 = 15.0  # an emergency brake builds up in half a second
RECORDED = "recorded"


@dataclass(frozen=True, kw_only=True)
class Manoeuvre:
    """Accelerations and steering aims over time."""

    name: str
    accel_mps2: float
    after_s: float = 0.0  # the acceleration begins then, before it the speed is kept
    offset_m: float | None = 0.0  # left of the path, reached over ``reach_s``; None: by steering
    reach_s: float = 1.5
    lateral_mps2: float = 0.0  # of a steered arc, left positive
    straighten_s: float = np.inf  # when a swerve steers back


LIBRARY = (
    Manoeuvre(name="keep", accel_mps2=0.0),
    Manoeuvre(name="brake_soft", accel_mps2=-2.0),
    Manoeuvre(name="brake_hard", accel_mps2=-4.5),
    Manoeuvre(name="stop", accel_mps2=-7.0),
    Manoeuvre(name="brake_late", accel_mps2=-5.5, after_s=1.0),
    Manoeuvre(name="accelerate", accel_mps2=1.5),
    Manoeuvre(name="accelerate_hard", accel_mps2=3.2),
    Manoeuvre(name="drift_left", accel_mps2=0.0, offset_m=1.3),
    Manoeuvre(name="drift_right", accel_mps2=0.0, offset_m=-1.3),
    Manoeuvre(name="lane_left", accel_mps2=0.0, offset_m=3.5, reach_s=2.2),
    Manoeuvre(name="lane_right", accel_mps2=0.0, offset_m=-3.5, reach_s=2.2),
    Manoeuvre(name="lane_left_faster", accel_mps2=1.5, offset_m=3.5, reach_s=2.0),
    Manoeuvre(name="straight_on", accel_mps2=0.0, offset_m=None),
    Manoeuvre(name="steer_left", accel_mps2=0.0, offset_m=None, lateral_mps2=1.2),
    Manoeuvre(name="steer_right", accel_mps2=0.0, offset_m=None, lateral_mps2=-1.2),
    Manoeuvre(name="swerve_left", accel_mps2=0.0, offset_m=None, lateral_mps2=3.5,
              straighten_s=1.0),
    Manoeuvre(name="swerve_right", accel_mps2=0.0, offset_m=None, lateral_mps2=-3.5,
              straighten_s=1.0),
    Manoeuvre(name="brake_swerve_left", accel_mps2=-4.0, offset_m=None, lateral_mps2=3.0),
    Manoeuvre(name="brake_swerve_right", accel_mps2=-4.0, offset_m=None, lateral_mps2=-3.0),
)  # fmt: skip


def varied(manoeuvre: Manoeuvre, rng: np.random.Generator) -> Manoeuvre:
    """The manoeuvre a little weaker or stronger, sooner or later."""
    strength, pace = rng.uniform(0.8, 1.2, 2)
    offset = manoeuvre.offset_m
    return Manoeuvre(
        name=manoeuvre.name, accel_mps2=manoeuvre.accel_mps2 * strength,
        after_s=manoeuvre.after_s * pace, offset_m=None if offset is None else offset * strength,
        reach_s=manoeuvre.reach_s * pace, lateral_mps2=manoeuvre.lateral_mps2 * strength,
        straighten_s=manoeuvre.straighten_s * pace,
    )  # fmt: skip


def drive(
    manoeuvre: Manoeuvre, start: np.ndarray, path: Traffic, vehicle: VehicleParams, steps: int
) -> np.ndarray:
    """The ego's states [steps + 1, 11] from ``start`` [11], 0.1 s apart.

    Args:
        path: only asked for the steering angle that leads to its path.
    """
    out = np.zeros((steps + 1, len(EgoColumn)))
    out[0] = start
    offset_now = _offset_of(start, path)
    for step in range(steps):
        now, time_s = out[step], step * DT_S
        speed = float(now[EgoColumn.VX])
        accel = manoeuvre.accel_mps2 if time_s >= manoeuvre.after_s else 0.0
        before = float(now[EgoColumn.AX])
        accel = float(np.clip(accel, before - JERK_MPS3 * DT_S, before + JERK_MPS3 * DT_S))
        accel = max(accel, -speed / DT_S)  # stops, never rolls back
        steer = _steer(manoeuvre, now, time_s, path, vehicle, offset_now)
        near = STEER_RATE_RADPS * DT_S
        steer = float(np.clip(steer, now[EgoColumn.STEER] - near, now[EgoColumn.STEER] + near))
        out[step + 1] = bicycle_step(
            now, command_for_accel(now, accel), command_for_steer(now, steer),
            vehicle.wheelbase_m, DT_S, FRICTION,
        )  # fmt: skip
    return with_side(out)


def replayed(
    start: np.ndarray, actions: np.ndarray, vehicle: VehicleParams
) -> np.ndarray:  # [S + 1, 11]
    """The ego's states under recorded commands [S, 2]."""
    out = np.zeros((len(actions) + 1, len(EgoColumn)))
    out[0] = start
    for step, (accel, rate) in enumerate(actions):
        out[step + 1] = bicycle_step(out[step], accel, rate, vehicle.wheelbase_m, DT_S, FRICTION)
    return with_side(out)


def with_side(ego: np.ndarray) -> np.ndarray:
    """States with the lateral acceleration as a recording has it: speed x yaw rate."""
    ego[:, EgoColumn.AY] = ego[:, EgoColumn.VX] * ego[:, EgoColumn.YAW_RATE]
    return ego


def _steer(
    manoeuvre: Manoeuvre, now: np.ndarray, time_s: float, path: Traffic, vehicle: VehicleParams,
    offset_now: float,
) -> float:  # fmt: skip
    if manoeuvre.offset_m is not None:
        share = min(1.0, (time_s + DT_S) / max(manoeuvre.reach_s, DT_S))
        smooth = share * share * (3 - 2 * share)
        return path.steer_to_path(
            now, vehicle, offset_now + smooth * (manoeuvre.offset_m - offset_now)
        )
    if time_s >= manoeuvre.straighten_s:
        lateral = -manoeuvre.lateral_mps2 if time_s < 2 * manoeuvre.straighten_s else 0.0
    else:
        lateral = manoeuvre.lateral_mps2
    speed = max(float(now[EgoColumn.VX]), 3.0)
    return float(np.arctan(vehicle.wheelbase_m * lateral / speed**2))


def _offset_of(start: np.ndarray, path: Traffic) -> float:
    """How far left of its expected path the ego is, metres."""
    x, y = float(start[EgoColumn.X]), float(start[EgoColumn.Y])
    return float(project(path.world.paths, path.world.ego_path, x, y, 0.0, 1e6)[1])
