"""The true branches of a fleet, kept in a folder so that every model is judged on the same ones.

``<folder>/<key>/survey.json`` lists the states, ``<scene>@<keyframe>.npz`` holds one of them; the
key is a hash of the fleet and the configuration.
Shapes: B branches, S + 1 steps of 0.1 s, H + 1 frames of 0.5 s, N agents, X, Y, Z cells.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from drivewm import progress
from drivewm.errors import InputError
from drivewm.eval.counterfactual.branches import (
    Branch,
    Stage,
    scene_of,
    snapshots,
    stage_of,
)
from drivewm.eval.counterfactual.states import (
    State,
    TruthConfig,
    choose_branches,
    choose_states,
    survey,
    survey_scene,
)
from drivewm.eval.counterfactual.verdict import Verdict
from drivewm.logs.fleet import Fleet
from drivewm.models.grid import GridConfig, pool_labels
from drivewm.scene import EgoColumn
from drivewm.storage import write_npz, write_text
from drivewm.training.branches import STEPS_PER_FRAME, SURVEY
from drivewm.training.labels import flow_label
from drivewm.workers import pool
from drivewm.worlds.actors import Actors
from drivewm.worlds.render.occupancy import semantics_only

VERDICT = ("collision_s", "departure_s", "progress", "comfort", "score", "closed_loop")
POSE = [EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]


@dataclass(frozen=True, kw_only=True)
class StateTruth:
    """What truly follows each action sequence of one state."""

    state: State
    names: tuple[str, ...]  # B manoeuvres
    ego: np.ndarray  # [B, S + 1, 11]
    occupancy: np.ndarray  # uint8 [B, H + 1, X, Y, Z] in the ego frame of each instant
    flow: np.ndarray  # float32 [B, H + 1, 2, X, Y] m/s
    agents: np.ndarray  # [B, N, 6] at the last step, map frame
    there: np.ndarray  # bool [B, N] valid at the last step
    size_m: np.ndarray  # [N, 3]
    movable: np.ndarray  # bool [N]
    verdict: dict[str, np.ndarray]  # VERDICT -> [B]

    @property
    def poses(self) -> np.ndarray:
        """Ego poses at the frames; [B, H + 1, 3], map frame."""
        return self.ego[:, ::STEPS_PER_FRAME, POSE]

    @property
    def bad(self) -> np.ndarray:
        """bool [B]: collides at its own fault or leaves the road."""
        return np.minimum(self.verdict["collision_s"], self.verdict["departure_s"]) < np.inf


def key_of(fleet: Fleet, config: TruthConfig) -> str:
    """Name of the folder of a fleet's truth under a configuration."""
    content = json.dumps([fleet.content_hash, config.model_dump(mode="json")], sort_keys=True)
    return hashlib.blake2b(content.encode(), digest_size=10).hexdigest()


def check(fleet: Fleet, config: TruthConfig) -> None:
    """Raises:
    InputError: a split is unknown or empty, or the fleet holds no synthetic worlds.
    """
    for split in config.splits:
        chosen = fleet.select(split)
        if not any(info.world_spec for info in chosen):
            raise InputError(
                f"no scene of split '{split}' carries a synthetic world",
                file=f"{fleet.path}/scenes.parquet", field="world_spec",
                fix="use a fleet made by `drivewm synth`: only there can the ego act differently",
            )  # fmt: skip


def make_truth(
    fleet: Fleet, config: TruthConfig, folder: str | Path, workers: int = 1
) -> list[State]:
    """Makes what lacks and returns the states in order. The files do not depend on ``workers``.

    Raises:
        InputError: see ``check`` and ``branches.stage_of``; or no instant of a split is usable.
    """
    check(fleet, config)
    place = Path(folder) / key_of(fleet, config)
    states = _states(fleet, config, place, workers)
    left = [s for s in states if not (place / f"{s.name}.npz").exists()]
    scenes = list(dict.fromkeys(s.scene for s in left))
    jobs = [(fleet, [s for s in left if s.scene == scene], config, place) for scene in scenes]
    _map(_make_scene, jobs, workers, "true branches: scenes")
    return states


def _states(fleet: Fleet, config: TruthConfig, place: Path, workers: int) -> list[State]:
    path = place / SURVEY
    if path.exists():
        return [State(**row) for row in json.loads(path.read_text(encoding="utf-8"))["states"]]
    ids = {split: [i.id for i in fleet.select(split) if i.world_spec] for split in config.splits}
    jobs = [(fleet, scene, config) for scenes in ids.values() for scene in scenes]
    found = dict(_map(_survey_one, jobs, workers, "survey: scenes"))
    states = []
    for split, scenes in ids.items():
        here = choose_states({scene: found[scene] for scene in scenes}, split, config)
        if not here:
            raise InputError(
                f"no instant of split '{split}' can be branched (standing ego, too short, or all "
                "manoeuvres end the same way)", file=fleet.path, field="--splits",
                fix="use longer or more scenes",
            )  # fmt: skip
        states += here
    content = {"config": config.model_dump(mode="json"), "fleet": fleet.content_hash,
               "states": [asdict(s) for s in states]}  # fmt: skip
    write_text(path, json.dumps(content, indent=1) + "\n")
    return states


def _map(
    function: Callable, jobs: Sequence[tuple], workers: int, title: str
) -> list[Any]:  # in the order of the jobs
    bar = progress.bar(title, total=len(jobs))
    out: list[Any] = [None] * len(jobs)
    if workers <= 1 or len(jobs) < 2:
        for n, job in enumerate(jobs):
            out[n] = function(*job)
            bar.update()
    else:
        with pool(min(workers, len(jobs))) as submit:
            places = {submit(function, *job): n for n, job in enumerate(jobs)}
            for done in as_completed(places):
                out[places[done]] = done.result()
                bar.update()
    bar.close()
    return out


def _survey_one(fleet: Fleet, scene_id: str, config: TruthConfig) -> tuple[str, list]:
    return scene_id, survey_scene(stage_of(fleet, scene_id), config)


def _make_scene(fleet: Fleet, states: list[State], config: TruthConfig, place: Path) -> None:
    stage = stage_of(fleet, states[0].scene)
    engines = snapshots(stage, [s.step for s in states])
    for state in states:
        found = survey(stage, state.keyframe, engines[state.step], config)
        picks = choose_branches(found, state, config)
        content = _arrays(
            stage, state, [found.branches[i] for i in picks], [found.verdicts[i] for i in picks],
            config.grid,
        )  # fmt: skip
        write_npz(place / f"{state.name}.npz", content, level=4)


def _arrays(
    stage: Stage, state: State, branches: list[Branch], verdicts: list[Verdict], grid: GridConfig
) -> dict[str, np.ndarray]:
    seen = [branch_frames(stage, branch, state.step, grid) for branch in branches]
    movable = np.array([c in _movable_classes() for c in stage.log.occ_class])
    return {
        "names": np.array([b.name for b in branches]), "ego": np.stack([b.ego for b in branches]),
        "occupancy": np.stack([o for o, _, _ in seen]),
        "flow": np.stack([f for _, f, _ in seen]).astype(np.float16),
        "known": np.stack([k for _, _, k in seen]),
        "agents": np.stack([b.state[:, -1] for b in branches]),
        "there": np.stack([b.valid[:, -1] for b in branches]),
        "size_m": stage.log.size_m, "movable": movable,
        **{name: np.array([getattr(v, name) for v in verdicts]) for name in VERDICT},
    }  # fmt: skip


def _movable_classes() -> list[int]:
    from drivewm.scene import MOVABLE

    return [int(c) for c in MOVABLE]


def branch_frames(
    stage: Stage, branch: Branch, step: int, grid: GridConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exact occupancy uint8 [H + 1, X, Y, Z], flow [H + 1, 2, X, Y] and where it is known, bool
    [H + 1, X, Y], of a branch's frames."""
    log, scene = stage.log, scene_of(stage, branch, step)
    occupancy, flows, known = [], [], []
    for k in range(0, len(branch.ego), STEPS_PER_FRAME):
        actors = Actors(
            ids=log.ids, categories=log.categories, occ_class=log.occ_class, size_m=log.size_m,
            state=branch.state[:, k], valid=branch.valid[:, k],
        )  # fmt: skip
        label = semantics_only(stage.world, branch.ego[k, POSE], actors)
        occupancy.append(pool_labels(label, grid))
        flow, near = flow_label(scene, k, grid)
        flows.append(flow)
        known.append(near)
    return np.stack(occupancy), np.stack(flows), np.stack(known)


def load(folder: str | Path, fleet: Fleet, config: TruthConfig, state: State) -> StateTruth:
    """One state's truth.

    Raises:
        InputError: the file is damaged.
    """
    path = Path(folder) / key_of(fleet, config) / f"{state.name}.npz"
    try:
        with np.load(path) as arrays:
            found = {name: arrays[name] for name in arrays.files}
        return StateTruth(
            state=state, names=tuple(found["names"].tolist()),
            flow=found["flow"].astype(np.float32),
            verdict={name: found[name] for name in VERDICT},
            **{n: found[n] for n in ("ego", "occupancy", "agents", "there", "size_m", "movable")},
        )  # fmt: skip
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"not readable ({error})", file=path, fix="delete it and run again") from (
            error
        )
