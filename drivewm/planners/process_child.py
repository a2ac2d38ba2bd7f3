"""The other end of a planner in a process of its own: builds it, then answers until nobody asks.

Questions come pickled from the parent, which trusts itself; answers go back as JSON, so that
nothing a planner says can run code in the parent.
"""

from __future__ import annotations

import ctypes
import json
import os
import pickle
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from drivewm.errors import InputError
from drivewm.planners import wire
from drivewm.planners.registry import create
from drivewm.scene import Observation, Scene, Trajectory
from drivewm.sim.asking import trajectory_problem

PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux's prctl
ATTRIBUTES = (
    "name", "modes", "mode", "replan_interval_s", "replays_log", "image_size", "camera_channels",
    "needs_lane_graph",
    "fingerprint",
)  # fmt: skip


def main(link_number: str, parent: str, memory_mb: str, text: str) -> None:
    """Serves the planner named ``text`` on an inherited socket."""
    _end_with(int(parent))
    link = socket.socket(fileno=int(link_number))
    if int(memory_mb):
        limit_memory(int(memory_mb))
    try:
        planner = create(text)
    except InputError as error:
        where = {"file": error.file and str(error.file), "field": error.field, "fix": error.fix}
        _say(link, {"refused": error.problem, **where})
        return
    except MemoryError:
        _say(link, {"refused": "exceeded memory while it was built", "field": text})
        return
    known = {name: getattr(planner, name) for name in ATTRIBUTES if hasattr(planner, name)}
    _say(link, {"ready": known})
    serve(link, planner, limited=bool(int(memory_mb)))


def serve(link: socket.socket, planner: Any, limited: bool) -> None:
    """Answers questions until the parent hangs up."""
    scenes: Sequence[Scene] = ()
    while True:
        try:
            what, given = pickle.loads(wire.receive(link))
        except wire.Closed:
            return
        try:
            if what == "reset":
                scenes = given
                planner.reset(scenes)
                answer: dict[str, Any] = {}
            else:
                answer = _plan(planner, given, scenes)
        except MemoryError as error:
            answer = {"memory": True} if limited else _raised(error)
        except (Exception, SystemExit) as error:  # foreign code may raise anything: the row says it
            answer = _raised(error)
        _say(link, answer)


def _plan(planner: Any, seen: Observation, scenes: Sequence[Scene]) -> dict[str, Any]:
    if seen.maps == ():  # the parent leaves out what the scene brought already
        seen = replace(seen, maps=tuple(scene.map for scene in scenes))
    answer = planner.plan(seen)
    problem = trajectory_problem(answer, 0.0)
    if problem is not None:
        return {"problem": problem}
    times, poses = np.asarray(answer.times_s, float), np.asarray(answer.poses, float)
    return {"times_s": times.tolist(), "poses": poses.tolist(), "info": _notes(answer)}


def _notes(answer: Trajectory) -> list[dict[str, Any] | None] | None:
    """What of a planner's notes is plain enough to travel."""
    if answer.info is None:
        return None
    return [None if info is None else _plain(info) for info in answer.info]


def _plain(info: Mapping[str, Any]) -> dict[str, Any]:
    plain = (bool, int, float, str)
    return {str(key): value for key, value in info.items() if isinstance(value, plain)}


def _raised(error: BaseException) -> dict[str, Any]:
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{place.filename.rsplit('/', 1)[-1]}:{place.lineno}"
    text = " ".join(str(error).split())[:300]
    return {"raised": f"{type(error).__name__} at {where}: {text}"}


def _say(link: socket.socket, answer: Mapping[str, Any]) -> None:
    wire.send(link, json.dumps(answer, default=str).encode())


def _end_with(parent: int) -> None:
    """Asks the kernel to end this process when its parent ends, however that comes."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the request
            os._exit(1)


def limit_memory(megabytes: int) -> None:
    """Lets this process take ``megabytes`` of address space beyond what it has now."""
    statm = Path("/proc/self/statm")
    held = 0
    if statm.exists():
        held = int(statm.read_text().split()[0]) * resource.getpagesize()
    limit = held + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main(*sys.argv[1:])
