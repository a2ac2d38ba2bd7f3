"""What surrounds the ego in a run: agents, and cameras where the planner drives by them."""

from __future__ import annotations

from functools import lru_cache
from numbers import Integral
from typing import Any

from drivewm.errors import InputError
from drivewm.eval.cameras import DEFAULT_SIZE, WorldCameras
from drivewm.scenarios.source import script_of
from drivewm.scene import Scene
from drivewm.sim.observation import CameraSource
from drivewm.sim.traffic import Traffic, nuplan_traffic, reactive_traffic, replay_traffic


def traffic_of(scene: Scene, agents: str) -> Traffic:
    """Fresh agents at the scene's start: its tracks replayed, or reacting to the ego.

    Reactive agents of a synthetic scene are those of its world; ``nuplan_idm`` are nuPlan's. The
    agents of a scenario are its own, whatever is asked for.
    """
    if scene.scenario is not None:
        return script_of(scene.scenario, scene.id).make_traffic()
    if agents == "replay":
        return replay_traffic(scene)
    if agents == "nuplan_idm":
        return nuplan_traffic(scene)
    if scene.world_spec is not None:
        return _world(scene.world_spec).make_traffic()
    return reactive_traffic(scene)


def choose_mode(planner: Any, scene: Scene, wanted: str | None = None) -> str:
    """The first of the planner's modes that the scene can serve, or the ``wanted`` one.

    A planner that drives by tracks drives by ``visible`` ones too: the observation has the same
    fields.

    Raises:
        InputError: the scene cannot serve any, or the planner does not drive by the wanted one.
    """
    modes = tuple(getattr(planner, "modes", None) or (getattr(planner, "mode", "privileged"),))
    if wanted is not None:
        by_tracks = ("privileged", "visible")
        if wanted not in modes and not (
            wanted in by_tracks and any(mode in by_tracks for mode in modes)
        ):
            raise InputError(f"the planner drives in mode {' or '.join(modes)}, not {wanted}")
        modes = (wanted,)
    for mode in modes:
        if mode != "sensor" or has_world(scene):
            return mode
    raise InputError(
        f"the planner needs mode {' or '.join(modes)}, and the scene has no synthetic world to "
        "render cameras from"
    )


def cameras_of(planner: Any, scene: Scene, mode: str) -> CameraSource | None:
    """Cameras for mode ``sensor``; None for the others.

    Raises:
        InputError: the planner asks for a picture size or a channel that there is not.
    """
    if mode != "sensor" or not has_world(scene):
        return None
    size = getattr(planner, "image_size", None) or DEFAULT_SIZE
    numbers = isinstance(size, tuple | list) and all(isinstance(v, Integral) for v in size)
    if not numbers or len(size) != 2 or not all(1 <= v <= 4096 for v in size):
        raise InputError(f"image_size is {size!r}, not (width, height) in pixels")
    channels = getattr(planner, "camera_channels", None)
    if scene.scenario is not None:
        script: Any = script_of(scene.scenario, scene.id)
        return WorldCameras(script.world, tuple(size), channels, dead=script.dead_cameras)
    return WorldCameras(_world(str(scene.world_spec)), tuple(size), channels)


def has_world(scene: Scene) -> bool:
    """Can cameras picture the scene?"""
    if scene.scenario is not None:
        return getattr(script_of(scene.scenario, scene.id), "world", None) is not None
    return scene.world_spec is not None


@lru_cache(maxsize=2)
def _world(spec_json: str) -> Any:
    from drivewm.worlds.build import build
    from drivewm.worlds.world import WorldSpec

    return build(WorldSpec.model_validate_json(spec_json))
