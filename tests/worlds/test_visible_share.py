"""Visible shares on hand-made views: whole, half hidden, hidden, behind, and against NumPy."""

import numpy as np
import pytest

from drivewm.worlds.actors import Actors
from drivewm.worlds.render import parts as P
from drivewm.worlds.visible_share import PartsByOwner, bounds, box_corners, visible_shares

WIDTH, HEIGHT = 80, 60
INTRINSICS = np.array([[40.0, 0, 40], [0, 40, 30], [0, 0, 1]])
# Camera at 1 m height that looks along the map's +x: x right = -y, y down = -z.
MAP_FROM_CAMERA = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 1.0], [0, 0, 0, 1]])


def cubes(*xy: tuple[float, float]) -> tuple[Actors, PartsByOwner]:
    """Two-metre cubes on the ground."""
    count = len(xy)
    state = np.zeros((count, 6))
    state[:, :2], state[:, 2] = xy, 1.0
    actors = Actors(
        ids=tuple(f"{k:032x}" for k in range(count)),
        categories=("vehicle.car",) * count,
        occ_class=np.zeros(count, np.int8),
        size_m=np.full((count, 3), 2.0),
        state=state,
        valid=np.ones(count, bool),
    )
    rows = [P.make_part((x, y, 1.0), (1, 1, 1), (0, 0, 0), owner=k) for k, (x, y) in enumerate(xy)]
    return actors, PartsByOwner.sort(P.as_array(rows[::-1]), count)


def cube_pixels(x: float, y: float) -> np.ndarray:
    """bool [H, W]: pixels whose centre ray meets the cube, by clipping the ray to its slabs."""
    v, u = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    rays = np.stack([(u - 40) / 40, (v - 30) / 40, np.ones_like(u)], -1) @ MAP_FROM_CAMERA[:3, :3].T
    with np.errstate(divide="ignore"):
        near = (np.array([x, y, 1.0]) - [0, 0, 1] - np.sign(rays)) / rays
        far = (np.array([x, y, 1.0]) - [0, 0, 1] + np.sign(rays)) / rays
    return near.max(-1) <= np.minimum(far.min(-1), np.inf)


def shares(instance: np.ndarray, actors: Actors, parts: PartsByOwner) -> list[float]:
    view = (instance.astype(np.int32), INTRINSICS, MAP_FROM_CAMERA)
    return visible_shares(parts, actors, [view]).tolist()


def test_an_object_in_the_open_is_seen_whole():
    actors, parts = cubes((8.0, 0.0))
    assert shares(np.where(cube_pixels(8, 0), 0, -1), actors, parts) == [1.0]


def test_a_half_hidden_object_shows_half():
    actors, parts = cubes((8.0, 0.0))
    instance = np.where(cube_pixels(8, 0), 0, -1)
    instance[:, :40] = -1
    assert shares(instance, actors, parts) == pytest.approx([0.5], abs=0.1)


def test_what_hides_behind_another_is_not_seen():
    actors, parts = cubes((5.0, 0.0), (12.0, 0.0))
    assert shares(np.where(cube_pixels(5, 0), 0, -1), actors, parts) == [1.0, 0.0]


def test_objects_behind_the_camera_have_no_pixels():
    actors, parts = cubes((-6.0, 0.0), (8.0, 3.0))
    box = bounds(
        box_corners(actors.state, actors.size_m), INTRINSICS, MAP_FROM_CAMERA, WIDTH, HEIGHT
    )
    assert (box[0, 1] - box[0, 0]) * (box[0, 3] - box[0, 2]) <= 0
    assert shares(np.where(cube_pixels(8, 3), 1, -1), actors, parts) == [0.0, 1.0]


def test_bounds_hold_every_pixel_of_the_object():
    for x, y in ((3.0, 0.0), (1.2, 2.0), (9.0, -4.0), (30.0, 1.0)):
        actors, _ = cubes((x, y))
        u0, u1, v0, v1 = bounds(
            box_corners(actors.state, actors.size_m), INTRINSICS, MAP_FROM_CAMERA, WIDTH, HEIGHT
        )[0]
        v, u = np.nonzero(cube_pixels(x, y))
        assert len(u) and u0 <= u.min() and u.max() < u1 and v0 <= v.min() and v.max() < v1
