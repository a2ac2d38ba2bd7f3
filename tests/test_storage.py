"""A reader sees the whole file or folder, or none of it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from drivewm.storage import atomic_file, atomic_folder, write_npz, write_text


class Stop(Exception):
    pass


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_appears_only_when_complete(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.txt"
    with atomic_file(target) as partial:
        partial.write_text("half")
        assert not target.exists()
        assert partial.parent == target.parent  # same file system, so that the rename is atomic
    assert target.read_text() == "half"
    assert names(target.parent) == ["a.txt"]


@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt])
def test_interrupted_file_leaves_the_old_one(tmp_path: Path, error) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(error), atomic_file(target) as partial:
        partial.write_text("new, half writ")
        raise error
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_interrupt_before_the_first_byte_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Stop), atomic_file(tmp_path / "a.txt"):
        raise Stop
    assert names(tmp_path) == []


def test_folder_appears_only_when_complete(tmp_path: Path) -> None:
    target = tmp_path / "fleet"
    with atomic_folder(target) as partial:
        (partial / "a.txt").write_text("a")
        assert not target.exists()
    assert names(tmp_path) == ["fleet"] and names(target) == ["a.txt"]


def test_folder_replaces_the_old_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "fleet"
    for name in ("old.txt", "new.txt"):
        with atomic_folder(target) as partial:
            (partial / name).write_text(name)
    assert names(tmp_path) == ["fleet"] and names(target) == ["new.txt"]


@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt])
def test_interrupted_folder_leaves_the_old_one(tmp_path: Path, error) -> None:
    target = tmp_path / "fleet"
    with atomic_folder(target) as partial:
        (partial / "a.txt").write_text("old")
    with pytest.raises(error), atomic_folder(target) as partial:
        (partial / "b.txt").write_text("new")
        raise error
    assert names(tmp_path) == ["fleet"] and names(target) == ["a.txt"]


def test_folder_starts_empty_after_a_killed_run(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "fleet") as partial:
        left_over = partial.name
    (tmp_path / left_over).mkdir()  # what a killed process of the same id would have left
    (tmp_path / left_over / "half.txt").write_text("half")
    with atomic_folder(tmp_path / "fleet") as partial:
        assert names(partial) == []


@pytest.fixture
def ended() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    return process.pid


def test_what_a_killed_process_left_is_cleared(tmp_path: Path, ended: int) -> None:
    (tmp_path / f".fleet.{ended}.partial").mkdir()
    (tmp_path / f".a.txt.{ended}.partial").write_text("half")
    other = tmp_path / f".a.txt.{os.getppid()}.partial"
    other.write_text("of a process that still writes")
    with atomic_folder(tmp_path / "fleet"):
        pass
    write_text(tmp_path / "a.txt", "whole")
    assert names(tmp_path) == sorted([other.name, "a.txt", "fleet"])


def test_a_folder_set_aside_by_a_killed_process_comes_back(tmp_path: Path, ended: int) -> None:
    aside = tmp_path / f".fleet.{ended}.old"
    aside.mkdir()
    (aside / "only copy.txt").write_text("good")
    with pytest.raises(Stop), atomic_folder(tmp_path / "fleet"):
        raise Stop
    assert names(tmp_path) == ["fleet"] and names(tmp_path / "fleet") == ["only copy.txt"]


def test_an_interrupt_between_the_renames_puts_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "fleet"
    with atomic_folder(target) as partial:
        (partial / "a.txt").write_text("old")
    replace, calls = os.replace, []

    def interrupted(source, goal):
        calls.append(goal)
        if len(calls) == 2:
            raise KeyboardInterrupt
        replace(source, goal)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), atomic_folder(target):
        pass
    assert names(tmp_path) == ["fleet"] and names(target) == ["a.txt"]


def test_a_full_disk_names_the_output(tmp_path: Path) -> None:
    for atomic in (atomic_file, atomic_folder):
        with pytest.raises(OSError, match="out") as caught, atomic(tmp_path / "out"):
            raise OSError(errno.ENOSPC, "No space left on device")  # as write() says it: no name
        assert caught.value.filename == str(tmp_path / "out")
        assert names(tmp_path) == []


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        write_text(tmp_path / "a.txt", "x")
    assert caught.value.filename == str(tmp_path / "a.txt")


def test_text_is_utf8(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "Zürich ≥ 3 m/s²")
    assert (tmp_path / "a.txt").read_bytes() == "Zürich ≥ 3 m/s²".encode()


def test_an_archive_is_whole_and_silent_on_a_full_disk(tmp_path: Path, monkeypatch, capfd) -> None:
    write_npz(tmp_path / "a.npz", {"x": np.arange(3)})
    with np.load(tmp_path / "a.npz") as archive:
        assert archive["x"].tolist() == [0, 1, 2]

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=r"b\.npz"):
        write_npz(tmp_path / "b.npz", {"x": np.arange(3)})
    assert names(tmp_path) == ["a.npz"] and not capfd.readouterr().err
