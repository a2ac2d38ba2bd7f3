"""Everything PDM-Closed needs for one drive, as arrays. Shapes: N tracks, L lights, K paths."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from shapely.geometry import LineString, Polygon

from drivewm.errors import InputError
from drivewm.geometry.boxes import centre_poses, corners
from drivewm.geometry.polygons import PolygonSet
from drivewm.geometry.polylines import without_repeats
from drivewm.measures.proposals import ProposalScores, empty_scores
from drivewm.measures.proposals_areas import Areas, areas
from drivewm.measures.proposals_comfort import ComfortFilters, comfort_filters
from drivewm.measures.proposals_contact import RedLights
from drivewm.measures.proposals_line import Line, line
from drivewm.planners.nuplan_route import route_blocks
from drivewm.planners.pdm_corridor import Corridors, empty_corridors
from drivewm.planners.pdm_ground import INTERSECTION, LANE, Surroundings, look_around, starting_lane
from drivewm.planners.pdm_objects import DT_S, STRIDE, Memory, Objects, empty_objects
from drivewm.planners.pdm_path import Paths, parallel_paths
from drivewm.planners.pdm_route import centreline, correct_route, lanes_of
from drivewm.planners.pdm_types import Car, Law, Proposals, Signals, empty_proposals
from drivewm.scene import RoadMap, Scene
from drivewm.scene.road_graph import RoadGraph, road_graph
from drivewm.scene.roadblocks import with_roadblocks
from drivewm.sim.nuplan_agents import lane_headings, lights_of

DIARY_PLANS = 1000  # plans of a compiled drive of which the scores are kept
BAND_M = 1.75  # half width of a lane whose polygon is unknown
TTC_STEPS = 10  # observed beyond the last pose of a proposal


@dataclass(frozen=True, kw_only=True)
class PdmOptions:
    """tuplan_garage's ``pdm_closed_planner.yaml``."""

    map_radius_m: float = 50.0
    trajectory_poses: int = 80  # of 0.1 s, in the plan
    proposal_poses: int = 40  # of 0.1 s, simulated and scored
    offsets_m: tuple[float, ...] = (0.0, -1.0, 1.0)
    limit_shares: tuple[float, ...] = (0.2, 0.4, 0.6, 0.8, 1.0)
    unlimited_mps: float = 15.0  # where the lane has no limit
    min_gap_m: float = 1.0
    headway_s: float = 1.5
    accel_mps2: float = 1.5
    decel_mps2: float = 3.0


class PdmSetup(NamedTuple):
    """Constants and memory of one drive. Numba reads it as it is."""

    offsets_us: np.ndarray  # int64 [H] of the plan's poses; the first is 0
    car: Car
    law: Law
    radius_m: np.ndarray  # [1]
    limit_shares: np.ndarray  # [F]
    unlimited_mps: np.ndarray  # [1]
    proposal_poses: np.ndarray  # int64 [1]
    ground: Surroundings
    areas: Areas  # those of ``ground``
    paths: Paths
    corridors: Corridors
    centreline: Line
    signals: Signals
    memory: Memory
    objects: Objects
    proposals: Proposals
    simulated: np.ndarray  # [B, T, 11]
    filters: ComfortFilters
    no_lights: RedLights
    no_history: np.ndarray  # [0, 11]
    scores: ProposalScores
    chosen: np.ndarray  # int64 [2] proposal, 1 when the emergency brake took over
    past_scores: np.ndarray  # [D, B] of the first D plans of a compiled drive
    past_chosen: np.ndarray  # int64 [D, 2]


def setup(scene: Scene, **options: object) -> PdmSetup:
    """Prepares a drive that begins at the scene's first ego state.

    Args:
        options: fields of PdmOptions.

    Raises:
        InputError: the map has no lane graph, or an option is out of range.
    """
    chosen = checked(options)
    if not scene.map.has_lane_graph:
        raise InputError(
            "PDM-Closed needs a lane graph", field=f"map of scene {scene.id}",
            fix="use scenes whose map knows lanes and their successors, or another planner",
        )  # fmt: skip
    road_map = with_roadblocks(_with_surfaces(scene.map))
    graph, ego = road_graph(road_map), scene.ego[0]
    blocks = correct_route(graph, route_blocks(scene, graph).tolist(), ego)
    ground = _surroundings(graph, lanes_of(graph, blocks))
    vehicle = scene.vehicle
    centre = centre_poses(ego, vehicle.rear_axle_to_center_m)
    look_around(ground, centre[0], centre[1], chosen.map_radius_m)
    start = starting_lane(ground, ego, centre, corners(centre, vehicle.length_m, vehicle.width_m))
    middle = centreline(graph, blocks, int(start))
    paths = parallel_paths(middle, chosen.offsets_m)
    signals = _signals(scene, road_map, graph, ground.on_route)
    count, steps = len(chosen.offsets_m) * len(chosen.limit_shares), chosen.proposal_poses + 1
    observed = (chosen.proposal_poses + TTC_STEPS) // STRIDE + 1
    nothing = PolygonSet(
        np.zeros((0, 2)), np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros((0, 4))
    )
    return PdmSetup(
        offsets_us=np.arange(chosen.trajectory_poses + 1, dtype=np.int64) * round(DT_S * 1e6),
        car=Car(vehicle.length_m, vehicle.width_m, vehicle.rear_axle_to_center_m,
                vehicle.wheelbase_m),
        law=Law(chosen.min_gap_m, chosen.headway_s, chosen.accel_mps2, chosen.decel_mps2),
        radius_m=np.array([chosen.map_radius_m]), limit_shares=np.array(chosen.limit_shares),
        unlimited_mps=np.array([chosen.unlimited_mps]),
        proposal_poses=np.array([chosen.proposal_poses]), ground=ground, areas=ground.areas,
        paths=paths,
        corridors=empty_corridors(paths), centreline=line(middle[:, :2]), signals=signals,
        memory=Memory(np.zeros(len(scene.tracks), bool), np.zeros(len(signals.lane), bool)),
        objects=empty_objects(observed),
        proposals=empty_proposals(
            len(chosen.offsets_m), len(chosen.limit_shares), chosen.trajectory_poses,
            len(signals.lane),
        ),
        simulated=np.zeros((count, steps, 11)), filters=comfort_filters(steps, True),
        no_lights=RedLights(areas(nothing, np.zeros(0, np.uint8)), np.zeros((0, observed), bool)),
        no_history=np.zeros((0, 11)), scores=empty_scores(count, steps),
        chosen=np.zeros(2, np.int64), past_scores=np.zeros((DIARY_PLANS, count)),
        past_chosen=np.zeros((DIARY_PLANS, 2), np.int64),
    )  # fmt: skip


def _with_surfaces(road_map: RoadMap) -> RoadMap:
    """The map with a band around the centreline of every lane that has no polygon."""
    if all(lane.polygon is not None for lane in road_map.lanes):
        return road_map
    lanes = tuple(
        lane if lane.polygon is not None else replace(lane, polygon=_band(lane.centerline))
        for lane in road_map.lanes
    )
    return replace(road_map, lanes=lanes, _by_id={})


def _band(line: np.ndarray) -> Polygon | None:
    xy = without_repeats(np.asarray(line, float))
    if len(xy) < 2:
        return None
    band = LineString(xy).buffer(BAND_M, cap_style="flat")
    return max(getattr(band, "geoms", [band]), key=lambda part: part.area)


def checked(options: dict[str, object]) -> PdmOptions:
    """The options with defaults for the rest.

    Raises:
        InputError: one is unknown or out of range.
    """
    try:
        chosen = PdmOptions(**options)  # type: ignore[arg-type]
    except TypeError as error:
        raise InputError(str(error), field="pdm_closed", fix="see PdmOptions") from error
    numbers = (
        chosen.map_radius_m, chosen.unlimited_mps, chosen.min_gap_m, chosen.headway_s,
        chosen.accel_mps2, chosen.decel_mps2, *chosen.limit_shares,
    )  # fmt: skip
    if not all(0 < value < np.inf for value in numbers):
        raise InputError("an option is not above 0", field="pdm_closed", fix="mend it")
    if not 10 <= chosen.proposal_poses <= chosen.trajectory_poses:
        raise InputError(
            "proposals have fewer than 10 poses, or more than the plan", field="pdm_closed",
            fix="give 10 <= proposal_poses <= trajectory_poses",
        )  # fmt: skip
    if not chosen.offsets_m or chosen.offsets_m[0] != 0 or not chosen.limit_shares:
        raise InputError(
            "no proposals, or none on the centreline", field="pdm_closed",
            fix="begin offsets_m with 0 and name at least one share of the limit",
        )  # fmt: skip
    return chosen


def _surroundings(graph: RoadGraph, route: list[int]) -> Surroundings:
    lanes = len(graph.lanes.bounds)
    on_route = np.zeros(lanes, bool)
    on_route[route] = True
    return Surroundings(
        lanes=graph.lanes, speed_limit_mps=graph.speed_limit_mps, line_first=graph.line_first,
        line_xy=graph.line_xy, blocks=graph.blocks, blocks_row=graph.blocks_row,
        block_is_connector=graph.block_is_connector, block_first=graph.block_first,
        block_lane=graph.block_lane, carparks=graph.carparks, vertex_heading=lane_headings(graph),
        route_lane=np.array(route, np.int64), on_route=on_route, areas=_areas(graph),
        block_near=np.zeros(len(graph.block_is_connector), bool),
        listed=np.zeros(lanes + len(graph.carparks.bounds), np.int64),
        listed_count=np.zeros(1, np.int64),
    )  # fmt: skip


def _areas(graph: RoadGraph) -> Areas:
    """Lanes, carparks and intersections in this order."""
    parts = (graph.lanes, graph.carparks, graph.intersections)
    rings = np.cumsum([0, *(len(part.vertices) for part in parts)])
    shapes = np.cumsum([0, *(len(part.ring_start) - 1 for part in parts)])
    together = PolygonSet(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([[0], *(p.ring_start[1:] + at for p, at in zip(parts, rings))]),
        np.concatenate([[0], *(p.polygon_start[1:] + at for p, at in zip(parts, shapes))]),
        np.concatenate([part.bounds for part in parts]),
    )
    count = len(graph.intersections.bounds)
    kind = np.full(len(together.bounds), LANE, np.uint8)
    kind[len(kind) - count :] = INTERSECTION
    return areas(together, kind)


def _signals(scene: Scene, road_map: RoadMap, graph: RoadGraph, on_route: np.ndarray) -> Signals:
    lanes = lights_of(road_map, scene.lights)
    lanes[~on_route[lanes]] = -1
    centroid = np.zeros((len(lanes), 2))
    for i, lane in enumerate(lanes):
        if lane >= 0:
            shape = road_map.lane(scene.lights.lane_ids[i]).polygon
            if shape is not None:
                centroid[i] = shape.centroid.x, shape.centroid.y
    return Signals(
        lanes=graph.lanes, lane_bounds=graph.lanes.bounds, lane=lanes, centroid=centroid,
        red=np.zeros(len(lanes), bool),
    )  # fmt: skip
