"""An imported scenario: scene, agents, settings. Shapes: T steps, N actors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from drivewm.scenarios.beginning import NOBODY, with_tracks
from drivewm.scenarios.opendrive import road_map
from drivewm.scenarios.osc.board import board_of
from drivewm.scenarios.osc.context import Note
from drivewm.scenarios.osc.document import Document, read_document
from drivewm.scenarios.osc.ego import Ego, read_ego
from drivewm.scene import NO_MAP, EgoColumn, Lights, RoadMap, Scene
from drivewm.sim.config import DT_S, DT_US
from drivewm.sim.script import model as m
from drivewm.sim.script.traffic import scripted_traffic
from drivewm.sim.traffic import Traffic

SOURCE = "openscenario"
KEY = "xosc"  # of the JSON text that says which scenario a scene is
FINE_M, COARSE_M, FINE_UP_TO_M = 0.5, 2.0, 3000.0  # vertices of lanes; metres of all roads
EPOCH_US = 1_600_000_000_000_000
LONGEST_S = 600.0  # of a drive that ends at a time of the stop trigger
WAITS_S = 120.0  # of a drive whose stop trigger waits for something else
UNSTOPPED_S = 60.0  # of a drive without a stop trigger


@dataclass(frozen=True, kw_only=True)
class Imported:
    """Everything that a drive needs; the same file and values build the same."""

    document: Document
    ego: Ego
    scene: Scene
    storyboard: m.Storyboard
    friction: float
    digest: str  # of all files and values

    @property
    def sim(self) -> dict[str, Any]:
        """The settings of ``SimConfig`` that belong to the scenario."""
        return {"duration_s": (self.scene.steps - 1) * DT_S, "friction": self.friction}

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is done otherwise than the file says, or not at all."""
        return self.document.notes

    def make_traffic(self) -> Traffic:
        """Fresh agents at time 0."""
        return scripted_traffic(self.storyboard, self.scene)

    @cached_property
    def references(self) -> dict[str, tuple[float, float]]:
        """By entity: its reference point seen from the middle of its box (ahead, left)."""
        every = self.document.entities.all.values()
        return {one.name: (-one.center_m[0], -one.center_m[1]) for one in every}


def load(
    path: str | Path,
    values: Mapping[str, str] | None = None,
    combination: int | None = None,
    ego: str | None = None,
    user_values: Mapping[str, str] | None = None,
) -> Imported:
    """Reads an OpenSCENARIO file (or file of parameter values) into something to drive.

    Args:
        path: ``.xosc`` file.
        values: parameters to set instead of their declared values.
        combination: which combination of a file of values; None: the first that is allowed.
        ego: the entity that the planner drives (default: see ``find_ego``).
        user_values: values that the file expects its simulator to set.

    Raises:
        InputError: whatever is wrong or not supported, with file and line.
    """
    document = read_document(path, values, combination)
    driver = read_ego(document, ego)
    road = _road_map(document)
    storyboard, friction = board_of(document, driver, road, dict(user_values or {}))
    told = {KEY: str(path), "values": dict(values or {}), "combination": combination, "ego": ego,
            "user_values": dict(user_values or {})}  # fmt: skip
    bare = _scene(document, driver, road, json.dumps(told, sort_keys=True), Path(path))
    traffic = scripted_traffic(storyboard, bare)
    return Imported(
        document=document, ego=driver, scene=with_tracks(bare, traffic), storyboard=storyboard,
        friction=friction, digest=_digest(document, told),
    )  # fmt: skip


def _road_map(document: Document) -> RoadMap:
    network = document.network
    if network is None:
        return NO_MAP
    total = sum(road.length_m for road in network.roads.values())
    return road_map(network, FINE_M if total < FINE_UP_TO_M else COARSE_M)


def load_text(text: str) -> Imported:
    """The scenario that ``Scene.scenario`` of an imported scene names."""
    told = json.loads(text)
    return load(told[KEY], told.get("values"), told.get("combination"), told.get("ego"),
                told.get("user_values"))  # fmt: skip


def digest_of(path: str | Path) -> str:
    """The digest that :func:`load` would give, without building anything."""
    document = read_document(path)
    nothing: dict[str, str] = {}
    told = {"values": nothing, "combination": None, "ego": None, "user_values": nothing}
    return _digest(document, told)


def _digest(document: Document, told: Mapping[str, Any]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for file in document.files:
        digest.update(hashlib.blake2b(file.read_bytes(), digest_size=16).digest())
    rest = {key: value for key, value in told.items() if key != KEY}
    digest.update(
        json.dumps(rest | {"parameters": dict(document.parameters)}, sort_keys=True).encode()
    )
    return digest.hexdigest()


def _scene(document: Document, ego: Ego, road: RoadMap, text: str, path: Path) -> Scene:
    steps = round(duration_s(document.read.stop) / DT_S) + 1
    states = np.zeros((steps, len(EgoColumn)))
    states[:, [EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]] = _pace(ego, steps)
    states[:, EgoColumn.VX] = ego.speed_mps or ego.target_mps
    states[0, [EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]] = ego.pose
    states[0, EgoColumn.VX] = ego.speed_mps
    return Scene(
        id=f"{KEY}/{path.stem}", source=SOURCE, location=document.file.stem, split=SOURCE,
        times_us=EPOCH_US + np.arange(steps, dtype=np.int64) * DT_US, ego=states,
        vehicle=ego.vehicle, tracks=NOBODY, map=_limited(road, ego.target_mps), lights=Lights(),
        route=ego.route, native_rate_hz=1.0 / DT_S, scenario=text,
    )  # fmt: skip


def _pace(ego: Ego, steps: int) -> np.ndarray:
    """Where logs have the recorded ego: who keeps the target speed along the route; [T, 3]."""
    line = ego.route
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.minimum(np.arange(steps) * DT_S * abs(ego.speed_mps or ego.target_mps), s[-1] - 0.5)
    here, ahead = (
        np.stack([np.interp(at + d, s, line[:, k]) for k in (0, 1)], -1) for d in (0.0, 0.5)
    )
    return np.column_stack([here, np.arctan2(*(ahead - here).T[::-1])])


def duration_s(stop: m.Trigger | None) -> float:
    """How long a drive may last: as the stop trigger's time tells, else the longest."""
    if stop is None:
        return UNSTOPPED_S
    times = [
        max(c.value_s + c.delay_s for c in group if isinstance(c, m.SimulationTime))
        for group in stop.groups
        if group and all(isinstance(c, m.SimulationTime) for c in group)
    ]
    if not times:
        return WAITS_S
    return min(LONGEST_S, max(min(times), 0.0) + 0.2)


def _limited(road: RoadMap, target_mps: float) -> RoadMap:
    """The map with the ego's target speed as the limit: planners drive as fast as the script."""
    if target_mps <= 0.0:
        return road
    lanes = tuple(replace(lane, speed_limit_mps=target_mps) for lane in road.lanes)
    return replace(road, lanes=lanes, _by_id={})
