"""Whole scoring runs of single plans: rows by moment, failures, the same for two workers."""

from dataclasses import dataclass

import pytest

from drivewm.eval import scoring
from drivewm.eval.results import read_manifest, read_table
from drivewm.eval.scores.registry import load_config
from drivewm.eval.scoring import ScoringRun, score_planners
from drivewm.scene import ScoreType
from drivewm.sim.config import SimConfig
from tests.measures.hand import cruise, golden_road, scene_of, track

STEPS = 121
BROKEN = """
class Broken:
    name = "broken"
    def reset(self, scenes):
        pass
    def plan(self, observation):
        return None
"""


@dataclass(frozen=True)
class Info:
    id: str
    duration_s: float = (STEPS - 1) * 0.1
    source: str = "nuscenes"
    split: str = "val"
    location: str = "nowhere"
    content_hash: str = "0"


class Recordings:
    """A free road without lanes, and one with a car in the way late in the recording."""

    def __init__(self, short=False):
        self.scenes = (Info("free"), Info("car", 8.0) if short else Info("car"))

    def select(self, split=None, ids=None):
        return list(self.scenes)

    def scene(self, scene_id):
        rows = [track(ScoreType.VEHICLE, 60.0, steps=STEPS)] if scene_id == "car" else []
        return scene_of(cruise(9.0, STEPS), *rows, road=golden_road(lanes=False), name=scene_id)


@pytest.fixture
def recordings(monkeypatch):
    def use(short=False):
        class Opens:
            @staticmethod
            def open(path):
                return Recordings(short)

        monkeypatch.setattr(scoring, "Fleet", Opens)

    use()
    return use


def run_of(out, score, *planners, workers=1):
    return ScoringRun(
        planners=planners, fleet="hand", out=out, scene_ids=None, split=None, sim=SimConfig(),
        score=load_config(score), workers=workers, overwrite=False, command="drivewm score",
    )  # fmt: skip


def test_rows_are_moments_of_recordings(tmp_path, recordings):
    rows = score_planners(run_of(tmp_path, "navsim_pdms", "constant_velocity", "log_replay"))
    first = [row for row in rows if row["planner"] == "constant_velocity"]
    assert [(r["scene_id"], r["recording"], r["start_s"]) for r in first] == [
        ("free@1.5", "free", 1.5), ("free@5.5", "free", 5.5),
        ("car@1.5", "car", 1.5), ("car@5.5", "car", 5.5),
    ]  # fmt: skip
    assert [row["score"] for row in first] == [1.0, 1.0, 1.0, 0.0]
    assert {row["tracker"] for row in rows} == {"lqr"} and len(rows) == 8
    assert (tmp_path / "rollouts" / "constant_velocity" / "car@5.5.npz").is_file()
    assert read_manifest(tmp_path)["score"]["name"] == "navsim_pdms"
    assert len(read_table(tmp_path, "series").to_pylist()[0]["time_s"]) == 41


def test_two_workers_make_the_same_rows(tmp_path, recordings):
    one = score_planners(run_of(tmp_path / "1", "navsim_epdms", "constant_velocity", "idm"))
    two = score_planners(
        run_of(tmp_path / "2", "navsim_epdms", "constant_velocity", "idm", workers=2)
    )
    assert one == two and {row["stage"] for row in one} == {None}
    assert {row["score_name"] for row in one} == {"navsim_epdms"}


def test_short_recordings_leave_the_first_stage_under_its_own_name(tmp_path, recordings):
    recordings(short=True)
    rows = score_planners(run_of(tmp_path, "navsim_epdms", "constant_velocity"))
    assert {row["score_name"] for row in rows} == {"navsim_epdms_stage1"}
    assert {row["stage"] for row in rows} == {1}
    assert read_manifest(tmp_path)["score"]["name"] == "navsim_epdms_stage1"


def test_a_failed_plan_is_a_row_that_scores_0(tmp_path, recordings):
    path = tmp_path / "broken.py"
    path.write_text(BROKEN)
    rows = score_planners(run_of(tmp_path / "r", "navsim_epdms", str(path)))
    assert [row["status"] for row in rows] == ["failed"] * 2
    assert [row["score"] for row in rows] == [0.0] * 2
    assert "not a Trajectory" in rows[0]["reason"]
