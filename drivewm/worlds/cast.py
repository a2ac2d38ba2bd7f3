"""Collects the agents of a world and packs them into the engine's slots."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from drivewm.scene import classify
from drivewm.sim.traffic_state import Agents, Mode, empty_agents
from drivewm.worlds.catalogue import BICYCLE, Kind


@dataclass(frozen=True, kw_only=True)
class Member:
    """One agent as it begins. Arc lengths are of the box centre."""

    kind: Kind
    size_m: tuple[float, float, float]
    mode: Mode
    path: int = -1
    s: float = 0.0
    speed: float = 0.0
    target: float = 0.0
    lateral: float = 0.0
    appear: float = 0.0
    clear: float = 1.0
    kerb_s: float = np.inf
    kerb_end_s: float = np.inf
    pose: tuple[float, float, float] = (0.0, 0.0, 0.0)  # of static objects
    headway: float = 1.3


class Cast:
    """The agents of one world, in the order in which they were added."""

    def __init__(self) -> None:
        self.members: list[Member] = []

    def add(self, member: Member) -> int:
        self.members.append(member)
        return len(self.members) - 1

    def ids(self, seed: object) -> tuple[str, ...]:
        """32 hexadecimal digits per agent: nuScenes instance tokens."""
        return tuple(
            hashlib.blake2b(f"instance/{seed}/{k}".encode(), digest_size=16).hexdigest()
            for k in range(len(self.members))
        )

    def sizes(self) -> np.ndarray:
        """[N, 3]."""
        return np.array([m.size_m for m in self.members], float).reshape(-1, 3)

    def classes(self) -> tuple[np.ndarray, np.ndarray]:
        """(score type, occupancy class), int8 [N] each."""
        pairs = [classify("nuscenes", m.kind.category) for m in self.members]
        return (
            np.array([a for a, _ in pairs], np.int8), np.array([b for _, b in pairs], np.int8),
        )  # fmt: skip

    def agents(self) -> Agents:
        """Fresh slots, the ego's last."""
        slots = empty_agents(len(self.members) + 1)
        for i, m in enumerate(self.members):
            slots.mode[i], slots.path[i] = m.mode, m.path
            slots.size[i] = m.size_m[:2]
            slots.s[i], slots.speed[i], slots.target[i] = m.s, m.speed, m.target
            slots.lateral[i], slots.appear[i], slots.clear[i] = m.lateral, m.appear, m.clear
            slots.kerb_s[i], slots.kerb_end_s[i] = m.kerb_s, m.kerb_end_s
            slots.pose[i, :3] = m.pose
            slots.active[i] = m.mode == Mode.STATIC
            if m.mode == Mode.DRIVE:
                slots.idm[i, 1:3] = m.headway, m.kind.accel_mps2
            if m.kind is BICYCLE:
                slots.margin[i] = 0.05
        return slots
