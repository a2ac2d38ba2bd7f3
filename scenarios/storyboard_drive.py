"""Drives a scenario and tells it in pictures."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from drivewm.planners.registry import create
from drivewm.scenarios.build import Built, build
from drivewm.scenarios.family import Concrete
from drivewm.scenarios.storyboard import Story, draw_storyboard
from drivewm.scenarios.storyboard_moments import closest_approach, moments
from drivewm.scenarios.unreacting import fired
from drivewm.scene import Lights, Scene
from drivewm.sim.config import SimConfig
from drivewm.sim.loop import rollout
from drivewm.sim.rollout import Rollout
from drivewm.sim.script.traffic import ScriptedTraffic
from drivewm.viz.palette import Palette

AFTER_S = 4.0  # the last picture: this long after the last event and the closest approach


def storyboard(concrete: Concrete, planner: str, palette: Palette) -> Image.Image:
    """The scenario with ``planner`` at the wheel, as a sheet of six pictures.

    Raises:
        InputError: the scenario cannot be built, or there is no such planner.
    """
    built = build(concrete)
    traffic = built.make_traffic()
    assert isinstance(traffic, ScriptedTraffic)
    sim = SimConfig(**{"agents": "reactive", **built.sim})
    if sim.mode == "sensor":  # a picture from above shows no cameras
        sim = sim.model_copy(update={"mode": "privileged"})
    drive = rollout(built.scene, create(planner), sim, traffic)
    scene = as_driven(built.scene, drive)
    actor = concrete.conflict.actor
    closest = closest_approach(scene, actor)
    began = events_begun(concrete, traffic)
    wanted = [began[0][0]] if began else []
    wanted += [closest.time_s] if closest else []
    wanted += [at for at, _ in began]
    end_s = float(scene.times_us[-1] - scene.times_us[0]) / 1e6
    end_s = min(end_s, max(wanted) + AFTER_S) if wanted else end_s
    story = Story(
        scene=scene, title=f"{concrete.title} ({concrete.id})", actor=actor, closest=closest,
        lines=(_values(concrete), _told(planner, drive, actor, closest)), events=began,
        solids=_solids(built), names=tuple(concrete.actors),
    )  # fmt: skip
    return draw_storyboard(story, moments(end_s, wanted), palette)


def as_driven(scene: Scene, drive: Rollout) -> Scene:
    """The scene with the ego, the tracks and the lights as they went in this drive."""
    status = drive.light_status if drive.light_lane_ids else None
    lights = Lights(lane_ids=drive.light_lane_ids, status=status)
    return replace(scene, times_us=drive.times_us, ego=drive.ego, tracks=drive.tracks,
                   lights=lights)  # fmt: skip


def events_begun(concrete: Concrete, traffic: ScriptedTraffic) -> tuple[tuple[float, str], ...]:
    """Time and name of the story's events that began, in order."""
    names = [event.name for event in concrete.story]
    return tuple((at, name) for at, name in fired(traffic.log) if name in names)


def _solids(built: Built):
    return None if built.world is None else built.world.solids


def _values(concrete: Concrete) -> str:
    told = [f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in concrete.values.items()]  # fmt: skip
    return ", ".join(told) or "no parameters"


def _told(planner: str, drive: Rollout, actor: str, closest) -> str:
    text = f"driven by {planner}"
    if drive.status == "failed":
        text += f", failed: {drive.reason}"
    if closest is None:
        return f"{text}; {actor} was never there"
    if closest.distance_m <= 0:
        return f"{text}; contact with {actor} at {closest.time_s:.1f} s"
    return f"{text}; {closest.distance_m:.1f} m from {actor} at {closest.time_s:.1f} s"
