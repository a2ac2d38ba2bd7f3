"""Labels made from sweeps and boxes, against the exact ones of the synthetic world."""

import numpy as np
import pytest

from drivewm.cli import main
from drivewm.errors import InputError
from drivewm.geometry.voxel_rays import mark_passed
from drivewm.logs.ingest import open_source
from drivewm.logs.lidar_labels import labelled
from drivewm.scene import MOVABLE, OccClass

GROUND = [11, 12, 13, 14]


@pytest.fixture(scope="module")
def pairs(small_fleet):
    """(made, exact) labels of the first scene."""
    info = small_fleet.scenes[0]
    source = open_source("nuscenes", small_fleet.data_root(info), labels="lidar")
    record = source.read(info.id)
    assert "occupancy made from lidar and boxes" in record.notes
    return [(label, small_fleet.occupancy(info.id, k)) for k, label in record.occupancy()]


def iou(pairs, classes) -> float:
    """Over the voxels that the sweeps saw."""
    hit = union = 0
    for made, exact in pairs:
        ours, theirs = (np.isin(x.semantics, classes) & made.mask_lidar for x in (made, exact))
        hit, union = hit + (ours & theirs).sum(), union + (ours | theirs).sum()
    return hit / union


def test_every_keyframe_gets_a_label_near_the_exact_one(pairs, small_fleet):
    assert len(pairs) == small_fleet.scenes[0].keyframes
    assert iou(pairs, [int(c) for c in MOVABLE]) > 0.9
    assert iou(pairs, GROUND) > 0.6
    seen = np.mean([made.mask_lidar[exact.mask_lidar].mean() for made, exact in pairs])
    assert seen > 0.6  # the exact mask also has rays without an echo, which no sweep records


def test_free_space_that_a_ray_passed_is_free(pairs):
    for made, exact in pairs:
        both = made.mask_lidar & exact.mask_lidar & (exact.semantics == OccClass.FREE)
        assert (made.semantics[both] == OccClass.FREE).mean() > 0.97


def test_points_travel_with_their_box(small_fleet):
    """Unfilled boxes hold points of other keyframes too."""
    info = small_fleet.scenes[0]
    record = open_source("nuscenes", small_fleet.data_root(info)).read(info.id)
    whole = dict(labelled(record, fill=False).occupancy())
    filled = dict(labelled(record).occupancy())
    movable = [int(c) for c in MOVABLE]
    counts = [np.isin(x[0].semantics, movable).sum() for x in (whole, filled)]
    assert 0 < counts[0] < counts[1]


def test_a_sweep_that_went_missing_is_named(small_fleet, tmp_path):
    info = small_fleet.scenes[0]
    record = open_source("nuscenes", small_fleet.data_root(info)).read(info.id)
    object.__setattr__(record, "data_root", str(tmp_path))
    with pytest.raises(InputError, match=r"pcd\.bin: lidar file is missing"):
        next(labelled(record).occupancy())


def test_the_command_line_offers_them_for_nuscenes_alone(small_fleet, tmp_path, capsys):
    root = str(small_fleet.data_root(small_fleet.scenes[0]))
    assert main(["ingest", "av2", root, str(tmp_path / "fleet"), "--labels", "lidar"]) == 2
    assert "--labels] only nuScenes has this option" in capsys.readouterr().err


def test_rays_mark_what_they_pass_and_stop_at_what_is_solid():
    solid, passed = np.zeros((6, 6, 6), bool), np.zeros((6, 6, 6), bool)
    solid[3, 2, 2] = True
    mark_passed(solid, np.array([-1.5, 2.5, 2.5]), np.array([[5.5, 2.5, 2.5]]), True, passed)
    assert passed[:4, 2, 2].all() and passed.sum() == 4
    passed[:] = False
    ends = np.array([[4.5, 5.5, 2.5]])
    mark_passed(solid, np.array([0.5, 0.5, 2.5]), ends, False, passed)
    plain = np.zeros_like(passed)
    for s in np.linspace(0, 1, 20001):
        x, y = 0.5 + 4 * s, 0.5 + 5 * s
        plain[int(x), int(y), 2] = True
    np.testing.assert_array_equal(passed, plain)
