"""The ego driven by its own script: exact states, no tracker. Shapes: S scenes, H poses."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from drivewm.scene import EgoColumn, Observation, Scene, Trajectory, VehicleParams
from drivewm.sim.script.body import Body
from drivewm.sim.script.curve import wrap
from drivewm.sim.traffic_world import DT_S

E = EgoColumn
CRAWL_MPS = 0.1
HORIZON = np.arange(1, 11) * DT_S


def ego_state(body: Body, before: np.ndarray | None, vehicle: VehicleParams) -> np.ndarray:
    """The ego's state [11] from its body; rates of rates need the state ``before``."""
    out = np.zeros(len(EgoColumn))
    slip = body.course - body.heading
    out[[E.X, E.Y, E.HEADING]] = body.x, body.y, wrap(body.heading)
    out[E.VX], out[E.VY] = body.speed * math.cos(slip), body.speed * math.sin(slip)
    out[E.AX], out[E.YAW_RATE] = body.accel * math.cos(slip), body.yaw_rate
    if abs(out[E.VX]) > CRAWL_MPS:
        out[E.STEER] = math.atan(vehicle.wheelbase_m * body.yaw_rate / out[E.VX])
    if before is not None:
        out[E.STEER_RATE] = (out[E.STEER] - before[E.STEER]) / DT_S
        out[E.YAW_ACC] = (out[E.YAW_RATE] - before[E.YAW_RATE]) / DT_S
    return out


class ScriptedEgo:
    """The planner ``scripted``: the loop lets the storyboard drive the ego.

    Its plans are the present motion gone on for a second and only serve the record.
    """

    name = "scripted"
    drives_by_script = True

    def reset(self, scenes: Sequence[Scene]) -> None:
        del scenes

    def plan(self, observation: Observation) -> Trajectory:
        x, y, heading, speed = observation.ego[:, : E.VY].T[..., None]  # each [S, 1]
        ahead = speed * HORIZON
        poses = [x + ahead * np.cos(heading), y + ahead * np.sin(heading), heading + 0.0 * ahead]
        return Trajectory(times_s=HORIZON, poses=np.stack(poses, -1))
