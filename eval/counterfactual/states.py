"""Which instants are branched: some where something is near, some drawn blindly.

Every keyframe of a held-out scene is surveyed with the whole library of manoeuvres; what is near,
who reacts and what goes wrong decides its kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drivewm.config import Config
from drivewm.eval.counterfactual.actions import RECORDED
from drivewm.eval.counterfactual.branches import (
    Branch,
    Stage,
    candidates,
    scene_of,
    snapshots,
)
from drivewm.eval.counterfactual.verdict import NEVER, Verdict, judge
from drivewm.geometry.se2 import to_local
from drivewm.models.grid import GridConfig
from drivewm.scene import EgoColumn, ScoreType, TrackColumn
from drivewm.seeds import generator
from drivewm.training.branches import STEPS_PER_FRAME
from drivewm.worlds.incidents import incidents

VERSION = 1  # of what the truth is; older truth is made again
KINDS = ("reactive", "lead", "crossing", "kerb", "random")
REACTION_M = 0.5  # an agent reacts if its places at the end differ by more between branches
SLOWEST_MPS = 1.5  # branches of a standing ego hardly differ
LEAD_M, LANE_M, NEAR_M, KERB_M = 25.0, 1.6, 22.0, 1.0


class TruthConfig(Config):
    """Everything that decides the true branches, with the fleet."""

    splits: tuple[str, ...]
    states: int = 20  # per split, fewer where there are not so many
    branches: int = 8
    history: int = 4  # frames that a model sees
    horizon: int = 6  # frames of 0.5 s
    seed: int = 0
    bad_share: tuple[float, float] = (0.25, 0.6)  # of a state's branches, drawn
    grid: GridConfig = GridConfig()
    version: int = VERSION

    @property
    def steps(self) -> int:
        """Simulation steps of a branch."""
        return self.horizon * STEPS_PER_FRAME


@dataclass(frozen=True, kw_only=True, order=True)
class State:
    """One instant to branch from."""

    split: str
    scene: str
    keyframe: int
    kind: str  # why it was chosen

    @property
    def name(self) -> str:
        return f"{self.scene}@{self.keyframe}"

    @property
    def step(self) -> int:
        return self.keyframe * STEPS_PER_FRAME


@dataclass(frozen=True, kw_only=True)
class Surveyed:
    """What every manoeuvre of the library leads to from one instant."""

    branches: list[Branch]
    verdicts: list[Verdict]


def survey(stage: Stage, keyframe: int, at, config: TruthConfig) -> Surveyed:
    """All candidates of one instant with their verdicts; ``at`` is the engine of then."""
    step = keyframe * STEPS_PER_FRAME
    made = candidates(stage, at, step, config.steps, config.seed)
    recorded = scene_of(stage, made[0], step)
    verdicts = [judge(scene_of(stage, branch, step), recorded) for branch in made]
    return Surveyed(branches=made, verdicts=verdicts)


def survey_scene(stage: Stage, config: TruthConfig) -> list[tuple[int, tuple[str, ...]]]:
    """(keyframe, its kinds) of the usable instants of a scene, in order of time.

    Usable: the model's history lies before it and the recorded future behind it, the ego moves,
    nothing has gone wrong yet, and the candidates do not all end the same way.
    """
    frames = (len(stage.log.ego) - 1) // STEPS_PER_FRAME + 1
    keys = [
        k for k in range(config.history - 1, frames - config.horizon)
        if stage.log.ego[k * STEPS_PER_FRAME, EgoColumn.VX] >= SLOWEST_MPS
        and k * STEPS_PER_FRAME * 0.1 < _first_incident_s(stage)
    ]  # fmt: skip
    if not keys:
        return []
    engines = snapshots(stage, [k * STEPS_PER_FRAME for k in keys])
    out = []
    for k in keys:
        found = survey(stage, k, engines[k * STEPS_PER_FRAME], config)
        first = min(min(v.collision_s, v.departure_s) for v in found.verdicts)
        if first > 0.1 and 0 < sum(v.bad for v in found.verdicts) < len(found.verdicts):
            out.append((k, kinds_of(stage, k, found)))
    return out


def _first_incident_s(stage: Stage) -> float:
    found = incidents(stage.world, stage.log)
    times = [t for t in (found.collision_time_s, found.departure_time_s) if t is not None]
    return min(times, default=NEVER)


def kinds_of(stage: Stage, keyframe: int, found: Surveyed) -> tuple[str, ...]:
    """The kinds of an instant, ``random`` always among them."""
    log, step = stage.log, keyframe * STEPS_PER_FRAME
    ego, valid = log.ego[step], log.valid[:, step]
    pose = ego[[EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]]
    here = to_local(pose, log.state[:, step, :2])  # [N, 2]
    turn = log.state[:, step, TrackColumn.HEADING] - pose[2]
    speed = np.hypot(log.state[:, step, TrackColumn.VX], log.state[:, step, TrackColumn.VY])
    ahead = valid & (here[:, 0] > 2.0) & (np.abs(here[:, 1]) < LANE_M) & (here[:, 0] < LEAD_M)
    near = valid & (np.hypot(*here.T) < NEAR_M) & (here[:, 0] > -5.0)
    across = near & (speed > 0.3) & (np.abs(np.sin(turn)) > 0.7)
    walking = near & (log.score_type == ScoreType.PEDESTRIAN) & (np.abs(here[:, 1]) < 8.0)
    kerb = any(
        v.departure_s < 1.5 for v, b in zip(found.verdicts, found.branches) if b.name != RECORDED
    )
    holds = {
        "reactive": reacting(found.branches).any(), "lead": ahead.any(),
        "crossing": (across | walking).any(), "kerb": kerb, "random": True,
    }  # fmt: skip
    return tuple(kind for kind in KINDS if holds[kind])


def reacting(branches: Sequence[Branch]) -> np.ndarray:
    """bool [N]: agents there at the end of every branch, at places that differ."""
    ends = np.stack([b.state[:, -1, :2] for b in branches])  # [K, N, 2]
    there = np.stack([b.valid[:, -1] for b in branches]).all(0)
    apart = np.linalg.norm(ends[:, None] - ends[None], axis=-1).max((0, 1))
    return there & (apart > REACTION_M)


def choose_states(
    surveyed: dict[str, list[tuple[int, tuple[str, ...]]]], split: str, config: TruthConfig
) -> list[State]:
    """The states of a split, sorted: the kinds take turns, and within a kind the scenes."""
    every = [(scene, k, kinds) for scene, rows in surveyed.items() for k, kinds in rows]
    rng = generator("states", config.seed, split)
    order = [every[i] for i in rng.permutation(len(every))]
    taken: dict[tuple[str, int], str] = {}
    used = dict.fromkeys(surveyed, 0)
    turn = 0
    while len(taken) < min(config.states, len(every)):
        kind = KINDS[turn % len(KINDS)]
        turn += 1
        left = [r for r in order if kind in r[2] and (r[0], r[1]) not in taken]
        if left:
            scene, keyframe, _ = min(left, key=lambda row: used[row[0]])
            taken[scene, keyframe] = kind
            used[scene] += 1
    return sorted(
        State(split=split, scene=s, keyframe=k, kind=kind) for (s, k), kind in taken.items()
    )


def choose_branches(found: Surveyed, state: State, config: TruthConfig) -> list[int]:
    """Indices of a state's branches: what was recorded, and a drawn number that go wrong."""
    rng = generator("branches", config.seed, state.name)
    bad = [i for i, v in enumerate(found.verdicts) if v.bad]
    wanted = round(config.branches * rng.uniform(*config.bad_share))
    order = [0, *(1 + rng.permutation(len(found.branches) - 1)).tolist()]
    good = [i for i in order if i not in bad]
    bad = [i for i in order if i in bad]
    few = min(max(wanted, config.branches - len(good)), len(bad))
    chosen = [*bad[:few], *good[: config.branches - few]]
    if 0 not in chosen:  # the recorded future is a branch like the others
        same = [i for i in chosen if found.verdicts[i].bad == found.verdicts[0].bad]
        chosen[chosen.index(same[-1] if same else chosen[-1])] = 0
    return sorted(chosen)
