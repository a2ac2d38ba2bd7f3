"""Pictures of hand-built worlds: geometry is exact, appearance follows time and weather."""

import dataclasses

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPoint

from drivewm.errors import InputError
from drivewm.geometry import se3
from drivewm.scene import OccClass
from drivewm.worlds.render import visibility
from drivewm.worlds.render.camera import Renderer
from drivewm.worlds.render.intersect import hit
from drivewm.worlds.render.occupancy import boxes
from drivewm.worlds.render.rig import CAMERAS, map_from_ego
from tests.worlds.render.hand_built import (
    CATEGORY,
    actors_at,
    busy_street,
    ego_at,
    straight_road,
)  # fmt: skip

RED, GREEN = np.array([2, 2], np.int8), np.array([0, 0], np.int8)
W, H = 224, 126


def picture(world, channel="CAM_FRONT", actors=None, ego=None, lights=RED, size=(W, H)):
    actors = busy_street() if actors is None else actors
    renderer = Renderer(world, *size, [channel])
    return renderer.render(ego_at() if ego is None else ego, actors, lights)[channel]


def pixel_rays(channel, ego, size=(W, H)):
    """Camera centre [3] and ray directions [H, W, 3] of unit z-depth, map frame."""
    k = CAMERAS[channel].scaled_intrinsics(*size)
    v, u = np.mgrid[: size[1], : size[0]] + 0.5
    rays = np.stack([(u - k[0, 2]) / k[0, 0], (v - k[1, 2]) / k[1, 1], np.ones_like(u)], -1)
    pose = map_from_ego(ego) @ CAMERAS[channel].ego_from_camera
    return pose[:3, 3], rays @ pose[:3, :3].T


def test_depth_of_a_barrier_ahead_is_the_distance_to_its_face():
    world, ego = straight_road(with_scenery=False), ego_at()
    actors = actors_at((OccClass.BARRIER, 15.0, -1.75, 0.0))
    seen = picture(world, actors=actors, ego=ego)
    center, rays = pixel_rays("CAM_FRONT", ego)
    points = center + rays * seen.depth_m[..., None].astype(float)
    local = points[seen.instance == 0] - actors.state[0, :3]
    face = local[np.abs(local[:, 2] + 0.35) < 0.1]  # the foot of the barrier is an upright box
    assert len(face) > 20
    assert np.abs(face[:, 0] + 0.25).max() < 1e-4


def test_every_ground_pixel_lies_on_the_ground_and_in_its_polygon():
    world, ego = straight_road(with_scenery=False), ego_at(heading=0.3)
    seen = picture(world, "CAM_FRONT_RIGHT", ego=ego)
    center, rays = pixel_rays("CAM_FRONT_RIGHT", ego)
    ground = (seen.instance == -1) & np.isin(seen.semantic, [11, 13, 14])
    points = (center + rays * seen.depth_m[..., None].astype(float))[ground]
    assert np.abs(points[:, 2]).max() < 1e-3
    point = shapely.points(points[:, :2])
    road, walk = (
        shapely.union_all(world.road_map.drivable),
        shapely.union_all(world.road_map.walkways),
    )
    clear = (shapely.distance(point, road.boundary) > 0.2) & (
        shapely.distance(point, walk.boundary) > 0.2
    )
    want = np.where(
        shapely.contains(road, point),
        OccClass.DRIVEABLE_SURFACE,
        np.where(shapely.contains(walk, point), OccClass.SIDEWALK, OccClass.TERRAIN),
    )
    assert clear.sum() > 5000
    assert (seen.semantic[ground][clear] == want[clear]).all()
    assert len(np.unique(want[clear])) == 3


def test_the_sky_is_free_and_infinitely_far():
    seen = picture(straight_road(with_scenery=False))
    assert (np.isinf(seen.depth_m) == (seen.semantic == OccClass.FREE)).all()
    assert (seen.semantic == OccClass.FREE).any()


def test_visibility_equals_trying_every_part_for_every_pixel():
    rng = np.random.default_rng(4)
    actors = actors_at(*[(OccClass.CAR, *rng.uniform((4, -9), (40, 9)), rng.uniform(-3, 3))
                         for _ in range(12)])  # fmt: skip
    parts, ego, size = boxes(actors), ego_at(), (48, 27)
    k = CAMERAS["CAM_FRONT"].scaled_intrinsics(*size)
    pose = map_from_ego(ego) @ CAMERAS["CAM_FRONT"].ego_from_camera
    depth, index = np.empty(size[::-1], np.float32), np.empty(size[::-1], np.int32)
    visibility.see(parts, pose, (k[0, 0], k[1, 1], k[0, 2], k[1, 2]), depth, index)
    center, rays = pixel_rays("CAM_FRONT", ego, size)
    for v, u in np.ndindex(*depth.shape):
        best, which = np.inf, -2
        if rays[v, u, 2] < 0:
            best, which = -center[2] / rays[v, u, 2], -1
        for b, part in enumerate(parts):
            turn = np.array([[part[3], part[4], 0], [-part[4], part[3], 0], [0, 0, 1]])
            t = hit(0, *(turn @ (center - part[:3])), *(turn @ rays[v, u]), *part[5:8], 0, 0, 0)
            if t < best:
                best, which = t, b
        assert index[v, u] == which
        assert depth[v, u] == np.float32(best)


def test_instance_masks_fill_the_annotated_boxes():
    """Mean IoU of 2D hulls over every actor of one of each class, turned all around."""
    rows = []
    for turn in range(12):
        for occ_class in CATEGORY:
            far = 8.0 if occ_class in (OccClass.PEDESTRIAN, OccClass.TRAFFIC_CONE) else 16.0
            actors = actors_at((occ_class, far, -1.75, 2 * np.pi * turn / 12))
            actors = dataclasses.replace(actors, ids=(f"{turn:032x}",))
            seen = picture(straight_world(), actors=actors, size=(448, 252))
            rows.append((occ_class, hull_iou(seen.instance == 0, actors, (448, 252))))
    by_class = {c.name: np.mean([iou for k, iou in rows if k == c]) for c, _ in rows}
    assert np.mean([iou for _, iou in rows]) >= 0.85, by_class
    assert by_class["CAR"] >= 0.85, by_class
    assert min(by_class.values()) >= 0.6, by_class


_WORLD = []


def straight_world():
    """One world for tests that only look at actors."""
    if not _WORLD:
        _WORLD.append(straight_road(with_scenery=False))
    return _WORLD[0]


def hull_iou(mask, actors, size):
    rows = np.flatnonzero(mask.any(1))
    left, right = mask[rows].argmax(1), mask.shape[1] - mask[rows, ::-1].argmax(1)
    ends = [(x, y) for v, a, b in zip(rows, left, right) for x in (a, b) for y in (v, v + 1)]
    drawn = MultiPoint(ends).convex_hull
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / 2
    x, y, z, heading = actors.state[0, :4]
    points = se3.transform(se3.from_yaw(x, y, heading, z), signs * actors.size_m[0])
    pose = map_from_ego(ego_at()) @ CAMERAS["CAM_FRONT"].ego_from_camera
    local = (
        se3.transform(se3.inverse(pose), points) @ CAMERAS["CAM_FRONT"].scaled_intrinsics(*size).T
    )
    box = MultiPoint(local[:, :2] / local[:, 2:]).convex_hull
    box = box.intersection(shapely.box(0, 0, *size))
    return drawn.intersection(box).area / drawn.union(box).area


def test_two_threads_draw_the_same_pictures():
    world, actors = straight_road(), busy_street()
    one = Renderer(world, 96, 54).render(ego_at(), actors, RED)
    two = Renderer(world, 96, 54, threads=2).render(ego_at(), actors, RED)
    assert list(one) == list(two) == list(CAMERAS)
    for channel in CAMERAS:
        for field in ("rgb", "depth_m", "semantic", "instance"):
            assert np.array_equal(getattr(one[channel], field), getattr(two[channel], field))


def test_the_same_world_built_twice_looks_the_same():
    first, second = (picture(straight_road()) for _ in range(2))
    assert np.array_equal(first.rgb, second.rgb)


def test_night_is_darker_than_dusk_and_dusk_darker_than_day():
    day, dusk, night = (picture(straight_road(w)).rgb.mean() for w in ("day", "dusk", "night"))
    assert night < 0.7 * dusk
    assert dusk < day


def test_rain_is_grey():
    rain, day = (picture(straight_road(w)).rgb.astype(float) for w in ("rain", "day"))
    assert np.ptp(rain, axis=-1).mean() < np.ptp(day, axis=-1).mean()


def test_a_light_shows_its_status():
    world, ego = straight_world(), ego_at(12.0)
    none = actors_at()
    red = picture(world, actors=none, ego=ego, lights=RED, size=(448, 252)).rgb.astype(int)
    green = picture(world, actors=none, ego=ego, lights=GREEN, size=(448, 252)).rgb.astype(int)
    change = red - green
    assert (change[..., 0] > 100).sum() >= 6  # red lamps went out
    assert (change[..., 1] < -100).sum() >= 6  # green ones came on
    assert (np.abs(change).sum(-1) > 0).mean() < 0.02  # nothing else changed


def test_a_part_that_moves_past_leaves_the_ground_texture_alone():
    world, ego = straight_world(), ego_at()
    near, far = (picture(world, actors=actors_at((OccClass.CAR, x, 5.25, 0.0))) for x in (60, 70))
    _, rays = pixel_rays("CAM_FRONT", ego)
    still = (near.instance < 0) & (far.instance < 0) & (rays[..., 2] < -0.1)
    assert np.array_equal(near.rgb[still], far.rgb[still])


def test_an_actor_that_is_not_valid_is_not_drawn():
    actors = dataclasses.replace(busy_street(), valid=np.zeros(23, bool))
    assert (picture(straight_world(), actors=actors).instance == -1).all()


@pytest.mark.parametrize(
    "arguments", [(0, 10), (10, -1), (10, 10, ["CAM_TOP"])], ids=["width", "height", "channel"]
)
def test_a_renderer_refuses_nonsense(arguments):
    with pytest.raises(InputError):
        Renderer(straight_world(), *arguments)


def test_frames_carry_the_geometry_of_the_picture():
    frames = Renderer(straight_world(), 400, 225).frames(ego_at(), actors_at(), RED)
    assert list(frames) == list(CAMERAS)
    front = frames["CAM_FRONT"]
    assert front.rgb.shape == (225, 400, 3)
    assert np.allclose(front.intrinsics[0], CAMERAS["CAM_FRONT"].intrinsics[0] / 4)
