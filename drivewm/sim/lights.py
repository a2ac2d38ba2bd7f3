"""A cyclic traffic-light programme. Shapes: L controlled lanes, G groups that switch together."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drivewm.scene import LightStatus


@dataclass(frozen=True, kw_only=True)
class LightProgram:
    """Groups get green one after another; between two greens lie yellow and an all-red gap."""

    lane_ids: tuple[str, ...] = ()  # L connectors
    stop_points: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))  # [L, 2]
    group: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))  # [L], 0..G-1
    green_s: tuple[float, ...] = ()  # G
    yellow_s: float = 3.0
    all_red_s: float = 2.0
    offset_s: float = 0.0  # time into the cycle at time 0

    @property
    def cycle_s(self) -> float:
        return sum(self.green_s) + len(self.green_s) * (self.yellow_s + self.all_red_s)

    def status_at(self, time_s: float) -> np.ndarray:
        """LightStatus of every controlled lane; int8 [L]."""
        if not self.lane_ids:
            return np.zeros(0, np.int8)
        into = (time_s + self.offset_s) % self.cycle_s
        of_group = np.full(len(self.green_s), LightStatus.RED, np.int8)
        for index, green_s in enumerate(self.green_s):
            if 0 <= into < green_s:
                of_group[index] = LightStatus.GREEN
            elif green_s <= into < green_s + self.yellow_s:
                of_group[index] = LightStatus.YELLOW
            into -= green_s + self.yellow_s + self.all_red_s
        return of_group[self.group]
