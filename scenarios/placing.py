"""Where everything of a scenario begins and along which path it goes. Network frame = map frame.

Arc lengths of the ego's route count from its rear axle at time 0. Shapes: P vertices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from drivewm.errors import InputError
from drivewm.geometry.se2 import wrap_angle
from drivewm.scenarios.roads import Drawn, part, place_on
from drivewm.scenarios.schema_actors import Ego
from drivewm.scenarios.schema_road import AnyRoad, Highway, Street
from drivewm.scene import VehicleParams
from drivewm.sim.traffic_paths import arc_lengths
from drivewm.worlds.layouts.network import offset, resample

EXTENSION_M = 120.0  # of a route beyond the road's end
DEFAULT_START_M, DEFAULT_BEFORE_M = 10.0, 60.0
BESIDE_RAD = 0.7  # a lane of another heading is another road
CHANGE_S, LEAST_CHANGE_M = 4.0, 25.0  # a lane change that the route asks for
FIRST_CHANGE_M = 25.0


@dataclass(frozen=True, kw_only=True)
class EgoWay:
    """The ego's way: its lanes, its whole line, where on it the ego begins. Places are told along
    ``frame``, which differs from the line where the route changes lanes: it stays in the first."""

    lanes: tuple[int, ...]
    line: np.ndarray  # [P, 2] from the start of the first lane, extended beyond the last
    frame: np.ndarray  # [P, 2]
    start_m: float  # arc length of the rear axle on the line at time 0
    left_m: float
    speed_mps: float

    def at(self, ahead_m: float, left_m: float = 0.0) -> tuple[float, float, float]:
        """x, y, heading at ``ahead_m`` of the rear axle along the route, to its left."""
        return place_on(self.frame, self.start_m + ahead_m, left_m)

    @property
    def route(self) -> np.ndarray:
        """The route from the start on; [P', 2] at 1 m."""
        return resample(part(self.line, self.start_m, float(arc_lengths(self.line)[-1])))


def ego_way(road: AnyRoad, drawn: Drawn, ego: Ego) -> EgoWay:
    """Finds the ego's way.

    Raises:
        InputError: the start or the goal does not lie on the road, or the goal cannot be reached.
    """
    entering = drawn.arms[drawn.ego_arm].entering
    start = _of_right(entering, ego.lane, "ego.lane")
    goal = goal_lanes(drawn, ego)
    lanes = drawn.way(start, goal)
    if lanes is None:
        lanes = _beside(drawn, entering, goal)
        if lanes is None:
            raise InputError(f"unreachable route: no way leads {ego.turn} from lane {ego.lane}",
                             field="ego", fix="choose another lane or turn")  # fmt: skip
    line = extended(lane_line(drawn, lanes), 0.0 if road.kind == "dead_end" else EXTENSION_M)
    way = EgoWay(
        lanes=lanes, line=line, frame=line, start_m=_start_m(drawn, ego), left_m=ego.left_m,
        speed_mps=ego.speed_mps,
    )  # fmt: skip
    way = _changed(road, drawn, ego, way)
    length = float(arc_lengths(lane_line(drawn, way.lanes))[-1])
    if way.start_m + ego.goal_m > length + 1.0:
        raise InputError(
            f"the goal lies {way.start_m + ego.goal_m - length:.0f} m beyond the end of the road",
            field="ego.goal_m", fix="move it, or make the road longer",
        )  # fmt: skip
    return way


def goal_lanes(drawn: Drawn, ego: Ego) -> tuple[int, ...]:
    """Lanes in which the route may end, by turn or exit, and lane."""
    names = {"straight": "far", "left": "left", "right": "right", "u_turn": "near"}
    name = names[ego.turn] if ego.exit is None else f"exit_{ego.exit}"
    if drawn.ego_arm == "driveway":
        name = "far" if ego.turn != "left" else "near"
    if name not in drawn.arms or "any" in drawn.arms:
        if "any" not in drawn.arms:
            raise InputError(f"unreachable route: the road does not go {ego.turn}",
                             field="ego.turn", fix="choose another turn")  # fmt: skip
        return _turning(drawn, ego)
    leaving = drawn.arms[name].leaving
    if ego.turn == "straight" and "ramp" in drawn.arms and not leaving:
        leaving = drawn.arms["far"].leaving
    return leaving if ego.to_lane is None else (_of_right(leaving, ego.to_lane, "ego.to_lane"),)


def _turning(drawn: Drawn, ego: Ego) -> tuple[int, ...]:
    """Of a seeded network's ends those that lie where the turn leads."""
    start = _of_right(drawn.arms["near"].entering, ego.lane, "ego.lane")
    ends = []
    for end in drawn.arms["any"].leaving:
        lanes = drawn.way(start, (end,))
        if lanes is not None and turn_of(drawn, lanes) == ego.turn:
            ends.append(end)
    return tuple(ends)


def turn_of(drawn: Drawn, lanes: tuple[int, ...]) -> str:
    """straight, left, right or u_turn: by the headings at both ends of a lane sequence."""
    line = lane_line(drawn, lanes)
    first, last = line[1] - line[0], line[-1] - line[-2]
    turn = float(wrap_angle(np.arctan2(last[1], last[0]) - np.arctan2(first[1], first[0])))
    if abs(turn) > 2.6:
        return "u_turn"
    return "straight" if abs(turn) < BESIDE_RAD else "left" if turn > 0 else "right"


def _of_right(lanes: tuple[int, ...], lane: int, field: str) -> int:
    """The lane counted from the right edge."""
    if lane >= len(lanes):
        raise InputError(f"lane {lane} of a road with {len(lanes)}", field=field,
                         fix="lanes count from 0 at the right")  # fmt: skip
    return lanes[len(lanes) - 1 - lane]


def _start_m(drawn: Drawn, ego: Ego) -> float:
    if ego.s_m is not None:
        return ego.s_m
    if ego.before_junction_m is not None or drawn.near_m is not None:
        before = DEFAULT_BEFORE_M if ego.before_junction_m is None else ego.before_junction_m
        return max((drawn.near_m or 0.0) - before, 0.0)
    return DEFAULT_START_M


def lane_line(drawn: Drawn, lanes: tuple[int, ...]) -> np.ndarray:
    """Centreline [P, 2] of a sequence of lanes."""
    parts = [drawn.network.lanes[lane].line for lane in lanes]
    return np.vstack([parts[0], *[line[1:] for line in parts[1:]]])


def extended(line: np.ndarray, by_m: float) -> np.ndarray:
    """The line with a straight end piece; [P + 1, 2] (or as it is for 0)."""
    if by_m <= 0:
        return line
    step = (line[-1] - line[-2]) / np.hypot(*(line[-1] - line[-2]))
    steps = np.arange(1.0, by_m + 1)[:, None]
    return np.vstack([line, line[-1] + steps * step])


def _beside(drawn: Drawn, entering, goal) -> tuple[int, ...] | None:
    """A way from another lane of the same road, which the route then changes to."""
    ways = [drawn.way(lane, goal) for lane in entering]
    return next((way for way in ways if way is not None), None)


def _changed(road: AnyRoad, drawn: Drawn, ego: Ego, way: EgoWay) -> EgoWay:
    """The way with the lane change that it needs, early enough before a closed lane."""
    entering = drawn.arms[drawn.ego_arm].entering
    own = _of_right(entering, ego.lane, "ego.lane")
    if way.lanes[0] == own:
        return way
    first = drawn.network.lanes[own]
    begin = way.start_m + FIRST_CHANGE_M
    length = max(CHANGE_S * ego.speed_mps, LEAST_CHANGE_M)
    if isinstance(road, Highway | Street):
        closed = [c.from_m - c.taper_m for c in road.closed if c.lane == ego.lane]
        ahead = [at for at in closed if at > way.start_m]
        if ahead:
            begin = min(begin, max(min(ahead) - length, way.start_m))
    side = entering.index(way.lanes[0]) - entering.index(own)  # > 0: to the right
    s = arc_lengths(way.line)
    share = np.clip((s - begin) / length, 0.0, 1.0)
    smooth = share * share * (3.0 - 2.0 * share)
    moved = offset(way.line, side * first.width_m)
    line = way.line + (1.0 - smooth)[:, None] * (moved - way.line)
    return replace(way, line=line, frame=moved)


def nearest_lane(
    drawn: Drawn, x: float, y: float, heading_rad: float
) -> tuple[int, float, float] | None:
    """The lane of that heading nearest to a point: lane, arc length, offset to its left; None
    where none is nearer than half its width and a bit."""
    best: tuple[float, int, float, float] | None = None
    for index, lane in enumerate(drawn.network.lanes):
        s, left, heading = projected(lane.line, x, y)
        if abs(float(wrap_angle(np.asarray(heading - heading_rad)))) > BESIDE_RAD:
            continue
        length = float(arc_lengths(lane.line)[-1])
        beyond = max(-s, s - length, 0.0)
        away = abs(left) + 10.0 * beyond + 0.2 * lane.is_connector
        if abs(left) <= lane.width_m / 2 + 0.3 and (best is None or away < best[0]):
            best = (away, index, s, left)
    return None if best is None or best[0] > 20.0 else best[1:]


def projected(line: np.ndarray, x: float, y: float) -> tuple[float, float, float]:
    """Arc length (beyond the ends, too), offset to the left, heading of the nearest segment."""
    start, step = line[:-1], np.diff(line, axis=0)
    length = np.hypot(*step.T)
    unit = step / np.maximum(length, 1e-9)[:, None]
    delta = np.array([x, y]) - start
    along = (delta * unit).sum(-1)
    low, high = np.zeros(len(along)), length.copy()
    low[0], high[-1] = -1e6, 1e6
    inside = np.clip(along, low, high)
    gap = np.hypot(*(delta - inside[:, None] * unit).T)
    k = int(gap.argmin())
    left = float(unit[k, 0] * delta[k, 1] - unit[k, 1] * delta[k, 0])
    s = float(length[:k].sum() + inside[k])
    return s, left, float(np.arctan2(unit[k, 1], unit[k, 0]))


def meeting(one: np.ndarray, other: np.ndarray) -> tuple[float, float] | None:
    """Arc lengths on both lines where the first meets the second first; None: they do not."""
    from shapely.geometry import LineString

    cut = LineString(one).intersection(LineString(other))
    if cut.is_empty:
        return None
    points = [np.array(g.coords)[0] for g in getattr(cut, "geoms", [cut])]
    places = [(projected(one, *p)[0], projected(other, *p)[0]) for p in points]
    return min(places)


def ahead_of(vehicle: VehicleParams, gap_m: float, length_m: float) -> float:
    """Where the middle of a box lies ahead of the rear axle, by the gap between the bumpers; a
    negative gap lies behind the ego."""
    half = vehicle.length_m / 2 + length_m / 2
    middle = vehicle.rear_axle_to_center_m
    return middle + gap_m + half if gap_m >= 0 else middle + gap_m - half
