"""Animated WebP from pictures, written atomically."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from drivewm import storage


def write_webp(
    path: str | Path, frames: Iterable[Image.Image], *, fps: float, quality: int = 78
) -> None:
    """Writes an endlessly looping WebP; ``frames`` is consumed lazily and must not be empty."""
    first, *rest = _at_least_one(frames)
    with storage.atomic_file(path) as partial:
        first.save(
            partial,
            format="WEBP",
            save_all=True,
            append_images=rest,
            loop=0,
            duration=round(1000 / fps),
            quality=quality,
            method=2,
            minimize_size=False,
        )


def _at_least_one(frames: Iterable[Image.Image]) -> list[Image.Image]:
    pictures = list(frames)
    if not pictures:
        raise ValueError("an animation needs at least one frame")
    return pictures


def write_png(path: str | Path, image: Image.Image) -> None:
    """Writes one picture atomically."""
    with storage.atomic_file(path) as partial:
        image.save(partial, format="PNG", optimize=True)
