"""Label files of the four sets, good and bad."""

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.geometry import se3
from drivewm.logs.label_formats import SETS, after_merging
from drivewm.logs.label_frame import FrameCheck
from drivewm.logs.sources.nuscenes_occupancy import LabelFiles, native_surroundocc, resampled
from drivewm.scene import MOVABLE, OccClass

SHAPE = (200, 200, 16)


def files(tmp_path, name: str) -> LabelFiles:
    (tmp_path / SETS[name].folder).mkdir(exist_ok=True)
    return LabelFiles(tmp_path, None, name)


def test_free_and_the_number_of_classes_are_those_of_the_papers():
    assert {n: (s.free, s.highest) for n, s in SETS.items()} == {
        "occ3d": (17, 17), "openocc": (16, 16), "surroundocc": (None, 16), "uniocc": (10, 10),
    }  # fmt: skip
    assert SETS["openocc"].classes[0] == "car" and SETS["openocc"].classes[9] == "barrier"
    assert SETS["uniocc"].classes[7] == "road"


@pytest.mark.parametrize("name", SETS)
def test_what_a_set_can_say_comes_back_and_the_rest_goes_to_its_neighbour(name):
    every = np.arange(18, dtype=np.uint8)
    back = after_merging(every, name)
    own = set(SETS[name].to_occ3d.tolist()) | {int(OccClass.FREE)}
    assert all(back[c] == c for c in own)
    assert back[OccClass.FREE] == OccClass.FREE
    assert np.isin(back[[int(c) for c in MOVABLE]], [int(c) for c in MOVABLE]).all()


def test_the_first_set_that_a_dataroot_has_is_read_unless_one_is_named(tmp_path):
    assert LabelFiles(tmp_path).set.name == "occ3d"
    (tmp_path / "openocc_v2").mkdir()
    assert LabelFiles(tmp_path).set.name == "openocc"
    assert LabelFiles(tmp_path, tmp_path).set.name == "occ3d"
    assert LabelFiles(tmp_path, None, "uniocc").set.name == "uniocc"
    with pytest.raises(InputError, match="no such folder"):
        LabelFiles(tmp_path, tmp_path / "absent")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"flow": np.zeros(1)}, r"\[semantics\] array is missing"),
        ({"semantics": np.zeros((512, 512, 40), np.uint8)}, r"shape \(512, 512, 40\) is not"),
        ({"semantics": np.full(SHAPE, 17, np.uint8)}, "classes are 17 to 17, not whole numbers"),
        ({"semantics": np.zeros(SHAPE, np.float32)}, "classes are float32"),
        ({"semantics": np.full(SHAPE, -1)}, "classes are -1 to -1"),
    ],
)
def test_a_label_of_another_grid_or_set_is_named(tmp_path, arrays, message):
    path = tmp_path / "labels.npz"
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=message) as caught:
        files(tmp_path, "openocc").read(path, None)
    assert caught.value.file == path and caught.value.fix


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((3, 5), int), r"shape \(3, 5\) is not \(n, 4\)"),
        (np.array([[300, 2, 3, 1]]), r"voxel \(300, 2, 3\) is outside the grid"),
        (np.array([[1, 2, 3, 17]]), "classes are 17 to 17, not whole numbers from 0 to 16"),
        (np.array([[1.5, 2, 3, 4]]), "rows are not whole numbers"),
        (np.array([[np.nan, 2, 3, 4]]), "rows are not whole numbers"),
    ],
)
def test_a_surroundocc_file_of_something_else_is_named(tmp_path, rows, message):
    path = tmp_path / "x.npy"
    np.save(path, rows)
    with pytest.raises(InputError, match=message) as caught:
        native_surroundocc(path)
    assert caught.value.file == path and caught.value.fix


def test_surroundocc_needs_the_lidar_frame(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.array([[1, 2, 3, 4.0]]))  # whole numbers stored as floats will do
    assert native_surroundocc(path)[1, 2, 3] == OccClass.CAR
    with pytest.raises(InputError, match="no LIDAR_TOP record"):
        files(tmp_path, "surroundocc").read(path, None)


def test_grids_that_share_borders_lose_nothing_in_the_change_of_frame():
    """Cubes of 2 m (5 voxels of 0.4, 4 of 0.5), a lidar turned by 90 degrees that stands on such a
    border: every voxel comes back."""
    rng = np.random.default_rng(0)
    cubes = rng.integers(0, 18, (40, 40, 3), dtype=np.uint8)  # x, y from -40, z from -1 to 5 m
    exact = np.full(SHAPE, OccClass.FREE, np.uint8)
    exact[:, :, :15] = cubes.repeat(5, 0).repeat(5, 1).repeat(5, 2)
    ego_from_lidar = se3.from_yaw(2.0, 0.0, -np.pi / 2, 2.0)
    native = np.full(SHAPE, OccClass.FREE, np.uint8)
    centers = np.stack(np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij"), -1) + 0.5
    ego = se3.transform(ego_from_lidar, centers.reshape(-1, 3) * 0.5 + [-50.0, -50.0, -5.0])
    cell = np.floor((ego - np.array([-40.0, -40.0, -1.0])) / 2.0 + 1e-9).astype(int)
    inside = ((cell >= 0) & (cell < [40, 40, 3])).all(1)
    native.reshape(-1)[inside] = cubes[tuple(cell[inside].T)]
    label = resampled(native, SETS["surroundocc"], ego_from_lidar)
    known = label.mask_camera
    assert known[:, :, :15].all() and not known[:, :, 15].any()  # the lidar's grid ends at 5 m
    np.testing.assert_array_equal(label.semantics[known], exact[known])


def boxes_and_label(turn: int) -> tuple[np.ndarray, np.ndarray]:
    """Cars at known places, and a label with these cars turned by so many quarters."""
    rng = np.random.default_rng(1)
    centers = np.column_stack([rng.uniform(-20, 20, (15, 2)), np.full(15, 0.8)])
    grid = np.full(SHAPE, OccClass.FREE, np.uint8)
    for x, y, _ in centers:
        ix, iy = int((x + 40) / 0.4), int((y + 40) / 0.4)
        grid[ix - 2 : ix + 3, iy - 2 : iy + 3, 3:6] = OccClass.CAR
    return centers, np.rot90(grid, turn)


def test_labels_of_another_frame_are_told_by_the_annotated_boxes():
    for turn in (1, 2, 3):
        check = FrameCheck()
        centers, label = boxes_and_label(turn)
        check.add(label, centers)
        with pytest.raises(InputError, match=r"another frame: \d+% of 15 .* 100% with") as caught:
            check.settle("gts/scene-0001")
        assert caught.value.file == "gts/scene-0001" and "surroundocc" in caught.value.fix


def test_labels_of_the_right_frame_and_labels_without_cars_pass():
    check = FrameCheck()
    centers, label = boxes_and_label(0)
    check.add(label, centers)
    check.settle("x")
    assert check.share() == 1.0
    nothing = FrameCheck()
    nothing.add(np.full(SHAPE, OccClass.FREE, np.uint8), centers)
    nothing.settle("x")  # empty labels fit no frame: nothing can be said


def test_the_real_label_is_of_the_ego_frame(real_data):
    from drivewm.logs.ingest import open_source
    from drivewm.logs.keyframe_boxes import movable_centers

    source = open_source("nuscenes", real_data / "nuscenes-mini", occupancy=real_data / "occ3d")
    record = source.read("scene-1077")
    ((keyframe, label),) = record.occupancy()
    check = FrameCheck()
    check.add(label.semantics, movable_centers(record, keyframe))
    assert check.boxes >= 5
    assert check.share() == max(check.share(name) for name in check.hits)
