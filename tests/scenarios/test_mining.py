"""Critical moments found in logs, and suites of their windows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from drivewm.cli import main
from drivewm.errors import InputError
from drivewm.eval.results import read_table
from drivewm.logs.fleet import Fleet
from drivewm.logs.ingest import ingest
from drivewm.scenarios import mining
from drivewm.scenarios.commands.mine import suite_text
from drivewm.scenarios.mining import (
    RULES,
    Critical,
    braking,
    chosen,
    critical_moments,
    least_ttc,
    nearest_pedestrian,
    window_of,
)
from drivewm.scenarios.source import SuiteSource, passing_of, script_of
from drivewm.scenarios.suite import load_suite
from drivewm.scenarios.windows import LogWindow, cut, hash_of_window
from drivewm.scene import EgoColumn, ScoreType
from tests.logs import tiny_dataroot
from tests.measures.hand import cruise, scene_of, track

STEPS = 101
LOW_TTC, HARD_BRAKING, NEAR_PEDESTRIAN = RULES


@pytest.fixture(scope="module")
def tiny_fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    folder = tmp_path_factory.mktemp("mined")
    root = tiny_dataroot.write(folder / "dataroot")
    return Fleet.open(ingest("nuscenes", root, folder / "fleet"))


def scene_with(*tracks, ego=None):
    return scene_of(cruise(9.0, STEPS) if ego is None else ego, *tracks, name="log")


def test_closing_in_on_a_standing_car_has_its_least_ttc_before_contact() -> None:
    scene = scene_with(track(ScoreType.VEHICLE, 60.0, steps=STEPS))
    measured = least_ttc(scene)
    near = np.flatnonzero(np.isfinite(measured.value))
    assert np.all(np.diff(measured.value[near]) < 0) and np.all(measured.track[near] == 0)
    (found,) = critical_moments(scene, LOW_TTC, 20.0)
    assert found.value <= 0.12 and found.at_s == pytest.approx(near[-1] / 10)


def test_boxes_that_overlap_in_the_record_are_nothing() -> None:
    inside = track(ScoreType.VEHICLE, -28.0, steps=STEPS)  # the ego begins at -30
    assert np.isnan(least_ttc(scene_with(inside)).value[0])


def test_a_standing_ego_endangers_nobody() -> None:
    walker = track(ScoreType.PEDESTRIAN, 8.0, 2.0, steps=STEPS)
    scene = scene_with(walker, ego=cruise(0.0, STEPS))
    assert np.isnan(nearest_pedestrian(scene).value).all() and np.isnan(braking(scene).value).all()


def test_braking_from_3_s_on_is_found_there_with_its_rate() -> None:
    ego = cruise(12.0, STEPS)
    time_s = np.arange(STEPS) / 10
    ego[:, EgoColumn.VX] = np.clip(12.0 - 4.0 * (time_s - 3.0), 4.0, 12.0)
    (found,) = critical_moments(scene_with(ego=ego), HARD_BRAKING, 30.0)
    assert found.value == pytest.approx(4.0) and 3.0 <= found.at_s <= 5.0


def test_the_nearest_pedestrian_is_passed_at_its_distance() -> None:
    scene = scene_with(
        track(ScoreType.PEDESTRIAN, 7.0, 3.0, steps=STEPS),
        track(ScoreType.PEDESTRIAN, 20.0, -8.0, steps=STEPS),
        track(ScoreType.VEHICLE, 7.0, -2.0, steps=STEPS),
    )
    (found,) = critical_moments(scene, NEAR_PEDESTRIAN, 30.0)
    gap = 3.0 - scene.vehicle.width_m / 2 - scene.tracks.size_m[0, 1] / 2
    assert found.value == pytest.approx(gap, abs=1e-6) and found.at_s == pytest.approx(4.0, abs=0.6)


def test_moments_of_a_scene_lie_apart() -> None:
    walkers = [track(ScoreType.PEDESTRIAN, x, 3.0, steps=STEPS) for x in (-5.0, 40.0)]
    found = critical_moments(scene_with(*walkers), NEAR_PEDESTRIAN, 3.0)
    assert len(found) == 2 and abs(found[0].at_s - found[1].at_s) >= 3.0


def moment(scene, rule, value, at_s) -> Critical:
    return Critical(scene=scene, rule=rule, value=value, at_s=at_s, end_s=20.0, who="nobody")


def test_the_worst_are_chosen_whatever_the_order_and_none_twice() -> None:
    found = [
        moment("a", LOW_TTC, 2.0, 5.0), moment("b", LOW_TTC, 1.0, 5.0),
        moment("c", LOW_TTC, 3.0, 5.0), moment("b", HARD_BRAKING, 3.0, 6.0),
        moment("b", HARD_BRAKING, 2.0, 15.0),
    ]  # fmt: skip
    kept = chosen(found, 2, 4.0)
    assert [(k.scene, k.at_s) for k in kept] == [("b", 5.0), ("a", 5.0), ("b", 15.0)]
    again = chosen([*found[2::-1], *found[:2:-1]], 2, 4.0)
    assert again == kept


def test_windows_stay_inside_the_log() -> None:
    window = window_of(moment("a", LOW_TTC, 1.0, 1.0), "fleet", 4.0, 4.0, "reactive")
    assert window is not None and (window.from_s, window.to_s) == (0.0, 5.0)
    late = window_of(moment("a", LOW_TTC, 1.0, 19.5), "fleet", 4.0, 4.0, "reactive")
    assert late is not None and late.to_s == 20.0
    short = replace(moment("a", LOW_TTC, 1.0, 0.5), end_s=1.5)
    assert window_of(short, "fleet", 4.0, 4.0, "reactive") is None


def test_a_cut_keeps_times_and_who_is_there() -> None:
    scene = scene_with(
        track(ScoreType.VEHICLE, 60.0, steps=STEPS), track(ScoreType.VEHICLE, 20.0, steps=STEPS)
    )
    scene.tracks.valid[1, 30:] = False
    part = cut(scene, 4.0, 8.0)
    assert part.steps == 41 and part.times_us[0] == scene.times_us[40]
    assert part.tracks.ids == scene.tracks.ids[:1] and part.tracks.state.shape[:2] == (1, 41)
    assert np.array_equal(part.ego, scene.ego[40:81])


def mined(tiny_fleet: Fleet, folder, **values) -> str:
    name = tiny_fleet.scenes[0].id
    window = LogWindow(fleet=str(tiny_fleet.path), scene=name, **values)
    path = folder / "mined.yaml"
    path.write_text(suite_text([window], "mined"))
    return str(path)


def test_a_window_is_a_scenario_of_a_suite(tiny_fleet: Fleet, tmp_path) -> None:
    suite = mined(tiny_fleet, tmp_path, from_s=0.5, to_s=3.0, family="low_ttc", why="near")
    source = SuiteSource.open(suite)
    (info,) = source.scenes
    assert info.family == "low_ttc" and info.group == "log" and info.duration_s == 2.5
    scene = source.scene(info.id)
    assert scene.id == info.id and scene.steps == 26
    whole = tiny_fleet.scene(tiny_fleet.scenes[0].id)
    assert np.array_equal(scene.ego, whole.ego[5:31])
    passing, goal_m = passing_of(str(scene.scenario))
    assert goal_m is None and not passing.goal and passing.progress_m is not None
    assert script_of(str(scene.scenario)).make_traffic().time_s == 0.0


def test_the_hash_is_of_what_is_driven(tiny_fleet: Fleet) -> None:
    info = tiny_fleet.scenes[0]
    one = LogWindow(fleet="a", scene=info.id, from_s=0.5, to_s=3.0, why="x")
    same = one.model_copy(update={"fleet": "b", "why": "y", "family": "other"})
    assert hash_of_window(one, info) == hash_of_window(same, info)
    later = one.model_copy(update={"from_s": 0.6})
    assert hash_of_window(one, info) != hash_of_window(later, info)


@pytest.mark.parametrize(
    ("line", "part"),
    [("scene: nowhere", "nowhere"), ("from_s: 900", "begins at 900"), ("to_s: 0.5", "behind"),
     ("agent: replay", "agents")],
)  # fmt: skip
def test_bad_windows_are_told(tiny_fleet: Fleet, tmp_path, line: str, part: str) -> None:
    fields = {"fleet": tiny_fleet.path, "scene": tiny_fleet.scenes[0].id}
    name, value = line.split(": ")
    fields |= {name: value}
    text = "".join(f"      {key}: {told}\n" for key, told in fields.items())
    path = tmp_path / "bad.yaml"
    path.write_text(f"schema_version: 1\nscenarios:\n  - log:\n{text}")
    with pytest.raises(InputError, match=part):
        SuiteSource.of(load_suite(str(path)))


def test_a_fleet_is_mined_and_scored(tiny_fleet: Fleet, tmp_path, capsys, monkeypatch) -> None:
    anything = tuple(replace(rule, limit=-rule.worst * 1e6) for rule in RULES)
    monkeypatch.setattr(mining, "RULES", anything)  # the tiny logs are harmless
    out, results = tmp_path / "suite.yaml", tmp_path / "results"
    assert main(["scenarios", "mine", str(tiny_fleet.path), "-n", "1", "-o", str(out)]) == 0
    assert "family" in capsys.readouterr().out
    windows = load_suite(str(out)).windows
    assert windows and all(one.why for one in windows)
    assert main(["score", "log_replay", "--suite", str(out), "-o", str(results)]) == 0
    rows = read_table(results, "scenario").to_pylist()
    assert len(rows) == len(windows)
    assert {row["group"] for row in rows} == {"log"} and all(row["passed"] for row in rows)
