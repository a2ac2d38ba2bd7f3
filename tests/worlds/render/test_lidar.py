"""Sweeps of hand-built worlds."""

import numpy as np

from drivewm.geometry import se3
from drivewm.scene import OccClass
from drivewm.worlds.render import lidar
from drivewm.worlds.render.lidar import sweep
from drivewm.worlds.render.occupancy import boxes
from drivewm.worlds.render.rig import EGO_FROM_LIDAR, map_from_ego
from tests.worlds.render.hand_built import actors_at, busy_street, ego_at, straight_road

WORLD = straight_road(with_scenery=False)


def in_map(points, ego):
    return se3.transform(map_from_ego(ego) @ EGO_FROM_LIDAR, points[:, :3].astype(float))


def test_points_without_noise_lie_on_the_ground_or_on_a_barrier():
    ego, actors = ego_at(heading=0.2), actors_at((OccClass.BARRIER, 9.0, -1.0, 0.3))
    points, owner = sweep(WORLD, ego, actors, noise_m=0.0)
    where = in_map(points, ego)
    assert (owner == 0).sum() > 50
    low = where[(owner == -1) & (points[:, 4] < 12)]
    assert np.abs(low[:, 2]).max() < 1e-4
    cos, sin = np.cos(0.3), np.sin(0.3)
    local = (where[owner == 0] - actors.state[0, :3]) @ np.array(
        [[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]
    )
    foot = local[local[:, 2] < -0.25]
    reach = np.abs(foot[:, :2]) - actors.size_m[0, :2] / 2
    assert np.abs(reach.max(-1)).max() < 1e-4


def test_trace_equals_trying_every_box_for_every_ray():
    from drivewm.worlds.render.intersect import hit

    rng = np.random.default_rng(8)
    actors = actors_at(*[(OccClass.CAR, *rng.uniform(-25, 25, 2), rng.uniform(-3, 3))
                         for _ in range(15)])  # fmt: skip
    parts = boxes(actors)
    ranges, index, pose = lidar.trace(parts, ego_at(heading=1.1))
    for i, j in zip(rng.integers(0, lidar.RINGS, 3000), rng.integers(0, lidar.COLUMNS, 3000)):
        ray = pose[:3, :3] @ lidar.BEAMS[i, j]
        best = -pose[2, 3] / ray[2] if ray[2] < 0 else np.inf
        which = lidar.GROUND if best <= lidar.MAX_RANGE_M else lidar.NOTHING
        best = best if best <= lidar.MAX_RANGE_M else np.inf
        for b, part in enumerate(parts):
            turn = np.array([[part[3], part[4], 0], [-part[4], part[3], 0], [0, 0, 1]])
            t = hit(0, *(turn @ (pose[:3, 3] - part[:3])), *(turn @ ray), *part[5:8], 0, 0, 0)
            if t < best and t <= lidar.MAX_RANGE_M:
                best, which = t, b
        assert index[i, j] == which
        assert np.isclose(ranges[i, j], best, rtol=0, atol=1e-9)


def test_the_owner_is_the_box_that_holds_the_point():
    ego, actors = ego_at(), busy_street()
    points, owner = sweep(WORLD, ego, actors)
    where = in_map(points, ego)
    counts = np.zeros(len(actors.ids), int)
    for n in range(len(actors.ids)):
        x, y, z, heading = actors.state[n, :4]
        local = se3.transform(se3.inverse(se3.from_yaw(x, y, heading, z)), where)
        inside = (np.abs(local) <= actors.size_m[n] / 2 + 1e-5).all(-1)
        counts[n] = inside.sum()
        assert abs(counts[n] - (owner == n).sum()) <= 1
    assert (counts > 5).sum() > 15


def test_a_sweep_looks_like_an_hdl_32e():
    points, owner = sweep(WORLD, ego_at(), busy_street())
    assert points.dtype == np.float32 and owner.dtype == np.int32
    assert np.linalg.norm(points[:, :3], axis=1).max() < 70.1
    assert set(np.unique(points[:, 4])) <= set(range(32))
    elevation = np.rad2deg(np.arcsin(points[:, 2] / np.linalg.norm(points[:, :3], axis=1)))
    assert np.allclose(elevation, -92 / 3 + points[:, 4] * 4 / 3, atol=1e-3)
    assert points[:, 3].min() >= 0 and points[:, 3].max() <= 255


def test_straight_ahead_of_the_car_is_plus_y_of_the_lidar():
    points, owner = sweep(WORLD, ego_at(), actors_at((OccClass.BUS, 20.0, -1.75, 0.0)))
    bus = points[owner == 0, :3].mean(0)
    assert bus[1] > 10 and abs(bus[0]) < 2


def test_the_same_pose_gives_the_same_noise():
    first, second = (sweep(WORLD, ego_at(3.0), busy_street())[0] for _ in range(2))
    assert np.array_equal(first, second)
    exact = sweep(WORLD, ego_at(3.0), busy_street(), noise_m=0.0)[0]
    apart = np.linalg.norm(first[:, :3] - exact[:, :3], axis=1)
    assert 0.005 < apart.std() + apart.mean() < 0.03
