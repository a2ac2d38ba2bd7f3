"""Solids and traffic light posts as parts."""

import numpy as np

from drivewm.scene import LightStatus, OccClass
from drivewm.worlds.render import parts as P
from drivewm.worlds.render.scenery import LAMP_ON, solid_parts
from drivewm.worlds.render.stage import stage_of
from tests.worlds.render.hand_built import ORIGIN_M, straight_road

WORLD = straight_road()


def test_every_solid_has_parts_of_its_class_inside_its_box():
    solids = WORLD.solids
    parts = solid_parts(solids, 5)
    low, high = solids.center_m - solids.size_m / 2, solids.center_m + solids.size_m / 2
    covered = set()
    for part in parts:
        center, half = part[P.X : P.Z + 1], part[P.HX : P.HZ + 1]
        inside = ((center - half >= low - 1e-6) & (center + half <= high + 1e-6)).all(1)
        inside &= solids.occ_class == part[P.CLASS]
        assert inside.any()
        covered.update(np.flatnonzero(inside).tolist())
    assert covered == set(range(len(solids.yaw_rad)))


def test_one_lamp_of_each_head_burns():
    posts = stage_of(WORLD).posts
    assert posts.lamp_rows.shape == (2, 6) and (posts.lamp_rows >= 0).all()
    for status, lamp in ((LightStatus.RED, 0), (LightStatus.YELLOW, 1), (LightStatus.GREEN, 2)):
        lit = posts.lit(np.full(2, status, np.int8))
        burning = np.flatnonzero(lit[:, P.EMIT] > 0)
        assert burning.tolist() == sorted(posts.lamp_rows[:, [lamp, lamp + 3]].ravel().tolist())
        assert np.allclose(lit[burning][:, P.R : P.B + 1], LAMP_ON[lamp])
    assert (posts.lit(np.full(2, LightStatus.UNKNOWN, np.int8))[:, P.EMIT] == 0).all()


def test_posts_stand_beside_the_road_at_the_stop_line_and_face_the_traffic():
    posts = stage_of(WORLD).posts
    poles = posts.parts[posts.parts[:, P.KIND] == P.CYLINDER_Z]
    tile = stage_of(WORLD).tile
    assert (tile.class_at(poles[:, :2]) != OccClass.DRIVEABLE_SURFACE).all()
    x = poles[:, P.X] - ORIGIN_M[0]
    assert ((x > 25) & (x < 28)).all()
    lamps = posts.parts[posts.lamp_rows[0, :3]]
    houses = posts.parts[(posts.parts[:, P.HZ] > 0.6) & (posts.parts[:, P.HZ] < 0.7)]
    assert (lamps[:, P.X] < houses[:, P.X].min()).all()  # the lane runs along +x


def test_the_stage_is_kept_while_its_world_lives():
    assert stage_of(WORLD) is stage_of(WORLD)
