"""``drivewm score`` as a user types it, on a small fleet of hand-built scenes."""

import pytest

from drivewm.cli import main
from drivewm.eval import scoring
from drivewm.eval.results import read_manifest, read_table
from tests.eval.hand_fleet import HandFleet


@pytest.fixture
def fleet(monkeypatch):
    class Opens:
        @staticmethod
        def open(path):
            return HandFleet()

    monkeypatch.setattr(scoring, "Fleet", Opens)


def score(*words):
    return main(["score", *words])


def test_scores_and_prints_the_table(fleet, tmp_path, capsys):
    out = str(tmp_path / "r")
    code = score("log_replay", "idm", "--fleet", "f", "-o", out, "--scenes", "free,no_lanes")
    assert code == 0
    printed = capsys.readouterr().out
    assert "log_replay" in printed and "95 % bootstrap interval" in printed and out in printed
    rows = read_table(tmp_path / "r", "scores").to_pylist()
    assert [(r["planner"], r["scene_id"]) for r in rows] == [
        ("log_replay", "free"), ("log_replay", "no_lanes"), ("idm", "free"), ("idm", "no_lanes"),
    ]  # fmt: skip


@pytest.mark.parametrize("agents", ["replay", "reactive"])
@pytest.mark.parametrize("tracker", ["lqr", "perfect"])
def test_settings_are_columns(fleet, tmp_path, agents, tracker):
    code = score(
        "constant_velocity", "--fleet", "f", "-o", str(tmp_path / "r"), "--agents", agents,
        "--tracker", tracker, "--replan", "0.5", "--seed", "3", "--scenes", "standing_car",
    )  # fmt: skip
    assert code == 0
    row = read_table(tmp_path / "r", "scores").to_pylist()[0]
    assert (row["agents"], row["tracker"], row["replan_interval_s"], row["seed"]) == (
        agents, tracker, 0.5, 3,
    )  # fmt: skip


def test_car_and_road_are_in_the_manifest(fleet, tmp_path):
    code = score(
        "constant_velocity", "--fleet", "f", "-o", str(tmp_path / "r"), "--scenes", "free",
        "--vehicle", "width_m=4.5,length_m=5", "--friction", "0", "--duration", "2",
    )  # fmt: skip
    assert code == 0
    sim = read_manifest(tmp_path / "r")["config"]["sim"]
    assert (sim["friction"], sim["duration_s"]) == (0.0, 2.0)
    assert (sim["vehicle"]["width_m"], sim["vehicle"]["wheelbase_m"]) == (4.5, None)
    row = read_table(tmp_path / "r", "scores").to_pylist()[0]
    assert row["duration_s"] == 2.0 and row["drivable_area"] == 0.0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["warp_drive"], "unknown planner 'warp_drive'"),
        (["idm", "--workers", "0"], "--workers"),
        (["idm", "--score", "beauty"], "unknown score"),
        (["idm", "--replan", "-1"], "replan_interval_s"),
        (["absent.py"], "file not found"),
        (["idm", "--seeds", "2"], "add --agents reactive"),
        (["idm", "--seeds", "0"], "--seeds"),
        (["idm", "--safety", "rss.courage=9"], "courage"),
        (["idm", "--vehicle", "tank"], "'tank'; name pacifica, zoe, fusion, or give figures"),
        (["idm", "--vehicle", "wings=2"], "--vehicle: [wings] unknown field; known: length_m"),
        (["idm", "--vehicle", "width_m=-1"], "--vehicle: [width_m] Input should be greater than 0"),
        (["idm", "--vehicle", "width_m=inf"], "--vehicle: [width_m] inf is no length"),
        (["idm", "--vehicle", "width_m=2,tank"], "'tank'"),
        (["constant_velocity?horizon_s=0"], "[constant_velocity?horizon_s] 0 is not a number"),
        (["idm", "--duration", "0"], "duration_s"),
        (["idm", "--seed", "99999999999999999999"], "seed"),
        (["idm", "--seed", "-1"], "seed"),
        (["idm", "--visible", "range_m"], "[--visible] 'range_m' is not KEY=VALUE"),
        (["idm", "--safety", "ttc"], "[--safety] 'ttc' is not KEY=VALUE"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(fleet, tmp_path, capsys, words, message):
    assert score(*words, "--fleet", "f", "-o", str(tmp_path / "r")) == 2
    error = capsys.readouterr().err.strip()
    assert message in error and "\n" not in error
    assert not (tmp_path / "r").exists()


def test_a_missing_fleet_is_named(tmp_path, capsys):
    assert score("idm", "--fleet", str(tmp_path / "nothing"), "-o", str(tmp_path / "r")) == 2
    assert "nothing" in capsys.readouterr().err


def test_seeds_safety_parameters_and_no_archives(fleet, tmp_path, capsys):
    out = tmp_path / "r"
    words = ("--seeds", "2", "--agents", "reactive", "--no-rollouts", "--scenes", "standing_car")
    threshold = ("--safety", "surrogate.ttc_threshold_s=2.9")
    assert score("constant_velocity", "--fleet", "f", "-o", str(out), *words, *threshold) == 0
    assert "2 seeds within each" in capsys.readouterr().out
    assert not (out / "rollouts").exists()
    exposed = [row["tet_s"] for row in read_table(out, "safety").to_pylist()]
    other = tmp_path / "s"
    assert score("constant_velocity", "--fleet", "f", "-o", str(other), *words) == 0
    shorter = [row["tet_s"] for row in read_table(other, "safety").to_pylist()]
    assert len(exposed) == 2 and exposed[0] > shorter[0] > 0


def test_terms_filled_in_as_by_the_reference_are_said(fleet, tmp_path, capsys):
    words = ("log_replay", "--fleet", "f", "--scenes", "no_lanes", "--score", "nuplan_cls")
    assert score(*words, "-o", str(tmp_path / "a"), "--missing", "reference") == 0
    assert "missing reference: what is not applicable was judged" in capsys.readouterr().out
    assert score(*words, "-o", str(tmp_path / "b")) == 0
    assert "missing reference" not in capsys.readouterr().out
