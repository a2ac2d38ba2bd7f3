"""What a built world contains, for every layout."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon
from shapely.ops import unary_union

from drivewm.geometry.boxes import corners
from drivewm.scene import LightStatus, OccClass
from drivewm.worlds.build import build
from drivewm.worlds.layouts import LAYOUTS, draw
from drivewm.worlds.world import WorldSpec

ORIGIN = (450.0, 150.0)


def world_of(kind, seed=1, layout_seed=1, **more):
    spec = WorldSpec(
        seed=seed, layout=kind, layout_seed=layout_seed, location="boston-seaport",
        origin_m=ORIGIN, **more,
    )  # fmt: skip
    return build(spec)


@pytest.mark.parametrize("kind", LAYOUTS)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 1000))
def test_route_starts_at_the_ego_and_goes_on_inside_the_lanes(kind, seed):
    world = world_of(kind, seed, seed)
    steps = np.hypot(*np.diff(world.route, axis=0).T)
    assert steps.max() < 1.3 and steps.sum() > 150
    np.testing.assert_allclose(world.route[0], world.ego_start[:2], atol=0.9)  # works shift it
    drivable = unary_union(world.road_map.drivable).buffer(0.05)
    assert drivable.contains(LineString(world.route[: len(world.route) - 81]))
    drift = np.arctan2(*(world.route[3] - world.route[0])[::-1]) - world.ego_start[2]
    assert abs(np.angle(np.exp(1j * drift))) < 0.15


@pytest.mark.parametrize("kind", LAYOUTS)
def test_solids_stand_off_the_roads(kind):
    for layout_seed in range(3):
        world = world_of(kind, layout_seed=layout_seed)
        solids = world.solids
        low = solids.center_m[:, 2] - solids.size_m[:, 2] / 2 < 2.0
        centers = np.column_stack([solids.center_m[:, :2], solids.yaw_rad])
        boxes = corners(centers, solids.size_m[:, 0], solids.size_m[:, 1])
        kept_free = unary_union([*world.road_map.drivable, *world.road_map.walkways])
        assert not any(kept_free.intersects(Polygon(box)) for box in boxes[low])
        assert low.sum() > 40
        kinds = set(solids.occ_class.tolist())
        assert kinds == {int(OccClass.MANMADE), int(OccClass.VEGETATION)}
        assert len(np.unique(solids.color, axis=0)) > 20


def test_every_kind_of_road_user_occurs_over_some_worlds():
    seen = set()
    for kind in LAYOUTS:
        for seed in range(4):
            seen |= set(world_of(kind, seed).make_traffic().categories)
    assert seen >= {
        "vehicle.car", "vehicle.truck", "vehicle.bus.rigid", "vehicle.motorcycle",
        "vehicle.bicycle", "human.pedestrian.adult", "movable_object.trafficcone",
        "movable_object.barrier",
    }  # fmt: skip


@pytest.mark.parametrize("kind", LAYOUTS)
def test_traffic_starts_apart_from_each_other_and_the_ego(kind):
    world = world_of(kind, seed=3)
    traffic = world.make_traffic()
    shown = traffic.valid
    assert shown.sum() > 15
    state, size = traffic.state[shown], traffic.size_m[shown]
    boxes = [Polygon(c) for c in corners(state[:, [0, 1, 3]], size[:, 0] - 0.1, size[:, 1] - 0.1)]
    people = traffic.score_type[shown] == 1
    for i, a in enumerate(boxes):
        for j in range(i):
            assert (people[i] and people[j]) or not a.intersects(boxes[j])
    assert all(len(token) == 32 for token in traffic.ids)
    assert len(set(traffic.ids)) == len(traffic.ids)


@pytest.mark.parametrize("layout_seed", range(4))
def test_lights_are_never_open_for_crossing_approaches(layout_seed):
    network = draw("four_way", layout_seed)
    world = world_of("four_way", layout_seed=layout_seed)
    lights = world.lights
    lanes = [world.road_map.lane(k) for k in lights.lane_ids]
    assert all(lane.is_connector and lane.has_light for lane in lanes)
    for lane, point in zip(lanes, lights.stop_points):
        np.testing.assert_allclose(lane.centerline[0], point)
    crossing = [
        (a, b) for a in range(len(lanes)) for b in range(a)
        if LineString(lanes[a].centerline).crosses(LineString(lanes[b].centerline))
        and abs(np.sin(start_heading(lanes[a]) - start_heading(lanes[b]))) > 0.5
    ]  # fmt: skip
    assert crossing and network.greens
    for time_s in np.arange(0, lights.cycle_s, 0.5):
        is_open = lights.status_at(time_s) != LightStatus.RED
        assert not any(is_open[a] and is_open[b] for a, b in crossing)


def start_heading(lane) -> float:
    return float(np.arctan2(*(lane.centerline[1] - lane.centerline[0])[::-1]))
