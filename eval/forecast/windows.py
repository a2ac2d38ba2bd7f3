"""The windows of a forecast table: a list with a hash, so that two tables can be compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from drivewm.training.clips import Frames


@dataclass(frozen=True, kw_only=True)
class Window:
    """One forecast: ``first`` is the oldest observed frame of the scene (0.5 s frames)."""

    scene_id: str
    first: int


def all_windows(scenes: Sequence[Frames], length: int, stride: int) -> list[Window]:
    """Every window of ``length`` frames without a gap, ``stride`` frames apart."""
    return [
        Window(scene_id=scene.scene_id, first=int(k))
        for scene in scenes
        for k in scene.starts(length)[::stride]
    ]


def digest(windows: Sequence[Window]) -> str:
    """SHA-256 of the list."""
    content = json.dumps([[w.scene_id, w.first] for w in windows], separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()
