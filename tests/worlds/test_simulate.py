"""Recorded drives: deterministic, physical, mostly free of collisions, rich in mistakes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from shapely.ops import unary_union

from drivewm.scene import EgoColumn, ScoreType
from drivewm.sim.traffic_look import boxes_touch
from drivewm.worlds.build import build
from drivewm.worlds.layouts import LAYOUTS
from drivewm.worlds.simulate import ego_box, simulate
from drivewm.worlds.world import WorldSpec


def drive(kind, seed, policy="careful", **more):
    spec = WorldSpec(
        seed=seed, layout=kind, layout_seed=seed, location="boston-seaport", origin_m=(150, 150),
        policy=policy, **more,
    )  # fmt: skip
    world = build(spec)
    return world, simulate(world)


@pytest.fixture(scope="module")
def careful():
    return {(k, s): drive(k, s) for k in LAYOUTS for s in range(4)}


def test_same_spec_gives_byte_equal_logs():
    for kind in ("four_way", "merge"):
        (_, a), (_, b) = drive(kind, 9, "reckless"), drive(kind, 9, "reckless")
        for name in ("times_us", "ego", "actions", "state", "valid", "light_status"):
            assert getattr(a, name).tobytes() == getattr(b, name).tobytes(), name
        assert a.ids == b.ids


def test_shapes_and_clock(careful):
    for _, log in careful.values():
        n, steps = len(log.ids), 201
        assert log.ego.shape == (steps, 11) and log.state.shape == (n, steps, 6)
        assert log.valid.shape == (n, steps) and log.light_status.shape[1] == steps
        assert (np.diff(log.times_us) == 100_000).all()
        assert np.isfinite(log.state[log.valid]).all()


def test_ego_motion_is_continuous(careful):
    for world, log in careful.values():
        ego = log.ego
        moved = np.hypot(*np.diff(ego[:, :2], axis=0).T)
        np.testing.assert_allclose(moved, np.abs(ego[:-1, EgoColumn.VX]) * 0.1, atol=1e-9)
        assert ego[:, EgoColumn.VX].min() > -1e-6
        assert np.abs(np.diff(ego[:, EgoColumn.STEER])).max() <= 0.0501
        np.testing.assert_array_equal(ego[0, :4], world.ego_start[:4])


def test_agents_move_continuously(careful):
    for _, log in careful.values():
        both = log.valid[:, 1:] & log.valid[:, :-1]
        moved = np.hypot(*np.moveaxis(np.diff(log.state[..., :2], axis=1), -1, 0))
        assert moved[both].max() < 2.6


def test_careful_ego_gets_ahead_without_touching_anybody(careful):
    touched = [key for key, (world, log) in careful.items() if contacts(world, log)]
    assert len(touched) <= 1, touched
    way = [np.hypot(*np.diff(log.ego[:, :2], axis=0).T).sum() for _, log in careful.values()]
    assert np.median(way) > 90


def test_agents_rarely_touch_each_other(careful):
    pairs = sum(agent_contacts(log) for _, log in careful.values())
    assert pairs <= 0.1 * len(careful)


def test_reckless_egos_make_mistakes():
    mistakes = 0
    for kind, seed in itertools.product(("straight", "four_way", "curve"), range(4)):
        world, log = drive(kind, seed, "reckless")
        mistakes += bool(contacts(world, log))
    assert mistakes >= 2


def test_agents_heed_red_lights():
    for seed in range(3):
        world, log = drive("four_way", seed)
        points = np.asarray(world.lights.stop_points)
        heads = [world.road_map.lane(k).centerline for k in world.lights.lane_ids]
        ways = np.array([line[1] - line[0] for line in heads])
        ran = 0
        for i in np.flatnonzero(log.score_type == ScoreType.VEHICLE):
            turn = log.state[i, :, 3]
            front = log.state[i, :, :2] + log.size_m[i, 0] / 2 * np.stack(
                [np.cos(turn), np.sin(turn)], -1
            )
            offset = front[:, None] - points[None]  # [T, L, 2]
            along = (offset * ways).sum(-1) - 1.0
            aside = np.abs(offset[..., 0] * ways[:, 1] - offset[..., 1] * ways[:, 0])
            over = (along[1:] > 0) & (along[:-1] <= 0) & (aside[1:] < 1.0)
            over &= (log.valid[i, 1:] & log.valid[i, :-1])[:, None]
            red_for_a_while = (log.light_status.T[:-1] == 2) & (
                np.roll(log.light_status.T, 20, axis=0)[:-1] == 2
            )
            red_for_a_while[:20] = False
            ran += int((over & red_for_a_while).any())
        assert ran == 0


def contacts(world, log) -> list[str]:
    """Ids of the agents that the ego's box overlaps at some step."""
    found = []
    for step in range(0, len(log.ego), 2):
        box, size = ego_box(log.ego[step], world.vehicle)
        for i in np.flatnonzero(log.valid[:, step]):
            other = log.state[i, step, [0, 1, 3]]
            if np.hypot(*(other[:2] - box[:2])) < 15 and boxes_touch(
                box, size, other, log.size_m[i, :2], 0.0
            ):
                found.append(log.ids[i])
    return found


def agent_contacts(log) -> int:
    """Pairs of agents (at least one a vehicle or bicycle) that overlap at some step."""
    rides = np.isin(log.score_type, (ScoreType.VEHICLE, ScoreType.BICYCLE))
    pairs = {}
    for step in range(0, log.state.shape[1], 4):
        shown = np.flatnonzero(log.valid[:, step])
        xy = log.state[shown, step, :2]
        near = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) < 12
        for a, b in np.argwhere(np.triu(near, 1)):
            i, j = shown[a], shown[b]
            if rides[i] or rides[j]:
                first, second = log.state[i, step, [0, 1, 3]], log.state[j, step, [0, 1, 3]]
                if boxes_touch(first, log.size_m[i, :2], second, log.size_m[j, :2], 0.0):
                    pairs[int(i), int(j)] = step
    return len(pairs)


def test_lane_changes_crossings_and_hard_brakings_happen(careful):
    sideways, crossed, braked = 0, 0, 0
    for world, log in careful.values():
        speed = np.hypot(log.state[..., 4], log.state[..., 5])
        gone_slow = (np.diff(speed, axis=1) < -0.45) & log.valid[:, 1:] & log.valid[:, :-1]
        braked += int((gone_slow.sum(1) > 5).any())
        drivable = unary_union(world.road_map.drivable)
        for i in np.flatnonzero(log.score_type == ScoreType.PEDESTRIAN):
            shown = log.state[i, log.valid[i]][::10, :2]
            crossed += int(shapely.contains_xy(drivable, shown).any()) if len(shown) else 0
        traffic = world.make_traffic()
        fresh = traffic.agents.path.copy()
        for step in range(len(log.ego) - 1):
            traffic.step(log.ego[step], world.vehicle)
        sideways += int((traffic.agents.path[:-1] != fresh[:-1]).sum())
    assert sideways > 10
    assert crossed > 10
    assert braked > 3


def test_traffic_stops_for_an_ego_that_blocks_its_lane():
    for seed in range(3):
        spec = WorldSpec(
            seed=seed, layout="curve", layout_seed=seed, location="boston-seaport",
            origin_m=(150, 150), density=1.4,
        )  # fmt: skip
        world = build(spec)
        ego, traffic = world.ego_start.copy(), world.make_traffic()
        ego[EgoColumn.VX] = 0.0
        box, size = ego_box(ego, world.vehicle)
        for _ in range(200):
            traffic.step(ego, world.vehicle)
            for i in np.flatnonzero(traffic.valid):
                other = traffic.state[i, [0, 1, 3]]
                assert not boxes_touch(box, size, other, traffic.size_m[i, :2], 0.0)
