"""The compiled intersections against plain NumPy and dense sampling."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from drivewm.worlds.render import parts as P
from drivewm.worlds.render.intersect import contains, hit, normal

sizes = st.tuples(*[st.floats(0.1, 5.0)] * 3)
tapers = st.tuples(*[st.floats(0.0, 0.9)] * 3)
points = st.tuples(*[st.floats(-12.0, 12.0)] * 3)
kinds = st.sampled_from([P.BOX, P.SLANTED, P.ELLIPSOID, P.CYLINDER_Z, P.CYLINDER_Y])


def slab_reference(origin, direction, half):
    """Entry of a ray into a box by the slab method in NumPy; inf when it misses."""
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = (-half - origin) / direction, (half - origin) / direction
    enter, leave = np.minimum(a, b).max(), np.maximum(a, b).min()
    return enter if enter <= leave and enter > 0 else np.inf


@given(origin=points, target=points, half=sizes)
def test_a_box_is_hit_where_the_slab_method_says(origin, target, half):
    origin, half = np.array(origin), np.array(half)
    direction = (
        np.array(target) - origin + 1e-3
    )  # no zero component, where NumPy's 0/0 is undefined
    if np.any(np.abs(direction) < 1e-6):
        return
    got = hit(P.BOX, *origin, *direction, *half, 0.0, 0.0, 0.0)
    want = slab_reference(origin, direction, half)
    assert got == want or abs(got - want) < 1e-9 * max(1.0, abs(want))


@settings(max_examples=200)
@given(kind=kinds, origin=points, share=points, half=sizes, taper=tapers)
def test_a_hit_lies_on_the_surface_and_nothing_lies_before_it(kind, origin, share, half, taper):
    taper = taper if kind == P.SLANTED else (0.0, 0.0, 0.0)
    origin, half = np.array(origin), np.array(half)
    direction = half * np.array(share) / 12.0 - origin
    if contains(kind, *origin, *half, *taper):
        return
    t = hit(kind, *origin, *direction, *half, *taper)
    along = np.linspace(0.0, 1.5 if np.isinf(t) else t, 200)[:-1]
    inside = [
        contains(kind, *(origin + s * direction), *(half * (1 - 1e-6)), *taper) for s in along
    ]
    assert not any(inside)
    if np.isfinite(t):
        on = origin + t * direction
        assert contains(kind, *(on * (1 - 1e-9)), *(half * (1 + 1e-6) + 1e-7), *taper)


def test_normals_are_unit_and_face_the_ray():
    rng = np.random.default_rng(2)  # random rays miss edges, where a normal has no one answer
    for kind in (P.BOX, P.SLANTED, P.ELLIPSOID, P.CYLINDER_Z, P.CYLINDER_Y):
        for _ in range(300):
            half, taper = rng.uniform(0.2, 3, 3), rng.uniform(0, 0.8, 3) * (kind == P.SLANTED)
            origin = rng.normal(size=3) * 10 + 4 * rng.choice([-1, 1], 3)
            direction = half * rng.uniform(-0.8, 0.8, 3) - origin
            t = hit(kind, *origin, *direction, *half, *taper)
            if np.isfinite(t) and t < 1:
                n = np.array(normal(kind, *(origin + t * direction), *half, *taper))
                assert abs(np.linalg.norm(n) - 1) < 1e-9
                assert n @ direction < 0


def test_a_sensor_inside_a_part_does_not_see_it():
    assert np.isinf(hit(P.BOX, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0))
