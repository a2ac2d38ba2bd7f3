import numpy as np
import pyarrow.parquet as pq
import pytest

from drivewm.errors import InputError
from drivewm.geometry import se3
from drivewm.logs.fleet import Fleet
from drivewm.logs.ingest import ingest, open_source
from drivewm.logs.occupancy_codec import (
    SHAPE,
    pack_mask,
    pack_semantics,
    unpack_mask,
    unpack_semantics,
)
from drivewm.logs.sources.nuscenes_occupancy import LabelFiles, read_label
from tests.logs import tiny_dataroot as tiny


def first(dataroot):
    return open_source("nuscenes", dataroot).read(tiny.SCENE)


def test_boxes_equal_the_devkit_over_every_annotation(real_data, real_fleets):
    from nuscenes.nuscenes import NuScenes

    devkit = NuScenes("v1.0-mini", str(real_data / "nuscenes-mini"), verbose=False)
    names = {scene["token"]: scene["name"] for scene in devkit.scene}
    expected: dict[str, list] = {name: [] for name in names.values()}
    for sample in sorted(devkit.sample, key=lambda s: s["timestamp"]):
        data = next(iter(sample["data"].values()))  # the boxes of a keyframe are the same for all
        expected[names[sample["scene_token"]]] += devkit.get_boxes(data)
    fleet = real_fleets["nuscenes"]
    table = pq.ParquetFile(f"{fleet.path}/tracks.parquet")
    compared = 0
    for group, info in enumerate(fleet.scenes):
        rows, boxes = table.read_row_group(group).to_pydict(), expected[info.id]
        assert len(boxes) == len(rows["track_id"])
        compared += len(boxes)

        def columns(*chosen, rows=rows):
            return np.column_stack([rows[name] for name in chosen])

        close = {"atol": 1e-6, "rtol": 0}
        np.testing.assert_allclose(columns("x_m", "y_m", "z_m"), [b.center for b in boxes], **close)
        np.testing.assert_allclose(
            columns("width_m", "length_m", "height_m"), [b.wlh for b in boxes], **close
        )
        rotation = se3.rotation_from_quaternion(se3.quaternion_from_yaw(rows["yaw_rad"]))
        np.testing.assert_allclose(
            rotation, [b.orientation.rotation_matrix for b in boxes], **close
        )
        assert rows["category"] == [b.name for b in boxes]
        tokens = [devkit.get("sample_annotation", b.token)["instance_token"] for b in boxes]
        assert rows["track_id"] == tokens
    assert compared == 18_538


def test_keyframe_scene_holds_every_box_of_the_table(real_fleets):
    fleet = real_fleets["nuscenes"]
    table = pq.ParquetFile(f"{fleet.path}/tracks.parquet")
    scene = fleet.scene("scene-0061", rate_hz=None)
    rows = table.read_row_group(0).to_pydict()
    row_of = {name: n for n, name in enumerate(scene.tracks.ids)}
    n = np.array([row_of[name] for name in rows["track_id"]])
    state = scene.tracks.state[n, rows["keyframe"]]
    assert scene.tracks.valid[n, rows["keyframe"]].all()
    assert scene.tracks.valid.sum() == len(n)
    boxes = np.column_stack([rows["x_m"], rows["y_m"], rows["z_m"]])
    np.testing.assert_allclose(state[:, :3], boxes, atol=1e-6, rtol=0)
    assert np.abs(np.exp(1j * state[:, 3]) - np.exp(1j * np.array(rows["yaw_rad"]))).max() < 1e-6


def test_real_mini_is_ingested_whole(real_fleets):
    fleet = real_fleets["nuscenes"]
    assert len(fleet) == 10
    assert sum(info.keyframes for info in fleet.scenes) == 404
    assert {info.map_origin for info in fleet.scenes} == {"drivable_png"}
    assert {i.id: i.has_images for i in fleet.scenes if i.has_images} == {"scene-0061": 6}
    assert [i.id for i in fleet.scenes if i.split == "mini_val"] == ["scene-0103", "scene-0916"]
    assert [i.id for i in fleet.scenes if "vehicle bus" in i.notes] == [
        "scene-0796",
        "scene-1094",
        "scene-1100",
    ]


def test_real_ego_stays_on_the_drivable_area_at_plausible_speed(real_fleets):
    import shapely

    for fleet in real_fleets.values():
        for info in fleet.scenes:
            scene = fleet.scene(info.id)
            road = shapely.union_all(list(scene.map.drivable))
            assert shapely.contains_xy(road, scene.ego[:, 0], scene.ego[:, 1]).mean() > 0.98, info
            assert scene.ego[:, 3].min() > -0.5 and scene.ego[:, 3].max() < 16.0, info
            assert np.abs(scene.ego[:, 4]).max() < 0.5, info  # a car does not slide
            assert np.abs(scene.ego[:, 5]).max() < 4.0, info
            assert np.isfinite(scene.ego).all()


def test_keyframe_without_lidar_takes_the_pose_between_its_neighbours(dataroot):
    tiny.edit(
        dataroot, "sample_data", lambda rows: [r for r in rows if r["token"] != "LIDAR_TOP-3"]
    )
    record = first(dataroot)
    at = int(np.nonzero(record.ego.keyframe == 3)[0][0])
    assert record.ego.times_us[at] == tiny.keyframe_us(3)
    np.testing.assert_allclose(
        record.ego.translation_m[at, 0], tiny.ego_x_m(tiny.keyframe_us(3)), atol=1e-6
    )
    assert "1 keyframes without LIDAR_TOP" in record.notes


def test_last_keyframe_without_lidar_takes_the_nearest_pose_and_does_not_extrapolate(dataroot):
    last = tiny.KEYFRAMES - 1
    tiny.edit(
        dataroot, "sample_data", lambda rows: [r for r in rows if r["token"] != f"LIDAR_TOP-{last}"]
    )
    record = first(dataroot)
    camera_us = tiny.keyframe_us(last) - 40_000
    np.testing.assert_allclose(record.ego.translation_m[-1, 0], tiny.ego_x_m(camera_us))


def test_occupancy_labels_are_found_in_gts_and_in_a_given_folder(dataroot, tmp_path):
    semantics = np.full(SHAPE, 17, np.uint8)
    semantics[3, 4, 5] = 4
    ones = np.ones(SHAPE, np.uint8)
    path = dataroot / "gts" / tiny.SCENE / "sample-2" / "labels.npz"
    path.parent.mkdir(parents=True)
    np.savez_compressed(path, semantics=semantics, mask_camera=ones, mask_lidar=0 * ones)
    fleet = Fleet.open(ingest("nuscenes", dataroot, tmp_path / "fleet"))
    label = fleet.occupancy(tiny.SCENE, 2)
    np.testing.assert_array_equal(label.semantics, semantics)
    assert label.mask_camera.all() and not label.mask_lidar.any()
    assert fleet.occupancy(tiny.SCENE, 1) is None
    assert fleet.info(tiny.SCENE).has_occupancy == 1
    (tmp_path / "flat").mkdir()
    path.rename(tmp_path / "flat" / "sample-4.npz")
    fleet = Fleet.open(
        ingest("nuscenes", dataroot, tmp_path / "fleet", occupancy=tmp_path / "flat")
    )
    assert fleet.occupancy(tiny.SCENE, 4).semantics[3, 4, 5] == 4


def test_real_occupancy_label_is_packed_without_loss(real_data):
    path = next((real_data / "occ3d").glob("*.npz"))
    found = LabelFiles(real_data / "nuscenes-mini", real_data / "occ3d").path(
        "scene-1077", path.stem, 0, None
    )
    assert found == path
    label = read_label(path)
    with np.load(path) as archive:
        for name, unpack, pack in (
            ("semantics", unpack_semantics, pack_semantics),
            ("mask_camera", unpack_mask, pack_mask),
        ):
            np.testing.assert_array_equal(unpack(pack(getattr(label, name))), archive[name])


def test_broken_label_is_named(dataroot, tmp_path):
    path = dataroot / "gts" / tiny.SCENE / "sample-0" / "labels.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, semantics=np.zeros((2, 2, 2), np.uint8))
    with pytest.raises(InputError, match=r"labels\.npz: \[.*mask_camera.*missing"):
        ingest("nuscenes", dataroot, tmp_path / "fleet")
    assert not (tmp_path / "fleet").exists()


@pytest.mark.parametrize("kind", ["empty", "cut off", "classes"])
def test_a_damaged_label_is_named(dataroot, tmp_path, kind):
    path = dataroot / "gts" / tiny.SCENE / "sample-0" / "labels.npz"
    path.parent.mkdir(parents=True)
    ones = np.ones(SHAPE, np.uint8)
    np.savez_compressed(path, semantics=25 * ones, mask_camera=ones, mask_lidar=ones)
    if kind != "classes":
        path.write_bytes(path.read_bytes()[: 0 if kind == "empty" else 500])
    message = r"\[semantics\] classes" if kind == "classes" else "not a readable npz"
    with pytest.raises(InputError, match=rf"labels\.npz: {message}"):
        ingest("nuscenes", dataroot, tmp_path / "fleet")
    assert not (tmp_path / "fleet").exists()


def test_a_folder_without_a_label_of_these_scenes_is_refused(dataroot, tmp_path):
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match=r"\[--occupancy\] holds no occ3d label of these scenes"):
        ingest("nuscenes", dataroot, tmp_path / "fleet", occupancy=tmp_path / "other")


def test_a_lidar_record_under_a_cameras_calibration_is_no_picture(dataroot):
    cameras = len(first(dataroot).cameras)

    def moved(rows):
        next(r for r in rows if "CAM_FRONT" in r["filename"])["filename"] = (
            "samples/LIDAR_TOP/9.pcd.bin"
        )

    tiny.edit(dataroot, "sample_data", moved)
    assert len(first(dataroot).cameras) == cameras - 1
