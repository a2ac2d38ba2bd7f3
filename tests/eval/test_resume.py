"""A scoring run that is killed (SIGKILL) at random moments: no row twice, none lost, same bytes."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pyarrow.parquet as pq
import pytest
from tqdm import tqdm

from drivewm.eval import scoring
from drivewm.eval.results import read_manifest, read_table
from drivewm.eval.scores.registry import load_config
from drivewm.eval.scoring import ScoringRun, score_planners
from drivewm.scene import ScoreType
from drivewm.sim.config import IsolationConfig, SimConfig
from tests.eval.hand_fleet import Info
from tests.measures.hand import cruise, golden_road, scene_of, track

PLANNERS = ("log_replay", "constant_velocity", "idm")
SCENES = 16
TABLES = ("scores", "series", "safety", "worst")


class ManyScenes:
    """Short scenes with a standing car nearer and nearer."""

    def __init__(self):
        self.scenes = tuple(Info(f"s{i:02d}") for i in range(SCENES))

    def select(self, split=None, ids=None):
        return list(self.scenes)

    def scene(self, scene_id):
        ahead = track(ScoreType.VEHICLE, 30.0 - 2.0 * int(scene_id[1:]), steps=21)
        return scene_of(cruise(9.0, 21), ahead, road=ROAD, name=scene_id)


ROAD = golden_road()


class Opens:
    @staticmethod
    def open(path):
        return ManyScenes()


@pytest.fixture(autouse=True)
def many_scenes(monkeypatch):
    monkeypatch.setattr(scoring, "Fleet", Opens)


def run_of(out, workers=1):
    return ScoringRun(
        planners=PLANNERS, fleet="hand", out=out, scene_ids=None, split=None, sim=SimConfig(),
        score=load_config("closed_loop"), workers=workers, overwrite=False,
        command="drivewm score",
    )  # fmt: skip


def forked(out):
    """The run in a process that can be killed; it notes how many drives it has left to make."""
    kept = scoring.run_jobs

    def noting(jobs, *rest):
        with (out.parent / "left").open("a") as file:
            file.write(f"{len(jobs)}\n")
        return kept(jobs, *rest)

    def work():
        scoring.run_jobs = noting
        tqdm.set_lock(threading.RLock())  # the inherited one is shared: it would be killed held
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        score_planners(run_of(out))
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    return process


def assert_same_results(one, two):
    for name in TABLES:
        assert (one / f"{name}.parquet").read_bytes() == (two / f"{name}.parquet").read_bytes()
    rows = read_table(one, "scores").to_pylist()
    cells = [(row["planner"], row["scene_id"]) for row in rows]
    assert cells == [(name, f"s{i:02d}") for name in PLANNERS for i in range(SCENES)]
    assert pq.read_table(one / "timings.parquet").num_rows == len(cells)
    assert read_manifest(one)["status"] == "complete"
    kept = {"manifest.json", ".recovery", "rollouts", *(f"{n}.parquet" for n in TABLES)}
    assert {path.name for path in one.iterdir()} == kept | {"timings.parquet"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run and how long it takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "Fleet", Opens)
        folder = tmp_path_factory.mktemp("whole")
        score_planners(run_of(folder / "compiled"))
        started = time.monotonic()
        score_planners(run_of(folder / "r"))
        return folder / "r", time.monotonic() - started


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_times(tmp_path, whole, seed):
    expected, takes_s = whole
    out, random = tmp_path / "r", np.random.default_rng(seed)
    killed = 0
    for _ in range(8):
        process = forked(out)
        time.sleep(random.uniform(0.0, 0.4 * takes_s))
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
    assert killed >= 2
    score_planners(run_of(out))
    assert_same_results(out, expected)
    left = [int(line) for line in (tmp_path / "left").read_text().split()]
    assert left == sorted(left, reverse=True)  # nothing that was judged is judged again


@pytest.mark.parametrize("seed", range(2))
def test_killed_while_the_tables_are_written(tmp_path, whole, seed):
    expected, _ = whole
    out, random = tmp_path / "r", np.random.default_rng(100 + seed)
    for _ in range(6):
        process = forked(out)
        while process.is_alive() and not list(out.glob(".*.partial")):
            time.sleep(0.001)
        time.sleep(random.uniform(0.0, 0.02))
        process.kill()
        process.join()
    score_planners(run_of(out))
    assert_same_results(out, expected)


def test_the_command_with_two_workers_is_killed(tmp_path, whole):
    expected, _ = whole
    program = tmp_path / "score.py"
    program.write_text(
        "import sys\n"
        "from drivewm.cli import main\n"
        "from drivewm.eval import scoring\n"
        "from tests.eval.test_resume import Opens\n"
        "scoring.Fleet = Opens\n"
        "if __name__ == '__main__':\n"
        "    sys.exit(main(sys.argv[1:]))\n"
    )
    out = tmp_path / "r"
    command = [sys.executable, str(program), "score", *PLANNERS, "--fleet", "hand", "-o", str(out),
               "--workers", "2"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    journal = out / "journal.bin"
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (journal.exists() and journal.stat().st_size > 2_000):
        time.sleep(0.002)
    process.kill()
    process.wait()
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=600)
    assert_same_results(out, expected)


def test_a_run_with_a_deadline_is_marked_as_not_reproducible(tmp_path):
    for name, isolation, says in (
        ("free", IsolationConfig(), True),
        ("strict", IsolationConfig(deadline_s=5.0), False),
    ):
        run = run_of(tmp_path / name)
        changed = {"sim": SimConfig(isolation=isolation), "planners": ("constant_velocity",)}
        score_planners(ScoringRun(**{**vars(run), **changed}))
        manifest = json.loads((tmp_path / name / "manifest.json").read_text())
        assert manifest["reproducible"] is says
    free, strict = (read_table(tmp_path / n, "scores").to_pylist() for n in ("free", "strict"))
    assert [row["score"] for row in free] == [row["score"] for row in strict]
