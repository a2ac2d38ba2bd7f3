"""`imagine`: sampling model-predictive control in a world model's imagination.

Every 0.5 s it looks (cameras in `sensor` mode, rasterised annotations in `privileged` mode),
imagines what each candidate plan would cause, and drives the cheapest one.
Shapes: A candidates, H model steps, X, Y, Z grid cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch

from drivewm.config import Config, validate
from drivewm.errors import InputError
from drivewm.models import checkpoint
from drivewm.models.grid import GridConfig, cell_centers
from drivewm.models.rollout import classes
from drivewm.models.world_model import STEP_S, Imagined
from drivewm.planners.candidates import PLAN_DT_S, candidate_plans
from drivewm.planners.looking import POSE, Gaze, actions_of, image_size_of, modes_of
from drivewm.scene import (
    MOVABLE,
    EgoColumn,
    Observation,
    OccClass,
    Scene,
    Trajectory,
    VehicleParams,
)  # fmt: skip

PLAN_STEPS = round(STEP_S / PLAN_DT_S)
SOLID = [int(c) for c in (*MOVABLE, OccClass.BARRIER, OccClass.TRAFFIC_CONE, OccClass.MANMADE)]


class ImagineConfig(Config):
    """How plans are drawn and judged. ``dynamics=ego_warp`` imagines without the learned part."""

    run: str  # folder that `drivewm train` wrote
    dynamics: Literal["learned", "ego_warp"] = "learned"
    threads: int = 1
    default_limit_mps: float = 10.0  # where the observation knows no speed limit
    accelerations_mps2: tuple[float, ...] = (-6.0, -3.5, -2.0, -1.0, 0.0, 1.0, 2.0)
    swerve_accelerations_mps2: tuple[float, ...] = (-2.0, 0.0)
    swerves_m: tuple[float, ...] = (-1.2, 1.2)  # to the left of the route
    margin_m: float = 0.3  # around the car
    headway_s: float = 1.2  # how far ahead a movable is already a risk
    contact_weight: float = 60.0
    headway_weight: float = 8.0
    departure_weight: float = 30.0
    comfort_weight: float = 0.15
    change_weight: float = 0.2  # of the acceleration, against the one the car has now
    offset_weight: float = 0.6
    continue_weight: float = 4.0
    discount: float = 0.95


class Imagine:
    """The planner. One scene a call (a fixed batch keeps results independent of workers)."""

    name = "imagine"
    modes: tuple[str, ...] = ("sensor", "privileged")
    replan_interval_s = STEP_S

    def __init__(self, **options) -> None:
        self.config = validate(ImagineConfig, options, file="imagine")
        torch.set_num_threads(self.config.threads)
        self.model = checkpoint.load(self.config.run)
        c = self.config
        straight = [(a, 0.0) for a in c.accelerations_mps2]
        aside = [(a, o) for a in c.swerve_accelerations_mps2 for o in c.swerves_m]
        self.targets = np.array(straight + aside)  # [A, 2] acceleration, offset
        self.fingerprint = checkpoint.digest(self.config.run)
        self.gaze, self.modes = Gaze(self.model), modes_of(self.model)
        size = image_size_of(self.model)
        if size is not None:
            self.image_size = size
        self._places: dict[VehicleParams, tuple[np.ndarray, np.ndarray]] = {}

    def reset(self, scenes: Sequence[Scene]) -> None:
        """Forgets the last drive."""
        if len(scenes) != 1:
            raise InputError("imagine drives one scene a call", field="scenes", fix="batch of 1")
        self.gaze.reset()

    @torch.no_grad()
    def plan(self, observation: Observation) -> Trajectory:
        """Looks, imagines every candidate, answers with the cheapest; 3 s at 10 Hz."""
        ego = observation.ego[0]
        start = self.gaze.look(observation, self.config.dynamics == "learned")
        plans = self._candidates(observation)
        cost, parts = self._judge(start, ego, plans, observation.vehicles[0])
        best = int(np.argmin(cost))
        info = {
            "cost": float(cost[best]), **{k: float(v[best]) for k, v in parts.items()},
            "perceived": classes(start.logits)[0].numpy(),
        }  # fmt: skip
        times = np.arange(1, plans.shape[1] + 1) * PLAN_DT_S
        return Trajectory(times_s=times, poses=plans[best][None], info=[info])

    def _candidates(self, observation: Observation) -> np.ndarray:
        c, limit = self.config, float(observation.speed_limits_mps[0])
        horizon = STEP_S * self.model.config.imagined_steps
        limit = limit if np.isfinite(limit) else c.default_limit_mps
        route = observation.routes[0]
        return candidate_plans(observation.ego[0], route, self.targets, limit, horizon)

    def _judge(
        self, start: Imagined, ego: np.ndarray, plans: np.ndarray, vehicle: VehicleParams
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Cost of every candidate [A] and its parts; imagined contacts, departures, progress."""
        c, learned = self.config, self.config.dynamics == "learned"
        every = plans[:, PLAN_STEPS - 1 :: PLAN_STEPS]  # [A, H, 3]
        first = np.broadcast_to(ego[POSE], (len(plans), 1, 3))
        before = np.concatenate([first, every[:, :-1]], 1)
        actions = actions_of(before, every)  # [A, H, 6]
        body, reach = self._where(vehicle)
        now, fade = start.repeat(len(plans)), 1.0
        parts = {name: np.zeros(len(plans)) for name in ("contact", "headway", "departure", "end")}
        for h in range(every.shape[1]):
            now = self.model.imagine(now, actions[:, h], learned)
            solid = now.probability[:, SOLID, :2].sum(1).amax(1)  # [A, X, Y], up to 2.2 m
            road = now.probability[:, OccClass.DRIVEABLE_SURFACE, 0]
            others = now.probability[:, [int(m) for m in MOVABLE], :2].sum((1, 2)).clamp(max=1.0)
            off_road = 1.0 - (road + solid).clamp(max=1.0)
            speed = actions[:, h, 3].numpy()
            parts["contact"] += fade * solid[:, body].amax(1).numpy()
            parts["departure"] += fade * off_road[:, body].mean(1).numpy()
            parts["headway"] += fade * _ahead(others.numpy(), reach, speed * c.headway_s)
            if now.cont is not None:
                parts["end"] += fade * torch.sigmoid(-now.cont).numpy()
            fade *= c.discount
        cost = (
            c.contact_weight * parts["contact"] ** 2 + c.headway_weight * parts["headway"]
            + c.departure_weight * parts["departure"] ** 2 + c.continue_weight * parts["end"]
            - actions[:, :, 3].sum(1).numpy() * STEP_S + self._discomfort(ego)
        )  # fmt: skip
        return cost, parts

    def _discomfort(self, ego: np.ndarray) -> np.ndarray:
        """Cost [A] of what is felt: acceleration, its change, and leaving the centreline."""
        c = self.config
        acceleration, offset = self.targets.T
        change = acceleration - ego[EgoColumn.AX]
        felt = c.comfort_weight * acceleration**2 + c.change_weight * change**2
        return felt + c.offset_weight * np.abs(offset)

    def _where(self, vehicle: VehicleParams) -> tuple[np.ndarray, np.ndarray]:
        """Cells under the car, bool [X, Y]; and distance ahead of its bumper in its lane [X, Y]."""
        if vehicle not in self._places:
            self._places[vehicle] = _footprint(
                self.model.config.grid, vehicle, self.config.margin_m
            )
        return self._places[vehicle]


def _footprint(
    grid: GridConfig, vehicle: VehicleParams, margin_m: float
) -> tuple[np.ndarray, np.ndarray]:
    cells = cell_centers(grid)  # ego frame: the rear axle is the origin
    x, y = cells[..., 0] - vehicle.rear_axle_to_center_m, np.abs(cells[..., 1])
    wide = y <= vehicle.width_m / 2 + margin_m
    body = wide & (np.abs(x) <= vehicle.length_m / 2 + margin_m)
    ahead = x - vehicle.length_m / 2
    return body, np.where(wide & (ahead > 0), ahead, np.inf)


def _ahead(movable: np.ndarray, distance_m: np.ndarray, reach_m: np.ndarray) -> np.ndarray:
    """Highest chance of a movable within reach ahead, fading with distance; [A]."""
    closeness = 1.0 - distance_m[None] / np.maximum(reach_m, 1e-3)[:, None, None]
    return (movable * np.clip(closeness, 0.0, 1.0)).max((1, 2))
