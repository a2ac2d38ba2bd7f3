"""What the tables say of hand-made scores."""

from __future__ import annotations

from pathlib import Path

from drivewm.eval.report import results, summary
from tests.eval.report import folders


def read(folder: Path, rows: list[dict]) -> results.Results:
    return results.read(folders.write_results(folder, rows))


def test_a_failed_row_pulls_the_mean_down(tmp_path: Path) -> None:
    rows = [
        folders.score_row("a", "one", score=1.0),
        folders.score_row("a", "two", status="failed", reason="late", score=None),
    ]
    line = summary.planner_lines(read(tmp_path, rows))[0]
    assert line.score.mean == 0.5
    assert line.failed == 1


def test_the_difference_is_paired_over_shared_scenes(tmp_path: Path) -> None:
    rows = [
        folders.score_row(name, scene, score=score)
        for name, scene, score in (
            ("good", "one", 0.9),
            ("good", "two", 0.5),
            ("poor", "one", 0.6),
            ("poor", "two", 0.2),
        )
    ]
    lines = {line.name: line for line in summary.planner_lines(read(tmp_path, rows))}
    assert lines["good"].behind is None
    behind = lines["poor"].behind
    assert round(behind.mean, 9) == round(behind.low, 9) == round(behind.high, 9) == -0.3


def test_the_hero_is_the_scene_of_the_widest_gap(tmp_path: Path) -> None:
    rows = [
        folders.score_row(name, scene, score=score)
        for name, scene, score in (
            ("good", "one", 0.9),
            ("poor", "one", 0.7),
            ("good", "two", 0.8),
            ("poor", "two", 0.1),
            ("log_replay", "one", 1.0),
            ("log_replay", "two", 0.0),
        )
    ]
    read_back = read(tmp_path, rows)
    hero = summary.hero(read_back, summary.planner_lines(read_back))
    assert (hero.scene_id, hero.first, hero.second) == ("two", "good", "poor")


def test_a_lone_planner_is_its_own_hero(tmp_path: Path) -> None:
    read_back = read(tmp_path, [folders.score_row("solo", "one")])
    hero = summary.hero(read_back, summary.planner_lines(read_back))
    assert (hero.scene_id, hero.first, hero.second) == ("one", "solo", None)


def test_troubles_name_what_happened_and_when(tmp_path: Path) -> None:
    rows = [
        folders.score_row("a", "fine"),
        folders.score_row("a", "off", drivable_area=0.0),
        folders.score_row("a", "hit", no_at_fault_collision=0.0, collision_time_s=3.2),
        folders.score_row("a", "died", status="failed", reason="late"),
    ]
    found = [
        (t.scene_id, t.kind, t.time_s and round(t.time_s, 6))
        for t in summary.troubles(read(tmp_path, rows))
    ]
    assert found == [("died", "failed", None), ("hit", "collision", 3.2), ("off", "off road", 6.9)]


def test_unknown_values_stay_out_of_a_mean() -> None:
    assert summary.mean_known([1.0, None, 0.0]) == (0.5, 2)
    assert summary.mean_known([None]) == (None, 0)
