"""Actors of a scenario, resolved: start on a path, size, class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivewm.errors import InputError
from drivewm.scenarios.placing import EgoWay, ahead_of, meeting, projected
from drivewm.scenarios.placing_paths import PathBook, length_of, straight
from drivewm.scenarios.roads import Drawn, part
from drivewm.scenarios.schema_actors import (
    Actor,
    InRow,
    OnArm,
    OnCrossing,
    OnDriveway,
    OnLane,
    OnSide,
)
from drivewm.scene import VehicleParams
from drivewm.sim.script import model as m
from drivewm.sim.traffic_paths import arc_lengths
from drivewm.worlds.layouts.network import offset, resample

ARMS = {"left": "left", "right": "right", "oncoming": "far", "own": "near"}
ACROSS_M = 60.0  # free path of who crosses
LEAST_MPS = 0.3


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where an actor begins: on a path of the book, and which way it looks."""

    name: str
    actor: Actor
    position: m.PathPosition
    follows_lane: bool  # its path is a lane's, with neighbours


class Placer:
    """Places actors one by one; ``speeds`` maps an actor to the speed that it will move at where
    it begins at rest and is set off by an event."""

    def __init__(
        self,
        drawn: Drawn,
        ego: EgoWay,
        book: PathBook,
        vehicle: VehicleParams,
        speeds: dict[str, float],
    ) -> None:
        self.drawn, self.ego, self.book, self.vehicle = drawn, ego, book, vehicle
        self.speeds = speeds

    def place(self, name: str, actor: Actor) -> list[Placed]:
        """One actor, or the copies of a row.

        Raises:
            InputError: its place does not lie on the road.
        """
        place = actor.place
        try:
            if isinstance(place, InRow):
                return list(self._row(name, actor, place))
            if actor.path is not None:
                return [self._own_path(name, actor)]
            how: Any = {OnLane: self._lane, OnArm: self._arm, OnSide: self._side,
                        OnCrossing: self._crossing, OnDriveway: self._driveway}  # fmt: skip
            return [how[type(place)](name, actor, place)]
        except InputError as error:
            raise InputError(error.problem, field=f"actors.{name}.place", fix=error.fix) from error

    def _free(self, name: str, actor: Actor, line: np.ndarray, turned: float = 0.0) -> Placed:
        """On a line of its own, from its start; who goes backwards looks against it."""
        back = np.pi if actor.speed_mps < 0 or self.speeds.get(name, 0.0) < 0 else 0.0
        path = self.book.free(name, line)
        position = m.PathPosition(path=path, s_m=0.0, heading_rad=turned + back)
        return Placed(name=name, actor=actor, position=position, follows_lane=False)

    def _pose(self, name: str, actor: Actor, pose: tuple[float, float, float]) -> Placed:
        """At a pose: in the lane there of that heading, else straight on from it."""
        x, y, heading = pose
        found = None
        if actor.kind not in NO_LANE:
            found = self.book.lane_place(x, y, heading)
        if found is None:
            return self._free(name, actor, straight(x, y, heading, ACROSS_M * 5))
        return Placed(name=name, actor=actor, position=found, follows_lane=True)

    def _lane(self, name: str, actor: Actor, place: OnLane) -> Placed:
        ahead = (
            ahead_of(self.vehicle, place.gap_m or 0.0, actor.size_m[0])
            if place.ahead_m is None
            else self.vehicle.rear_axle_to_center_m + place.ahead_m
        )
        x, y, heading = self._lane_pose(ahead, place.lane_offset, place.left_m)
        heading += FACING[place.facing]
        if place.facing in ("across_left", "across_right") or place.turned_rad:
            line = straight(x, y, heading + place.turned_rad, ACROSS_M)
            return self._free(name, actor, line)
        return self._pose(name, actor, (x, y, heading))

    def _lane_pose(self, ahead_m: float, lanes: int, left_m: float) -> tuple[float, float, float]:
        width = self.drawn.network.lanes[self.ego.lanes[0]].width_m
        return self.ego.at(ahead_m, lanes * width + left_m)

    def _arm(self, name: str, actor: Actor, place: OnArm) -> Placed:
        arm_name = f"exit_{place.way_in}" if place.way_in else ARMS[place.arm]
        if place.way_in == 0 and arm_name != "near" and "exit_1" in self.drawn.arms:
            arm_name = self._entry(place.arm)
        if arm_name not in self.drawn.arms or not self.drawn.arms[arm_name].entering:
            if place.arm == "right" and "ramp" in self.drawn.arms:
                arm_name = "ramp"
            else:
                raise InputError(f"the road has no arm {place.arm}", fix="choose another arm")
        entering = self.drawn.arms[arm_name].entering
        lane = entering[max(len(entering) - 1 - place.lane, 0)]
        lanes = self.book.lanes_from(lane, place.turn) or None
        if lanes is None:
            raise InputError(f"nothing leads {place.turn} from the {place.arm}",
                             fix="choose another turn or lane")  # fmt: skip
        path = self.book.along_lanes(lanes)
        edge = float(arc_lengths(self.drawn.network.lanes[lane].line)[-1])
        s = edge - (place.before_m or 0.0)
        if place.arrives_with_ego_s is not None:
            s = self._timed(name, actor, self.book.paths[path].xy, place.arrives_with_ego_s)
        if not 0.0 <= s < length_of(self.book.paths[path]):
            raise InputError(f"would begin {-s:.0f} m beyond the end of the arm",
                             fix="make arm_m longer, or the actor slower")  # fmt: skip
        return Placed(name=name, actor=actor, position=m.PathPosition(path=path, s_m=s),
                      follows_lane=True)  # fmt: skip

    def _entry(self, arm: str) -> str:
        """The roundabout's entry on that side of the ego."""
        names = [name for name in self.drawn.arms if name.startswith("exit_")][:-1]
        share = {"right": 0.0, "oncoming": 0.5, "left": 1.0}[arm]
        return names[round(share * (len(names) - 1))]

    def _timed(self, name: str, actor: Actor, line: np.ndarray, after_s: float) -> float:
        """Arc length on ``line`` from which the actor comes to where the ways meet ``after_s``
        after the ego, both at their speeds."""
        met = meeting(self.ego.route, line)
        if met is None:
            raise InputError("its way never meets the ego's", fix="give before_m instead")
        speed = max(abs(self.speeds.get(name, 0.0) or actor.speed_mps), LEAST_MPS)
        front = self.vehicle.rear_axle_to_center_m + self.vehicle.length_m / 2
        ego_s = max(met[0] - front, 0.0) / max(self.ego.speed_mps, LEAST_MPS)
        return met[1] - speed * (ego_s + after_s)

    def _kerb(self, side: str, ahead_m: float) -> tuple[float, float]:
        """Offset of a kerb from the route at a place (+ left), and arc length on the road."""
        x, y, _ = self.ego.at(ahead_m)
        at, left, _ = projected(self.drawn.line, x, y)
        kerb = self.drawn.kerb_m(side, at)  # type: ignore[arg-type]
        return (kerb - left if side == "left" else -kerb - left), at

    def _side(self, name: str, actor: Actor, place: OnSide) -> Placed:
        kerb, _ = self._kerb(place.side, place.ahead_m)
        sign = 1.0 if place.side == "left" else -1.0
        x, y, heading = self.ego.at(place.ahead_m, kerb + sign * place.from_kerb_m)
        if place.facing == "across":
            pose = (x, y, heading - sign * np.pi / 2 + place.turned_rad)
            return self._crosser(name, actor, pose, place.arrives_with_ego_s, place.ahead_m)
        return self._beside(name, actor, place, kerb + sign * place.from_kerb_m)

    def _beside(self, name: str, actor: Actor, place: OnSide, left_m: float) -> Placed:
        """Parallel to the route, from its place on; backwards where it faces the other way."""
        line, start = self.ego.frame, self.ego.start_m + place.ahead_m
        total = float(arc_lengths(line)[-1])
        if not place.turned_rad and actor.behaviour != "still" and total - start > 5.0:
            ahead = offset(resample(part(line, max(start, 0.0), total)), left_m)
            if place.facing == "against":
                ahead = offset(resample(part(line, min(0.0, start - 1.0), start)), left_m)[::-1]
            return self._free(name, actor, ahead)
        x, y, heading = self.ego.at(place.ahead_m, left_m)
        heading += FACING[place.facing] + place.turned_rad
        return self._free(name, actor, straight(x, y, heading, ACROSS_M))

    def _crosser(
        self,
        name: str,
        actor: Actor,
        pose: tuple[float, float, float],
        after_s: float | None,
        ahead_m: float,
    ) -> Placed:
        """Straight across from a pose; with ``after_s`` from so far away that it is timed."""
        x, y, heading = pose
        speed = abs(self.speeds.get(name, 0.0) or actor.speed_mps)
        if after_s is not None:
            front = self.vehicle.rear_axle_to_center_m + self.vehicle.length_m / 2
            needed = max(ahead_m - front, 0.0) / max(self.ego.speed_mps, LEAST_MPS) + after_s
            middle = np.array(self.ego.at(ahead_m)[:2])
            away = max(speed, LEAST_MPS) * needed
            x, y = middle - away * np.array([np.cos(heading), np.sin(heading)])
        return self._free(name, actor, straight(float(x), float(y), heading, ACROSS_M + 60.0))

    def _crossing(self, name: str, actor: Actor, place: OnCrossing) -> Placed:
        found = sorted(
            (self._on_route(c.polygon.centroid.x, c.polygon.centroid.y), k)
            for k, c in enumerate(self.drawn.network.crossings)
            if np.isfinite(self._on_route(c.polygon.centroid.x, c.polygon.centroid.y))
        )
        if place.crossing >= len(found):
            raise InputError(f"the route has {len(found)} crossings", fix="they count from 0")
        ahead, index = found[place.crossing]
        crossing = self.drawn.network.crossings[index]
        _, _, heading = self.ego.at(ahead)
        left = np.array([-np.sin(heading), np.cos(heading)])
        middle = np.array(self.ego.at(ahead)[:2])
        by_side = sorted(crossing.kerbs, key=lambda kerb: float((kerb - middle) @ left))
        near, far = by_side if place.side == "right" else by_side[::-1]
        way = (far - near) / np.hypot(*(far - near))
        x, y = near - place.from_kerb_m * way
        pose = (float(x), float(y), float(np.arctan2(way[1], way[0])))
        return self._crosser(name, actor, pose, place.arrives_with_ego_s, ahead)

    def _on_route(self, x: float, y: float) -> float:
        """Metres along the route to a point near it; infinite when it lies elsewhere."""
        s, left, _ = projected(self.ego.route, x, y)
        return s if abs(left) < 12.0 and s > 0 else np.inf

    def _driveway(self, name: str, actor: Actor, place: OnDriveway) -> Placed:
        arm = self.drawn.arms.get("driveway")
        if arm is None:
            raise InputError("the road has no driveway", fix="use a driveway road")
        stub = self.drawn.network.lanes[arm.entering[0]]
        lanes = self.drawn.way(arm.entering[0], [e for a in self.drawn.arms.values()
                                                 for e in a.leaving])  # fmt: skip
        lines = [self.drawn.network.lanes[k].line for k in lanes or arm.entering[:1]]
        line = np.vstack([lines[0], *[more[1:] for more in lines[1:]]])
        if place.turn == "across" or lanes is None:
            step = stub.line[-1] - stub.line[0]
            x, y = (float(v) for v in stub.line[0])
            line = straight(x, y, float(np.arctan2(step[1], step[0])), ACROSS_M)
        elif place.turn == "left":
            line = self._left_out(stub.line)
        mouth = float(arc_lengths(stub.line)[-1]) - 2.4
        s = mouth - place.inside_m
        if place.arrives_with_ego_s is not None:
            s = self._timed(name, actor, line, place.arrives_with_ego_s)
        if s < 0:
            line = np.vstack([line[0] + s * (line[1] - line[0]) / np.hypot(*(line[1] - line[0])),
                              line])  # fmt: skip
            s = 0.0
        placed = self._free(name, actor, part(line, s, float(arc_lengths(line)[-1])))
        if place.facing == "in":
            turned = m.PathPosition(path=placed.position.path, s_m=0.0, heading_rad=np.pi)
            return Placed(name=name, actor=actor, position=turned, follows_lane=False)
        return placed

    def _left_out(self, stub: np.ndarray) -> np.ndarray:
        """Out of the driveway into the lane that leads to its left."""
        step = (stub[-1] - stub[0]) / np.hypot(*(stub[-1] - stub[0]))
        left = np.array([-step[1], step[0]])
        width = self.drawn.half_m["right"]
        turn = stub[-1] + step * (3.0 + 0.5 * width)
        angles = np.linspace(0, np.pi / 2, 12)[:, None]
        arc = turn + 6.0 * (np.sin(angles) * step + (1 - np.cos(angles)) * left)
        return resample(np.vstack([stub, turn, arc[1:], arc[-1] + 150.0 * left]))

    def _own_path(self, name: str, actor: Actor) -> Placed:
        points = np.array([self.ego.at(*point)[:2] for point in actor.path or ()])
        return self._free(name, actor, resample(points))

    def _row(self, name: str, actor: Actor, place: InRow) -> Iterator[Placed]:
        count = int((place.to_m - place.from_m) / place.spacing_m + 1e-6) + 1
        number = 0
        for k in range(count):
            ahead = place.from_m + k * place.spacing_m
            if place.free_from_m is not None and place.free_to_m is not None:
                half = actor.size_m[0] / 2
                if place.free_from_m - half < ahead < place.free_to_m + half:
                    continue
            share = (
                0.0
                if place.to_m == place.from_m
                else (ahead - place.from_m) / (place.to_m - place.from_m)
            )
            if place.lane_offset is None:
                kerb, _ = self._kerb(place.side, ahead)
                sign = 1.0 if place.side == "left" else -1.0
                left = kerb + sign * place.from_kerb_m
                x, y, heading = self.ego.at(ahead, left)
            else:
                end = place.left_m if place.left_end_m is None else place.left_end_m
                x, y, heading = self._lane_pose(
                    ahead, place.lane_offset, place.left_m + share * (end - place.left_m)
                )
            heading += FACING[place.facing]
            line = straight(x, y, heading, 10.0)
            yield self._free(f"{name}_{number}", actor, line)
            number += 1


FACING = {"along": 0.0, "against": np.pi, "across_left": np.pi / 2, "across_right": -np.pi / 2}
NO_LANE = ("pedestrian", "child", "wheelchair", "dog", "deer", "cone", "barrier", "debris",
           "trolley", "ball", "container", "wall", "hedge")  # fmt: skip
