"""`perceived`: any planner, driving on what a world model perceives instead of true tracks.

`perceived?planner=idm&run=RUN`. Every 0.5 s the model looks (cameras in mode `sensor`), its agent
head says who is there, and the inner planner gets these as tracks. Where the mode hides the map,
the route becomes a road of one lane, so that a planner that needs lanes can drive too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from shapely.geometry import LineString, Polygon
from shapely.ops import substring

from drivewm.config import Config, validate
from drivewm.errors import InputError
from drivewm.geometry.polylines import without_repeats
from drivewm.models import checkpoint
from drivewm.models.grid import STEP_S
from drivewm.models.heads.decode import Agents, decode
from drivewm.planners.looking import POSE, Gaze, image_size_of, modes_of
from drivewm.scene import Lane, Observation, RoadMap, Scene, Trajectory

PIECE_M = 40.0  # length of the lanes that the route is cut into
END_M = 10.0  # the road goes on behind the route's first point, where the car's tail is


class PerceivedConfig(Config):
    """Options of the planner."""

    run: str  # folder of a model trained with model.heads.agents=true
    planner: str = "idm"  # the inner planner; its own options follow %3F: idm%3Fspeed_mps%3D8
    min_score: float | None = None  # of an agent to be believed; the model's own by default
    lane_width_m: float = 3.7
    threads: int = 1


class Perceived:
    """The wrapper. One scene a call (a fixed batch keeps results independent of workers)."""

    name = "perceived"
    modes: tuple[str, ...] = ("sensor", "privileged")
    replan_interval_s = STEP_S

    def __init__(self, **options) -> None:
        from drivewm.planners.registry import create

        self.config = validate(PerceivedConfig, options, file="perceived")
        torch.set_num_threads(self.config.threads)
        self.model = checkpoint.load(self.config.run)
        heads = self.model.config.heads
        if not heads.agents:
            raise InputError(
                "the model has no agent head", file=self.config.run, field="model.heads.agents",
                fix="train with --set model.heads.agents=true",
            )  # fmt: skip
        self.min_score = self.config.min_score or heads.agent_min_score
        self.inner = create(self.config.planner)
        wanted = getattr(self.inner, "modes", None) or (getattr(self.inner, "mode", "privileged"),)
        if not {"privileged", "visible"} & set(wanted):
            raise InputError(f"'{self.config.planner}' does not drive by tracks",
                             field="perceived?planner", fix="use idm or pdm_closed")  # fmt: skip
        self.gaze, self.modes = Gaze(self.model), modes_of(self.model)
        self.fingerprint = checkpoint.digest(self.config.run)
        size = image_size_of(self.model)
        if size is not None:
            self.image_size = size

    def reset(self, scenes: Sequence[Scene]) -> None:
        """Forgets the last drive."""
        if len(scenes) != 1:
            raise InputError("perceived drives one scene a call", field="scenes", fix="batch of 1")
        self.gaze.reset()
        scene = scenes[0]
        if not scene.map.lanes:
            scene = replace(scene, map=route_map(scene.route, self.config.lane_width_m))
        self.map = scene.map
        self.inner.reset([scene])

    @torch.no_grad()
    def plan(self, observation: Observation) -> Trajectory:
        """Looks, and asks the inner planner; ``info`` tells how many agents were seen."""
        agents = self.perceive(observation)
        shown = replace(
            observation, mode="visible", tracks=agents.snapshot(), cameras=None,
            maps=(self.map,), lights=observation.lights or ({},),
            red_stop_points=observation.red_stop_points or (np.zeros((0, 2)),),
        )  # fmt: skip
        plan = self.inner.plan(shown)
        said = dict(plan.info[0]) if plan.info else {}
        return replace(plan, info=[{**said, "perceived_agents": len(agents)}])

    @torch.no_grad()
    def perceive(self, observation: Observation) -> Agents:
        """Who is there, in the map frame."""
        now, heads = self.gaze.look(observation), self.model.heads
        maps = heads.agent_maps(now.latent.features, now.probability, now.flow)
        boxes, classes = heads.agent_boxes(maps)
        return decode(boxes[0], classes[0], observation.ego[0][POSE], self.min_score)


def route_map(route: np.ndarray, width_m: float) -> RoadMap:
    """A road of one lane along a route [P, 2], in pieces that follow each other."""
    points = without_repeats(np.asarray(route, float))
    if len(points) < 2:
        return RoadMap(origin="none")
    before = points[0] - END_M * _direction(points[0], points[1])
    after = points[-1] + END_M * _direction(points[-2], points[-1])
    line = LineString([before, *points, after])
    count = max(2, round(line.length / PIECE_M))
    edges = np.linspace(0.0, line.length, count + 1)
    pieces = [substring(line, a, b) for a, b in pairwise(edges)]
    lanes = tuple(
        Lane(
            id=f"route-{i}", centerline=np.asarray(piece.coords), polygon=_ribbon(piece, width_m),
            successors=(f"route-{i + 1}",) if i + 1 < count else (),
            predecessors=(f"route-{i - 1}",) if i else (),
        )
        for i, piece in enumerate(pieces)
    )  # fmt: skip
    drivable = tuple(lane.polygon for lane in lanes if lane.polygon is not None)
    return RoadMap(origin="none", lanes=lanes, drivable=drivable)


def _direction(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (b - a) / np.linalg.norm(b - a)


def _ribbon(line: LineString, width_m: float) -> Polygon:
    shape = line.buffer(width_m / 2, cap_style="flat")
    return shape if isinstance(shape, Polygon) else max(shape.geoms, key=lambda part: part.area)
