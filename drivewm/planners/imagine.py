"""`imagine`: sampling model-predictive control in a world model's imagination.

Every 0.5 s it looks (cameras in `sensor` mode, rasterised annotations in `privileged` mode),
imagines what each candidate plan would cause, and drives the cheapest one.
All candidates go through imagination in one call (``models.candidates``). Only what the cost looks
at is kept of an imagined state: the cells under the car and those of its lane ahead.
Shapes: A candidates, H model steps, M cells, K classes, X, Y, Z grid cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from drivewm.config import Config, validate
from drivewm.errors import InputError
from drivewm.models import candidates, checkpoint
from drivewm.models.grid import STEP_S, GridConfig, cell_centers
from drivewm.models.rollout import classes, imagine_all
from drivewm.models.world_model import Imagined
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
MOVERS = [int(c) for c in MOVABLE]
LAYERS = 2  # the lowest: up to 2.2 m


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


@dataclass(frozen=True, kw_only=True)
class Places:
    """The cells of the ego's grid that a cost looks at."""

    body: Tensor  # bool [X, Y], under the car
    lane: Tensor  # bool [X, Y], as wide as the car and ahead of its bumper
    ahead_m: np.ndarray  # [M] distance of the lane's cells from the bumper
    bumper_m: float  # distance of the bumper from the ego's origin

    def within(self, rows: slice, columns: slice, reach_m: float) -> Places | None:
        """The same in a window of the grid; None where it lacks a cell that counts.

        Args:
            reach_m: lane cells as far ahead of the bumper as this do not count.
        """
        body, lane = self.body[rows, columns], self.lane[rows, columns]
        ahead_m = np.full(self.lane.shape, np.inf)
        ahead_m[self.lane.numpy()] = self.ahead_m
        inside = ahead_m[rows, columns][lane.numpy()]
        counted = int((inside < reach_m).sum()) == int((self.ahead_m < reach_m).sum())
        if not counted or int(body.sum()) != int(self.body.sum()):
            return None
        return Places(body=body, lane=lane, ahead_m=inside, bumper_m=self.bumper_m)

    def keep(self, state: Imagined) -> dict[str, Tensor]:
        """What is under the car and in its lane in N imagined states; see ``candidates.Keep``."""
        low = state.probability[:, :, :LAYERS]
        under = low[..., self.body]  # [N, K, 2, M]
        solid = under[:, SOLID].sum(1).amax(1)  # [N, M]
        off_road = 1.0 - (under[:, OccClass.DRIVEABLE_SURFACE, 0] + solid).clamp(max=1.0)
        movers = low[:, MOVERS][..., self.lane].sum((1, 2)).clamp(max=1.0)
        kept = {"contact": solid.amax(1), "departure": off_road.mean(1), "movers": movers}
        if state.cont is not None:  # the ego-warp says nothing of how the drive goes on
            kept["end"] = torch.sigmoid(-state.cont.float())
        return kept


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
        self._places: dict[VehicleParams, Places] = {}

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
        c = self.config
        every = plans[:, PLAN_STEPS - 1 :: PLAN_STEPS]  # [A, H, 3]
        first = np.broadcast_to(ego[POSE], (len(plans), 1, 3))
        before = np.concatenate([first, every[:, :-1]], 1)
        actions = actions_of(before, every)  # [A, H, 6]
        reach_m = actions[:, :, 3].numpy() * c.headway_s
        said, ahead_m = self._imagined(start, actions, self._where(vehicle), float(reach_m.max()))
        fade = c.discount ** np.arange(every.shape[1])
        said["headway"] = _ahead(said.pop("movers"), ahead_m, reach_m)
        parts = {name: values @ fade for name, values in said.items()}
        parts.setdefault("end", np.zeros(len(plans)))
        cost = (
            c.contact_weight * parts["contact"] ** 2 + c.headway_weight * parts["headway"]
            + c.departure_weight * parts["departure"] ** 2 + c.continue_weight * parts["end"]
            - actions[:, :, 3].sum(1).numpy() * STEP_S + self._discomfort(ego)
        )  # fmt: skip
        return cost, parts

    def _imagined(
        self, start: Imagined, actions: Tensor, places: Places, reach_m: float
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """What is kept of every state that the actions [A, H, 6] cause, each [A, H, ...]; and how
        far ahead of the bumper the cells of ``movers`` are, [M]."""
        if self.config.dynamics == "learned":
            # Only what the cost looks at is decoded: movables out of reach cost nothing.
            far = places.bumper_m + reach_m
            cut = places.within(*candidates.near_window(self.model, far), reach_m)
            kept = places if cut is None else cut
            out = candidates.imagine(
                self.model, start, actions[None], keep=kept.keep, near=cut is not None, ahead_m=far
            )
            return {n: v[0, :, 0].double().numpy() for n, v in out.items()}, kept.ahead_m
        states = imagine_all(self.model, start.repeat(len(actions)), actions, learned=False)
        each = [places.keep(state) for state in states]
        stacked = {n: torch.stack([k[n] for k in each], 1).double().numpy() for n in each[0]}
        return stacked, places.ahead_m

    def _discomfort(self, ego: np.ndarray) -> np.ndarray:
        """Cost [A] of what is felt: acceleration, its change, and leaving the centreline."""
        c = self.config
        acceleration, offset = self.targets.T
        change = acceleration - ego[EgoColumn.AX]
        felt = c.comfort_weight * acceleration**2 + c.change_weight * change**2
        return felt + c.offset_weight * np.abs(offset)

    def _where(self, vehicle: VehicleParams) -> Places:
        """The places of this vehicle, found once."""
        if vehicle not in self._places:
            self._places[vehicle] = places_of(self.model.config.grid, vehicle, self.config.margin_m)
        return self._places[vehicle]


def places_of(grid: GridConfig, vehicle: VehicleParams, margin_m: float) -> Places:
    """The cells under a car at the grid's origin, and those ahead of it; ``margin_m`` around it."""
    cells = cell_centers(grid)  # ego frame: the rear axle is the origin
    x, y = cells[..., 0] - vehicle.rear_axle_to_center_m, np.abs(cells[..., 1])
    wide = y <= vehicle.width_m / 2 + margin_m
    bumper_m = vehicle.rear_axle_to_center_m + vehicle.length_m / 2
    ahead_m = x - vehicle.length_m / 2
    lane = wide & (ahead_m > 0)
    body = wide & (np.abs(x) <= vehicle.length_m / 2 + margin_m)
    return Places(
        body=torch.from_numpy(body), lane=torch.from_numpy(lane), ahead_m=ahead_m[lane],
        bumper_m=bumper_m,
    )  # fmt: skip


def _ahead(movers: np.ndarray, ahead_m: np.ndarray, reach_m: np.ndarray) -> np.ndarray:
    """Highest chance of a movable [A, H, M] within reach [A, H] ahead, fading with distance
    ``ahead_m`` [M]; [A, H]."""
    closeness = 1.0 - ahead_m / np.maximum(reach_m, 1e-3)[..., None]
    return (movers * np.clip(closeness, 0.0, 1.0)).max(-1)
