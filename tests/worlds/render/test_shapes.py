"""Actors' parts stay inside the annotated box and fill it."""

import numpy as np
import pytest

from drivewm.scene import OccClass
from drivewm.worlds.render import parts as P
from drivewm.worlds.render.shapes import Wardrobe, template
from tests.worlds.render.hand_built import CATEGORY, busy_street


@pytest.mark.parametrize("occ_class", [*CATEGORY, OccClass.OTHERS])
@pytest.mark.parametrize("scale", [0.7, 1.0, 1.4])
def test_every_part_lies_inside_the_annotated_box(occ_class, scale):
    size = np.array(CATEGORY.get(occ_class, ("", (1.0, 1.0, 1.0)))[1]) * scale
    for number in range(8):
        parts = template(f"{number:032x}", occ_class, size)
        center, half = parts[:, P.X : P.Z + 1], parts[:, P.HX : P.HZ + 1]
        assert (half > 0).all()
        assert (np.abs(center) + half <= size / 2 + 1e-9).all()


def test_parts_know_their_actor_and_its_class():
    actors = busy_street()
    parts = Wardrobe().dress(actors)
    owner = parts[:, P.OWNER].astype(int)
    assert sorted(set(owner.tolist())) == list(range(len(actors.ids)))
    assert (parts[:, P.CLASS] == actors.occ_class[owner]).all()


def test_colour_follows_the_id():
    size = np.array(CATEGORY[OccClass.CAR][1])
    colors = {tuple(template(f"{k:032x}", OccClass.CAR, size)[0, P.R : P.B + 1]) for k in range(40)}
    assert len(colors) > 5
    again = template("a" * 32, OccClass.CAR, size)
    assert np.array_equal(again, template("a" * 32, OccClass.CAR, size))
