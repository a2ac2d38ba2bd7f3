"""Planners and agents that follow lanes, and maps that have none: refused before they drive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drivewm.errors import InputError
from drivewm.logs.caveats import LANELESS
from drivewm.planners import registry
from drivewm.scene import Scene


def check_fleet(labelled: dict[str, str], agents: str, infos: Sequence[object]) -> None:
    """Refuses what could drive in none of the scenes.

    Where some scenes have lanes and some have not, those without become failed rows
    (:func:`check_scene`): a planner is not compared on fewer scenes than the others.

    Args:
        labelled: planners' texts by label.
        agents: of SimConfig.
        infos: the chosen scenes; one that does not tell its ``map_origin`` may have lanes.

    Raises:
        InputError: a planner or the agents follow lanes and no scene's map has any.
    """
    found = dict.fromkeys(getattr(info, "map_origin", "unknown") for info in infos)
    if not all(origin in LANELESS for origin in found):
        return
    origins = ", ".join(found)
    for label, text in labelled.items():
        spec = registry.parse(text)
        if spec.wrapper is None and needs_lane_graph(registry.load_class(spec)):
            raise InputError(
                f"{label} needs a lane graph, and no scene's map has one ({origins})",
                field="planner",
                fix="leave it out, or score a fleet whose maps have lanes",
            )
    if agents == "nuplan_idm":
        raise InputError(
            f"nuPlan's agents drive on lanes, and no scene's map has any ({origins})",
            field="--agents",
            fix="use --agents reactive: they follow their own recorded paths",
        )


def check_scene(planner: Any, agents: str, scene: Scene) -> None:
    """The same for one scene; its message is the reason of a failed row.

    Raises:
        InputError: the planner or the agents need lanes that the scene's map lacks.
    """
    if scene.map.has_lane_graph:
        return
    if needs_lane_graph(planner):
        raise InputError(f"needs a lane graph; the scene's map ({scene.map.origin}) has none")
    if agents == "nuplan_idm":
        raise InputError(
            f"nuPlan's agents need a lane graph; the scene's map ({scene.map.origin}) has none"
        )


def needs_lane_graph(planner: Any) -> bool:
    """Does a planner (or its class) say that it follows lanes?"""
    return bool(getattr(planner, "needs_lane_graph", False))
