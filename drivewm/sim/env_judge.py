"""Reward of a drive as it happens: what ``measures.reward`` says of it afterwards."""

from __future__ import annotations

import numpy as np

from drivewm.geometry.boxes import centre_poses, corners
from drivewm.geometry.polylines import arc_lengths, project, without_repeats
from drivewm.measures.collision import Fault, find_contacts
from drivewm.measures.drivable import DrivableArea, departures
from drivewm.measures.history import History
from drivewm.measures.lanes import LaneLayout, lane_flags
from drivewm.measures.progress import AHEAD_M, BACK_M
from drivewm.measures.reward import RewardConfig, comfort_cost, step_reward
from drivewm.scene import EgoColumn, Scene, Tracks
from drivewm.sim.traffic import Traffic

MODEL_STEP_S = 0.5  # for which the weights of RewardConfig are meant


class Umpire:
    """Watches one drive, 0.1 s at a time."""

    def __init__(self, scene: Scene) -> None:
        self._vehicle = scene.vehicle
        self._layout = LaneLayout.of_map(scene.map)
        self._area = None
        if scene.map.has_drivable_area:
            reach = np.array([shape.bounds for shape in scene.map.drivable])
            self._area = DrivableArea.of_map(scene.map, reach.reshape(-1, 2))
        self._line = without_repeats(scene.route)
        self._arc_m = arc_lengths(self._line)

    def begin(self, ego: np.ndarray, traffic: Traffic) -> None:
        """The drive starts; ``ego`` [11]."""
        self._ego, self._state, self._valid = ego, traffic.state, traffic.valid
        self._touched = np.zeros(len(traffic.ids), bool)  # who has collided is out of the game
        self._along_m = self._place(ego, -np.inf, np.inf)
        self._began_inside = not self._outside(ego[None])[0]

    def watch(self, ego: np.ndarray, traffic: Traffic) -> tuple[float, str | None]:
        """One step on: progress in metres, and why the drive is over, if it is."""
        along_m = self._place(ego, self._along_m - BACK_M, self._along_m + AHEAD_M)
        moved_m, self._along_m = along_m - self._along_m, along_m
        ending = None
        if self._hits(np.stack([self._ego, ego]), traffic):
            ending = "at_fault_collision"
        else:
            outside = bool(self._outside(ego[None])[0])
            if outside and self._began_inside:
                ending = "road_departure"
            self._began_inside = self._began_inside or not outside
        self._ego, self._state, self._valid = ego, traffic.state, traffic.valid
        return moved_m, ending

    def _place(self, ego: np.ndarray, low_m: float, high_m: float) -> float:
        if len(self._line) < 2:
            return 0.0
        x, y, _ = centre_poses(ego, self._vehicle.rear_axle_to_center_m)
        return project(self._line, self._arc_m, x, y, low_m, high_m)[0]

    def _boxes(self, ego: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        centres = centre_poses(ego, self._vehicle.rear_axle_to_center_m)
        return centres, corners(centres, self._vehicle.length_m, self._vehicle.width_m)

    def _outside(self, ego: np.ndarray) -> np.ndarray:
        """bool [T] for ego states [T, 11]."""
        if self._area is None:
            return np.zeros(len(ego), bool)
        centres, boxes = self._boxes(ego)
        return departures(boxes, centres, self._area)

    def _hits(self, ego: np.ndarray, traffic: Traffic) -> bool:
        """Does a contact that is the ego's fault begin in the second of the two states [2, 11]?"""
        two = Tracks(
            ids=traffic.ids,
            categories=traffic.categories,
            score_type=traffic.score_type,
            occ_class=traffic.occ_class,
            size_m=traffic.size_m,
            state=np.stack([self._state, traffic.state], 1),
            valid=np.stack([self._valid, traffic.valid], 1) & ~self._touched[:, None],
        )
        history = History(
            times_us=np.array([0, 100_000]), ego=ego, vehicle=self._vehicle, tracks=two
        )
        contacts = find_contacts(history, lane_flags(self._boxes(ego)[1], self._layout))
        self._touched[contacts.track] = True
        return bool(((contacts.fault == Fault.EGO) & (contacts.step == 1)).any())


def reward_of(
    ego: np.ndarray,  # [T, 11], the states of one decision step
    progress_m: float,
    ended: bool,
    config: RewardConfig,
) -> float:
    """Reward of one decision step; a drive's sum does not depend on how long these steps are."""
    share = 0.1 * len(ego) / MODEL_STEP_S
    cost = comfort_cost(
        ego[:, EgoColumn.AX], ego[:, EgoColumn.VX] * ego[:, EgoColumn.YAW_RATE], config
    ).mean()
    reward, _ = step_reward(
        np.array([progress_m]), np.array([cost * share]), np.array([ended]), config
    )
    return float(reward[0])
