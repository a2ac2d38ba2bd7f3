"""Stretches of a fleet's logs as scenarios of a suite. Shapes: T steps."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from drivewm.errors import InputError
from drivewm.logs.fleet import Fleet, SceneInfo
from drivewm.measures.progress import along_route
from drivewm.scenarios.schema import Passing
from drivewm.scenarios.schema_base import Part
from drivewm.scene import Scene
from drivewm.sim.config import DT_S
from drivewm.sim.traffic import Traffic, reactive_traffic, replay_traffic

LOG = "log"
LEAST_S = 2.0
PROGRESS_SHARE = 0.5  # of the recorded ego's way that must be driven to pass


class LogWindow(Part):
    """A stretch of one log, from ``from_s`` to ``to_s`` after the log's start."""

    fleet: str  # path, counted from the suite's own folder
    scene: str
    from_s: Annotated[float, Field(ge=0.0, le=3600.0)] = 0.0
    to_s: Annotated[float, Field(gt=0.0, le=3600.0)] | None = None  # None: to its end
    agents: Literal["reactive", "replay"] = "reactive"
    # 0: may stand still; None: half the way of the recorded ego
    progress_m: Annotated[float, Field(ge=0.0)] | None = None
    family: str = Field(default=LOG, pattern=r"^[a-z][a-z0-9_]{2,59}$")
    why: str = Field(default="", max_length=300)

    @model_validator(mode="after")
    def _long_enough(self):
        if self.to_s is not None and self.to_s < self.from_s + LEAST_S:
            raise ValueError(f"to_s must lie {LEAST_S:g} s or more behind from_s")
        return self

    @property
    def id(self) -> str:
        """As a scenario."""
        return f"{LOG}/{self.scene}@{self.from_s:g}"

    def at(self, base: Path) -> LogWindow:
        """With the fleet's whole path; a path counts from ``base``."""
        if "://" in self.fleet or Path(self.fleet).is_absolute():
            return self
        return self.model_copy(update={"fleet": str(base / self.fleet)})

    def told(self) -> str:
        """The text that carries it in ``Scene.scenario``."""
        return json.dumps({LOG: self.model_dump(mode="json")})


def info_of_window(window: LogWindow) -> SceneInfo:
    """The log that it is from.

    Raises:
        InputError: no such fleet or scene (the nearest is named), or the log ends before.
    """
    info = Fleet.open(window.fleet).info(window.scene)
    if window.from_s + LEAST_S > info.duration_s:
        raise InputError(
            f"the log lasts {info.duration_s:.1f} s, the window begins at {window.from_s:g} s",
            file=window.fleet, field=window.scene, fix="begin earlier",
        )  # fmt: skip
    return info


def hash_of_window(window: LogWindow, info: SceneInfo) -> str:
    """Of what is driven and asked for; not of where the fleet lies."""
    part = [info.content_hash, window.from_s, window.to_s, window.agents, window.progress_m]
    return hashlib.blake2b(json.dumps(part).encode(), digest_size=16).hexdigest()


def cut(scene: Scene, from_s: float, to_s: float | None) -> Scene:
    """The steps of a scene [T] at 10 Hz between two times."""
    first = round(from_s / DT_S)
    last = scene.steps if to_s is None else min(round(to_s / DT_S) + 1, scene.steps)
    kept, tracks, status = slice(first, last), scene.tracks, scene.lights.status
    there = tracks.valid[:, kept].any(axis=1)
    rows = np.flatnonzero(there)
    return replace(
        scene, times_us=scene.times_us[kept], ego=scene.ego[kept],
        tracks=replace(
            tracks, ids=tuple(tracks.ids[n] for n in rows),
            categories=tuple(tracks.categories[n] for n in rows),
            score_type=tracks.score_type[rows], occ_class=tracks.occ_class[rows],
            size_m=tracks.size_m[rows], state=tracks.state[rows][:, kept],
            valid=tracks.valid[rows][:, kept],
        ),
        lights=replace(scene.lights, status=None if status is None else status[:, kept]),
        world_spec=None,
    )  # fmt: skip


@dataclass(frozen=True)
class LoggedScript:
    """What drives a window: the log's road users, reacting to the ego or replayed."""

    window: LogWindow

    @cached_property
    def scene(self) -> Scene:
        """The window, under its id in the suite."""
        whole = Fleet.open(self.window.fleet).scene(self.window.scene)
        part = cut(whole, self.window.from_s, self.window.to_s)
        return replace(part, id=self.window.id, scenario=self.window.told())

    @property
    def sim(self) -> dict[str, Any]:
        """A window asks for no settings."""
        return {}

    def make_traffic(self) -> Traffic:
        """Fresh agents at the window's start."""
        if self.window.agents == "replay":
            return replay_traffic(self.scene)
        return reactive_traffic(self.scene)

    def passing(self) -> Passing:
        """Half the way of the recorded ego, unless told."""
        asked = self.window.progress_m
        if asked is None:
            way = along_route(self.scene.route, np.ascontiguousarray(self.scene.ego[:, :2]))
            asked = PROGRESS_SHARE * max(float(way.max() - way[0]), 0.0)
        return Passing(goal=False, progress_m=asked)
