"""Builds a world from its spec: network, scenery, agents, lights, the ego's start and route."""

from __future__ import annotations

import numpy as np

from drivewm.scene import ZOE, EgoColumn
from drivewm.seeds import generator
from drivewm.sim.lights import LightProgram
from drivewm.sim.traffic import Traffic
from drivewm.sim.traffic_paths import arc_lengths, pack
from drivewm.sim.traffic_state import pack_events
from drivewm.worlds.cast import Cast
from drivewm.worlds.kerbside import add_crossers, add_parked, add_walkers, add_works, plan_works
from drivewm.worlds.layouts import draw
from drivewm.worlds.layouts.network import Network
from drivewm.worlds.pathways import Pathways
from drivewm.worlds.scenery import build_scenery
from drivewm.worlds.spawn import (
    EgoPlan,
    Stage,
    fill_lanes,
    stage_cut_in,
    stage_lane_changes,
    stage_lead,
)  # fmt: skip
from drivewm.worlds.world import World, WorldSpec

ROUTE_EXTENSION_M = 80.0


def build(spec: WorldSpec) -> World:
    """The world of a spec; deterministic."""
    network = draw(spec.layout, spec.layout_seed)
    road = network.road_area()
    ways = Pathways(network, spec.origin_m)
    ways.works = plan_works(generator("works", spec.seed), network)
    ego = plan_ego(ways, generator("ego", spec.seed))
    stage = Stage(
        ways=ways, cast=Cast(), rng=generator("traffic", spec.seed), density=spec.density, ego=ego,
        events=[], duration_s=spec.duration_s,
    )  # fmt: skip
    stage_lead(stage)
    stage_cut_in(stage)
    fill_lanes(stage)
    stage_lane_changes(stage)
    add_crossers(stage)
    add_walkers(stage, road)
    add_parked(stage, add_works(stage))
    lights = light_program(ways, generator("lights", spec.seed))
    start, route = ego_start(ways, ego), route_of(ways, ego)
    scenery_rng = generator("scenery", spec.layout, spec.layout_seed)
    return World(
        spec=spec, road_map=network.road_map(spec.origin_m),
        solids=build_scenery(network, road, ways.origin, scenery_rng), lights=lights, vehicle=ZOE,
        ego_start=start, route=route, speed_limit_mps=network.speed_limit_mps,
        make_traffic=traffic_maker(stage, lights, start, spec),
    )  # fmt: skip


def plan_ego(ways: Pathways, rng: np.random.Generator) -> EgoPlan:
    """A start lane, a way through the network, a place early on it."""
    network: Network = ways.network
    start = network.starts[int(rng.integers(len(network.starts)))]
    lanes = ways.walk(start, rng)
    length = float(arc_lengths(ways.line(lanes)[0])[-1])
    needed = 20.0 * network.speed_limit_mps + 10.0
    s = rng.uniform(12.0, float(np.clip(length - needed, 14.0, 60.0)))
    return EgoPlan(
        lanes=lanes, path=ways.path(lanes), s=s,
        speed=network.speed_limit_mps * rng.uniform(0.5, 0.85),
    )  # fmt: skip


def ego_start(ways: Pathways, ego: EgoPlan) -> np.ndarray:
    """Ego state [11] on the path, rolling straight."""
    xy = ways.paths[ego.path].xy
    s = arc_lengths(xy)
    here, next_ = (np.array([np.interp(at, s, xy[:, k]) for k in (0, 1)])
                   for at in (ego.s, ego.s + 1.0))  # fmt: skip
    state = np.zeros(len(EgoColumn))
    state[EgoColumn.X], state[EgoColumn.Y] = here
    state[EgoColumn.HEADING] = np.arctan2(*(next_ - here)[::-1])
    state[EgoColumn.VX] = ego.speed
    return state


def route_of(ways: Pathways, ego: EgoPlan) -> np.ndarray:
    """Lane centreline [P, 2] at 1 m from the ego's start, with a straight extension at the end."""
    line, _ = ways.line(ego.lanes)
    s = arc_lengths(line)
    even = np.arange(ego.s, s[-1], 1.0)
    inside = np.stack([np.interp(even, s, line[:, k]) for k in (0, 1)], -1)
    step = (line[-1] - line[-2]) / np.hypot(*(line[-1] - line[-2]))
    outside = inside[-1] + np.outer(np.arange(1.0, ROUTE_EXTENSION_M + 1), step)
    return np.vstack([inside, outside])


def light_program(ways: Pathways, rng: np.random.Generator) -> LightProgram:
    """The programme of the network's lights, at a random point of its cycle."""
    network, controlled = ways.network, ways.controlled
    if not controlled:
        return LightProgram()
    points = np.array([network.lanes[k].line[0] for k in controlled]) + ways.origin
    program = LightProgram(
        lane_ids=tuple(network.lane_id(k) for k in controlled), stop_points=points,
        group=np.array([network.lanes[k].light_group for k in controlled], np.int64),
        green_s=network.greens, offset_s=float(rng.uniform(0, 40)),
    )  # fmt: skip
    return program


def traffic_maker(stage: Stage, lights: LightProgram, start: np.ndarray, spec: WorldSpec):
    """A function that makes fresh agents at time 0."""
    cast = stage.cast
    paths = pack(stage.ways.paths, stage.ways.zone_soft)
    score_type, occ_class = cast.classes()
    ids = cast.ids(f"{spec.layout}/{spec.layout_seed}/{spec.seed}")

    def make_traffic() -> Traffic:
        traffic = Traffic(
            ids=ids, categories=tuple(m.kind.category for m in cast.members),
            score_type=score_type, occ_class=occ_class, size_m=cast.sizes(), agents=cast.agents(),
            paths=paths, events=pack_events(stage.events), light_lane_ids=lights.lane_ids,
            light_stop_points=lights.stop_points, lights_at=lights.status_at,
            ego_path=stage.ego.path, lift_m=cast.sizes()[:, 2] / 2,  # paths lie on the ground
        )  # fmt: skip
        traffic.admit(start, ZOE)
        return traffic

    return make_traffic
