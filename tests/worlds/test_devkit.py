"""The synthetic dataroot as nuscenes-devkit sees it, and the truth behind it."""

import numpy as np
import pytest
from nuscenes.can_bus.can_bus_api import NuScenesCanBus
from nuscenes.map_expansion.map_api import NuScenesMap
from nuscenes.prediction import PredictHelper
from nuscenes.utils.data_classes import LidarPointCloud
from nuscenes.utils.geometry_utils import BoxVisibility, points_in_box, view_points
from nuscenes.utils.splits import get_scenes_of_split
from PIL import Image
from shapely.geometry import MultiPoint

from drivewm.scene import OccClass, classify
from drivewm.worlds.render.camera import Renderer
from drivewm.worlds.render.rig import CAMERAS
from tests.worlds.dataroots import SMALL, moments, points_of, sample_at

CAMERA_SIZE = (800, 450)


def test_every_record_is_chained_and_counted(nusc):
    assert len(nusc.scene) == 2
    for scene in nusc.scene:
        sample, count = nusc.get("sample", scene["first_sample_token"]), 1
        while sample["next"]:
            after = nusc.get("sample", sample["next"])
            assert after["prev"] == sample["token"]
            assert after["timestamp"] - sample["timestamp"] == 500_000
            sample, count = after, count + 1
        assert sample["token"] == scene["last_sample_token"] and count == scene["nbr_samples"] == 7
        assert set(sample["data"]) == {*CAMERAS, "LIDAR_TOP"}
    for instance in nusc.instance:
        row, count = nusc.get("sample_annotation", instance["first_annotation_token"]), 1
        while row["next"]:
            row, count = nusc.get("sample_annotation", row["next"]), count + 1
            assert row["instance_token"] == instance["token"]
        assert row["token"] == instance["last_annotation_token"]
        assert count == instance["nbr_annotations"]


def test_data_chains_run_per_channel(nusc):
    for channel in ("CAM_BACK", "LIDAR_TOP"):
        token = nusc.get("sample", nusc.scene[0]["first_sample_token"])["data"][channel]
        times = []
        while token:
            row = nusc.get("sample_data", token)
            assert row["channel"] == channel
            times.append(row["timestamp"])
            token = row["next"]
        assert len(times) == 7 and times == sorted(times)


def test_boxes_move_as_floats_and_turn(nusc):
    for row in nusc.sample_annotation[:50]:
        box = nusc.get_box(row["token"])
        box.translate(np.array([0.5, 0.25, 0.125]))  # integer centres would refuse
        assert box.wlh[1] >= box.wlh[0] or "pedestrian" in box.name or "barrier" in box.name
    boxes = nusc.get_boxes(nusc.sample[1]["data"]["CAM_FRONT"])
    assert len(boxes) == len(nusc.sample[1]["anns"])


def test_pictures_and_sweeps_open(nusc):
    sample = nusc.sample[3]
    path, _, intrinsics = nusc.get_sample_data(sample["data"]["CAM_FRONT"])
    with Image.open(path) as image:
        assert image.size == SMALL.image_size
        assert np.asarray(image).std() > 5
    assert intrinsics[0, 2] == pytest.approx(816.3 * 112 / 1600)
    row = nusc.get("sample_data", sample["data"]["LIDAR_TOP"])
    cloud = LidarPointCloud.from_file(f"{nusc.dataroot}/{row['filename']}")
    assert cloud.points.shape[0] == 4 and cloud.points.shape[1] > 5000
    rings = points_of(nusc, row)[:, 4]
    assert rings.min() >= 0 and rings.max() <= 31


def test_points_inside_boxes_equal_num_lidar_pts(nusc):
    total = 0
    for sample in nusc.sample:
        _, boxes, _ = nusc.get_sample_data(sample["data"]["LIDAR_TOP"])
        row = nusc.get("sample_data", sample["data"]["LIDAR_TOP"])
        points = points_of(nusc, row)[:, :3].T
        for box in boxes:
            inside = int(points_in_box(box, points).sum())
            assert inside == nusc.get("sample_annotation", box.token)["num_lidar_pts"]
            total += inside
    assert total > 1000


def test_projected_boxes_agree_with_rendered_instances(nusc):
    """Mean IoU of 2D hulls over objects seen whole (at least 100 pixels, visibility 80-100 %)."""
    overlaps = []
    for world, scene, now in moments(SMALL, every=6):
        pictures = Renderer(world, *CAMERA_SIZE).render(now.ego_pose, now.actors, now.light_status)
        sample = sample_at(nusc, scene, now.time_us)
        for channel, picture in pictures.items():
            _, boxes, _ = nusc.get_sample_data(
                sample["data"][channel], box_vis_level=BoxVisibility.ALL
            )
            intrinsics = CAMERAS[channel].scaled_intrinsics(*CAMERA_SIZE)
            for box in boxes:
                row = nusc.get("sample_annotation", box.token)
                index = now.actors.ids.index(row["instance_token"])
                v, u = np.nonzero(picture.instance == index)
                if len(v) < 100 or row["visibility_token"] != "4":
                    continue
                drawn = MultiPoint(
                    np.concatenate([np.stack([u + a, v + b], 1) for a in (0, 1) for b in (0, 1)])
                ).convex_hull
                corners = view_points(box.corners(), intrinsics, normalize=True)[:2].T
                told = MultiPoint(corners).convex_hull
                overlaps.append(told.intersection(drawn).area / told.union(drawn).area)
    assert len(overlaps) >= 15
    assert np.mean(overlaps) >= 0.85


def test_visible_and_hidden_objects_are_told_apart(nusc):
    levels = [row["visibility_token"] for row in nusc.sample_annotation]
    assert levels.count("4") > 0.1 * len(levels) and levels.count("1") > 0.1 * len(levels)
    for row in nusc.sample_annotation:  # who is seen whole and near returns lidar points
        away = np.subtract(row["translation"][:2], ego_at(nusc, row["sample_token"])[:2])
        if row["visibility_token"] == "4" and np.hypot(*away) < 25:
            assert row["num_lidar_pts"] > 0


def ego_at(nusc, sample_token: str) -> list[float]:
    data = nusc.get("sample", sample_token)["data"]["LIDAR_TOP"]
    return nusc.get("ego_pose", nusc.get("sample_data", data)["ego_pose_token"])["translation"]


def test_map_knows_where_the_ego_drives(nusc, dataroot):
    for scene in nusc.scene:
        log = nusc.get("log", scene["log_token"])
        road = NuScenesMap(str(dataroot), log["location"])
        x, y, _ = ego_at(nusc, scene["first_sample_token"])
        assert road.layers_on_point(x, y)["drivable_area"]
        lane = road.get_closest_lane(x, y, radius=4)
        points = np.array(road.discretize_lanes([lane], 0.5)[lane])
        assert np.hypot(*(points[:, :2] - [x, y]).T).min() < 2.0
        mask = nusc.get("map", log["map_token"])["mask"]
        assert mask.is_on_mask(np.array([x]), np.array([y])).all()


def test_can_bus_agrees_with_the_poses(nusc, dataroot):
    can = NuScenesCanBus(str(dataroot))
    for scene in nusc.scene:
        for name in can.all_messages:
            assert can.get_messages(scene["name"], name)
        pose = can.get_messages(scene["name"], "pose")
        x, y, _ = ego_at(nusc, scene["last_sample_token"])
        assert np.allclose(pose[-1]["pos"][:2], [x, y], atol=1e-3)
        route, driven = can.get_pose_and_route(scene["name"])
        nearest = np.hypot(*(driven[0] - route).T).min()
        assert nearest < 3.0


def test_predict_helper_sees_the_future(nusc):
    helper = PredictHelper(nusc)
    moving = [
        row
        for row in nusc.sample_annotation
        if row["prev"] == ""
        and row["next"]
        and np.linalg.norm(nusc.box_velocity(row["token"])[:2]) > 2
    ]
    assert moving
    future = helper.get_future_for_agent(
        moving[0]["instance_token"], moving[0]["sample_token"], 2, in_agent_frame=True
    )
    assert future.shape[1] == 2 and future[0, 1] > 0.5  # forward is +y there
    assert helper.get_map_name_from_sample_token(moving[0]["sample_token"])


def test_devkit_draws_a_camera_and_a_sweep(nusc, tmp_path, monkeypatch):
    import matplotlib

    matplotlib.use("Agg", force=True)
    for channel in ("CAM_FRONT", "LIDAR_TOP"):
        out = tmp_path / f"{channel}.png"
        nusc.render_sample_data(
            nusc.sample[2]["data"][channel],
            out_path=str(out),
            verbose=False,
            underlay_map=False,
        )
        assert out.stat().st_size > 5000


def test_occupancy_agrees_with_the_boxes(nusc, dataroot):
    """The voxel of a nearby box's centre has the box's class, unless another box is there."""
    checked = 0
    for sample in nusc.sample[::3]:
        scene = nusc.get("scene", sample["scene_token"])["name"]
        with np.load(dataroot / "gts" / scene / sample["token"] / "labels.npz") as label:
            grid, camera, lidar = label["semantics"], label["mask_camera"], label["mask_lidar"]
        assert grid.shape == camera.shape == lidar.shape == (200, 200, 16)
        assert grid.dtype == np.uint8 and grid.max() == OccClass.FREE
        assert set(np.unique(camera)) == set(np.unique(lidar)) == {0, 1}
        _, boxes, _ = nusc.get_sample_data(
            sample["data"]["LIDAR_TOP"], use_flat_vehicle_coordinates=True
        )
        for box in boxes:
            cell = np.floor((box.center - [-40, -40, -1]) / 0.4).astype(int)
            if (cell < 0).any() or (cell >= grid.shape).any() or min(box.wlh) < 0.6:
                continue
            checked += 1
            assert grid[tuple(cell)] == classify("nuscenes", box.name)[1]
    assert checked > 5


def test_custom_splits_are_found(nusc):
    train = get_scenes_of_split("drivewm_train", nusc)
    assert train == [scene["name"] for scene in nusc.scene]
    assert get_scenes_of_split("drivewm_unseen_layout", nusc) == []
