"""What a fleet's moment is judged against. Shapes: T steps, N tracks, L lights, O observed steps.

Lanes, lights and drivable polygons that a source lacks make terms not applicable; what the scorer
computes without them must then not reach the others, so they are made neutral here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from shapely.geometry import box

from drivewm.eval.moments import cut, moved
from drivewm.eval.scores.base import Missing
from drivewm.geometry.strips import Strips
from drivewm.geometry.strips import cut as strips
from drivewm.measures.drivable import disjoint
from drivewm.measures.proposals import ProposalEnvironment
from drivewm.measures.proposals_areas import Areas, Ground
from drivewm.measures.proposals_environment import (
    Layers,
    layers_near,
    red_lights,
    track_boxes,
    without_overlaps,
)
from drivewm.measures.proposals_line import Line, line
from drivewm.planners.nuplan_route import route_blocks
from drivewm.scene import RoadMap, Scene, Tracks
from drivewm.scene.road_graph import road_graph
from drivewm.scene.roadblocks import with_roadblocks
from drivewm.sim.agent_noise import vary
from drivewm.sim.config import SimConfig
from drivewm.sim.plan_poses import past_states
from drivewm.sim.traffic import nuplan_traffic, reactive_traffic

NO_HISTORY = np.zeros((0, 11))
EVERYWHERE_M = 1e6
PAST_STEPS = np.array([-15, -10, -5, 0])  # NAVSIM's four frames


@dataclass(frozen=True, kw_only=True)
class Landscape:
    """What a recording's map gives, made once."""

    road: RoadMap  # with roadblocks
    areas: Areas  # all of it
    route_blocks: tuple[str, ...]  # roadblocks in order
    route_lanes: frozenset[str]
    centreline: Line
    has_lanes: bool
    has_lights: bool
    has_drivable: bool
    edge: Strips | None  # union of what is drivable, for margins; None: not known

    def applicable(self, terms: tuple[str, ...], missing: Missing) -> tuple[str, ...]:
        """The terms that the source lets be judged."""
        if missing == "reference":
            return terms
        lacking = {
            "driving_direction": not self.has_lanes, "lane_keeping": not self.has_lanes,
            "traffic_light": not self.has_lights, "drivable_area": not self.has_drivable,
        }  # fmt: skip
        return tuple(term for term in terms if not lacking.get(term, False))


def landscape_of(scene: Scene, missing: Missing) -> Landscape:
    """The map of a whole recording and its route.

    Unlike NAVSIM, which takes what is within 100 m of the ego, all of the map: no plan drives
    farther, and the polygons are flattened once. The map's own drivable polygons count too: on
    other maps than nuPlan's they are the road.
    """
    road = scene.map
    blocks: tuple[str, ...] = ()
    if road.has_lane_graph:
        road = with_roadblocks(road)
        found = route_blocks(replace(scene, map=road), road_graph(road))
        blocks = tuple(road.roadblocks[row].id for row in found)
    on_route = [block for block in road.roadblocks if block.id in blocks]
    lanes = frozenset(name for block in on_route for name in block.lane_ids)
    x, y = float(scene.ego[0, 0]), float(scene.ego[0, 1])
    layers = layers_near(road, x, y, lanes, radius_m=EVERYWHERE_M)
    has_drivable = bool(road.drivable) or bool(road.roadblocks)
    own = tuple(road.drivable)
    if missing == "drop" and not has_drivable:  # what cannot be judged must not fail
        own = (box(x - EVERYWHERE_M, y - EVERYWHERE_M, x + EVERYWHERE_M, y + EVERYWHERE_M),)
    all_layers = Layers(
        shapes=layers.shapes + own,
        kinds=layers.kinds + (Ground.DRIVABLE,) * len(own),
        names=layers.names + ("",) * len(own),
    )
    return Landscape(
        road=road, areas=all_layers.areas(), route_blocks=blocks, route_lanes=lanes,
        centreline=line(np.asarray(scene.route, float)), has_lanes=bool(lanes),
        has_lights=scene.lights.status is not None, has_drivable=has_drivable,
        edge=_edge(all_layers) if has_drivable else None,
    )  # fmt: skip


def _edge(layers: Layers) -> Strips:
    return strips(
        disjoint([s for s, kind in zip(layers.shapes, layers.kinds) if kind & Ground.DRIVABLE])
    )


def with_route(scene: Scene, land: Landscape) -> Scene:
    """The recording, its map having roadblocks and its route named by them."""
    return replace(scene, map=land.road, route_roadblocks=land.route_blocks)


def environment_at(
    scene: Scene,
    land: Landscape,
    step: int,
    offset: tuple[float, float, float],
    tracks: Tracks,
    is_v2: bool,
) -> ProposalEnvironment:
    """The surroundings of a moment.

    Args:
        scene: the recording.
        land: of it.
        step: of the moment.
        offset: of the ego from the recording (see ``moments.cut``).
        tracks: as they move, at the observed steps ([N, O]).
        is_v2: with history, and without tracks that overlap the ego at first.
    """
    observed = tracks.valid.shape[1]
    ego = moved(scene.ego[step : step + 1], offset)[0]
    boxes = track_boxes(tracks.state, tracks.valid, tracks.size_m, tracks.score_type)
    history, status = NO_HISTORY, scene.lights.status
    if is_v2:
        boxes = without_overlaps(boxes, ego, scene.vehicle)
        known = np.maximum(step + PAST_STEPS, 0)
        if step + PAST_STEPS[0] >= 0:
            history = past_states(moved(scene.ego[known], offset), scene.times_us[known])
    lights = () if status is None else scene.lights.lane_ids
    shown = None if status is None else _held(status, step, observed)
    car = scene.vehicle
    return ProposalEnvironment(
        areas=land.areas, centreline=land.centreline, tracks=boxes,
        lights=red_lights(land.road, lights, shown, land.route_lanes, observed),
        history=history, length_m=car.length_m, width_m=car.width_m,
        rear_axle_to_center_m=car.rear_axle_to_center_m,
    )  # fmt: skip


def observed_tracks(scene: Scene, step: int, observed: int) -> Tracks:
    """The recorded tracks from a step on; beyond the recording's end nothing is seen."""
    tracks, end = scene.tracks, min(step + observed, scene.steps)
    count = len(tracks)
    state, valid = np.zeros((count, observed, 6)), np.zeros((count, observed), bool)
    state[:, : end - step] = tracks.state[:, step:end]
    valid[:, : end - step] = tracks.valid[:, step:end]
    return replace(tracks, state=state, valid=valid)


def reacting_tracks(scene: Scene, step: int, driven: np.ndarray, sim: SimConfig) -> Tracks:
    """The tracks [N, T] that react to an ego which drives as ``driven`` [T, 11] says."""
    here = cut(scene, step)
    traffic = nuplan_traffic(here) if sim.agents == "nuplan_idm" else reactive_traffic(here)
    vary(traffic, sim, scene.id)
    states, valid = [traffic.state.copy()], [traffic.valid.copy()]
    for ego in driven[:-1]:
        traffic.step(ego, scene.vehicle)
        states.append(traffic.state.copy())
        valid.append(traffic.valid.copy())
    return Tracks(
        ids=traffic.ids, categories=traffic.categories, score_type=traffic.score_type,
        occ_class=traffic.occ_class, size_m=traffic.size_m, state=np.stack(states, 1),
        valid=np.stack(valid, 1),
    )  # fmt: skip


def _held(status: np.ndarray, step: int, observed: int) -> np.ndarray:
    steps = np.minimum(step + np.arange(observed), status.shape[1] - 1)
    return status[:, steps]
