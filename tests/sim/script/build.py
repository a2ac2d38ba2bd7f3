"""Hand-built roads, scenes and runs for the storyboard engine's tests."""

from __future__ import annotations

import numpy as np

from drivewm.scene import ZOE, Lights, RoadMap, Scene, Tracks
from drivewm.sim.script import model as m
from drivewm.sim.script.traffic import ScriptedTraffic, scripted_traffic

EGO_AWAY = (-500.0, -200.0, 0.0, 0.0)
LANES = m.Roads(
    paths=(
        m.Path(name="right", xy=np.array([[0.0, 0.0], [3000.0, 0.0]]), left=1),
        m.Path(name="left", xy=np.array([[0.0, 3.5], [3000.0, 3.5]]), right=0),
    )
)


def arc(radius_m: float, turn_rad: float, spacing_m: float = 0.25) -> np.ndarray:
    """A curve to the left from the origin along +x; [Q, 2]."""
    phi = np.linspace(0.0, turn_rad, int(radius_m * turn_rad / spacing_m) + 2)
    return np.stack([radius_m * np.sin(phi), radius_m * (1.0 - np.cos(phi))], -1)


def empty_scene(ego=EGO_AWAY, steps: int = 301) -> Scene:
    """Nobody but an ego (x, y, heading, speed)."""
    state = np.zeros((steps, 11))
    state[:, :4] = ego
    nobody = Tracks(
        ids=(), categories=(), score_type=np.zeros(0, np.int8), occ_class=np.zeros(0, np.int8),
        size_m=np.zeros((0, 3)), state=np.zeros((0, steps, 6)), valid=np.zeros((0, steps), bool),
    )  # fmt: skip
    return Scene(
        id="hand", source="scenario", location="nowhere", split="val",
        times_us=np.arange(steps) * 100_000, ego=state, vehicle=ZOE, tracks=nobody,
        map=RoadMap(origin="none"), lights=Lights(), route=np.array([[0.0, 0.0], [3000.0, 0.0]]),
        native_rate_hz=10.0,
    )  # fmt: skip


def car(name="car", s_m=100.0, speed_mps=10.0, path=0, **more) -> m.Actor:
    more.setdefault("reactive", "never")
    start = more.pop("start", m.PathPosition(path=path, s_m=s_m))
    return m.Actor(id=name, start=start, speed_mps=speed_mps, **more)


def at(time_s: float, **more) -> m.Trigger:
    return m.when(m.SimulationTime(value_s=time_s, **more))


def run(
    traffic: ScriptedTraffic, seconds: float, ego=EGO_AWAY, accel_mps2: float = 0.0
) -> np.ndarray:
    """States [steps + 1, N, 6] while the ego drives straight on from (x, y, heading, speed)."""
    now = np.zeros(11)
    now[:4], now[5] = ego, accel_mps2
    out = [traffic.state.copy()]
    for _ in range(round(seconds / 0.1)):
        after = now.copy()
        after[3] = max(now[3] + accel_mps2 * 0.1, 0.0)
        way = 0.5 * (now[3] + after[3]) * 0.1
        after[0] += way * np.cos(now[2])
        after[1] += way * np.sin(now[2])
        traffic.step_to(now, after, ZOE)
        now = after
        out.append(traffic.state.copy())
    return np.array(out)


def board(actors, *stories, roads=LANES, **more) -> m.Storyboard:
    return m.Storyboard(actors=tuple(actors), roads=roads, stories=stories, **more)


def play(storyboard, seconds: float, ego=EGO_AWAY, **more):
    """States and the traffic after a run."""
    traffic = scripted_traffic(storyboard, empty_scene(ego))
    return run(traffic, seconds, ego, **more), traffic


def entries(traffic: ScriptedTraffic, what: str) -> list[tuple[float, str]]:
    """(time, last name of the element) of what is recorded as ``what``."""
    return [
        (entry.time_s, entry.element.split("::")[-1]) for entry in traffic.log if entry.what == what
    ]
