"""`drivewm view` on a fleet that holds two hand-built scenes, and on a real one."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from drivewm.commands import view
from drivewm.errors import InputError
from drivewm.logs import fleet as fleets
from drivewm.viz.palette import LIGHT
from tests.viz.scenes import START_US, crossing_scene

REAL = os.environ.get("DRIVEWM_REAL_DATA")


class TwoScenes:
    """A fleet of two scenes; front pictures at both keyframes of the first, one file removed."""

    def scene(self, scene_id: str, rate_hz: float = 10.0):
        if scene_id not in ("scene-0001", "scene-0002"):
            raise InputError(f"no scene '{scene_id}'", fix="known: scene-0001, scene-0002")
        return crossing_scene(scene_id)

    def keyframes(self, scene_id: str):
        return SimpleNamespace(times_us=np.array([START_US, START_US + 5_000_000]))

    def camera_rows(self, scene_id: str):
        if scene_id != "scene-0001":
            return []
        return [
            SimpleNamespace(keyframe=k, channel=channel, exists=True)
            for k in (0, 1)
            for channel in ("CAM_FRONT", "CAM_BACK")
        ]

    def image(self, row):
        if row.channel == "CAM_BACK" and row.keyframe == 1:
            raise InputError("image file is absent", file="back.jpg")
        return np.full((90, 160, 3), 60 + 100 * row.keyframe, np.uint8)


@pytest.fixture(autouse=True)
def fleet(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "real" not in request.node.name:
        monkeypatch.setattr(fleets.Fleet, "open", staticmethod(lambda path: TwoScenes()))


def call(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    view.configure(parser)
    return view.run(parser.parse_args([str(argument) for argument in arguments]))


def test_one_step_as_png_with_its_cameras(tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    assert call("fleet", "--scene", "scene-0001", "-o", out, "--step", 60, "--size", 300) == 0
    picture = np.asarray(Image.open(out))
    assert picture.shape[1] == 300 < picture.shape[0]
    assert picture[148, 149].tolist() == list(LIGHT.rgb("ego"))
    assert picture[325, 150].tolist() == [160] * 3  # front picture of the second keyframe
    assert picture[-20, 150].tolist() != [160] * 3  # the back one is gone: an empty panel


def test_a_scene_without_pictures_is_square(tmp_path: Path) -> None:
    call("fleet", "--scene", "scene-0002", "-o", tmp_path / "a.png", "--size", 200)
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (200, 200)


def test_the_whole_scene_as_webp(tmp_path: Path) -> None:
    out = tmp_path / "a.webp"
    call("fleet", "--scene", "scene-0002", "-o", out, "--size", 96, "--fps", 20)
    with Image.open(out) as film:
        assert film.n_frames == 101


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--scene", "nope", "-o", "a.png"), "known: scene-0001"),
        (("--scene", "scene-0001", "-o", "a.gif"), "webp"),
        (("--scene", "scene-0001", "-o", "a"), "webp"),
        (("--scene", "scene-0001", "-o", "a.png", "--step", "101"), "0 to 100"),
        (("--scene", "scene-0001", "-o", "a.png", "--size", "9"), "--size"),
        (("--scene", "scene-0001", "-o", "a.webp", "--fps", "0"), "--fps"),
    ],
)
def test_bad_requests_say_what_would_do(
    arguments: tuple[str, ...], word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=word):
        call("fleet", *arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(REAL is None, reason="DRIVEWM_REAL_DATA is not set")
def test_a_real_scene_with_its_six_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from drivewm.logs.ingest import ingest, open_source

    reader = open_source("nuscenes", Path(str(REAL)) / "nuscenes-mini")
    monkeypatch.setattr(reader, "scene_ids", lambda: ["scene-0061"])
    fleet = ingest(reader, Path(str(REAL)), tmp_path / "fleet")
    call(fleet, "--scene", "scene-0061", "-o", tmp_path / "a.png", "--size", 320)
    picture = np.asarray(Image.open(tmp_path / "a.png"))
    assert picture.shape[0] > picture.shape[1]
    assert picture[158, 160].tolist() == list(LIGHT.rgb("ego"))
    assert picture[330:].std() > 20  # photographs, not empty panels
