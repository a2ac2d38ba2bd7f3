"""Occupancy labels of hand-built worlds; ray walking against plain geometry."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from drivewm.scene import OccClass
from drivewm.worlds.render import voxels
from drivewm.worlds.render.occupancy import label, semantics_only
from tests.worlds.render.hand_built import actors_at, busy_street, ego_at, straight_road

EMPTY = straight_road(with_scenery=False)
FREE = int(OccClass.FREE)


def voxels_of(grid, occ_class):
    return {tuple(int(i) for i in v) for v in np.argwhere(grid == occ_class)}


def test_a_car_beside_the_ego_fills_the_voxels_whose_centres_it_holds():
    grid = semantics_only(EMPTY, ego_at(), actors_at((OccClass.CAR, 10.0, -1.75, 0.0)))
    x, y, z = voxels.centers_m()
    want = {
        (i, j, k)
        for i in range(200) for j in range(200) for k in range(16)
        if abs(x[i] - 10.0) <= 2.3 and abs(y[j]) <= 0.95 and 1e-9 < z[k] <= 1.6 + 1e-6
    }  # fmt: skip
    assert voxels_of(grid, OccClass.CAR) == want
    assert {k for _, _, k in want} == {3, 4, 5, 6}


def test_turning_the_ego_turns_the_label():
    actors = actors_at((OccClass.TRUCK, 10.0, 8.25, 0.0))
    ahead = semantics_only(EMPTY, ego_at(0.0, -1.75, np.pi / 2), actors)
    i, j, _ = np.argwhere(ahead == OccClass.TRUCK).T
    x, y, _ = voxels.centers_m()
    assert abs(x[i].mean() - 10.0) < 0.3 and abs(y[j].mean() + 10.0) < 0.3


def test_thin_things_keep_their_voxels_wherever_they_stand():
    for shift in np.linspace(0.0, 0.4, 9):
        actors = actors_at((OccClass.PEDESTRIAN, 8 + shift, shift, 0.7),
                           (OccClass.TRAFFIC_CONE, 8 + shift, 5 + shift, 0.0),
                           (OccClass.BICYCLE, 12 + shift, shift, 1.0))  # fmt: skip
        grid = semantics_only(EMPTY, ego_at(), actors)
        layers = {c: {k for _, _, k in voxels_of(grid, c)} for c in actors.occ_class}
        assert layers[OccClass.PEDESTRIAN] == {3, 4, 5, 6}
        assert layers[OccClass.TRAFFIC_CONE] == {3, 4}
        assert len(voxels_of(grid, OccClass.BICYCLE)) >= 4 * 3


def test_the_ground_layer_shows_the_map():
    grid = semantics_only(EMPTY, ego_at(), actors_at())
    _, y, _ = voxels.centers_m()
    layer = grid[100, :, voxels.GROUND_LAYER]
    for j, side in enumerate(y - 1.75):  # the road's own y axis
        if min(abs(abs(side) - 7), abs(abs(side) - 11)) < 0.2:
            continue
        want = (OccClass.DRIVEABLE_SURFACE if abs(side) < 7 else
                OccClass.SIDEWALK if abs(side) < 11 else OccClass.TERRAIN)  # fmt: skip
        assert layer[j] == want
    assert (np.delete(grid, voxels.GROUND_LAYER, axis=2)[:150, 60:140] == FREE).all()
    assert (
        voxels.centers_m()[2][voxels.GROUND_LAYER] == 0.0
        or abs(voxels.centers_m()[2][voxels.GROUND_LAYER]) < 1e-12
    )


def passed(origin, end):
    """Voxels whose closed box a segment meets: the slab test for every voxel in NumPy."""
    low = np.array(voxels.LOW_M) + np.indices(voxels.SHAPE).reshape(3, -1).T * voxels.CELL_M
    direction = end - origin
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = (low - origin) / direction, (low + voxels.CELL_M - origin) / direction
    enter = np.maximum(np.minimum(a, b).max(1), 0.0)
    leave = np.minimum(np.maximum(a, b).min(1), 1.0)
    return (leave - enter).reshape(voxels.SHAPE)


point = st.tuples(st.floats(-39, 39), st.floats(-39, 39), st.floats(-0.9, 5.3))


@settings(max_examples=15, deadline=None)
@given(start=point, end=point)
def test_a_walk_marks_exactly_the_voxels_on_the_way(start, end):
    start, end = np.array(start), np.array(end) + 1e-3
    if np.any(np.abs(end - start) < 1e-2):
        return
    mask = np.zeros(voxels.SHAPE, bool)
    full = np.zeros(voxels.SHAPE, np.uint8)  # nothing is free: the walk ends where the ray does
    voxels.walk(full, FREE, start, end - start, 1.0, mask)
    overlap = passed(start, end)
    assert mask[overlap > 1e-9].all()
    assert not mask[overlap < -1e-9].any()


def test_a_wall_hides_what_is_behind_it():
    actors = actors_at((OccClass.BUS, 12.0, -1.75, np.pi / 2), (OccClass.CAR, 20.0, -1.75, 0.0))
    seen = label(EMPTY, ego_at(), actors)
    bus, car = seen.semantics == OccClass.BUS, seen.semantics == OccClass.CAR
    assert car.sum() > 100
    for mask in (seen.mask_camera, seen.mask_lidar):
        assert not (mask & car).any()
        assert (mask & bus).sum() >= 100


def test_masks_see_surfaces_and_the_air_before_them():
    seen = label(straight_road(), ego_at(), busy_street())
    for mask in (seen.mask_camera, seen.mask_lidar):
        assert mask.dtype == bool and mask.shape == voxels.SHAPE
        assert mask[105:112, 98:102, 5].any()
        assert 0.05 < mask.mean() < 0.6
    cars = seen.semantics == OccClass.CAR
    assert (seen.mask_camera & cars).sum() > 50
    assert not seen.mask_camera[:, :, :2].any()  # below the ground


def test_labels_are_reproducible():
    first, second = (label(straight_road(), ego_at(1.0), busy_street()) for _ in range(2))
    for field in ("semantics", "mask_camera", "mask_lidar"):
        assert np.array_equal(getattr(first, field), getattr(second, field))
