"""What the tests of the dataroot share: a small one, and how to compare two."""

import hashlib
from pathlib import Path

import numpy as np

from drivewm.worlds.build import build
from drivewm.worlds.playback import Instant, at
from drivewm.worlds.simulate import simulate
from drivewm.worlds.synth import SynthConfig
from drivewm.worlds.tables import VERSION

SMALL = SynthConfig(scenes=2, seed=7, image_size=(112, 64), duration_s=3.0)


def fingerprint(root: Path) -> dict[str, str]:
    """Relative path -> digest of every file."""
    return {
        path.relative_to(root).as_posix(): hashlib.blake2b(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def moments(config: SynthConfig, every: int = 2) -> list[tuple[object, str, Instant]]:
    """(world, scene name, instant) of every second keyframe, simulated afresh."""
    out = []
    for planned in config.plan():
        world = build(planned.spec)
        log = simulate(world)
        out += [(world, planned.name, at(log, int(t))) for t in log.times_us[:: 5 * every]]
    return out


def sample_at(nusc, scene: str, time_us: int) -> dict:
    """The devkit's sample of a scene at a time."""
    token = next(s for s in nusc.scene if s["name"] == scene)["token"]
    return next(s for s in nusc.sample if s["scene_token"] == token and s["timestamp"] == time_us)


def points_of(nusc, row: dict) -> np.ndarray:
    """float32 [P, 5] of a lidar ``sample_data`` row."""
    return np.fromfile(Path(nusc.dataroot, row["filename"]), np.float32).reshape(-1, 5)


__all__ = ["SMALL", "VERSION", "fingerprint", "moments", "points_of", "sample_at"]
