import dataclasses
import errno
import gc
import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from drivewm.errors import InputError
from drivewm.logs import tables
from drivewm.logs.fleet import Fleet
from drivewm.logs.ingest import ingest, open_source
from tests.logs import tiny_dataroot as tiny


@pytest.fixture
def record(dataroot):
    return open_source("nuscenes", dataroot).read(tiny.SCENE)


class Interrupted:
    """A source whose second scene is never read."""

    def __init__(self, record):
        self.record = record

    def scene_ids(self):
        return ["first", "second"]

    def read(self, scene_id):
        if scene_id == "second":
            raise KeyboardInterrupt
        return dataclasses.replace(self.record, id=scene_id)


def test_interrupted_ingest_leaves_nothing(record, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        ingest(Interrupted(record), tmp_path, tmp_path / "fleet")
    assert [p.name for p in tmp_path.iterdir()] == ["dataroot"]


def test_interrupted_ingest_keeps_the_fleet_that_was_there(record, dataroot, tmp_path):
    ingest("nuscenes", dataroot, tmp_path / "fleet")
    with pytest.raises(KeyboardInterrupt):
        ingest(Interrupted(record), tmp_path, tmp_path / "fleet")
    assert len(Fleet.open(tmp_path / "fleet")) == 1


def test_folder_that_is_no_fleet_is_not_replaced(dataroot, tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.txt").write_text("x")
    with pytest.raises(InputError, match="exists and is not a fleet"):
        ingest("nuscenes", dataroot, tmp_path / "work")
    assert (tmp_path / "work" / "thesis.txt").exists()


def test_same_logs_same_hash_any_number_of_workers(dataroot, tmp_path):
    def second_scene(rows):
        return [*rows, {**rows[0], "token": "scene2", "name": "scene-0002"}]

    tiny.edit(dataroot, "scene", second_scene)
    moved = {f"sample-{k}" for k in range(5, tiny.KEYFRAMES)}
    tiny.edit(
        dataroot,
        "sample",
        lambda rows: [{**r, "scene_token": "scene2"} if r["token"] in moved else r for r in rows],
    )
    one = Fleet.open(ingest("nuscenes", dataroot, tmp_path / "one"))
    two = Fleet.open(ingest("nuscenes", dataroot, tmp_path / "two", workers=2))
    assert [i.content_hash for i in one.scenes] == [i.content_hash for i in two.scenes]
    assert one.content_hash == two.content_hash
    assert one.scenes[0].content_hash != one.scenes[1].content_hash


def test_hash_follows_the_content(record):
    before = tables.content_hash(tables.build(record))
    moved = dataclasses.replace(
        record, tracks=dataclasses.replace(record.tracks, center_m=record.tracks.center_m + 1e-9)
    )
    assert tables.content_hash(tables.build(moved)) != before


@pytest.mark.parametrize(
    ("part", "field", "value", "message"),
    [
        ("tracks", "size_m", 0.0, "size is not above 0"),
        ("tracks", "yaw_rad", np.nan, "pose is not finite"),
        ("ego", "translation_m", np.nan, "is not finite"),
    ],
)
def test_bad_numbers_of_any_source_are_refused(record, part, field, value, message):
    rows = getattr(record, part)
    broken = np.array(getattr(rows, field))
    broken[0] = value
    bad = dataclasses.replace(record, **{part: dataclasses.replace(rows, **{field: broken})})
    with pytest.raises(InputError, match=message):
        tables.build(bad)


def test_absent_source_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        ingest("av2", tmp_path / "nowhere", tmp_path / "fleet")


def test_data_beside_the_fleet_is_noted_relatively(dataroot, tmp_path):
    fleet = Fleet.open(ingest("nuscenes", dataroot, tmp_path / "fleet"))
    assert fleet.scenes[0].data_root_relative == "../dataroot"


def test_split_file_decides_the_split(dataroot, tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"held_out": [tiny.SCENE]}))
    fleet = Fleet.open(ingest("nuscenes", dataroot, tmp_path / "fleet", split_file=path))
    assert fleet.scenes[0].split == "held_out"
    shutil.copy(path, dataroot / tiny.VERSION / "splits.json")
    again = Fleet.open(ingest("nuscenes", dataroot, tmp_path / "fleet"))
    assert again.scenes[0].split == "held_out"


def test_a_full_disk_leaves_nothing_and_is_said_once(dataroot, tmp_path, monkeypatch, capfd):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "Error writing bytes to file")

    monkeypatch.setattr(pq.ParquetWriter, "close", full)
    with pytest.raises(OSError, match="No space left") as caught:
        ingest("nuscenes", dataroot, tmp_path / "fleet")
    assert caught.value.filename == str(tmp_path / "fleet")
    monkeypatch.undo()
    gc.collect()
    assert "Exception ignored" not in capfd.readouterr().err
    assert not [p for p in tmp_path.iterdir() if "fleet" in p.name]
