"""Moments of recordings that scores of single plans judge, and scenes cut at them.

Shapes: T steps of the recording, T' of the cut, N tracks, L lights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from drivewm.errors import InputError
from drivewm.eval.scores.base import ScoreConfig
from drivewm.eval.scores.navsim_config import EPDMS, PDMS, STAGE1, NavsimConfig
from drivewm.eval.suites import Job
from drivewm.geometry.se2 import wrap_angle
from drivewm.scene import EgoColumn, Scene
from drivewm.sim.config import DT_S

PAIR_S = 0.5  # between the two frames that extended comfort compares
PLAN_S = 4.0
TTC_S = 1.0  # that PDMS looks beyond the plan
STILL = (0.0, 0.0, 0.0)


class Recording(Protocol):
    """What must be known of a recording; a fleet's SceneInfo is one."""

    @property
    def id(self) -> str: ...

    @property
    def duration_s(self) -> float: ...


def settled(
    config: ScoreConfig, recordings: Sequence[Recording], agents: str = "replay"
) -> ScoreConfig:
    """The score that all recordings can have: EPDMS whose follow-ups some recording has no room
    for becomes its first stage, under that name.

    Raises:
        InputError: a recording is too short for a single moment; PDMS with agents that react
            (NAVSIM v1 has none).
    """
    if not isinstance(config, NavsimConfig):
        return config
    if config.name == PDMS and agents != "replay":
        raise InputError("navsim_pdms is judged among recorded agents", field="--agents",
                         fix="leave --agents out, or use navsim_epdms")  # fmt: skip
    if config.name == EPDMS and any(not moments_of(r.duration_s, config) for r in recordings):
        config = config.model_copy(update={"name": STAGE1, "follow_ups": None})
    short = [r.id for r in recordings if not moments_of(r.duration_s, config)]
    if short:
        needed = _margins(config)
        raise InputError(
            f"{len(short)} recordings are shorter than {sum(needed):g} s, which one moment of "
            f"{config.name} takes: {', '.join(short[:3])}{' ...' if len(short) > 3 else ''}",
            field="--scenes", fix="leave them out",
        )  # fmt: skip
    return config


def at_moments(
    jobs: Sequence[Job], recordings: Sequence[Recording], config: ScoreConfig
) -> list[Job]:
    """One job per moment of each job's recording, moment by moment; of other scores, the jobs."""
    if not isinstance(config, NavsimConfig):
        return list(jobs)
    out: list[Job] = []
    stage = 1 if config.name == STAGE1 else None
    for recording in recordings:
        here = [job for job in jobs if job.recording == recording.id]
        for start_s in moments_of(recording.duration_s, config):
            name = f"{recording.id}@{start_s:g}"
            out += [replace(job, scene_id=name, start_s=start_s, stage=stage) for job in here]
    return out


def moments_of(duration_s: float, config: NavsimConfig) -> list[float]:
    """Seconds from the recording's start, on the grid of 0.1 s."""
    before_s, after_s = _margins(config)
    count = int((duration_s - before_s - after_s + 1e-6) // config.moments.every_s) + 1
    return [round(before_s + k * config.moments.every_s, 1) for k in range(max(count, 0))]


def _margins(config: NavsimConfig) -> tuple[float, float]:
    """Recording needed before and after a moment, s."""
    if config.name == PDMS:
        return config.moments.history_s, PLAN_S + TTC_S
    stages = 2 if config.follow_ups is not None else 1
    return config.moments.history_s + PAIR_S, PLAN_S * stages


def step_of(time_s: float) -> int:
    """The step at a time of the grid."""
    return round(time_s / DT_S)


def cut(scene: Scene, first: int, offset: tuple[float, float, float] = STILL) -> Scene:
    """The recording from a step on, the ego's states moved by an offset.

    Args:
        scene: at 10 Hz.
        first: step that becomes 0.
        offset: ahead m, left m and rad in the ego's own frame at each step.
    """
    tracks, status = scene.tracks, scene.lights.status
    return replace(
        scene,
        times_us=scene.times_us[first:],
        ego=moved(scene.ego[first:], offset),
        tracks=replace(tracks, state=tracks.state[:, first:], valid=tracks.valid[:, first:]),
        lights=replace(scene.lights, status=None if status is None else status[:, first:]),
    )


def moved(ego: np.ndarray, offset: tuple[float, float, float]) -> np.ndarray:
    """Ego states [T, 11] displaced in their own frames; motion in the ego frame stays."""
    ahead, left, turn = offset
    out = ego.copy()
    cos, sin = np.cos(ego[:, EgoColumn.HEADING]), np.sin(ego[:, EgoColumn.HEADING])
    out[:, EgoColumn.X] += ahead * cos - left * sin
    out[:, EgoColumn.Y] += ahead * sin + left * cos
    if turn:
        out[:, EgoColumn.HEADING] = wrap_angle(ego[:, EgoColumn.HEADING] + turn)
    return out
