"""A planner in any language: a program that reads and writes one JSON object per line.

It reads ``{"type": "reset", ...}`` and answers any object; it reads ``{"type": "plan", ...}`` and
answers ``{"times_s": [H], "poses": [[x, y, heading], ...]}`` or ``{"error": "text"}``. The fields
are described in docs/planners.md.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

import drivewm
from drivewm.errors import InputError
from drivewm.scene import EgoColumn, Observation, Scene, ScoreType, Trajectory
from drivewm.sim.asking import PlannerFailure

LONGEST_LINE = 1 << 24  # characters of an answer


class ExternalPlanner:
    """Runs a command and talks with it over its standard input and output.

    Args:
        command: as in a shell, without a shell.
        replan_interval_s: how often it is asked.
        name: in the results; default the program's file name.

    Raises:
        InputError: there is no such program.
    """

    modes = ("privileged", "visible")

    def __init__(self, command: str, replan_interval_s: float = 0.1, name: str = "") -> None:
        self._words = shlex.split(command)
        if not self._words:
            raise InputError("no command", field="exec:", fix="write exec:COMMAND")
        self.name = name or os.path.basename(self._words[-1]).split(".")[0] or "exec"
        self.replan_interval_s = replan_interval_s
        self._program = _Program(self._words)

    def reset(self, scenes: Sequence[Scene]) -> None:
        """Tells the program which scene begins; a new program takes the place of one that ended."""
        if not self._program.is_running:
            self._program = _Program(self._words)
        (scene,) = scenes
        self._program.ask(_described(scene))

    def plan(self, observation: Observation) -> Trajectory:
        """The program's answer.

        Raises:
            PlannerFailure: it says so, ended, or wrote something that is no answer.
        """
        answer = self._program.ask(_seen(observation))
        if "error" in answer:
            raise PlannerFailure(f"answered an error: {str(answer['error'])[:300]}")
        try:
            times, poses = np.array(answer["times_s"], float), np.array(answer["poses"], float)
        except (KeyError, TypeError, ValueError) as error:
            raise PlannerFailure(
                "answered badly: times_s and poses are not lists of numbers"
            ) from error
        return Trajectory(times_s=times, poses=poses[None])


class _Program:
    """The running command."""

    def __init__(self, words: list[str]) -> None:
        try:
            self._process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                encoding="utf-8", errors="replace", env=_environment(),
            )  # fmt: skip
        except OSError as error:
            raise InputError(f"cannot be run ({error.strerror})", field=f"exec:{words[0]}",
                             fix="check the command") from error  # fmt: skip
        self._end = weakref.finalize(self, _stop, self._process)

    @property
    def is_running(self) -> bool:
        return self._end.alive and self._process.poll() is None

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Writes one line, reads one."""
        reader, writer = self._process.stdout, self._process.stdin
        assert reader is not None and writer is not None, "both were asked for"
        try:
            writer.write(json.dumps(question, allow_nan=False) + "\n")
            writer.flush()
            line = reader.readline(LONGEST_LINE)
        except BrokenPipeError:
            line = ""
        except BaseException:  # an interrupt: its answer would come to the next question
            self._end()
            raise
        if not line:
            raise PlannerFailure(f"ended its program ({self._ending()})")
        try:
            answer = json.loads(line)
        except ValueError as error:
            self._end()  # what follows may answer another question
            raise PlannerFailure(f"wrote {line.strip()[:80]!r}, which is no JSON") from error
        if not isinstance(answer, dict):
            self._end()
            raise PlannerFailure(f"wrote {line.strip()[:80]!r}, which is no JSON object")
        return answer

    def _ending(self) -> str:
        try:
            code = self._process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            self._end()
            return "it closed its output"
        self._end()
        return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _environment() -> dict[str, str]:
    """Ours, less what names modules of ours: the program's Python need not have them."""
    return {name: value for name, value in os.environ.items() if name != drivewm.KERNEL_CACHE}


def _stop(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # what was to be written has no reader
                pipe.close()


def _described(scene: Scene) -> dict[str, Any]:
    """What a program learns of a scene at its start."""
    car = scene.vehicle
    return {
        "type": "reset",
        "scene": scene.id,
        "source": scene.source,
        "route": scene.route.tolist(),
        "vehicle": {
            "length_m": car.length_m, "width_m": car.width_m, "height_m": car.height_m,
            "rear_axle_to_center_m": car.rear_axle_to_center_m, "wheelbase_m": car.wheelbase_m,
        },
        "lanes": [
            {
                "id": lane.id, "centerline": np.asarray(lane.centerline)[:, :2].tolist(),
                "speed_limit_mps": lane.speed_limit_mps, "is_connector": lane.is_connector,
                "successors": list(lane.successors),
            }
            for lane in scene.map.lanes
        ],
    }  # fmt: skip


def _seen(observation: Observation) -> dict[str, Any]:
    """What a program is shown of one scene now."""
    limit = float(observation.speed_limits_mps[0])
    ego = {column.name.lower(): float(observation.ego[0, column]) for column in EgoColumn}
    stops = observation.red_stop_points[0] if observation.red_stop_points else np.zeros((0, 2))
    return {
        "type": "plan",
        "step": observation.step,
        "time_s": observation.time_s,
        "ego": ego,
        "speed_limit_mps": limit if np.isfinite(limit) else None,
        "tracks": _track_list(observation),
        "red_stop_points": stops.tolist(),
    }


def _track_list(observation: Observation) -> list[dict[str, Any]]:
    tracks = observation.tracks
    if tracks is None:
        return []
    names = ("x", "y", "z", "heading", "vx", "vy")
    sizes = ("length_m", "width_m", "height_m")
    return [
        {
            "type": ScoreType(tracks.score_type[0, n]).name.lower(),
            **dict(zip(names, tracks.state[0, n].tolist())),
            **dict(zip(sizes, tracks.size_m[0, n].tolist())),
        }
        for n in np.flatnonzero(tracks.valid[0])
    ]
