"""Synthesises a dataroot: plan, simulate and record every scene, then the maps and the tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from drivewm import progress
from drivewm.config import Config
from drivewm.errors import InputError
from drivewm.logs.label_formats import LabelFormat
from drivewm.storage import atomic_folder
from drivewm.workers import pool
from drivewm.worlds.build import build
from drivewm.worlds.dataroot import Dataroot
from drivewm.worlds.map_expansion import Network, expansion_text
from drivewm.worlds.map_images import MASK_TOKENS, basemap, semantic_prior
from drivewm.worlds.plan import SPLITS, PlannedScene, fleet_specs
from drivewm.worlds.recordings import CHANNELS
from drivewm.worlds.scene_writer import SceneWriter
from drivewm.worlds.sidecar import read_about
from drivewm.worlds.simulate import simulate
from drivewm.worlds.studio import WorldStudio
from drivewm.worlds.tables import fixed_rows, token
from drivewm.worlds.world import GENERATOR_VERSION


class SynthConfig(Config):
    """What decides a synthetic dataroot; the number of workers does not."""

    scenes: int = Field(26, ge=1, le=7999)
    seed: int = 0
    image_size: tuple[int, int] = (448, 256)  # width, height
    sweeps: Literal["none", "full"] = "none"
    duration_s: float = Field(20.0, ge=1.0, le=120.0)
    labels: LabelFormat = "occ3d"  # the layout of the exact occupancy

    def arguments(self) -> dict:
        """As kept in the dataroot, with the generator's version."""
        own = self.model_dump(mode="json")
        if self.labels == "occ3d":
            del own["labels"]  # what dataroots had before there was a choice
        return {**own, "generator_version": GENERATOR_VERSION}

    def plan(self) -> list[PlannedScene]:
        """The scenes, in table order."""
        planned = fleet_specs(self.scenes, self.seed)
        length = {"duration_s": self.duration_s}
        return [replace(scene, spec=scene.spec.model_copy(update=length)) for scene in planned]


@dataclass(frozen=True, kw_only=True)
class SynthReport:
    """What was made, for the closing lines."""

    plan: tuple[PlannedScene, ...]
    incidents: tuple[Mapping[str, float | None], ...]  # per scene, from its sidecar
    made: int  # scenes made by this call; the others were there
    seconds: float


def synthesise(
    path: Path, config: SynthConfig, *, workers: int = 2, overwrite: bool = False
) -> SynthReport:
    """Makes (or completes) the dataroot at ``path``; returns at once when it is finished.

    Raises:
        InputError: the folder holds something else or was begun with other arguments.
    """
    start, root, plan = time.monotonic(), Dataroot(path), config.plan()
    with _naming(path), root.locked():
        root.begin(config.arguments(), overwrite)
        root.sweep()
        made = 0
        if not root.finished:
            names = root.missing([planned.name for planned in plan])
            todo = [planned for planned in plan if planned.name in names]
            _make_all(root, todo, len(plan), config, workers)
            _finish(root, plan, config.labels)
            made = len(todo)
        known = tuple(read_about(path / "drivewm" / "scenes", p.name) for p in plan)
    return SynthReport(
        plan=tuple(plan), incidents=known, made=made, seconds=time.monotonic() - start
    )


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Gives an error of the system that names no file (disk full) the dataroot's name."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def make_scene(stage: Path, planned: PlannedScene, config: SynthConfig) -> None:
    """Simulates and records one scene; ``stage``/<name> appears when it is complete."""
    world = build(planned.spec)
    log = simulate(world)
    studio = WorldStudio(world, *config.image_size)
    with atomic_folder(stage / planned.name) as folder:
        SceneWriter(folder, planned, world, log, studio, config.image_size, config.labels).write(
            config.sweeps == "full"
        )


def _make_all(
    root: Dataroot, todo: Sequence[PlannedScene], total: int, config: SynthConfig, workers: int
) -> None:
    with progress.bar("synth: scenes", total=total) as bar:
        bar.update(total - len(todo))
        bar.unpause()
        if workers <= 1 or len(todo) <= 1:
            for planned in todo:
                make_scene(root.stage, planned, config)
                bar.update()
            return
        try:
            with pool(min(workers, len(todo))) as submit:
                for done in as_completed([submit(make_scene, root.stage, p, config) for p in todo]):
                    done.result()
                    bar.update()
        except BrokenProcessPool as error:
            raise InputError(
                "a worker process was killed (out of memory?)",
                field="--workers",
                fix="use fewer workers or smaller pictures; run again to go on",
            ) from error


def networks(plan: Sequence[PlannedScene]) -> dict[str, list[Network]]:
    """Location -> its road networks, each once, in the order of the plan."""
    found: dict[str, dict[tuple, Network]] = {}
    for planned in plan:
        spec = planned.spec
        key = (spec.layout, spec.layout_seed, spec.origin_m)
        at_location = found.setdefault(spec.location, {})
        if key not in at_location:
            world = build(spec)
            at_location[key] = Network(road_map=world.road_map, lights=world.lights)
    return {location: list(nets.values()) for location, nets in found.items()}


def _finish(root: Dataroot, plan: Sequence[PlannedScene], labels: LabelFormat) -> None:
    files: dict[str, bytes] = {}
    maps = []
    for location, nets in networks(plan).items():
        name = MASK_TOKENS[location]
        files[f"maps/{name}.png"] = semantic_prior(nets)
        files[f"maps/basemap/{location}.png"] = basemap(nets)
        files[f"maps/expansion/{location}.json"] = expansion_text(location, nets).encode()
        logs = [_log_token(p) for p in plan if p.spec.location == location]
        maps.append(
            {
                "category": "semantic_prior",
                "token": name,
                "filename": f"maps/{name}.png",
                "log_tokens": logs,
            }
        )
    rows = {**fixed_rows(CHANNELS), "map": maps}
    root.finish([p.name for p in plan], rows, splits(plan), files, labels)


def _log_token(planned: PlannedScene) -> str:
    return token("log", token("scene", planned.name, planned.spec.model_dump_json()))


def splits(plan: Sequence[PlannedScene]) -> Mapping[str, list[str]]:
    """``splits.json``: the devkit keeps the bare names for its own splits."""
    return {f"drivewm_{split}": [p.name for p in plan if p.split == split] for split in SPLITS}
