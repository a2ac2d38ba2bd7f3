"""The life of a dataroot folder: begun, filled scene by scene, finished; never half there.

A scene is staged in ``.partial/<scene>/`` and appears under that name only when complete. When all
are, their files move to their places and the tables, whose folder is what makes it a dataroot, are
renamed in last. A folder remembers the arguments that it was begun with.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from drivewm.errors import InputError
from drivewm.logs.label_formats import SETS, LabelFormat
from drivewm.storage import atomic_folder, write_text
from drivewm.worlds.label_writer import SCENE_INFOS, scene_infos
from drivewm.worlds.scene_writer import FILES, OCCUPANCY, ROWS
from drivewm.worlds.tables import VERSION, Rows, merge_fragments

ARGUMENTS = Path("drivewm", "dataroot.json")
STAGE = ".partial"
CONTENT = (  # everything that may be removed; first what makes it a dataroot, last the claim
    VERSION,
    STAGE,
    "samples",
    "sweeps",
    "maps",
    "can_bus",
    *(labels.folder for labels in SETS.values()),
    "drivewm",
)


class Dataroot:
    """A dataroot that is being made at ``path``."""

    def __init__(self, path: Path) -> None:
        self.path, self.stage = path, path / STAGE

    @property
    def finished(self) -> bool:
        return (self.path / VERSION).is_dir()

    def begin(self, arguments: Mapping, overwrite: bool = False) -> None:
        """Claims the (existing) folder for ``arguments``, or goes on with what it holds of them.

        Raises:
            InputError: the folder holds something else, or was begun with other arguments.
        """
        file = self.path / ARGUMENTS
        if file.exists():
            if overwrite:
                self._clear()
            else:
                self._compare(file, arguments)
        elif any(self.path.iterdir()):
            raise InputError(
                "the folder is not empty and was not made by drivewm synth",
                file=self.path,
                fix="choose another folder",
            )
        if not file.exists():
            write_text(file, json.dumps(arguments, indent=1) + "\n")

    def _compare(self, file: Path, arguments: Mapping) -> None:
        fix = "choose another folder or add --overwrite"
        try:
            before = json.loads(file.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise InputError(f"not JSON: {error}", file=file, fix=fix) from error
        if not isinstance(before, dict):
            raise InputError("not the arguments of drivewm synth", file=file, fix=fix)
        for name in dict.fromkeys([*arguments, *before]):
            if before.get(name) != arguments.get(name):
                raise InputError(
                    f"the dataroot was begun with {before.get(name)}, not {arguments.get(name)}",
                    file=file,
                    field=name,
                    fix=fix,
                )

    def _clear(self) -> None:
        for name in CONTENT:
            shutil.rmtree(self.path / name, ignore_errors=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Makes the folder and holds it against a second writer, at most until the process ends.

        Raises:
            InputError: it is a file, or another process is writing it.
        """
        if self.path.exists() and not self.path.is_dir():
            raise InputError("is not a folder", file=self.path, fix="choose another folder")
        self.path.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDONLY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError(
                    "another process is writing this dataroot",
                    file=self.path,
                    fix="wait for it or choose another folder",
                ) from error
            yield
        finally:
            os.close(handle)

    def staged(self, scene: str) -> Path:
        """The folder of a scene that is complete (if it exists)."""
        return self.stage / scene

    def missing(self, scenes: Sequence[str]) -> list[str]:
        """The scenes still to be made; leftovers of an interrupted one are removed."""
        self.sweep()
        return [name for name in scenes if not self.staged(name).is_dir()]

    def sweep(self) -> None:
        """Removes what an interrupted writer left behind."""
        for folder in (self.stage, self.path):
            for entry in sorted(folder.glob(".*.partial")) if folder.is_dir() else []:
                if entry.is_dir() and entry != self.stage:
                    shutil.rmtree(entry, ignore_errors=True)
        if self.finished:
            shutil.rmtree(self.stage, ignore_errors=True)

    def finish(
        self,
        scenes: Sequence[str],
        rows: Rows,
        splits: Mapping[str, list[str]],
        files: Mapping[str, bytes],
        labels: LabelFormat = "occ3d",
    ) -> None:
        """Moves every scene into place and writes the tables. May be interrupted and repeated.

        Args:
            scenes: names, all staged, in table order.
            rows: rows of the tables that belong to no scene.
            splits: split name -> scene names (``splits.json``).
            files: further files of the dataroot, relative path -> content.
            labels: the layout that the scenes' labels have.
        """
        for name, content in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        for scene in scenes:
            self._place(self.staged(scene) / FILES)
        if labels == "occ3d":
            self._occupancy_index(scenes, splits)
        elif labels == "uniocc":
            folder = self.path / SETS[labels].folder
            frames = {name: len(list((folder / name).glob("*.npz"))) for name in scenes}
            (folder / SCENE_INFOS).write_bytes(scene_infos(frames))
        with atomic_folder(self.path / VERSION) as tables:
            merge_fragments([self.staged(scene) / ROWS for scene in scenes], rows, tables)
            text = json.dumps(splits, indent=1)
            (tables / "splits.json").write_text(text + "\n", encoding="utf-8")
        shutil.rmtree(self.stage)

    def _place(self, source: Path) -> None:
        for folder, _, names in os.walk(source):
            target = self.path / Path(folder).relative_to(source)
            target.mkdir(parents=True, exist_ok=True)
            for name in names:
                os.replace(Path(folder, name), target / name)

    def _occupancy_index(self, scenes: Sequence[str], splits: Mapping[str, list[str]]) -> None:
        """``gts/annotations.json`` as in Occ3D-nuScenes."""
        infos = {
            scene: json.loads((self.staged(scene) / OCCUPANCY).read_text()) for scene in scenes
        }
        train = [name for key, names in splits.items() if "train" in key for name in names]
        index = {
            "train_split": train,
            "val_split": [name for name in scenes if name not in train],
            "scene_infos": infos,
        }
        path = self.path / "gts" / "annotations.json"
        path.write_text(json.dumps(index, separators=(",", ":")), encoding="utf-8")
