"""Why the turning Euro NCAP files (CPTA) miss the middle of the car: their meeting points redone.

python benchmarks/openscenario/turning.py [FOLDER]

The files tell where the pedestrian is (`_VRU_syncS` along its line) when the ego is at `_Ego_syncS`
of its trajectory. Here the same is worked out from the trajectory itself, for an entity whose rear
axle follows it: the arc length at which the ego's front touches a pedestrian whose hip is on the
ego's middle line. Three columns say where the scripted ego hits: with the file's meeting point,
by this geometry and driven, and with the geometry's own meeting point set in the same file, driven.
The others ask whether another point on the trajectory was meant: no column has 50 in every row.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from shapely.geometry import Polygon, box

from drivewm.scenarios.osc.load import Imported, load
from drivewm.scenarios.osc.nominal import WITHIN_PCT, nominal_of, scripted_impact

STEP_M = 1e-3
REACH_M = 4.0  # before and after the meeting point in which the contact is looked for


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Ego and pedestrian, in the frame of the ego's first lane: x along it, y towards the turn."""

    p: dict[str, float]  # the file's parameters
    width_m: float
    walker_m: tuple[float, float]  # length, width
    xy: np.ndarray  # [S, 2] the trajectory each STEP_M
    heading: np.ndarray  # [S] of its tangent

    @property
    def line_y_m(self) -> float:
        """The line that the pedestrian walks on."""
        return self.p["VRU_centerlineOffset"] + self._side * self.p["Road_laneWidth"] / 2

    @property
    def _side(self) -> float:
        return self.p["Ego_turningDirection"]

    def walker_x_m(self, s_m: float) -> float:
        """Of the middle of the pedestrian, ``s_m`` along its line."""
        p, way = self.p, self.p["VRU_trajectoryDirection"]
        centre = p["Road_armLength"] + p["Road_radius"] + p["Road_laneWidth"]
        return centre + p["_Trajectory_tStart"] - way * s_m

    def car(self, s_m: float, ahead_m: float, slip: np.ndarray | None) -> tuple[float, ...]:
        """Rear axle x, y and heading when the point ``ahead_m`` of the axle is at ``s_m``."""
        k = min(max(round(s_m / STEP_M), 0), len(self.heading) - 1)
        heading = float(self.heading[k] if slip is None else slip[k])
        x, y = self.xy[k]
        return x - ahead_m * math.cos(heading), y - ahead_m * math.sin(heading), heading

    def touch(self, pose: tuple[float, ...], walker_x_m: float) -> bool:
        """Do ego and pedestrian overlap?"""
        x, y, h = pose
        front, length = self.p["_Ego_frontBumperLon"], self.p["Ego_length"]
        c, s, half = math.cos(h), math.sin(h), 0.5 * self.width_m
        corners = [(front, half), (front, -half), (front - length, -half), (front - length, half)]
        car = Polygon([(x + a * c - b * s, y + a * s + b * c) for a, b in corners])
        long, wide = 0.5 * self.walker_m[0], 0.5 * self.walker_m[1]
        walker = box(walker_x_m - long, self.line_y_m - wide,
                     walker_x_m + long, self.line_y_m + wide)  # fmt: skip
        return bool(car.intersects(walker))

    def place_pct(self, pose: tuple[float, ...], walker_x_m: float) -> float:
        """Where the hip lies across the ego: 0 right, 100 left."""
        x, y, h = pose
        hip = walker_x_m - self.p["VRU_trajectoryDirection"] * self.p["VRU_collisionPointOffset"]
        left = (self.line_y_m - y) * math.cos(h) - (hip - x) * math.sin(h)
        return 100.0 * (0.5 + self._side * left / self.width_m)


def turn_of(imported: Imported) -> Turn:
    """The geometry of a CPTA file."""
    p = {key: float(text) for key, text in imported.document.parameters.items() if _is_number(text)}
    straight, clothoid = p["_Trajectory_straightLength"], p["_Trajectory_clothoidLength"]
    bends = np.cumsum([0.0, straight, 0.0, clothoid, p["_Trajectory_arcLength"], clothoid, 0.0])
    k1, k2 = p["_Trajectory_kappa1"], p["_Trajectory_kappa2"]
    s = np.arange(0.0, bends[-1] + straight, STEP_M)
    bends += 1e-9 * np.arange(len(bends))  # curvature jumps where the clothoids begin and end
    heading = np.cumsum(np.interp(s, bends, [0, 0, k1, k2, k2, k1, 0])) * STEP_M
    xy = np.stack([np.cumsum(np.cos(heading)), np.cumsum(np.sin(heading))], axis=-1) * STEP_M
    xy[:, 0] += p["_Ego_initS"]
    size = imported.document.entities.all["VRU"].size_m
    return Turn(p=p, width_m=imported.ego.vehicle.width_m, walker_m=(size[0], size[1]),
                xy=xy, heading=heading)  # fmt: skip


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def slipping(turn: Turn, ahead_m: float) -> np.ndarray:
    """Headings [S] of a car that rolls without side slip of its rear wheels, a point ``ahead_m``
    of them on the trajectory."""
    found = np.zeros_like(turn.heading)
    for k in range(1, len(found)):
        found[k] = found[k - 1] + math.sin(turn.heading[k - 1] - found[k - 1]) / ahead_m * STEP_M
    return found


def place_by_geometry(turn: Turn, ahead_m: float = 0.0, slips: bool = False) -> float:
    """Where the file's meeting point leads to when the point ``ahead_m`` follows the trajectory."""
    p, slip = turn.p, slipping(turn, ahead_m) if slips else None
    pace = p["_VRU_finalSpeed"] / p["_Ego_speed"]
    for off in np.arange(-REACH_M, REACH_M, STEP_M):
        pose = turn.car(p["_Ego_syncS"] + ahead_m + off, ahead_m, slip)
        walker = turn.walker_x_m(p["_VRU_syncS"] + pace * off)
        if turn.touch(pose, walker):
            return turn.place_pct(pose, walker)
    return math.nan


def meeting_point_m(turn: Turn) -> float:
    """`_VRU_syncS` with which the pedestrian's hip is on the ego's middle line at the contact."""
    p, way = turn.p, turn.p["VRU_trajectoryDirection"]
    for off in np.arange(-REACH_M, REACH_M, STEP_M):
        x, y, h = pose = turn.car(p["_Ego_syncS"] + off, 0.0, None)
        hip = x + (turn.line_y_m - y) / math.tan(h)
        walker = hip + way * p["VRU_collisionPointOffset"]
        if turn.touch(pose, walker):
            pace = p["_VRU_finalSpeed"] / p["_Ego_speed"]
            return way * (turn.walker_x_m(0.0) - walker) - pace * off
    raise ValueError("the ego does not reach the pedestrian's line")


def driven_pct(file: Path, values: Mapping[str, str] | None = None) -> float:
    """Where the scripted ego hits the pedestrian."""
    imported = load(file, values=values)
    nominal = nominal_of(imported)
    impact = None if nominal is None else scripted_impact(imported, nominal)
    return math.nan if impact is None else impact.location_pct


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    args = parser.parse_args()
    root = os.environ.get("DRIVEWM_REAL_DATA")
    if args.folder is None and root is None:
        parser.error("give FOLDER or set DRIVEWM_REAL_DATA")
    folder = args.folder or Path(root or "") / "openscenario"
    ahead = ("middle", "middle, slipping", "front axle", "front axle, slipping", "front")
    print(
        "| file | driven | rear axle | its own meeting point, driven | " + " | ".join(ahead) + " |"
    )
    print("|" + " --- |" * (4 + len(ahead)))
    worst = 0.0
    for file in sorted(folder.glob("ncap/**/Variations/*CPTA*_10kph_*.xosc")):
        turn = turn_of(load(file))
        p = turn.p
        points = ((p["Ego_BBcenter_x"], False), (p["Ego_BBcenter_x"], True),
                  (p["Ego_wheelBase"], False), (p["Ego_wheelBase"], True),
                  (p["_Ego_frontBumperLon"], False))  # fmt: skip
        own = driven_pct(file, {"_VRU_syncS": f"{meeting_point_m(turn):.6f}"})
        worst = max(worst, abs(own - 50.0))
        cells = [driven_pct(file), place_by_geometry(turn), own]
        cells += [place_by_geometry(turn, *point) for point in points]
        print(f"| {file.stem} | " + " | ".join(f"{cell:.1f}" for cell in cells) + " |", flush=True)
    return 0 if worst <= WITHIN_PCT else 1


if __name__ == "__main__":
    sys.exit(main())
