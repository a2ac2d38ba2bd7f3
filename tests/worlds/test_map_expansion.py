"""The map expansion and the map pictures, read by the devkit."""

import json

import numpy as np
import pytest
from nuscenes.map_expansion.arcline_path_utils import discretize_lane
from nuscenes.map_expansion.bitmap import BitMap
from nuscenes.map_expansion.map_api import NuScenesMap
from nuscenes.utils.map_mask import MapMask
from shapely.geometry import LineString, Point

from drivewm.worlds.map_expansion import expansion, expansion_text
from drivewm.worlds.map_images import MASK_TOKENS, basemap, semantic_prior

from .roads import two_lanes_through_a_light

LOCATION = "boston-seaport"


@pytest.fixture(scope="module")
def networks():
    return [two_lanes_through_a_light(), two_lanes_through_a_light(300, 210, "far_")]


@pytest.fixture(scope="module")
def root(networks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    for name, content in (
        (f"expansion/{LOCATION}.json", expansion_text(LOCATION, networks).encode()),
        (f"basemap/{LOCATION}.png", basemap(networks)),
        (f"{MASK_TOKENS[LOCATION]}.png", semantic_prior(networks)),
    ):
        path = folder / "maps" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def nusc_map(root):
    return NuScenesMap(str(root), LOCATION)


def test_devkit_finds_layers_on_points(nusc_map):
    on_lane = nusc_map.layers_on_point(110.0, 50.0)
    assert on_lane["lane"] == "in0" and on_lane["drivable_area"] and on_lane["road_block"]
    assert not nusc_map.get("road_segment", on_lane["road_segment"])["is_intersection"]
    inside = nusc_map.layers_on_point(175.0, 50.0)
    assert nusc_map.get("road_segment", inside["road_segment"])["is_intersection"]
    assert nusc_map.layers_on_point(110.0, 59.0)["walkway"]
    assert not any(nusc_map.layers_on_point(110.0, 90.0).values())
    assert not nusc_map.layers_on_point(168.0, 45.0)["drivable_area"]  # the island is a hole


def test_lane_graph_and_closest_lane(nusc_map):
    assert nusc_map.get_closest_lane(110.0, 50.4) == "in0"
    assert nusc_map.get_closest_lane(170.0, 50.0) == "through"
    assert nusc_map.get_outgoing_lane_ids("in0") == ["through"]
    assert nusc_map.get_incoming_lane_ids("out") == ["through"]


def test_centerlines_come_back(nusc_map, networks):
    for network in networks:
        for lane in network.road_map.lanes:
            points = np.array(discretize_lane(nusc_map.get_arcline_path(lane.id), 0.5))
            line = LineString(lane.centerline)
            assert max(line.distance(Point(p[:2])) for p in points) < 0.1
            assert np.allclose(points[[0, -1], :2], lane.centerline[[0, -1]], atol=0.05)
    assert len(nusc_map.discretize_centerlines(1.0)) == 8


def test_dividers_part_lanes_or_directions(nusc_map):
    assert len(nusc_map.lane_divider) == 2 and len(nusc_map.road_divider) == 2
    nodes = nusc_map.get("lane", "in0")["left_lane_divider_segment_nodes"]
    assert nodes[0]["y"] == 51.75


def test_lights_and_stop_lines_point_at_each_other(nusc_map):
    lit = [s for s in nusc_map.stop_line if s["stop_line_type"] == "TRAFFIC_LIGHT"]
    assert len(lit) == 2
    light = nusc_map.get("traffic_light", lit[0]["traffic_light_tokens"][0])
    assert light["pose"]["tx"] == pytest.approx(166.7)
    assert light["from_road_block_token"] == nusc_map.layers_on_point(110.0, 50.0)["road_block"]
    waiting = [s for s in nusc_map.stop_line if s["stop_line_type"] == "PED_CROSSING"]
    assert waiting[0]["cue"][0]["token"] == nusc_map.ped_crossing[0]["token"]


def test_rasterised_map_and_patch_queries_work(nusc_map):
    mask = nusc_map.get_map_mask((170, 50, 60, 60), 0, ["drivable_area", "walkway"], (60, 60))
    assert mask.shape == (2, 60, 60) and mask[0].any() and mask[1].any()
    found = nusc_map.get_records_in_radius(170, 50, 30, ["lane", "lane_connector", "stop_line"])
    assert found["lane_connector"] == ["through"] and len(found["stop_line"]) == 2


def test_map_mask_says_where_one_may_drive(root, nusc_map):
    mask = MapMask(str(root / "maps" / f"{MASK_TOKENS[LOCATION]}.png"))
    xs = np.array([110.0, 110.0, 168.0, 310.0, 99.0, 110.0])
    ys = np.array([50.0, 57.7, 45.0, 210.0, 50.0, 58.4])
    assert mask.is_on_mask(xs, ys).tolist() == [True, True, False, True, False, False]
    width, height = nusc_map.canvas_edge
    assert mask.mask().shape == (round(height * 10), round(width * 10))


def test_devkit_bitmaps_open(root):
    for layer in ("basemap", "semantic_prior"):
        assert BitMap(str(root), LOCATION, layer).image.ndim == 2


def test_same_networks_same_bytes(networks):
    assert expansion_text(LOCATION, networks) == expansion_text(LOCATION, networks)
    assert semantic_prior(networks) == semantic_prior(networks)


def test_shared_lane_ids_and_networks_off_the_map_are_refused():
    one = two_lanes_through_a_light()
    with pytest.raises(ValueError, match="share an id"):
        expansion(LOCATION, [one, one])
    with pytest.raises(ValueError, match="origin"):
        expansion(LOCATION, [two_lanes_through_a_light(-10.0)])


def test_expansion_is_version_1_3_json(root):
    content = json.loads((root / "maps" / "expansion" / f"{LOCATION}.json").read_text())
    assert content["version"] == "1.3" and content["canvas_edge"] == [500.0, 280.0]
