"""Modes and planner processes as ``drivewm score`` uses them: columns, failed rows, equal bytes."""

import pytest

from drivewm.cli import main
from drivewm.errors import InputError
from drivewm.eval import scoring
from drivewm.eval.results import read_manifest, read_table
from drivewm.eval.surroundings import choose_mode
from tests.eval.hand_fleet import HandFleet
from tests.planners.failing import source


@pytest.fixture(autouse=True)
def hand_fleet(monkeypatch):
    class Opens:
        @staticmethod
        def open(path):
            return HandFleet()

    monkeypatch.setattr(scoring, "Fleet", Opens)


def score(out, *words):
    return main(["score", *words, "--fleet", "hand", "-o", str(out)])


def rows_of(out):
    rows = read_table(out, "scores").to_pylist()
    return {(row["planner"], row["scene_id"]): row for row in rows}


class By:
    def __init__(self, *modes):
        self.modes = modes


def test_the_mode_is_the_planners_first_or_the_one_asked_for():
    scene = HandFleet().scene("free")
    assert choose_mode(By("sensor", "visible"), scene) == "visible"  # there is no world to render
    assert choose_mode(By("privileged"), scene, "visible") == "visible"
    assert choose_mode(By("visible"), scene, "privileged") == "privileged"
    with pytest.raises(InputError, match="drives in mode sensor, not visible"):
        choose_mode(By("sensor"), scene, "visible")
    with pytest.raises(InputError, match="no synthetic world"):
        choose_mode(By("sensor"), scene)


def test_mode_visible_is_a_column_and_equal_for_any_number_of_workers(tmp_path):
    words = ["idm", "constant_velocity", "--mode", "visible", "--visible", "dropout=0.2"]
    for name, workers in (("one", "1"), ("two", "2")):
        assert score(tmp_path / name, *words, "--workers", workers) == 0
    for table in ("scores", "series"):
        one, two = (tmp_path / n / f"{table}.parquet" for n in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    assert {row["mode"] for row in rows_of(tmp_path / "one").values()} == {"visible"}
    kept = read_manifest(tmp_path / "one")["config"]["sim"]["visible"]
    assert kept["dropout"] == 0.2 and kept["range_m"] == 80.0


@pytest.mark.parametrize(
    ("word", "says"), [("colour=red", "unknown field"), ("range_m=-1", "greater than 0")]
)
def test_a_bad_setting_of_mode_visible_is_named(tmp_path, capsys, word, says):
    assert score(tmp_path / "r", "idm", "--mode", "visible", "--visible", word) == 2
    assert says in capsys.readouterr().err and not (tmp_path / "r").exists()


def test_a_planner_that_ends_its_process_fails_one_drive_and_the_run_goes_on(tmp_path):
    (tmp_path / "bad.py").write_text(source("os._exit(9)"))
    out = tmp_path / "r"
    assert score(out, str(tmp_path / "bad.py"), "idm", "--planner-process") == 0
    rows = rows_of(out)
    failed = rows["bad", "standing_car"]
    assert (failed["status"], failed["score"]) == ("failed", 0.0)
    assert failed["reason"] == "plan() ended its process (exit code 9)"
    assert rows["bad", "free"]["status"] == rows["bad", "no_lanes"]["status"] == "ok"
    assert all(rows["idm", scene.id]["status"] == "ok" for scene in HandFleet().scenes)
    assert read_manifest(out)["reproducible"] is True


def test_a_late_planner_is_a_failed_row_and_marks_the_run(tmp_path):
    (tmp_path / "slow.py").write_text(source("time.sleep(1000)"))
    out = tmp_path / "r"
    assert (
        score(out, str(tmp_path / "slow.py"), "--deadline", "0.8", "--planner-memory", "900") == 0
    )
    rows = rows_of(out)
    assert "late: no answer" in rows["slow", "standing_car"]["reason"]
    assert rows["slow", "free"]["status"] == "ok"
    assert read_manifest(out)["reproducible"] is False
