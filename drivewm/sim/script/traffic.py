"""Scripted traffic: a storyboard moves its actors, the agent engine's kernels those that react.

Shapes: N actors (then their doors), L lights, M slots (the ego last).
"""

from __future__ import annotations

import numpy as np

from drivewm.errors import InputError
from drivewm.scene import Scene, VehicleParams
from drivewm.sim.lights import LightProgram
from drivewm.sim.script import model as m
from drivewm.sim.script.body import HOLD, KEEP, STILL_MPS, Body
from drivewm.sim.script.curve import Curve
from drivewm.sim.script.doors import Doors
from drivewm.sim.script.ego import ego_state
from drivewm.sim.script.engine import Engine
from drivewm.sim.script.record import LogEntry
from drivewm.sim.script.setting import lights_of, may_react
from drivewm.sim.script.slots import (
    Between,
    agents_of,
    body_from_slot,
    ego_between,
    ego_body,
    release_slot,
    route_path,
    tables,
    tell_ego,
    write_slot,
)
from drivewm.sim.script.summary import never_fired
from drivewm.sim.script.tracker import ScriptedTracker
from drivewm.sim.traffic import Traffic, car_of
from drivewm.sim.traffic_paths import pack
from drivewm.sim.traffic_state import Mode, pack_events
from drivewm.sim.traffic_world import DT_S, DT_US, step_world


class ScriptedTraffic(Traffic):
    """The actors of a storyboard around the ego; see ``docs/scripts.md``.

    In a step the reactive drivers move first, by the kernels, seeing everybody as they are at its
    start; then the engine moves the scripted ones in sub-steps, with the ego and the reactive ones
    in between their states before and after.

    Raises:
        InputError: the storyboard asks for what does not exist.
    """

    is_scripted = True

    def __init__(
        self, storyboard: m.Storyboard, scene: Scene, lights: LightProgram | None = None
    ) -> None:
        self.storyboard, self._scene = storyboard, scene
        self._ground, paths = tables(storyboard.roads)
        self._reacts = any(may_react(storyboard, actor) for actor in storyboard.actors)
        self._ego_before = np.array(scene.ego[0], float)
        ego = ego_body(storyboard.ego_id, scene.vehicle)
        ego.external = ego.present = True
        tell_ego(ego, 0.0, self._ego_before)
        self._engine = Engine(storyboard, ego, self._ground)
        self._doors = Doors(storyboard)
        self._count, self._advanced = len(storyboard.actors), False
        actors = storyboard.actors
        sizes = np.array([actor.size_m for actor in actors], float).reshape(-1, 3)
        up = [a.size_m[2] / 2 if a.center_up_m is None else a.center_up_m for a in actors]
        ids, points, lights_at = lights_of(scene, lights)
        extra = self._doors
        owners = [actors[n] for n in extra.owners]
        super().__init__(
            ids=(*(a.id for a in actors), *extra.ids),
            categories=tuple(a.category for a in (*actors, *owners)),
            score_type=np.array([a.score_type for a in (*actors, *owners)], np.int8),
            occ_class=np.array([a.occ_class for a in (*actors, *owners)], np.int8),
            size_m=np.concatenate([sizes, extra.size_m]),
            agents=agents_of(storyboard, self._bodies(), self._count + len(extra.ids)),
            paths=paths if self._reacts else pack([]), events=pack_events([]),
            light_lane_ids=ids, light_stop_points=points, lights_at=lights_at,
            ego_path=route_path(scene, storyboard.roads, self._ground) if self._reacts else -1,
            lift_m=np.array([*up, *(up[n] for n in extra.owners)], float),
            start_us=int(scene.times_us[0]),
        )  # fmt: skip
        for n in range(len(extra.ids)):
            self.agents.size[self._count + n] = extra.size_m[n, :2]
        self._settle()

    # Reading.

    @property
    def log(self) -> tuple[LogEntry, ...]:
        """What happened so far, then what has not (``never``)."""
        return (*self._engine.record.entries, *never_fired(self._engine))

    @property
    def is_over(self) -> bool:
        """Whether the storyboard has stopped and ends the run with it."""
        return self.storyboard.ends_run and self._engine.director.stopped_s is not None

    @property
    def stopped_s(self) -> float | None:
        """When the storyboard's stop trigger held; None: not so far."""
        return self._engine.director.stopped_s

    @property
    def friction(self) -> float:
        """The road's friction as the storyboard's environment has it; 1 unless told."""
        return self._engine.friction

    def body(self, name: str) -> Body:
        """The engine's exact state of an entity."""
        return self._engine.bodies[name]

    # Stepping.

    def step(self, ego: np.ndarray, vehicle: VehicleParams) -> None:
        """Without the ego's next state it is thought to go on as it does."""
        ego = np.asarray(ego, float)
        speed = ego[3] + ego[5] * DT_S
        if speed * ego[3] <= 0.0:
            speed = 0.0
        way, turn = 0.5 * (ego[3] + speed) * DT_S, ego[9] * DT_S
        after = ego.copy()
        after[0] += way * np.cos(ego[2] + turn / 2)
        after[1] += way * np.sin(ego[2] + turn / 2)
        after[2], after[3] = ego[2] + turn, speed
        self.step_to(ego, after, vehicle)

    def step_to(self, ego: np.ndarray, following: np.ndarray, vehicle: VehicleParams) -> None:
        """Advances 0.1 s while the ego goes from ``ego`` [11] to ``following``."""
        if not self._advanced:
            self._advance(np.asarray(ego, float), np.asarray(following, float), vehicle)
        self._advanced = False
        self._steps += 1
        self.light_status = self._engine.signals.apply(self._lights_at(self.time_s))
        self._settle()

    def _advance(
        self, ego: np.ndarray, following: np.ndarray | None, vehicle: VehicleParams
    ) -> None:
        """The engine to the end of the step; what is shown stays."""
        start_s = self.time_s
        moving = self._step_reactive(ego, vehicle)
        body = self._engine.ego
        body.length, body.width = vehicle.length_m, vehicle.width_m
        body.ahead = vehicle.rear_axle_to_center_m
        if body.external:
            assert following is not None, "a planner's ego has a next state"
            moving.append(ego_between(body, start_s, ego, following))

        def tell(time_s: float) -> None:
            for one in moving:
                one.tell(time_s)

        self._engine.run((self._steps + 1) * DT_S, tell)

    def _step_reactive(self, ego: np.ndarray, vehicle: VehicleParams) -> list[Between]:
        """Lets the kernels move the reactive slots; how each goes from here to there."""
        slots = [n for n, body in enumerate(self._bodies()) if body.external]
        if not slots:
            return []
        agents = self.agents
        before = [self._slot_state(n) for n in slots]
        now = np.ascontiguousarray(self.light_status, np.int8)
        then = self._engine.signals.apply(self._lights_at((self._steps + 1) * DT_S))
        now_us = self._start_us + self._steps * DT_US
        step_world(self.world, self._steps, now_us, np.ascontiguousarray(ego),
                   car_of(vehicle), now, np.ascontiguousarray(then, np.int8))  # fmt: skip
        out = []
        for n, first in zip(slots, before):
            if not agents.active[n]:  # at the end of its path
                self._bodies()[n].present = False
            out.append(Between(self._bodies()[n], self.time_s, first, self._slot_state(n), False))
        return out

    def _slot_state(self, n: int) -> np.ndarray:
        agents = self.agents
        pose = agents.pose[n]
        x, y = body_from_slot(self._bodies()[n], pose)
        return np.array([x, y, pose[2], agents.speed[n], agents.accel[n]])

    def _bodies(self) -> list[Body]:
        bodies = self._engine.bodies
        return [bodies[actor.id] for actor in self.storyboard.actors]

    # Who drives whom.

    def _settle(self) -> None:
        """After a step: hands over who is done with, writes slots and what is shown."""
        for n, (actor, body) in enumerate(zip(self.storyboard.actors, self._bodies())):
            if not body.external and self._should_react(actor, body):
                curve = self._own_path(actor, body)
                if curve is not None:
                    self._engine.hand_over(body)
                    release_slot(self.agents, n, body, actor, curve, self.time_s)
            if not body.external:
                self.agents.gone[n] = True
                write_slot(self.agents, n, body)
            elif not body.present:
                self.agents.active[n] = False
            self._show(n, body)
        self._doors.write(self.agents, self._count, self._engine)
        for k in range(len(self._doors.ids)):
            self._doors.show(k, self._count + k, self._engine, self.world)
        self._copy_out()

    def _should_react(self, actor: m.Actor, body: Body) -> bool:
        name, engine = actor.id, self._engine
        if not body.present or actor.kind == "object" or name in engine.kept:
            return False
        stands = body.speed < STILL_MPS and not actor.cruise_mps
        if name in engine.released:
            return not stands
        if actor.reactive == "never" or stands:
            return False
        if actor.reactive == "idle" and body.drive is HOLD and body.side is KEEP:
            return True
        return engine.is_done_with(name) and body.drive is HOLD and body.side is KEEP

    def _own_path(self, actor: m.Actor, body: Body) -> Curve | None:
        """The path that it follows by itself: the lane it is in, else the one it was given."""
        if body.curve.index >= 0 and body.sense > 0 and body.curve.index in self._ground.lanes:
            return body.curve
        found = self._ground.lane_of(body)
        if found is not None and found.sense > 0:
            return self._ground.curves[found.lane]
        return None if actor.path is None else self._ground.curves[actor.path]

    def _show(self, n: int, body: Body) -> None:
        """State and validity of an actor."""
        x, y = body.center
        vx, vy = body.center_velocity
        self.world.state[n] = (x, y, self.world.lift_m[n], body.heading, vx, vy)
        self.world.valid[n] = body.present and body.seen

    # A scripted ego.

    def ego_tracker(self, vehicle: VehicleParams) -> ScriptedTracker:
        """Takes the ego where its own script says, exactly."""
        return ScriptedTracker(self, vehicle)

    def script_ego(self) -> np.ndarray:
        """The ego is driven by the storyboard; its first state [11]. Only before the first step.

        Raises:
            InputError: the run has begun, or the storyboard does not say where the ego starts.
        """
        if self._steps or self._advanced:
            raise InputError("the ego can only be scripted before the first step", field="ego")
        board = self.storyboard
        ego = ego_body(board.ego_id, self._scene.vehicle)
        self._engine = Engine(board, ego, self._ground)
        for n in range(self._count):
            self.agents.mode[n] = Mode.STATIC
        self._settle()
        return ego_state(ego, None, self._scene.vehicle)

    def drive_ego(self, ego: np.ndarray, vehicle: VehicleParams) -> np.ndarray:
        """The scripted ego's state [11] after this step; ``step_to`` then shows the rest of it."""
        self._advance(np.asarray(ego, float), None, vehicle)
        self._advanced = True
        return ego_state(self._engine.ego, ego, vehicle)


def scripted_traffic(
    storyboard: m.Storyboard, scene: Scene, lights: LightProgram | None = None
) -> ScriptedTraffic:
    """The storyboard's traffic at time 0; the ego starts as the scene says.

    Args:
        lights: the lights' programme; None: the scene's own lights.
    """
    return ScriptedTraffic(storyboard, scene, lights)
