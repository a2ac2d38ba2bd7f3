"""Between the engine's bodies and the agent engine's slots. Shapes: N actors, M slots, P paths."""

from __future__ import annotations

import math
from collections import OrderedDict

import numpy as np

from drivewm.scene import EgoColumn, Scene, VehicleParams
from drivewm.sim.script import model as m
from drivewm.sim.script.body import Body
from drivewm.sim.script.curve import Curve, wrap
from drivewm.sim.script.ground import Ground
from drivewm.sim.traffic_paths import Path, pack
from drivewm.sim.traffic_state import Agents, Mode, Paths, empty_agents

E = EgoColumn
HELD = 8  # roads whose tables are kept
RETURN_S = 3.0  # an offset from the lane is driven off within this time by a reactive driver
OWN_LANE_M = 0.3  # smaller offsets stay
ROUTE_NEAR_M = 3.0

_ready: OrderedDict[int, tuple[m.Roads, Ground, Paths]] = OrderedDict()


def tables(roads: m.Roads) -> tuple[Ground, Paths]:
    """The roads made ready for the engine and for the kernels; both only read them, so that
    several runs of one storyboard share them."""
    known = _ready.get(id(roads))
    if known is None or known[0] is not roads:
        paths = [
            Path(xy=np.asarray(p.xy, float), limit=p.limit_mps, stops=list(p.stops),
                 zones=list(p.zones))
            for p in roads.paths
        ]  # fmt: skip
        ground = Ground(roads)
        known = _ready[id(roads)] = (roads, ground, pack(paths, roads.zone_soft))
        while len(_ready) > HELD:
            _ready.popitem(last=False)
    return known[1], known[2]


def ego_body(name: str, vehicle: VehicleParams) -> Body:
    """The ego: its reference point is the rear axle."""
    size = (vehicle.length_m, vehicle.width_m)
    body = Body(name, "vehicle", "ego", size, (vehicle.rear_axle_to_center_m, 0.0))
    body.present = True
    return body


def tell_ego(body: Body, time_s: float, state: np.ndarray) -> None:
    """Puts an external ego where a state [11] says."""
    body.tell(time_s, float(state[E.X]), float(state[E.Y]), float(state[E.HEADING]),
              float(state[E.VX]), float(state[E.AX]))  # fmt: skip


class Between:
    """States of an external body inside a step: position by Hermite's cubic (exact at constant
    acceleration) or straight, heading and speed straight."""

    def __init__(
        self, body: Body, start_s: float, before: np.ndarray, after: np.ndarray, cubic: bool
    ) -> None:
        """``before`` and ``after``: x, y, heading, speed, acceleration after a step of 0.1 s."""
        self._body, self._start_s = body, start_s
        self._a, self._b = before.tolist(), after.tolist()
        self._turn, self._cubic = wrap(self._b[2] - self._a[2]), cubic

    def tell(self, time_s: float) -> None:
        a, b, step_s = self._a, self._b, 0.1
        u = min((time_s - self._start_s) / step_s, 1.0)
        if u > 1.0 - 1e-9:
            self._body.tell(time_s, *b)
            return
        place = [a[k] + u * (b[k] - a[k]) for k in (0, 1)]
        if self._cubic:
            for k, part in ((0, math.cos), (1, math.sin)):
                first, last = a[3] * part(a[2]) * step_s, b[3] * part(b[2]) * step_s
                way = b[k] - a[k]
                place[k] += u * (1.0 - u) * ((1.0 - u) * (first - way) - u * (last - way))
        heading, speed = wrap(a[2] + u * self._turn), a[3] + u * (b[3] - a[3])
        self._body.tell(time_s, place[0], place[1], heading, speed, b[4])


def ego_between(body: Body, start_s: float, before: np.ndarray, after: np.ndarray) -> Between:
    """The ego from one state [11] to the next."""
    columns = [E.X, E.Y, E.HEADING, E.VX, E.AX]
    return Between(body, start_s, before[columns], after[columns], True)


def agents_of(board: m.Storyboard, bodies: list[Body], count: int) -> Agents:
    """Slots [count + 1] for the actors (and their doors), all of them moved from outside."""
    agents = empty_agents(count + 1)
    agents.mode[:count] = Mode.STATIC
    agents.gone[:count] = True  # nobody enters by itself
    for n, (actor, body) in enumerate(zip(board.actors, bodies)):
        agents.size[n] = actor.size_m[:2]
        write_slot(agents, n, body)
    return agents


def write_slot(agents: Agents, n: int, body: Body) -> None:
    """A scripted body as the reactive drivers see it: vehicles as moved from outside like the
    ego, in their lane where they are in one; people and things as boxes."""
    x, y = body.center
    agents.pose[n, 0], agents.pose[n, 1], agents.pose[n, 2] = x, y, body.heading
    agents.speed[n], agents.accel[n] = abs(body.speed), body.accel
    agents.active[n], agents.shift[n] = body.present, 0.0
    if body.kind != "vehicle":
        agents.mode[n] = Mode.STATIC
        return
    on_lane = body.curve.index >= 0 and body.sense > 0 and not body.external
    agents.mode[n], agents.path[n] = Mode.EGO, body.curve.index if on_lane else -1
    agents.s[n], agents.lateral[n] = body.s + body.ahead, body.lateral
    agents.target[n] = max(abs(body.speed), 1.0)


def release_slot(
    agents: Agents, n: int, body: Body, actor: m.Actor, curve: Curve, time_s: float
) -> None:
    """From now on the slot drives (or walks) along a path by itself, from where it is."""
    x, y = body.center
    s, lateral = curve.project(x, y)
    agents.mode[n] = Mode.WALK if actor.kind == "pedestrian" else Mode.DRIVE
    agents.path[n], agents.s[n], agents.lateral[n] = curve.index, s, lateral
    agents.shift[n] = 0.0
    if abs(lateral) > OWN_LANE_M:
        agents.lateral[n], agents.shift[n] = 0.0, lateral
        agents.shift_start[n], agents.shift_time[n] = time_s, RETURN_S
    agents.speed[n] = body.speed
    agents.target[n] = actor.cruise_mps if actor.cruise_mps is not None else body.speed
    agents.active[n], agents.gone[n], agents.waited[n] = True, False, 0.0


def body_from_slot(body: Body, pose: np.ndarray) -> tuple[float, float]:
    """Reference point of a body whose box middle is at a slot's pose (x, y, heading)."""
    cos, sin = math.cos(pose[2]), math.sin(pose[2])
    return (
        float(pose[0] - body.ahead * cos + body.left * sin),
        float(pose[1] - body.ahead * sin - body.left * cos),
    )


def route_path(scene: Scene, roads: m.Roads, ground: Ground) -> int:
    """The lane path that the ego's route follows, -1: none; others give way to it there."""
    route = scene.route[:: max(len(scene.route) // 20, 1)]
    best, least = -1, ROUTE_NEAR_M
    for lane in ground.lanes:
        curve = ground.curves[lane]
        if not len(route) or curve.length_m < 10.0:
            continue
        away = [abs(curve.project(*point)[1]) for point in route.tolist()]
        if sum(away) / len(away) < least:
            best, least = lane, sum(away) / len(away)
    return best
