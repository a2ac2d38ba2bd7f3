"""Other drivers for other seeds: IDM parameters of reactive agents, drawn per agent."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from drivewm.seeds import generator
from drivewm.sim.config import AgentNoise, SimConfig
from drivewm.sim.traffic import Traffic
from drivewm.sim.traffic_state import Mode


class Factors(NamedTuple):
    """What an agent's own parameters are multiplied with."""

    target_speed: float
    min_gap: float
    headway: float
    accel: float
    decel: float


def factors_of(noise: AgentNoise, seed: int, scene_id: str, track_id: str) -> Factors:
    """The agent's factors: uniform in the ranges of ``noise``; 1 for seed 0.

    They depend on nothing but the seed and the two names, so that an agent is the same driver
    whoever else is there.
    """
    if seed == 0:
        return Factors(1.0, 1.0, 1.0, 1.0, 1.0)
    draw = generator("agents", seed, scene_id, track_id)
    ranges = (noise.target_speed, noise.min_gap, noise.headway, noise.accel, noise.decel)
    return Factors(*(float(draw.uniform(low, high)) for low, high in ranges))


def vary(traffic: Traffic, config: SimConfig, scene_id: str) -> None:
    """Makes the driving agents of fresh traffic the drivers of ``config.seed``; seed 0 changes
    nothing, nor do replayed, standing or walking agents change."""
    if config.seed == 0 or config.agents == "replay":
        return
    agents = traffic.agents
    for i in np.flatnonzero(agents.mode[: len(traffic.ids)] == Mode.DRIVE):
        drawn = factors_of(config.agent_noise, config.seed, scene_id, traffic.ids[i])
        agents.target[i] *= drawn.target_speed
        agents.idm[i, :4] *= drawn.min_gap, drawn.headway, drawn.accel, drawn.decel
        agents.idm[i, 4] = max(agents.idm[i, 4], agents.idm[i, 3])
