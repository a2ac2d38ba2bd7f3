"""Camera strips and files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from drivewm.viz.animation import write_png, write_webp
from drivewm.viz.palette import LIGHT
from drivewm.viz.strip import camera_strip, strip_height


def flat(value: int) -> np.ndarray:
    return np.full((90, 160, 3), value, np.uint8)


def test_cameras_lie_where_they_look() -> None:
    sheet = np.asarray(
        camera_strip({"CAM_FRONT": flat(50), "CAM_BACK_RIGHT": flat(200)}, width_px=312)
    )
    assert sheet.shape == (strip_height(312), 312, 3)
    assert sheet[30, 156].tolist() == [50] * 3
    assert sheet[-30, -30].tolist() == [200] * 3


def test_a_camera_without_picture_is_an_empty_panel() -> None:
    sheet = np.asarray(camera_strip({}, width_px=312))
    assert sheet[12, 30].tolist() == list(LIGHT.rgb("ground"))
    assert sheet[4, 30].tolist() == list(LIGHT.rgb("crossing"))  # its frame


def test_an_animation_has_all_frames_and_their_rate(tmp_path: Path) -> None:
    write_webp(
        tmp_path / "a.webp", (Image.new("RGB", (32, 32), (v, 0, 0)) for v in (0, 90, 180)), fps=8
    )
    with Image.open(tmp_path / "a.webp") as film:
        assert film.n_frames == 3
        film.seek(1)
        film.load()
        assert film.info["timestamp"] == pytest.approx(125, abs=1)


def test_no_frame_writes_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        write_webp(tmp_path / "a.webp", [], fps=8)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    def frames():
        yield Image.new("RGB", (8, 8))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_webp(tmp_path / "a.webp", frames(), fps=8)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_survives_its_file(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", Image.new("RGB", (5, 4), (1, 2, 3)))
    with Image.open(tmp_path / "a.png") as image:
        assert image.getpixel((2, 2)) == (1, 2, 3)
