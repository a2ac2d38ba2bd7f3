"""Planners in processes of their own: each failure is one drive's, and the run goes on."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.planners import registry
from drivewm.planners.process import ProcessPlanner
from drivewm.scene import ScoreType
from drivewm.sim.config import IsolationConfig, SimConfig
from drivewm.sim.loop import rollout
from drivewm.sim.traffic import replay_traffic
from tests.measures.hand import cruise, scene_of, track
from tests.planners.failing import FAILURES, FATAL, NOISY, source

APART = IsolationConfig(process=True)
STRICT = IsolationConfig(deadline_s=0.8, memory_mb=600)


def scene_named(name):
    return scene_of(cruise(9.0, 31), track(ScoreType.VEHICLE, 60.0, steps=31), name=name)


def drive(planner, name, **settings):
    scene = scene_named(name)
    return rollout(scene, planner, SimConfig(**settings), replay_traffic(scene))


@pytest.fixture
def file(tmp_path):
    def write(bad, name="mine"):
        path = tmp_path / f"{name}.py"
        path.write_text(source(bad))
        return str(path)

    return write


@pytest.mark.parametrize("name", ["constant_velocity", "idm", "log_replay"])
def test_the_same_drive_as_in_this_process(name):
    here, apart = registry.create(name), registry.create(name, APART)
    assert isinstance(apart, ProcessPlanner) and apart.name == name
    a, b = drive(here, "free"), drive(apart, "free")
    assert (b.status, b.reason) == ("ok", None)
    assert a.ego.tobytes() == b.ego.tobytes()
    assert all((p == q).all() for p, q in zip(a.plan_poses, b.plan_poses))


@pytest.mark.parametrize("name", FAILURES)
def test_failures_in_this_process(name, file):
    bad, reason = FAILURES[name]
    planner = registry.create(file(bad))
    failed = drive(planner, "standing_car", hang_limit_s=0.5)
    assert failed.status == "failed" and reason in failed.reason
    assert len(failed.ego) == 4
    assert drive(planner, "free").status == "ok"


@pytest.mark.parametrize("name", FATAL)
def test_failures_in_a_process_of_its_own(name, file):
    bad, reason = FATAL[name]
    planner = registry.create(file(bad), STRICT)
    failed = drive(planner, "standing_car")
    assert failed.status == "failed" and reason in failed.reason, failed.reason
    assert len(failed.ego) == 4
    assert drive(planner, "free").status == "ok"  # in a fresh process where the old one ended


def test_how_late_a_plan_was_is_said(file):
    failed = drive(registry.create(file("time.sleep(1.2)"), STRICT), "standing_car")
    late_s = float(failed.reason.split("late: ")[1].split(" s")[0])
    assert 1.2 <= late_s < 2.5 and failed.reason.endswith("> 0.8 s")


def test_a_hang_without_a_deadline_is_ended_too(file):
    planner = registry.create(file("time.sleep(1000)"), APART)
    failed = drive(planner, "standing_car", hang_limit_s=0.5)
    assert "hung: no answer after 0.5 s" in failed.reason
    assert drive(planner, "free").status == "ok"


def test_what_a_planner_prints_is_no_answer(file):
    planner = registry.create(file(NOISY), STRICT)
    assert drive(planner, "standing_car").status == "ok"


def test_notes_travel_as_far_as_they_are_plain(file):
    bad = "return Trajectory(times_s=times, poses=poses, info=[{'a': 1.5, 'b': object()}])"
    run = drive(registry.create(file(bad), APART), "standing_car")
    assert run.info[3] == {"a": 1.5} and run.info[2] is None


def test_a_large_observation_to_a_planner_that_does_not_read(file):
    """The question does not fit into the socket: writing it must not wait for ever either."""
    planner = registry.create(file("time.sleep(1000)"), IsolationConfig(deadline_s=0.2))
    scene = scene_named("standing_car")
    planner.reset([scene])
    os.kill(planner._child._process.pid, signal.SIGSTOP)
    with pytest.raises(Exception, match="late: no answer"):
        planner._ask("plan", np.zeros(1 << 20), 0.2)


def test_a_planner_that_cannot_be_built_is_named(tmp_path):
    path = tmp_path / "angry.py"
    path.write_text(source("pass").replace("def reset", "def __init__(self): BAD\n    def reset"))
    for bad, says in (("raise OSError('no disk')", "no disk"), ("os._exit(7)", "exit code 7")):
        here = tmp_path / f"angry{len(says)}.py"
        here.write_text(path.read_text().replace("BAD", bad))
        with pytest.raises(InputError, match=says):
            registry.create(str(here), APART)
    with pytest.raises(
        InputError, match="unknown planner 'warp_drive'; known: careful, constant_velocity"
    ):
        registry.create("warp_drive", APART)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"


def gone(pid):
    for _ in range(100):
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
def test_no_process_outlives_its_parent(file):
    code = (
        "from drivewm.planners import registry; from drivewm.sim.config import IsolationConfig;"
        f"p = registry.create({file('pass')!r}, IsolationConfig(process=True));"
        "print(p._child._process.pid, flush=True); import time; time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as run:
        child = int(run.stdout.readline())
        assert alive(child)
        run.kill()
    assert gone(child)


def test_a_planner_that_is_dropped_ends_its_process(file):
    planner = registry.create(file("pass"), APART)
    child = planner._child._process.pid
    del planner
    assert gone(child)
