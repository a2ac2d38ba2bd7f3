"""A planner in a process of its own: it may be late, hang, crash or eat memory; the run goes on."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from drivewm.errors import InputError
from drivewm.planners import wire
from drivewm.scene import Observation, Scene, Trajectory
from drivewm.sim.asking import PlannerFailure
from drivewm.sim.config import IsolationConfig

START_S = 120.0  # to import and build a planner
PATIENCE = 3.0  # a plan this many deadlines late (and a second) is not waited for


class ProcessPlanner:
    """Any planner, asked over a socket. A fresh process replaces one that ended or was killed.

    Args:
        text: the planner as a command line names it.
        isolation: deadline and memory limit.

    Raises:
        InputError: the planner cannot be built.
    """

    def __init__(self, text: str, isolation: IsolationConfig) -> None:
        self._text, self._isolation = text, isolation
        self._scenes: Sequence[Scene] = ()
        self._child = _Child(text, isolation)
        for name, value in self._child.attributes.items():
            setattr(self, name, tuple(value) if isinstance(value, list) else value)

    def reset(self, scenes: Sequence[Scene]) -> None:
        """Hands the scenes over; a deadline holds for plans, not for this.

        Raises:
            PlannerFailure: it raised, or its process ended.
        """
        if not self._child.is_running:
            try:
                self._child = _Child(self._text, self._isolation)
            except InputError as error:
                raise PlannerFailure(f"could not be started again: {error}") from error
        self._scenes = scenes
        self._ask("reset", list(scenes), None)

    def plan(self, observation: Observation) -> Trajectory:
        """The planner's answer.

        Raises:
            PlannerFailure: it raised or answered nonsense, came late, or its process ended.
        """
        known = tuple(scene.map for scene in self._scenes)
        same = observation.maps is not None and len(known) == len(observation.maps)
        if same and all(a is b for a, b in zip(known, observation.maps or ())):
            observation = replace(observation, maps=())
        answer = self._ask("plan", observation, self._isolation.deadline_s)
        if "problem" in answer:
            raise PlannerFailure(f"answered badly: {answer['problem']}")
        return Trajectory(
            times_s=np.array(answer["times_s"], float),
            poses=np.array(answer["poses"], float),
            info=answer["info"],
        )

    def _ask(self, what: str, given: Any, deadline_s: float | None) -> dict[str, Any]:
        started = time.monotonic()
        patience_s = None if deadline_s is None else max(PATIENCE * deadline_s, deadline_s + 1.0)
        until = None if patience_s is None else started + patience_s
        try:
            answer = self._child.ask(pickle.dumps((what, given), protocol=5), until)
        except TimeoutError as error:
            self._child.kill()
            reason = f"late: no answer after {patience_s:.1f} s > {deadline_s:g} s; it was stopped"
            raise PlannerFailure(reason) from error
        except wire.Closed as error:
            raise PlannerFailure(f"ended its process ({self._child.ending()})") from error
        except BaseException:  # an interrupt: its answer would come to the next question
            self._child.kill()
            raise
        took_s = time.monotonic() - started
        if "raised" in answer:
            raise PlannerFailure(f"raised {answer['raised']}")
        if "memory" in answer:
            self._child.kill()
            raise PlannerFailure(f"exceeded memory ({self._isolation.memory_mb} MB)")
        if deadline_s is not None and took_s > deadline_s:
            raise PlannerFailure(f"late: {took_s:.3g} s > {deadline_s:g} s")
        return answer


class _Child:
    """The process and the link to it."""

    def __init__(self, text: str, isolation: IsolationConfig) -> None:
        ours, theirs = socket.socketpair()
        self._link = ours
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-P", "-m", "drivewm.planners.process_child",
                    str(theirs.fileno()), str(os.getpid()), str(isolation.memory_mb or 0), text,
                ],
                pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL,
                stdout=2,  # what it prints is no result of ours
                start_new_session=True,  # Ctrl-C is the parent's; its own children end with it
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )  # fmt: skip
        self._end = weakref.finalize(self, _stop, self._process, ours)
        self.attributes = self._first_word(text)

    def _first_word(self, text: str) -> dict[str, Any]:
        """The planner's attributes.

        Raises:
            InputError: it refused, ended or hung while it was built.
        """
        fix = "mend the planner's constructor"
        try:
            answer = json.loads(wire.receive(self._link, time.monotonic() + START_S))
        except wire.Closed as error:
            raise InputError(f"the planner ended its process while it was built "
                             f"({self.ending()})", field=text, fix=fix) from error  # fmt: skip
        except TimeoutError as error:
            self.kill()
            raise InputError(f"the planner was not built after {START_S:g} s", field=text,
                             fix=fix) from error  # fmt: skip
        if "refused" in answer:
            self.kill()
            where = {key: answer.get(key) for key in ("file", "field", "fix")}
            raise InputError(answer["refused"], **where)
        return answer["ready"]

    @property
    def is_running(self) -> bool:
        return self._end.alive and self._process.poll() is None

    def ask(self, question: bytes, until: float | None) -> dict[str, Any]:
        """Sends a pickled question; the answer.

        Raises:
            TimeoutError: it does not come by ``until``.
            wire.Closed: the process ended.
        """
        wire.send(self._link, question, until)
        try:
            answer = json.loads(wire.receive(self._link, until))
        except ValueError as error:  # the planner wrote where it has nothing to write
            raise wire.Closed("no JSON") from error
        if not isinstance(answer, dict):
            raise wire.Closed("no JSON object")
        return answer

    def ending(self) -> str:
        """Ends the process that no longer makes sense; how it ended by itself, in words."""
        try:
            code = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self.kill()
            return "it broke the link to this one"
        self.kill()  # whatever it started
        if code >= 0:
            return f"exit code {code}"
        return f"signal {signal.Signals(-code).name}"

    def kill(self) -> None:
        self._end()


def _stop(process: subprocess.Popen, link: socket.socket) -> None:
    """Ends a process with all it started."""
    link.close()
    with contextlib.suppress(ProcessLookupError):  # none is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
