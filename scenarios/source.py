"""A suite as a source of scenes, as a fleet is one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from drivewm.errors import InputError
from drivewm.scenarios.family import Concrete
from drivewm.scenarios.loading import nearest
from drivewm.scenarios.schema import Passing
from drivewm.scenarios.suite import Listed, load_suite
from drivewm.scenarios.windows import (
    LOG,
    LoggedScript,
    LogWindow,
    hash_of_window,
    info_of_window,
)
from drivewm.scene import Scene
from drivewm.sim.traffic import Traffic

XOSC = "xosc"
SOURCE = "scenario"


class Script(Protocol):
    """What builds a scene that is scripted: a library scenario, or an imported file."""

    @property
    def scene(self) -> Scene: ...

    @property
    def sim(self) -> dict[str, Any]:
        """Settings of ``SimConfig`` that belong to the scenario."""

    def make_traffic(self) -> Traffic: ...


@dataclass(frozen=True, kw_only=True)
class ScenarioInfo:
    """One scenario of a suite, as a fleet's ``SceneInfo`` is one scene."""

    id: str
    content_hash: str
    family: str
    group: str
    tags: tuple[str, ...] = ()
    file: str = ""
    line: int = 1
    duration_s: float = 0.0
    source: str = SOURCE
    split: str = SOURCE
    location: str = SOURCE
    map_origin: str = "map_expansion"
    world_spec: str | None = None


@dataclass(frozen=True, kw_only=True)
class SuiteSource:
    """Scenes of a suite. It travels to worker processes as texts; each builds what it drives."""

    name: str
    file: str
    scenes: tuple[ScenarioInfo, ...]
    texts: dict[str, str] = field(repr=False)  # scene id -> ``Scene.scenario``

    @classmethod
    def open(cls, name: str) -> SuiteSource:
        """A suite by its name or file (see ``load_suite``)."""
        return cls.of(load_suite(name))

    @classmethod
    def of(cls, listed: Listed) -> SuiteSource:
        """The source of a suite's scenarios."""
        texts = {c.id: c.to_json() for c in listed.concretes}
        infos = [info_of(concrete) for concrete in listed.concretes]
        for path in listed.imported:
            info = _imported_info(path)
            texts[info.id] = json.dumps({XOSC: path})
            infos.append(info)
        for window in listed.windows:
            texts[window.id] = window.told()
            infos.append(_window_info(window, listed.file))
        return cls(name=listed.name, file=listed.file, scenes=tuple(infos), texts=texts)

    def select(
        self, split: str | None = None, ids: Sequence[str] | None = None
    ) -> list[ScenarioInfo]:
        """The scenarios of a group (``split``), or those named.

        Raises:
            InputError: an id or a group is not in the suite.
        """
        chosen = list(self.scenes)
        if split is not None:
            chosen = [info for info in chosen if split in (info.group, info.family)]
            if not chosen:
                groups = ", ".join(dict.fromkeys(info.group for info in self.scenes))
                raise InputError(f"no group '{split}'", file=self.file, field="split",
                                 fix=f"groups: {groups}")  # fmt: skip
        if ids is not None:
            known = {info.id: info for info in chosen}
            for name in ids:
                if name not in known:
                    near = nearest(name, known)
                    fix = f"did you mean '{near}'?" if near else f"{len(known)} scenarios are there"
                    raise InputError(f"no scenario '{name}'", file=self.file, field="scenes",
                                     fix=fix)  # fmt: skip
            chosen = [known[name] for name in dict.fromkeys(ids)]
        return chosen

    def scene(self, scene_id: str) -> Scene:
        """The scene at its start, at 10 Hz."""
        return script_of(self.texts[scene_id], scene_id).scene


def info_of(concrete: Concrete) -> ScenarioInfo:
    """What the tables say of a scenario."""
    return ScenarioInfo(
        id=concrete.id, content_hash=concrete.content_hash, family=concrete.family,
        group=concrete.group, tags=tuple(concrete.tags), file=concrete.file, line=concrete.line,
        duration_s=concrete.sim.duration_s, split=concrete.group or SOURCE,
        location=concrete.road.kind,
    )  # fmt: skip


def _imported_info(path: str) -> ScenarioInfo:
    from drivewm.scenarios.osc.load import digest_of

    digest = digest_of(path)  # of the road, the catalogs and the scenario of a values file, too
    stem = Path(path).stem
    return ScenarioInfo(
        id=f"{XOSC}/{stem}", content_hash=digest, family=stem, group="imported", file=path
    )


def _window_info(window: LogWindow, file: str) -> ScenarioInfo:
    log = info_of_window(window)
    end_s = log.duration_s if window.to_s is None else min(window.to_s, log.duration_s)
    return ScenarioInfo(
        id=window.id, content_hash=hash_of_window(window, log), family=window.family, group=LOG,
        file=file, duration_s=end_s - window.from_s, source=log.source, split=LOG,
        location=log.location, map_origin=log.map_origin,
    )  # fmt: skip


@dataclass(frozen=True)
class _Imported:
    """An imported file under the id that the suite gives it."""

    script: Any
    scene: Scene

    @property
    def sim(self) -> dict[str, Any]:
        return dict(getattr(self.script, "sim", None) or {})

    def make_traffic(self) -> Traffic:
        return self.script.make_traffic()


@lru_cache(maxsize=4)
def script_of(text: str, scene_id: str | None = None) -> Script:
    """What ``Scene.scenario`` (JSON) builds.

    Raises:
        InputError: it is none, or cannot be built.
    """
    try:
        told = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"no scenario: {error}") from error
    if isinstance(told, dict) and XOSC in told:
        from drivewm.scenarios.osc.load import load

        script = load(told[XOSC])
        scene = replace(script.scene, id=scene_id or script.scene.id, scenario=text)
        return _Imported(script, scene)
    if isinstance(told, dict) and LOG in told:
        return LoggedScript(LogWindow.model_validate(told[LOG]))
    from drivewm.scenarios.build import build

    return build(Concrete.from_json(text))


def passing_of(text: str) -> tuple[Passing, float | None]:
    """What must be done to pass, and the metres to the goal; an imported file has no goal, and
    whoever touches anybody in it has not passed (at 50 km/h one step of 0.1 s leads past a
    pedestrian, so that who is at fault cannot be told from steps)."""
    told = json.loads(text)
    if XOSC in told:
        return Passing(goal=False, progress_m=0.0, any_collision=True), None
    if LOG in told:
        return LoggedScript(LogWindow.model_validate(told[LOG])).passing(), None
    concrete = Concrete.from_json(text)
    return concrete.passing, concrete.ego.goal_m


def events_of(text: str) -> tuple[str, ...]:
    """Names of the events of ``Scene.scenario`` (of an imported file: whatever it logs)."""
    told = json.loads(text)
    return () if XOSC in told or LOG in told else tuple(event["name"] for event in told["story"])
