"""A concrete scenario built: scene, agents, world, how it is driven. Shapes: T steps, N actors."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from drivewm.errors import InputError
from drivewm.scenarios.beginning import NOBODY, with_tracks
from drivewm.scenarios.build_actors import cast_of, check_overlaps
from drivewm.scenarios.build_story import EGO, StoryWriter
from drivewm.scenarios.build_world import world_of
from drivewm.scenarios.family import Concrete
from drivewm.scenarios.placing import EgoWay, ego_way
from drivewm.scenarios.placing_paths import PathBook
from drivewm.scenarios.roads import Drawn, draw
from drivewm.scene import ZOE, EgoColumn, Lights, Scene, VehicleParams
from drivewm.sim.config import DT_S, DT_US
from drivewm.sim.script import model as m
from drivewm.sim.traffic import Traffic
from drivewm.worlds.world import World

SOURCE = "scenario"
EPOCH_US = 1_600_000_000_000_000


@dataclass(frozen=True)
class Built:
    """Everything that a drive needs; the same concrete scenario builds the same."""

    concrete: Concrete
    scene: Scene
    storyboard: m.Storyboard
    drawn: Drawn = field(repr=False)

    @property
    def sim(self) -> dict[str, Any]:
        """The settings of ``SimConfig`` that belong to the scenario; weather and cameras are the
        world's."""
        sim = self.concrete.sim
        told: dict[str, Any] = {"duration_s": sim.duration_s, "friction": sim.friction}
        if sim.mode is not None:
            told["mode"] = sim.mode
        if sim.visible is not None:
            told["visible"] = sim.visible.model_dump()
        return told

    @property
    def dead_cameras(self) -> tuple[str, ...]:
        """Channels that show nothing."""
        return self.concrete.sim.dead_cameras

    def make_traffic(self) -> Traffic:
        """Fresh agents at time 0."""
        return _traffic(self.storyboard, self.scene, self.drawn)

    @cached_property
    def world(self) -> World:
        """For cameras: the road with scenery, in the scenario's weather."""
        return world_of(self.concrete, self.scene, self.drawn, self.make_traffic)


def build(concrete: Concrete, vehicle: VehicleParams = ZOE) -> Built:
    """Builds a scenario.

    Raises:
        InputError: the road cannot be drawn, the route not be reached, an actor not be placed, or
            two begin in the same place.
    """
    at = f"{concrete.file}:{concrete.line}" if concrete.file else concrete.id
    try:
        return _build(concrete, vehicle, at)
    except InputError as error:
        if error.file is not None:
            raise
        raise InputError(error.problem, file=at, field=error.field, fix=error.fix) from error


def _build(concrete: Concrete, vehicle: VehicleParams, at: str) -> Built:
    drawn = draw(concrete.road)
    ego = ego_way(concrete.road, drawn, concrete.ego)
    book = PathBook(drawn, ego)
    cast = cast_of(concrete, drawn, ego, book, vehicle)
    writer = StoryWriter(ego, book, cast.placed)
    stories = writer.stories(concrete.story, at)
    start = _ego_start(ego)
    check_overlaps(cast, book, start, vehicle)
    storyboard = m.Storyboard(
        actors=cast.actors, stories=stories, ego_id=EGO,
        roads=m.Roads(paths=tuple(book.paths), zone_soft=book.zone_soft),
        ego_start=m.WorldPosition(x_m=start[0], y_m=start[1], heading_rad=start[2]),
        ego_speed_mps=ego.speed_mps,
    )  # fmt: skip
    bare = _scene(concrete, drawn, ego, vehicle, start)
    first = _traffic(storyboard, bare, drawn)
    return Built(concrete, with_tracks(bare, first), storyboard, drawn)


def _traffic(storyboard: m.Storyboard, scene: Scene, drawn: Drawn) -> Traffic:
    from drivewm.sim.script.traffic import scripted_traffic

    return scripted_traffic(storyboard, scene, lights=drawn.lights)


def _ego_start(ego: EgoWay) -> np.ndarray:
    """Ego state [11] beside its lane's middle, rolling straight."""
    state = np.zeros(len(EgoColumn))
    state[[EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]] = ego.at(0.0, ego.left_m)
    state[EgoColumn.VX] = ego.speed_mps
    return state


def _scene(
    concrete: Concrete, drawn: Drawn, ego: EgoWay, vehicle: VehicleParams, start: np.ndarray
) -> Scene:
    steps = round(concrete.sim.duration_s / DT_S) + 1
    status = None
    if drawn.lights.lane_ids:
        status = np.stack([drawn.lights.status_at(k * DT_S) for k in range(steps)], -1)
    return Scene(
        id=concrete.id, source=SOURCE, location=concrete.road.kind, split=concrete.group or SOURCE,
        times_us=EPOCH_US + np.arange(steps, dtype=np.int64) * DT_US,
        ego=_pace(concrete, ego, start, steps), vehicle=vehicle, tracks=NOBODY,
        map=drawn.network.road_map((0.0, 0.0)),
        lights=Lights(lane_ids=drawn.lights.lane_ids if status is not None else (), status=status),
        route=ego.route, native_rate_hz=1.0 / DT_S, scenario=concrete.to_json(),
    )  # fmt: skip


def _pace(concrete: Concrete, ego: EgoWay, start: np.ndarray, steps: int) -> np.ndarray:
    """What stands where logs have the recorded ego: who would just reach the goal in time, at a
    constant speed along the route. Scores measure progress against it; [T, 11]."""
    needed = concrete.passing.progress_m if not concrete.passing.goal else None
    speed = (concrete.ego.goal_m if needed is None else needed) / (DT_S * (steps - 1))
    line = ego.route
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.minimum(np.arange(steps) * DT_S * speed, s[-1] - 1.0)
    here, ahead = (np.stack([np.interp(at + d, s, line[:, k]) for k in (0, 1)], -1)
                   for d in (0.0, 0.5))  # fmt: skip
    states = np.zeros((steps, len(EgoColumn)))
    states[:, [EgoColumn.X, EgoColumn.Y]] = here
    states[:, EgoColumn.HEADING] = np.arctan2(*(ahead - here).T[::-1])
    states[:, EgoColumn.VX] = speed
    states[0] = start
    return states
