"""Scenes of the closed-loop cases, and what the reference drove in them. Shapes: T steps."""

from __future__ import annotations

import numpy as np

from drivewm.eval.conform.fixtures import STATE, Fixtures, Row, lights_of, poses, states, tracks_of
from drivewm.scene import PACIFICA, Lights, Scene
from drivewm.sim.config import DT_US, SimConfig

AGENTS = ("x", "y", "h", "vx", "vy")


def scene_of(fixtures: Fixtures, row: Row) -> Scene:
    """The log of a case; of the ego only the first state is known, its route is the expert's."""
    steps = row["n_iterations"]
    ego = np.zeros((steps, len(STATE)))
    ego[0] = states(row, "ego0")[0]
    names, status = lights_of(row, steps)
    return Scene(
        id=row["run_id"], source="fixture", location="", split="",
        times_us=row["t0_us"] + DT_US * np.arange(steps, dtype=np.int64), ego=ego,
        vehicle=PACIFICA, tracks=tracks_of(row, steps), map=fixtures.maps()[row["map_id"]],
        lights=Lights(lane_ids=names, status=status if names else None),
        route=poses(row, "expert")[:, :2], native_rate_hz=10.0,
        route_roadblocks=tuple(row["route_roadblock_ids"].split(",")),
    )  # fmt: skip


def config_of(row: Row) -> SimConfig:
    """The run's settings; the reference records one state less than there are iterations."""
    return SimConfig(
        agents="replay" if row["observation"] == "replay" else "nuplan_idm", friction=0.0,
        duration_s=(row["n_iterations"] - 2) / 10,
    )  # fmt: skip


def reference_ego(row: Row) -> np.ndarray:
    """[T, 11] ego states of the reference's run."""
    return np.stack([np.array(row[f"out_ego_{name}"], float) for name in STATE], -1)


def reference_agents(row: Row, tracks: int) -> tuple[np.ndarray, np.ndarray]:
    """States [tracks, T, 5] (x, y, heading, vx, vy) of the reference's IDM agents, valid."""
    counts = np.array(row["out_agt_n"], np.int64)
    state, valid = np.zeros((tracks, len(counts), 5)), np.zeros((tracks, len(counts)), bool)
    step = np.repeat(np.arange(len(counts)), counts)
    track = np.array(row["out_agt_track"], np.int64)
    valid[track, step] = True
    for k, name in enumerate(AGENTS):
        state[track, step, k] = row[f"out_agt_{name}"]
    return state, valid
