"""Programs in any language over JSON lines; the example of the docs is one."""

import json
import os
import re
import sys

import pytest

import drivewm
from drivewm.errors import InputError
from drivewm.planners import external, registry
from drivewm.scene import Lights, LightStatus, ScoreType
from drivewm.sim.config import IsolationConfig, SimConfig
from drivewm.sim.loop import rollout
from drivewm.sim.traffic import replay_traffic
from tests.measures.hand import cruise, scene_of, track

ECHO = """
import json, sys, time
for line in sys.stdin:
    seen = json.loads(line)
    if seen["type"] == "reset":
        print("{}", flush=True)
        continue
    ego = seen["ego"]
    times = [0.1 * k for k in range(1, 41)]
    answer = {"times_s": times, "poses": [[ego["x"] + 9 * t, 0, 0] for t in times]}
    BAD
    print(json.dumps(answer), flush=True)
"""


def program(tmp_path, bad="pass", name="echo"):
    (tmp_path / f"{name}.py").write_text(ECHO.replace("BAD", bad))
    return f"exec:{sys.executable} {tmp_path / name}.py"


def drive(text, scene=None, isolation=None, **settings):
    scene = scene or scene_of(cruise(9.0, 31), track(ScoreType.VEHICLE, 60.0, steps=31))
    planner = registry.create(text, isolation)
    return rollout(scene, planner, SimConfig(**settings), replay_traffic(scene)), planner


def test_the_example_of_the_docs_brakes_behind_a_standing_car(repository, tmp_path):
    page = (repository / "docs/planners.md").read_text()
    (source,) = (
        block
        for block in re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
        if "sys.stdin" in block
    )
    (tmp_path / "brake.py").write_text(source)
    scene = scene_of(cruise(9.0), track(ScoreType.VEHICLE, 40.0))
    run, planner = drive(f"exec:{sys.executable} {tmp_path}/brake.py", scene)
    assert (run.status, run.reason, planner.name) == ("ok", None, "brake")
    assert 5.0 < run.ego[-1, 0] < 40.0 - 2.3 - 1.0 and run.ego[-1, 3] < 1.0


def test_it_is_told_the_scene_and_what_it_may_see(tmp_path):
    log = tmp_path / "log"
    status = LightStatus.RED + 0 * cruise(9.0, 31)[None, :, 0].astype("int8")
    lights = Lights(lane_ids=("r1",), status=status)
    scene = scene_of(cruise(9.0, 31), track(ScoreType.BICYCLE, 60.0, steps=31), lights=lights)
    listens = ECHO.replace("seen = json", f"open({str(log)!r}, 'a').write(line); seen = json")
    (tmp_path / "ear.py").write_text(listens.replace("BAD", "pass"))
    drive(f"exec:{sys.executable} {tmp_path}/ear.py", scene)

    told, first = (json.loads(line) for line in log.read_text().splitlines()[:2])
    assert told["type"] == "reset" and told["vehicle"]["wheelbase_m"] == 3.089
    assert told["lanes"][0]["successors"] == ["r1"] and told["route"][0] == [-200.0, 0.0]
    assert first["ego"]["vx"] == 9.0 and first["speed_limit_mps"] == 13.4
    assert first["tracks"][0]["type"] == "bicycle" and first["tracks"][0]["x"] == 60.0
    assert first["red_stop_points"] == [[100.0, 0.0]]


BAD = {
    "garbage": ("print('hello')", "wrote 'hello', which is no JSON"),
    "number": ("print(5)", "which is no JSON object"),
    "error": ("answer = {'error': 'no way'}", "answered an error: no way"),
    "no poses": ("answer = {'times_s': [1]}", "not lists of numbers"),
    "ragged": ("answer['poses'][3] = [1]", "not lists of numbers"),
    "null": ("answer['poses'] = None", "not [1, H, 3]"),
    "nan": ("answer['times_s'][0] = float('nan')", "not finite"),
    "leaving": ("sys.exit(4)", "exit code 4"),
    "hanging": ("time.sleep(1000)", "hung: no answer after 0.5 s"),
    "raising": ("raise ValueError", "exit code 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_fails_the_drive_and_the_next_one_starts_anew(name, tmp_path):
    bad, reason = BAD[name]
    once = f"if seen['step'] == 3 and seen['ego']['vx'] > 8:\n        {bad}"
    text = program(tmp_path, once)
    run, planner = drive(text, hang_limit_s=0.5)
    assert run.status == "failed" and reason in run.reason, run.reason
    slow = scene_of(cruise(5.0, 31))
    assert rollout(slow, planner, SimConfig(), replay_traffic(slow)).status == "ok"


def test_with_a_deadline_in_a_process_of_its_own(tmp_path):
    strict = IsolationConfig(deadline_s=0.8)
    run, _ = drive(program(tmp_path), isolation=strict)
    assert (run.status, run.reason) == ("ok", None)
    run, _ = drive(program(tmp_path, "time.sleep(1000)"), isolation=strict)
    assert "late: no answer" in run.reason


def test_options_come_after_the_command(tmp_path):
    text = program(tmp_path)
    planner = registry.create(f"{text} --what=?? x=1?replan_interval_s=0.5&name=me")
    assert planner.replan_interval_s == 0.5 and planner.name == "me"
    assert registry.parse(f"{text} a?").target.endswith("a?")
    assert [path.name for path in registry.files_of(text)][-1] == "echo.py"


@pytest.mark.parametrize(
    ("text", "says"), [("exec:", "no command"), ("exec:no-such-program", "cannot be run")]
)
def test_a_program_that_is_not_there_is_named(text, says):
    with pytest.raises(InputError, match=says):
        registry.create(text)


def test_the_program_is_not_told_of_modules_that_its_python_may_lack():
    told = external._environment()
    assert drivewm.KERNEL_CACHE in os.environ and drivewm.KERNEL_CACHE not in told
    assert told["PATH"] == os.environ["PATH"]
