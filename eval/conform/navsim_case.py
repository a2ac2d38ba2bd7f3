"""Cases of NAVSIM's scorer: the environment and the driven plans of a row. Shapes: B proposals."""

from __future__ import annotations

import gzip
import json
from functools import lru_cache

import numpy as np

from drivewm.eval.conform.fixtures import Fixtures, Row, lights_of, poses, states, tracks_of
from drivewm.eval.conform.tally import Tally
from drivewm.geometry.boxes import centre_poses
from drivewm.measures.proposals import ProposalEnvironment, ProposalScores
from drivewm.measures.proposals_areas import Ground
from drivewm.measures.proposals_environment import (
    Layers,
    layers_near,
    red_lights,
    track_boxes,
    without_overlaps,
)
from drivewm.measures.proposals_line import line
from drivewm.scene import PACIFICA, RoadMap
from drivewm.sim.batch_lqr import simulate
from drivewm.sim.plan_poses import absolute_poses, past_states

CLOSE = 1e-6
PAST_US = np.array([-1_500_000, -1_000_000, -500_000, 0])
FLAGS = ("lon_acc", "lat_acc", "jerk", "lon_jerk", "yaw_acc", "yaw_rate")


def layers_of(row: Row, road: RoadMap) -> tuple[Layers, set[str]]:
    """The polygons around the ego and the lanes of the route."""
    lanes_of = {block.id: block.lane_ids for block in road.roadblocks}
    route = {lane for block in row["route_roadblock_ids"].split(",") for lane in lanes_of[block]}
    x, y, _ = centre_poses(states(row, "ego0")[0], PACIFICA.rear_axle_to_center_m)
    return layers_near(road, x, y, route), route


def environment_of(row: Row, road: RoadMap, is_v2: bool) -> ProposalEnvironment:
    """What the reference builds its caches from; v2 has lights, history, and no first overlaps."""
    observed, ego = row["n_frames"], states(row, "ego0")[0]
    layers, route = layers_of(row, road)
    tracks = tracks_of(row, observed)
    boxes = track_boxes(tracks.state, tracks.valid, tracks.size_m, tracks.score_type)
    names: tuple[str, ...] = ()
    status, history = None, np.zeros((0, ego.shape[0]))
    if is_v2:
        boxes = without_overlaps(boxes, ego, PACIFICA)
        names, status = lights_of(row, observed)
        history = past_states(states(row, "past"), row["t_us"] + PAST_US)
    edges = row["centerline_edge_ids"].split(",")
    return ProposalEnvironment(
        areas=layers.areas(),
        centreline=line(np.concatenate([road.lane(name).centerline[:, :2] for name in edges])),
        tracks=boxes,
        lights=red_lights(road, names, status, route, observed),
        history=history,
        length_m=PACIFICA.length_m,
        width_m=PACIFICA.width_m,
        rear_axle_to_center_m=PACIFICA.rear_axle_to_center_m,
    )


def given_states(row: Row) -> np.ndarray:
    """[B + 2, 41, 11]: reference plan, proposals, human, as the fixture gives them."""
    return states(row, "states", (row["B"] + 2,))


def driven_states(row: Row) -> np.ndarray:
    """The same from the poses, through the batch tracker."""
    count, ego = row["B"], states(row, "ego0")[0]
    plans = np.concatenate(
        [poses(row, "pdm", (1,)), poses(row, "poses", (count,)), poses(row, "human", (1,))]
    )
    placed = absolute_poses(plans, row["poses_dt"], ego, row["t_us"])
    return simulate(placed, ego, PACIFICA.wheelbase_m)


def expected_layers(fixtures: Fixtures, row: Row) -> tuple[list[str], list[str]]:
    """The reference's polygons: ids as far as a ``RoadMap`` has them, and kinds."""
    unnamed = _unnamed(str(fixtures.folder / "maps.json.gz"))[row["map_id"]]
    names = ["" if name in unnamed else name for name in row["out_drivable_tokens"]]
    return names, list(row["out_drivable_types"])


def kind_names(layers: Layers, road: RoadMap) -> list[str]:
    """The reference's names of the kinds."""
    out = []
    for name, kind in zip(layers.names, layers.kinds):
        if kind & Ground.LANE:
            out.append("LANE_CONNECTOR" if road.lane(name).is_connector else "LANE")
        elif kind & Ground.INTERSECTION:
            out.append("INTERSECTION")
        else:
            out.append("ROADBLOCK" if name else "CARPARK_AREA")
    return out


@lru_cache(maxsize=2)
def _unnamed(path: str) -> dict[str, frozenset[str]]:
    """Ids of the polygons that are not lanes or roadblocks, by map."""
    with gzip.open(path) as file:
        return {
            row["map_id"]: frozenset(
                item["id"] for layer in ("intersections", "carparks") for item in row[layer]
            )
            for row in json.load(file)
        }


def compare_layers(tally: Tally, case: str, fixtures: Fixtures, row: Row, road: RoadMap) -> None:
    """The polygons of the drivable map: which, of what kind, in what order."""
    layers, _ = layers_of(row, road)
    names, kinds = expected_layers(fixtures, row)
    tally.discrete(case, "drivable_tokens", names, list(layers.names))
    tally.discrete(case, "drivable_types", kinds, kind_names(layers, road))


def compare_batch(tally: Tally, case: str, row: Row, scores: ProposalScores) -> None:
    """What both versions tell of a scored batch, besides the sub-scores."""
    tally.close(case, "l1_pdm_score", row["out_l1_pdm_score"], scores.score, CLOSE)
    tally.close(case, "l1_progress_raw", row["out_l1_progress_raw"], scores.progress_m, CLOSE)
    tally.discrete(case, "l1_collision_idx", row["out_l1_collision_idx"], scores.collision_step)
    tally.discrete(case, "l1_ttc_idx", row["out_l1_ttc_idx"], scores.ttc_step)
    tally.discrete(case, "l1_ego_areas", row["out_l1_ego_areas"], (scores.where & 7).ravel())
    flags = scores.comfort_ok.ravel()
    tally.discrete(case, "l1_comfort_flags", row["out_l1_comfort_flags"], flags)
