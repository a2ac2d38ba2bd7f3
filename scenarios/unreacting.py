"""A scenario with an ego that does not react: what would happen. Shapes: T steps, N tracks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from drivewm.geometry.boxes import centre_poses
from drivewm.measures.surrogate_kernels import ttc_all
from drivewm.scenarios.build import Built
from drivewm.scenarios.schema_actors import is_of
from drivewm.scene import EgoColumn
from drivewm.sim.config import DT_S
from drivewm.sim.script.record import LogEntry

START_MPS2 = 2.0  # of an ego that begins at rest
HORIZON_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Unreacting:
    """What happened."""

    ego: np.ndarray  # [T, 11]
    ids: tuple[str, ...]  # N
    state: np.ndarray  # [N, T, 6]
    valid: np.ndarray  # bool [N, T]
    size_m: np.ndarray  # [N, 3]
    rear_axle_to_center_m: float
    ego_size_m: tuple[float, float]
    log: tuple[LogEntry, ...]

    def began(self) -> tuple[str, ...]:
        """Names of the events that fired."""
        return tuple(dict.fromkeys(name for _, name in fired(self.log)))

    def least_ttc_s(self, actor: str) -> float:
        """Least time to collision with an actor (any of a row, or a door) at constant speeds
        and headings; 0: contact, inf: none below 5 s."""
        mine = [k for k, name in enumerate(self.ids) if is_of(name, actor)]
        steps = len(self.ego)
        heading = self.ego[:, EgoColumn.HEADING]
        speed = self.ego[:, EgoColumn.VX, None] * np.stack([np.cos(heading), np.sin(heading)], -1)
        least, who = np.full(steps, np.inf), np.full(steps, -1, np.int64)
        ttc_all(
            centre_poses(self.ego, self.rear_axle_to_center_m), speed, *self.ego_size_m,
            self.state[mine], self.valid[mine], self.size_m[mine], np.ones(len(mine), bool),
            np.full(len(mine), steps, np.int64), HORIZON_S, least, who,
        )  # fmt: skip
        return float(least.min())


def fired(log: Iterable[LogEntry]) -> list[tuple[float, str]]:
    """Time and name of the events that fired; a log calls them by story, act, group, maneuver and
    event."""
    return [(e.time_s, e.element.rpartition("::")[2]) for e in log if e.what == "fired"]


def drive_unreacting(built: Built) -> Unreacting:
    """The ego keeps its speed along its route (from rest: it sets off, up to the limit)."""
    scene, traffic = built.scene, built.make_traffic()
    ego = _along_route(built)
    state, valid = [traffic.state.copy()], [traffic.valid.copy()]
    for step in range(scene.steps - 1):
        traffic.step(ego[step], scene.vehicle)
        state.append(traffic.state.copy())
        valid.append(traffic.valid.copy())
    return Unreacting(
        ego=ego, ids=traffic.ids, state=np.stack(state, 1), valid=np.stack(valid, 1),
        size_m=traffic.size_m, rear_axle_to_center_m=scene.vehicle.rear_axle_to_center_m,
        ego_size_m=(scene.vehicle.length_m, scene.vehicle.width_m),
        log=tuple(getattr(traffic, "log", ())),
    )  # fmt: skip


def _along_route(built: Built) -> np.ndarray:
    """Ego states [T, 11]."""
    scene = built.scene
    time_s = np.arange(scene.steps) * DT_S
    start = float(scene.ego[0, EgoColumn.VX])
    speed = np.full(scene.steps, start)
    if start < 0.5:
        speed = np.minimum(start + START_MPS2 * time_s, built.concrete.road.speed_limit_mps)
    gone = np.concatenate([[0.0], np.cumsum(speed[:-1] * DT_S)])
    line = scene.route
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    ego = np.zeros((scene.steps, scene.ego.shape[1]))
    here, ahead = (
        np.stack([np.interp(np.minimum(gone, s[-1] - 1.0) + d, s, line[:, k]) for k in (0, 1)], -1)
        for d in (0.0, 0.5)
    )
    ego[:, [EgoColumn.X, EgoColumn.Y]] = here
    ego[:, EgoColumn.HEADING] = np.arctan2(*(ahead - here).T[::-1])
    ego[:, EgoColumn.VX] = speed
    return ego
