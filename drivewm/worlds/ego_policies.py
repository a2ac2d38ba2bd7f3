"""Who drives the ego while a world is recorded: careful, perturbed or reckless."""

from __future__ import annotations

import numpy as np

from drivewm.scene import EgoColumn
from drivewm.sim.bicycle import DT_S, command_for_accel, command_for_steer
from drivewm.sim.traffic import Traffic
from drivewm.worlds.world import World

JERK_MPS3 = 2.5
STEER_RATE_RADPS = 0.5
CRASH_BRAKE_MPS2 = 7.0


class EgoDriver:
    """Drives along the world's path; what it aims at is its temper's business."""

    def __init__(self, world: World, rng: np.random.Generator) -> None:
        self.world, self.rng = world, rng
        self.crashed = False
        self.pace = world.speed_limit_mps * rng.uniform(0.85, 0.98)
        self.offset_m = 0.0
        self._wanted_offset_m = 0.0

    def aims(self, time_s: float) -> tuple[float, float, bool, bool]:
        """(target speed, lateral offset, heeds lights, heeds traffic) now."""
        return self.pace, 0.0, True, True

    def act(self, traffic: Traffic, ego: np.ndarray, time_s: float) -> np.ndarray:
        """(acceleration, steering rate) commands; [2]. ``traffic.set_ego`` was called before."""
        speed = float(ego[EgoColumn.VX])
        target, self._wanted_offset_m, lights, others = self.aims(time_s)
        reach = 0.08 + 0.02 * abs(self._wanted_offset_m)
        self.offset_m += float(np.clip(self._wanted_offset_m - self.offset_m, -reach, reach))
        accel = self._wanted_accel(traffic, ego, target, lights, others)
        accel = max(accel, -speed / DT_S)  # stops, never rolls back
        steer = traffic.steer_to_path(ego, self.world.vehicle, self.offset_m)
        near = STEER_RATE_RADPS * DT_S
        steer = float(np.clip(steer, ego[EgoColumn.STEER] - near, ego[EgoColumn.STEER] + near))
        return np.array([command_for_accel(ego, accel), command_for_steer(ego, steer)])

    def _wanted_accel(self, traffic: Traffic, ego: np.ndarray, target, lights, others) -> float:
        speed, before = float(ego[EgoColumn.VX]), float(ego[EgoColumn.AX])
        if self.crashed:
            return -CRASH_BRAKE_MPS2 if speed > 0.01 else 0.0
        if others:
            wanted = traffic.ego_advice(target, lights)
        else:
            wanted = 1.8 * (1.0 - (speed / target) ** 4)
        room = traffic.ego_room_m - 4.0  # nobody drives off the end of the network
        if speed * speed / 6.0 > room:
            wanted = min(wanted, -speed * speed / (2.0 * max(room, 0.5)))
        if wanted > -3.0:  # comfort, except in an emergency
            wanted = float(np.clip(wanted, before - JERK_MPS3 * DT_S, before + JERK_MPS3 * DT_S))
        return wanted


class Perturbed(EgoDriver):
    """Wanders in its lane and in speed, with moments of inattention."""

    def __init__(self, world: World, rng: np.random.Generator) -> None:
        super().__init__(world, rng)
        self._until_s, self._now = -1.0, (self.pace, 0.0, True, True)

    def aims(self, time_s: float) -> tuple[float, float, bool, bool]:
        if time_s >= self._until_s:
            self._now = self.draw()
            self._until_s = time_s + self.rng.uniform(1.2, 3.5)
        return self._now

    def draw(self) -> tuple[float, float, bool, bool]:
        offset = float(np.clip(self.rng.normal(0, 0.8), -1.8, 1.8))
        pace = self.pace * self.rng.uniform(0.5, 1.25)
        return pace, offset, True, bool(self.rng.random() > 0.08)


class Reckless(Perturbed):
    """Fast, late or blind to others and lights for seconds, swerves, takes the wrong lane."""

    def draw(self) -> tuple[float, float, bool, bool]:
        rng = self.rng
        swerve = rng.uniform(1.8, 4.5) * rng.choice([-1, 1]) if rng.random() < 0.35 else 0.0
        offset = float(swerve + rng.normal(0, 0.5))
        return (
            self.pace * rng.uniform(0.9, 1.5), offset, bool(rng.random() > 0.5),
            bool(rng.random() > 0.35),
        )  # fmt: skip


DRIVERS = {"careful": EgoDriver, "perturbed": Perturbed, "reckless": Reckless}
