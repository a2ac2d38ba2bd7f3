"""The life of a dataroot folder: claimed, staged, finished, refused."""

import json

import pytest

from drivewm.errors import InputError
from drivewm.worlds import tables
from drivewm.worlds.dataroot import ARGUMENTS, Dataroot

SPLITS = {"drivewm_train": ["a"], "drivewm_val": ["b"]}


def stage(root: Dataroot, scene: str) -> None:
    folder = root.staged(scene)
    (folder / "files" / "samples" / "CAM_FRONT").mkdir(parents=True)
    (folder / "files" / "gts").mkdir()
    (folder / "files" / "samples" / "CAM_FRONT" / f"{scene}.jpg").write_text(scene)
    rows = {table: [] for table in tables.SCENE_TABLES} | {"scene": [{"token": scene}]}
    tables.write_fragment(folder / "rows", rows)
    (folder / "occupancy.json").write_text(json.dumps({"of": scene}))


def begun(path, arguments=None, **more) -> Dataroot:
    root = Dataroot(path)
    with root.locked():
        root.begin(arguments or {"seed": 1}, **more)
    return root


def test_a_finished_dataroot_has_everything_in_place(tmp_path):
    root = begun(tmp_path / "root")
    assert root.missing(["a", "b"]) == ["a", "b"]
    stage(root, "a")
    assert root.missing(["a", "b"]) == ["b"] and not root.finished
    stage(root, "b")
    root.finish(["a", "b"], {"map": []}, SPLITS, {"maps/x.png": b"map"})
    assert root.finished
    assert (root.path / "samples" / "CAM_FRONT" / "b.jpg").read_text() == "b"
    assert (root.path / "maps" / "x.png").read_bytes() == b"map"
    scenes = json.loads((root.path / tables.VERSION / "scene.json").read_text())
    assert [row["token"] for row in scenes] == ["a", "b"]
    assert json.loads((root.path / tables.VERSION / "splits.json").read_text()) == SPLITS
    occupancy = json.loads((root.path / "gts" / "annotations.json").read_text())
    assert occupancy["train_split"] == ["a"] and occupancy["val_split"] == ["b"]
    assert not root.stage.exists()


def test_finishing_twice_after_an_interruption_gives_the_same(tmp_path, monkeypatch):
    root = begun(tmp_path / "root")
    stage(root, "a")
    with monkeypatch.context() as patch:
        patch.setattr("drivewm.worlds.dataroot.merge_fragments", interrupt)
        with pytest.raises(KeyboardInterrupt):
            root.finish(["a"], {}, SPLITS, {})
    assert not root.finished and root.missing(["a"]) == []
    root.finish(["a"], {}, SPLITS, {})
    assert root.finished and (root.path / "samples" / "CAM_FRONT" / "a.jpg").exists()


def interrupt(*_):
    raise KeyboardInterrupt


def test_leftovers_of_a_killed_writer_go(tmp_path):
    root = begun(tmp_path / "root")
    (root.stage / ".a.123.partial" / "files").mkdir(parents=True)
    (root.path / f".{tables.VERSION}.123.partial").mkdir()
    assert root.missing(["a"]) == ["a"]
    assert not list(root.stage.iterdir())
    assert not list(root.path.glob(".v1*"))


def test_other_arguments_are_refused_by_name(tmp_path):
    begun(tmp_path / "root", {"seed": 1, "scenes": 2})
    with pytest.raises(InputError, match="begun with 1, not 2") as caught:
        begun(tmp_path / "root", {"seed": 2, "scenes": 2})
    assert caught.value.field == "seed" and str(ARGUMENTS) in str(caught.value.file)
    assert "--overwrite" in caught.value.fix


def test_overwrite_clears_what_drivewm_made_and_nothing_else(tmp_path):
    root = begun(tmp_path / "root")
    stage(root, "a")
    root.finish(["a"], {}, SPLITS, {})
    (root.path / "notes.txt").write_text("mine")
    again = begun(root.path, {"seed": 2}, overwrite=True)
    assert not again.finished and not (root.path / "samples").exists()
    assert (root.path / "notes.txt").exists()


def test_a_foreign_folder_is_never_touched(tmp_path):
    (tmp_path / "v1.0-mini").mkdir()
    for overwrite in (False, True):
        with pytest.raises(InputError, match="not made by drivewm"):
            begun(tmp_path, overwrite=overwrite)
    assert list(tmp_path.iterdir()) == [tmp_path / "v1.0-mini"]


def test_a_file_and_a_broken_claim_are_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="not a folder"):
        begun(tmp_path / "file")
    root = begun(tmp_path / "root")
    (root.path / ARGUMENTS).write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        begun(root.path)


def test_a_second_writer_is_refused(tmp_path):
    root = Dataroot(tmp_path / "root")
    with (
        root.locked(),
        pytest.raises(InputError, match="another process"),
        Dataroot(root.path).locked(),
    ):
        raise AssertionError("unreachable")
