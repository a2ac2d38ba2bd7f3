"""The simulator taken back to an instant of a recorded drive, and on from there another way.

A synthetic scene is its world's spec. The world is built again and its engine is run from time 0
with the recorded ego; as it is deterministic it arrives at the recorded state itself, with all that
no recording holds (who waits since when, who has begun to change lanes, what is still to come).
Shapes: S steps of 0.1 s after the branching, N agents, T recorded steps.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from drivewm.errors import InputError
from drivewm.eval.counterfactual.actions import (
    LIBRARY,
    RECORDED,
    Manoeuvre,
    drive,
    replayed,
    varied,
)
from drivewm.logs.fleet import Fleet
from drivewm.scene import Lights, Scene, Tracks
from drivewm.seeds import generator
from drivewm.sim.bicycle import DT_S
from drivewm.sim.traffic import Traffic
from drivewm.worlds.build import build
from drivewm.worlds.simulate import WorldLog, simulate
from drivewm.worlds.world import World, WorldSpec

SAME_M = 1e-6


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One synthetic scene that can be driven again."""

    scene: Scene  # as recorded
    world: World
    log: WorldLog


@dataclass(frozen=True, kw_only=True)
class Branch:
    """What an action sequence caused. Step 0 is the branching instant."""

    name: str
    ego: np.ndarray  # [S + 1, 11]
    state: np.ndarray  # [N, S + 1, 6]
    valid: np.ndarray  # bool [N, S + 1]


def stage_of(fleet: Fleet, scene_id: str) -> Stage:
    """The scene with its world.

    Raises:
        InputError: it has none, or this version's engine does not arrive at what was recorded.
    """
    scene = fleet.scene(scene_id)
    if scene.world_spec is None:
        raise InputError(
            f"{scene_id} carries no synthetic world: nothing else than what was recorded can be "
            "known of it", file=f"{fleet.path}/scenes.parquet", field="world_spec",
            fix="use a fleet made by `drivewm synth`",
        )  # fmt: skip
    world = build(WorldSpec.model_validate_json(scene.world_spec))
    log = simulate(world)
    steps = min(len(log.ego), scene.steps)
    apart = np.abs(log.ego[:steps, :2] - scene.ego[:steps, :2]).max()
    if len(log.ego) != scene.steps or apart > SAME_M:
        raise InputError(
            f"{scene_id}: its world driven again ends {apart:.3g} m from the recorded ego",
            file=f"{fleet.path}/scenes.parquet", field="world_spec",
            fix="make the fleet again with this version of drivewm",
        )  # fmt: skip
    return Stage(scene=scene, world=world, log=log)


def snapshots(stage: Stage, steps: Sequence[int]) -> dict[int, Traffic]:
    """The engine as it was at each of the recorded ``steps``."""
    traffic, wanted, out = stage.world.make_traffic(), sorted(set(steps)), {}
    for step in range(max(wanted) + 1):
        if step in wanted:
            out[step] = copy.deepcopy(traffic)
        traffic.step(stage.log.ego[step], stage.world.vehicle)
    return out


def run(stage: Stage, at: Traffic, name: str, ego: np.ndarray) -> Branch:
    """Executes the ego's states [S + 1, 11] among agents that react to them."""
    traffic, vehicle = copy.deepcopy(at), stage.world.vehicle
    state, valid = [traffic.state], [traffic.valid]
    for before in ego[:-1]:
        traffic.step(before, vehicle)
        state.append(traffic.state)
        valid.append(traffic.valid)
    return Branch(name=name, ego=ego, state=np.stack(state, 1), valid=np.stack(valid, 1))


def candidates(stage: Stage, at: Traffic, step: int, horizon: int, seed: int) -> list[Branch]:
    """What was recorded, and every manoeuvre of the library, varied; ``horizon`` steps each."""
    vehicle, start = stage.world.vehicle, stage.log.ego[step]
    recorded = replayed(start, stage.log.actions[step : step + horizon], vehicle)
    out = [run(stage, at, RECORDED, recorded)]
    for manoeuvre in LIBRARY:
        rng = generator("manoeuvre", seed, stage.scene.id, step, manoeuvre.name)
        chosen: Manoeuvre = varied(manoeuvre, rng)
        ego = drive(chosen, start, at, vehicle, horizon)
        out.append(run(stage, at, manoeuvre.name, ego))
    return out


def scene_of(stage: Stage, branch: Branch, step: int) -> Scene:
    """The branch as a scene of its own, as a fleet would hold it if it had been recorded."""
    times_us = stage.log.times_us[step] + np.arange(len(branch.ego), dtype=np.int64) * round(
        DT_S * 1e6
    )
    tracks = Tracks(
        ids=stage.log.ids, categories=stage.log.categories, score_type=stage.log.score_type,
        occ_class=stage.log.occ_class, size_m=stage.log.size_m, state=branch.state,
        valid=branch.valid,
    )  # fmt: skip
    return replace(
        stage.scene, times_us=times_us, ego=branch.ego, tracks=tracks,
        lights=_lights(stage, step, len(branch.ego)),
    )  # fmt: skip


def _lights(stage: Stage, step: int, steps: int) -> Lights:
    program = stage.world.lights
    if not program.lane_ids:
        return Lights()
    status = np.stack([program.status_at((step + k) * DT_S) for k in range(steps)], 1)
    return Lights(lane_ids=program.lane_ids, status=status)
