import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drivewm.errors import InputError
from drivewm.logs import schema
from drivewm.logs.fleet import Fleet
from drivewm.logs.ingest import ingest
from drivewm.scene.columns import EgoColumn, TrackColumn
from tests.logs import tiny_dataroot as tiny


def test_opening_reads_only_the_scenes_table(tiny_fleet, monkeypatch):
    opened = []
    original = pq.ParquetFile

    def spy(path, *args, **kwargs):
        opened.append(str(path).rsplit("/", 1)[-1])
        return original(path, *args, **kwargs)

    monkeypatch.setattr(pq, "ParquetFile", spy)
    fleet = Fleet.open(tiny_fleet.path)
    assert opened == ["scenes.parquet"]
    fleet.keyframes(tiny.SCENE)
    assert opened == ["scenes.parquet", "ego.parquet"]


def test_every_table_has_one_row_group_per_scene(real_fleets):
    for fleet in real_fleets.values():
        for name in schema.SCENE_TABLES:
            file = pq.ParquetFile(f"{fleet.path}/{name}.parquet")
            assert file.num_row_groups == len(fleet), name


def test_ten_hertz_scene_of_the_hand_made_log(tiny_fleet):
    scene = tiny_fleet.scene(tiny.SCENE)
    assert scene.steps == 41
    assert (np.diff(scene.times_us) == 100_000).all()
    seconds = np.arange(41) / 10
    np.testing.assert_allclose(scene.ego[:, EgoColumn.X], tiny.START_X_M + 5 * seconds, atol=1e-6)
    np.testing.assert_allclose(scene.ego[:, EgoColumn.VX], tiny.SPEED_MPS, atol=1e-6)
    leader = scene.tracks.ids.index(tiny.LEADER)
    assert scene.tracks.valid.all()
    np.testing.assert_allclose(
        scene.tracks.state[leader, :, TrackColumn.X], scene.ego[:, 0] + tiny.LEAD_M, atol=1e-6
    )
    np.testing.assert_allclose(scene.tracks.state[leader, :, TrackColumn.VX], 5.0)
    np.testing.assert_allclose(scene.tracks.size_m[leader], [4.5, 1.9, 1.6])
    assert scene.split == "all"


def test_scene_at_keyframes_has_the_recorded_instants(tiny_fleet):
    scene = tiny_fleet.scene(tiny.SCENE, rate_hz=None)
    keyframes = tiny_fleet.keyframes(tiny.SCENE)
    expected = [tiny.keyframe_us(k) for k in range(tiny.KEYFRAMES)]
    assert scene.times_us.tolist() == expected == keyframes.times_us.tolist()
    np.testing.assert_allclose(keyframes.global_from_ego[:, 0, 3], scene.ego[:, 0])


def test_missing_image_and_sweep_name_their_file(tiny_fleet):
    rows = tiny_fleet.camera_rows(tiny.SCENE)
    assert tiny_fleet.image(rows[0]).shape == (90, 160, 3)
    assert [row.exists for row in rows] == [True] + [False] * (tiny.KEYFRAMES - 1)
    with pytest.raises(InputError, match=r"CAM_FRONT/1\.jpg: image file is missing"):
        tiny_fleet.image(rows[1])
    sweeps = tiny_fleet.lidar_rows(tiny.SCENE)
    assert tiny_fleet.points(sweeps[0]).shape == (4, 5)
    with pytest.raises(InputError, match=r"LIDAR_TOP/1\.pcd\.bin: lidar file is missing"):
        tiny_fleet.points(sweeps[1])
    assert tiny_fleet.info(tiny.SCENE).has_images == 1
    assert tiny_fleet.info(tiny.SCENE).has_lidar == 1


def test_camera_row_has_its_own_exposure_pose_and_extrinsics(tiny_fleet):
    row = tiny_fleet.camera_rows(tiny.SCENE)[1]
    assert row.timestamp_us == tiny.keyframe_us(1) - 40_000
    assert row.keyframe == 1
    np.testing.assert_allclose(row.global_from_ego[0, 3], tiny.ego_x_m(row.timestamp_us))
    ahead = row.ego_from_camera @ [0.0, 0.0, 1.0, 1.0]  # the optical axis looks forward
    np.testing.assert_allclose(ahead[:3], [2.7, 0.0, 1.5], atol=1e-9)
    assert row.intrinsics.shape == (3, 3)


def test_unknown_is_null_in_the_tables(tiny_fleet):
    ego = pq.read_table(f"{tiny_fleet.path}/ego.parquet")
    assert ego["steer_rad"].null_count == ego["vx_mps"].null_count == ego.num_rows
    tracks = pq.read_table(f"{tiny_fleet.path}/tracks.parquet")
    assert tracks["vx_mps"].null_count == tracks.num_rows
    info = tiny_fleet.info(tiny.SCENE)
    assert (info.policy, info.world_spec, info.speed_limit_mps) == (None, None, None)


def test_fleet_survives_pickling_with_open_files(tiny_fleet):
    tiny_fleet.scene(tiny.SCENE)
    copy = pickle.loads(pickle.dumps(tiny_fleet))
    assert copy.scene(tiny.SCENE).id == tiny.SCENE


def test_fleet_on_another_filesystem(tiny_fleet):
    import fsspec

    memory = fsspec.filesystem("memory")
    for name in schema.TABLES:
        with open(f"{tiny_fleet.path}/{name}.parquet", "rb") as file:
            memory.pipe(f"/fleets/tiny/{name}.parquet", file.read())
    fleet = Fleet.open("memory://fleets/tiny")
    assert fleet.scene(tiny.SCENE).steps == 41


def test_moved_together_with_its_data_the_fleet_finds_its_images(tmp_path):
    ingest("nuscenes", tiny.write(tmp_path / "a" / "dataroot"), tmp_path / "a" / "fleet")
    (tmp_path / "a").rename(tmp_path / "b")
    fleet = Fleet.open(tmp_path / "b" / "fleet")
    assert fleet.image(fleet.camera_rows(tiny.SCENE)[0]).shape == (90, 160, 3)


@pytest.mark.parametrize("kind", ["absent", "empty", "file"])
def test_what_is_no_fleet_is_refused(tmp_path, kind):
    path = tmp_path / "thing"
    if kind == "empty":
        path.mkdir()
    elif kind == "file":
        path.write_text("x")
    with pytest.raises(InputError, match="fleet"):
        Fleet.open(path)


def _copy(fleet, folder):
    import shutil

    return shutil.copytree(fleet.path, folder)


def test_missing_table_is_named(tiny_fleet, tmp_path):
    path = _copy(tiny_fleet, tmp_path / "fleet")
    (path / "tracks.parquet").unlink()
    with pytest.raises(InputError, match=r"tracks\.parquet: table is missing"):
        Fleet.open(path)


def test_other_schema_version_is_refused(tiny_fleet, tmp_path):
    path = _copy(tiny_fleet, tmp_path / "fleet")
    table = pq.read_table(path / "scenes.parquet")
    pq.write_table(
        table.replace_schema_metadata({schema.VERSION_KEY: b"999"}), path / "scenes.parquet"
    )
    with pytest.raises(InputError, match="schema version 999, this drivewm reads 1"):
        Fleet.open(path)


def test_cut_off_table_is_named(tiny_fleet, tmp_path):
    path = _copy(tiny_fleet, tmp_path / "fleet")
    raw = (path / "tracks.parquet").read_bytes()
    (path / "tracks.parquet").write_bytes(raw[:100])
    with pytest.raises(InputError, match=r"tracks\.parquet: not readable"):
        Fleet.open(path).scene(tiny.SCENE)


def test_a_table_damaged_in_the_middle_is_named(tiny_fleet, tmp_path):
    path = _copy(tiny_fleet, tmp_path / "fleet")
    raw = bytearray((path / "ego.parquet").read_bytes())
    raw[4 : len(raw) // 2] = bytes(len(raw) // 2 - 4)
    (path / "ego.parquet").write_bytes(raw)
    with pytest.raises(InputError, match=r"ego\.parquet: not readable"):
        Fleet.open(path).scene(tiny.SCENE)


@pytest.mark.parametrize(("table", "column"), [("scenes", "location"), ("ego", "x_m")])
def test_a_table_without_a_column_is_named(tiny_fleet, tmp_path, table, column):
    path = _copy(tiny_fleet, tmp_path / "fleet")
    rows = pq.read_table(path / f"{table}.parquet")
    pq.write_table(rows.drop_columns([column]), path / f"{table}.parquet")
    with pytest.raises(InputError, match=rf"{table}\.parquet: \[{column}\] column is missing"):
        Fleet.open(path).scene(tiny.SCENE)


def test_a_table_without_the_rows_of_a_scene_is_named(tiny_fleet, tmp_path):
    path = _copy(tiny_fleet, tmp_path / "fleet")
    pq.write_table(pq.read_table(path / "ego.parquet").slice(0, 0), path / "ego.parquet")
    with pytest.raises(InputError, match=rf"ego\.parquet: has no rows of scene {tiny.SCENE}"):
        Fleet.open(path).scene(tiny.SCENE)


def test_a_picture_that_is_cut_off_is_named(tiny_fleet, tmp_path):
    row = tiny_fleet.camera_rows(tiny.SCENE)[0]
    cut = tmp_path / "cut.jpg"
    for content in (Path(row.path).read_bytes()[:400], b"no picture"):
        cut.write_bytes(content)
        with pytest.raises(InputError, match=r"cut\.jpg: not a readable image") as caught:
            tiny_fleet.image(dataclasses.replace(row, path=str(cut)))
        assert "object at" not in str(caught.value)


def test_unknown_scene_and_split_list_what_there_is(tiny_fleet):
    with pytest.raises(InputError, match=r"no scene 'x'.*scene-0001"):
        tiny_fleet.scene("x")
    with pytest.raises(InputError, match="use one of all"):
        tiny_fleet.select(split="val")
    assert [info.id for info in tiny_fleet.select(split="all")] == [tiny.SCENE]


def test_times_are_int64_and_map_is_geoparquet(tiny_fleet):
    for name in ("ego", "tracks", "lights"):
        table = pq.read_schema(f"{tiny_fleet.path}/{name}.parquet")
        assert table.field("time_us").type == pa.int64()
    assert b"geo" in pq.read_schema(f"{tiny_fleet.path}/map.parquet").metadata
