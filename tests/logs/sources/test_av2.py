import json

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from drivewm.errors import InputError
from drivewm.geometry import se3
from drivewm.logs.fleet import Fleet
from drivewm.logs.ingest import ingest
from drivewm.logs.sources.av2_map import centerline

SWEEPS = 11
LOG = "log-0001"


def write_log(root, *, ego_offset_m=1.3):
    """The ego drives along y = 0 at 5 m/s, facing +y in the city frame at x = 100; a parked car
    stands at (100, 30)."""
    log = root / LOG
    (log / "map").mkdir(parents=True)
    times = 315_000_000_000_000_000 + 100_000_000 * np.arange(SWEEPS)
    y = 0.5 * np.arange(SWEEPS)
    half = np.full(SWEEPS, np.sqrt(0.5))
    zero = np.zeros(SWEEPS)
    poses = {
        "timestamp_ns": times,
        "qw": half,
        "qx": zero,
        "qy": zero,
        "qz": half,
        "tx_m": zero + 100.0,
        "ty_m": y,
        "tz_m": zero + 7.0,
    }
    feather.write_feather(pa.table(poses), log / "city_SE3_egovehicle.feather")

    def boxes(name, category, x, size):
        return {
            "timestamp_ns": times,
            "track_uuid": [name] * SWEEPS,
            "category": [category] * SWEEPS,
            "length_m": zero + size[0],
            "width_m": zero + size[1],
            "height_m": zero + size[2],
            "qw": zero + 1.0,
            "qx": zero,
            "qy": zero,
            "qz": zero,
            "tx_m": x,
            "ty_m": zero,
            "tz_m": zero + 0.8,
            "num_interior_pts": np.ones(SWEEPS, np.int64),
        }

    tables = [
        pa.table(boxes("ego", "EGO_VEHICLE", zero + ego_offset_m, (4.877, 2.0, 1.473))),
        pa.table(boxes("parked", "REGULAR_VEHICLE", 30.0 - y, (4.5, 1.9, 1.6))),
    ]
    feather.write_feather(pa.concat_tables(tables), log / "annotations_with_ego.feather")
    path = log / "map" / f"log_map_archive_{LOG}____PIT_city_1.json"
    path.write_text(json.dumps(hd_map()))
    return log


def points(*xy):
    return [{"x": x, "y": y, "z": 7.0} for x, y in xy]


def hd_map():
    def segment(name, y0, y1, successors, predecessors):
        return {
            "id": name,
            "is_intersection": False,
            "lane_type": "VEHICLE",
            "left_lane_boundary": points((98, y0), (98, y1)),
            "left_lane_mark_type": "NONE",
            "right_lane_boundary": points((102, y0), (102, (y0 + y1) / 2), (102, y1)),
            "right_lane_mark_type": "SOLID_WHITE",
            "successors": successors,
            "predecessors": predecessors,
            "right_neighbor_id": None,
            "left_neighbor_id": 99,
        }

    return {
        "lane_segments": {"1": segment(1, -20, 20, [2], []), "2": segment(2, 20, 60, [77], [1])},
        "drivable_areas": {
            "5": {"id": 5, "area_boundary": points((95, -30), (105, -30), (105, 80), (95, 80))}
        },
        "pedestrian_crossings": {
            "6": {
                "id": 6,
                "edge1": points((95, 10), (105, 10)),
                "edge2": points((95, 13), (105, 13)),
            }
        },
    }


@pytest.fixture
def logs(tmp_path):
    write_log(tmp_path / "logs")
    return tmp_path / "logs"


def test_boxes_land_in_the_city_frame_and_the_ego_is_not_among_them(logs, tmp_path):
    fleet = Fleet.open(ingest("av2", logs, tmp_path / "fleet"))
    scene = fleet.scene(LOG)
    assert scene.tracks.ids == ("parked",)
    np.testing.assert_allclose(
        scene.tracks.state[0, :, :3], np.tile([100.0, 30.0, 7.8], (SWEEPS, 1)), atol=1e-9
    )
    np.testing.assert_allclose(scene.tracks.state[0, :, 3], np.pi / 2)
    np.testing.assert_allclose(scene.tracks.state[0, :, 4:], 0.0, atol=1e-6)
    np.testing.assert_allclose(scene.ego[:, 3], 5.0, atol=1e-6)
    info = fleet.scenes[0]
    assert (info.location, info.native_rate_hz, info.keyframes) == ("PIT", 10.0, 3)


def test_ego_has_its_own_box(tmp_path):
    write_log(tmp_path / "logs", ego_offset_m=1.3)
    vehicle = Fleet.open(ingest("av2", tmp_path / "logs", tmp_path / "f")).scenes[0].vehicle
    assert (vehicle.length_m, vehicle.width_m, vehicle.rear_axle_to_center_m) == (4.877, 2.0, 1.3)


def test_ego_box_put_on_the_rear_axle_is_a_placeholder(tmp_path):
    write_log(tmp_path / "logs", ego_offset_m=0.0)
    info = Fleet.open(ingest("av2", tmp_path / "logs", tmp_path / "f")).scenes[0]
    assert info.vehicle.rear_axle_to_center_m == 1.34
    assert "rear axle from the car's data sheet" in info.notes


def test_map_has_centrelines_links_and_crossings(logs, tmp_path):
    road = Fleet.open(ingest("av2", logs, tmp_path / "fleet")).scene(LOG).map
    assert [(lane.id, lane.successors) for lane in road.lanes] == [("1", ("2",)), ("2", ())]
    assert road.lane("1").left_neighbor is None  # segment 99 is not in the log
    np.testing.assert_allclose(road.lane("1").centerline[:, 0], 100.0)
    assert road.lane("1").polygon.area == pytest.approx(160.0)
    assert (len(road.drivable), len(road.crossings), len(road.dividers)) == (1, 1, 2)


def test_centreline_of_boundaries_with_different_points():
    left = np.array([[0.0, 2.0], [10.0, 2.0]])
    right = np.array([[0.0, 0.0], [1.0, 0.0], [10.0, 0.0]])
    middle = centerline(left, right)
    np.testing.assert_allclose(middle[:, 1], 1.0)
    np.testing.assert_allclose(middle[[0, -1], 0], [0.0, 10.0])


def change_boxes(log, column, change):
    path = log / "annotations_with_ego.feather"
    table = feather.read_table(path)
    at = table.column_names.index(column)
    feather.write_feather(table.set_column(at, column, [change(table[column])]), path)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda log: (log / "annotations_with_ego.feather").unlink(), "annotations_with_ego"),
        (
            lambda log: (log / "city_SE3_egovehicle.feather").write_bytes(b"x"),
            "not a readable feather",
        ),
        (lambda log: change_boxes(log, "length_m", lambda t: ["long"] * len(t)), r"\[length_m\]"),
        (lambda log: change_boxes(log, "length_m", lambda t: [0.0] * len(t)), "not above 0"),
        (
            lambda log: change_boxes(log, "timestamp_ns", lambda t: [t[0].as_py()] * len(t)),
            "two box",
        ),
        (lambda log: next((log / "map").iterdir()).unlink(), "map is missing"),
        (lambda log: next((log / "map").iterdir()).write_text("{"), "not valid JSON"),
        (lambda log: next((log / "map").iterdir()).write_text("{}"), "layer is missing"),
    ],
)
def test_broken_log_is_named_and_leaves_nothing(logs, tmp_path, spoil, message):
    spoil(logs / LOG)
    with pytest.raises(InputError, match=message):
        ingest("av2", logs, tmp_path / "fleet")
    assert not (tmp_path / "fleet").exists()


def test_sweep_without_pose_is_named(logs, tmp_path):
    path = logs / LOG / "city_SE3_egovehicle.feather"
    feather.write_feather(feather.read_table(path).slice(0, 5), path)
    with pytest.raises(InputError, match="no pose within 20 ms"):
        ingest("av2", logs, tmp_path / "fleet")


def test_folder_without_logs_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no log here"):
        ingest("av2", tmp_path / "empty", tmp_path / "fleet")


def test_real_boxes_equal_an_independent_transform(real_data, real_fleets):
    """Shapes and frames by pandas and SciPy rather than by this library."""
    from scipy.spatial.transform import Rotation

    for info in real_fleets["av2"].scenes:
        folder = real_data / "av2" / info.id
        boxes = feather.read_feather(folder / "annotations_with_ego.feather")
        poses = feather.read_feather(folder / "city_SE3_egovehicle.feather")
        merged = boxes[boxes.category != "EGO_VEHICLE"].merge(
            poses, on="timestamp_ns", suffixes=("", "_ego")
        )
        merged_quat = merged[["qx_ego", "qy_ego", "qz_ego", "qw_ego"]]
        turn = Rotation.from_quat(np.array(merged_quat))
        city = (
            turn.apply(np.array(merged[["tx_m", "ty_m", "tz_m"]]))
            + merged[["tx_m_ego", "ty_m_ego", "tz_m_ego"]].to_numpy()
        )
        times = (merged.timestamp_ns / 1000).round().astype(int).astype(str)
        merged["key"] = merged.track_uuid + times
        expected = dict(zip(merged["key"], city, strict=True))
        group = [i.id for i in real_fleets["av2"].scenes].index(info.id)
        rows = pq.ParquetFile(f"{real_fleets['av2'].path}/tracks.parquet").read_row_group(group)
        rows = rows.to_pydict()
        ours = np.column_stack([rows["x_m"], rows["y_m"], rows["z_m"]])
        keys = [f"{a}{b}" for a, b in zip(rows["track_id"], rows["time_us"], strict=True)]
        assert len(keys) == len(merged)
        np.testing.assert_allclose(ours, [expected[k] for k in keys], atol=1e-6, rtol=0)
        assert "EGO_VEHICLE" not in rows["category"]


def test_pose_of_a_keyframe_is_the_recorded_one(real_data, real_fleets):
    info = real_fleets["av2"].scenes[0]
    keyframes = real_fleets["av2"].keyframes(info.id)
    poses = feather.read_feather(real_data / "av2" / info.id / "city_SE3_egovehicle.feather")
    row = poses.iloc[(poses.timestamp_ns / 1000 - keyframes.times_us[3]).abs().argmin()]
    rotation = se3.rotation_from_quaternion(row[["qw", "qx", "qy", "qz"]].to_numpy(float))
    np.testing.assert_allclose(keyframes.global_from_ego[3, :3, :3], rotation, atol=1e-12)
