"""What the planner ``careful`` knows of a scene before it starts: route, room beside it, lanes.

Shapes: P route samples at 1 m, G lateral offsets, V lane vertices.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from scipy.spatial import cKDTree

from drivewm.geometry.polylines import arc_lengths, without_repeats
from drivewm.scene import RoadMap, Scene, VehicleParams

OFFSETS_M = np.arange(-15, 16) * 0.25  # [G] to the left of the route
REACH_M = 12.0  # as far as the room beside the route is looked for
NEAR_LANE_M = 2.2
FORWARD_M, BRANCHES = 130.0, 3
EDGE_M = 0.25  # kept from the edge of the drivable area
OWN, OTHER_LANE, SHOULDER, ONCOMING = 0.0, 0.6, 1.5, 4.0  # cost of driving there
STRAIGHT_RAD = 0.6
SMOOTH = 5  # samples over which headings are averaged


@dataclass(frozen=True, kw_only=True)
class Forward:
    """One way ahead from a lane."""

    xy: np.ndarray  # [Q, 2]
    s: np.ndarray  # [Q]
    heading: np.ndarray  # [Q], unwrapped


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The scene as the planner reads it."""

    line: np.ndarray  # [P, 2] at 1 m
    heading: np.ndarray  # [P], unwrapped
    curve_mps: np.ndarray  # [P], what curves allow
    end_m: float  # where the route or the road ends
    tree: cKDTree  # of ``line``
    area: np.ndarray  # [P, G] cost of driving at an offset; infinite: off the road
    lane_half_m: float
    lights: dict[str, float]  # connector on the route -> arc length of its start
    lanes: cKDTree | None  # of lane vertices
    lane_row: np.ndarray  # int [V]
    lane_s: np.ndarray  # [V]
    lane_heading: np.ndarray  # [V]
    lane_m: np.ndarray  # length, by lane
    car: VehicleParams
    forward: dict[int, tuple[Forward, ...]] = field(repr=False)  # straight on where that leads on
    every_way: dict[int, tuple[Forward, ...]] = field(repr=False)

    @property
    def half_m(self) -> float:
        return self.car.width_m / 2

    @property
    def front_m(self) -> float:
        """From the rear axle to the front bumper."""
        return self.car.rear_axle_to_center_m + self.car.length_m / 2

    @property
    def rear_m(self) -> float:
        """From the rear axle back to the rear bumper."""
        return self.car.length_m / 2 - self.car.rear_axle_to_center_m

    def at(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points [..., 2] and headings [...] on the route; straight on beyond its ends."""
        inside = np.clip(s, 0.0, len(self.line) - 1.001)
        k = inside.astype(int)
        share = inside - k
        step = self.line[k + 1] - self.line[k]
        heading = self.heading[k] + share * (self.heading[k + 1] - self.heading[k])
        beyond = (s - inside)[..., None] * np.stack([np.cos(heading), np.sin(heading)], -1)
        return self.line[k] + share[..., None] * step + beyond, heading

    def project(self, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Arc length, offset to the left, and heading of the route next to points [..., 2]."""
        _, k = self.tree.query(xy)
        heading = self.heading[k]
        cos, sin = np.cos(heading), np.sin(heading)
        dx, dy = xy[..., 0] - self.line[k, 0], xy[..., 1] - self.line[k, 1]
        return k + cos * dx + sin * dy, cos * dy - sin * dx, heading


def setup(scene: Scene, lateral_mps2: float) -> Setup:
    """Reads a scene; ``lateral_mps2`` bounds the speed in curves."""
    line = _resampled(scene)
    delta = np.gradient(line, axis=0)
    heading = np.unwrap(np.arctan2(delta[:, 1], delta[:, 0]))
    reach = min(SMOOTH, len(line) - 1)
    turn = np.zeros(len(line))
    if len(line) > 2 * reach:
        turn[reach:-reach] = np.abs(heading[2 * reach :] - heading[: -2 * reach]) / (2 * reach)
    lanes = [lane for lane in scene.map.lanes if not lane.is_bike and len(lane.centerline) > 1]
    vertices = [_vertices(lane.centerline) for lane in lanes]
    counts = [len(v[0]) for v in vertices]
    tree = cKDTree(np.vstack([v[0] for v in vertices])) if lanes else None
    lane_row = np.repeat(np.arange(len(lanes)), counts)
    lane_heading = np.concatenate([v[2] for v in vertices]) if lanes else np.zeros(0)
    left, right, on_road = _room(scene.map, line, heading)
    area = _area(line, heading, left, right, tree, lane_heading, scene.vehicle.width_m / 2)
    row = {lane.id: k for k, lane in enumerate(lanes)}
    after = [[row[name] for name in lane.successors if name in row] for lane in lanes]
    return Setup(
        line=line, heading=heading, curve_mps=np.sqrt(lateral_mps2 / np.maximum(turn, 1e-4)),
        end_m=float(on_road), tree=cKDTree(line), area=area,
        lane_half_m=_lane_half(lanes, tree, lane_row, line),
        lights=_lights(scene, line), lanes=tree, lane_row=lane_row,
        lane_s=np.concatenate([v[1] for v in vertices]) if lanes else np.zeros(0),
        lane_heading=lane_heading,
        lane_m=np.array([v[1][-1] for v in vertices]), car=scene.vehicle,
        every_way=(every := {k: _forward(k, after, [v[0] for v in vertices])
                             for k in range(len(lanes))}),
        forward={k: every[k] if lanes[k].is_connector else _straightest(every[k], vertices[k][2])
                 for k in range(len(lanes))},
    )  # fmt: skip


def _resampled(scene: Scene) -> np.ndarray:
    line = without_repeats(scene.route)
    if len(line) < 2:  # no route: straight on
        x, y, heading = scene.ego[0, :3]
        way = np.array([np.cos(heading), np.sin(heading)])
        line = np.stack([[x, y], np.array([x, y]) + 200.0 * way])
    s = arc_lengths(line)
    even = np.arange(0.0, max(s[-1], 2.0), 1.0)
    return np.stack([np.interp(even, s, line[:, k]) for k in (0, 1)], -1)


def _vertices(line: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points at 1 m, their arc length and heading."""
    line = without_repeats(np.ascontiguousarray(line[:, :2]))
    s = arc_lengths(line)
    even = np.linspace(0.0, s[-1], max(int(s[-1]), 1) + 1)
    points = np.stack([np.interp(even, s, line[:, k]) for k in (0, 1)], -1)
    delta = np.gradient(points, axis=0)
    return points, even, np.unwrap(np.arctan2(delta[:, 1], delta[:, 0]))


def _forward(start: int, after: list[list[int]], lines: list[np.ndarray]) -> tuple[Forward, ...]:
    """The ways ahead from a lane, straight on first; as long as is looked ahead."""
    ways: list[list[int]] = []
    waiting = [[start]]
    while waiting and len(ways) < BRANCHES:
        way = waiting.pop(0)
        metres = sum(len(lines[k]) for k in way)
        fresh = [k for k in after[way[-1]] if k not in way]
        if not fresh or metres > len(lines[start]) + FORWARD_M:
            ways.append(way)
        waiting += [[*way, k] for k in fresh if metres <= len(lines[start]) + FORWARD_M]
    found = []
    for way in ways:
        xy = np.vstack([lines[way[0]], *[lines[k][1:] for k in way[1:]]])
        delta = np.gradient(xy, axis=0)
        heading = np.unwrap(np.arctan2(delta[:, 1], delta[:, 0]))
        found.append(Forward(xy=xy, s=arc_lengths(np.ascontiguousarray(xy)), heading=heading))
    return tuple(found)


def _straightest(ways: tuple[Forward, ...], heading: np.ndarray) -> tuple[Forward, ...]:
    """Of several ways the one that goes straight on, if one does: who turns is believed once it
    does; ``heading`` is that of the lane."""
    turns = [abs(float(way.heading[-1] - way.heading[len(heading) - 1])) for way in ways]
    if len(ways) > 1 and min(turns) < STRAIGHT_RAD:
        return (ways[int(np.argmin(turns))],)
    return ways


def _room(
    road_map: RoadMap, line: np.ndarray, heading: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Metres to the edge of the drivable area on the left and right [P], and where it ends."""
    if not road_map.has_drivable_area:
        return np.full(len(line), REACH_M), np.full(len(line), REACH_M), float(len(line) - 1)
    area = shapely.union_all([shapely.make_valid(p) for p in road_map.drivable])
    shapely.prepare(area)
    points = shapely.points(line)
    normal = np.stack([-np.sin(heading), np.cos(heading)], -1)
    sides = []
    edge = shapely.boundary(area)
    for sign in (1.0, -1.0):
        rays = shapely.linestrings(np.stack([line, line + sign * REACH_M * normal], 1))
        gap = shapely.distance(points, shapely.intersection(rays, edge))
        sides.append(np.where(np.isnan(gap), REACH_M, gap))
    inside = shapely.contains_xy(area, line)
    left_road = np.flatnonzero(~inside & (np.arange(len(line)) > 5))
    return sides[0], sides[1], float(left_road[0] if len(left_road) else len(line) - 1)


def _area(line, heading, left, right, tree, lane_heading, half_m) -> np.ndarray:
    """Cost [P, G] of driving at each offset."""
    cost = 0.15 * OFFSETS_M[None] ** 2 + np.zeros((len(line), 1))
    if tree is not None:
        normal = np.stack([-np.sin(heading), np.cos(heading)], -1)
        places = line[:, None] + OFFSETS_M[None, :, None] * normal[:, None]
        gap, k = tree.query(places.reshape(-1, 2), distance_upper_bound=NEAR_LANE_M)
        known = np.isfinite(gap)
        turned = np.zeros(len(k))
        turned[known] = lane_heading[k[known]] - np.repeat(heading, len(OFFSETS_M))[known]
        turned = np.abs((turned + np.pi) % (2 * np.pi) - np.pi)
        extra = np.where(known, np.where(turned < 1.0, OTHER_LANE, ONCOMING), SHOULDER)
        own = np.abs(OFFSETS_M) < 0.8
        cost += np.where(own[None], OWN, extra.reshape(cost.shape))
    tight = half_m + EDGE_M
    off = (OFFSETS_M[None] > left[:, None] - tight) | (OFFSETS_M[None] < tight - right[:, None])
    off[:, len(OFFSETS_M) // 2] = False  # the route itself can be driven
    cost[off] = np.inf
    return cost


def _lane_half(lanes, tree, lane_row, line) -> float:
    if tree is None:
        return 1.75
    lane = lanes[int(lane_row[tree.query(line[0])[1]])]
    if lane.left_boundary is None or lane.right_boundary is None:
        return 1.75
    return float(np.hypot(*(lane.left_boundary[0] - lane.right_boundary[0])[:2])) / 2


def _lights(scene: Scene, line: np.ndarray) -> dict[str, float]:
    """Connectors with a light that the route goes along."""
    found = {}
    tree = cKDTree(line)
    for lane in scene.map.lanes:
        if not lane.has_light or len(lane.centerline) < 2:
            continue
        points = lane.centerline[[0, len(lane.centerline) // 2, -1], :2]
        gap, k = tree.query(points)
        if gap.max() < 1.5 and k[-1] > k[0]:
            found[lane.id] = float(k[0])
    return found
