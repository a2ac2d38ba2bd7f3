"""The HTML without a browser: complete, self-contained, the same every time."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm.eval.report import forecast, packing, page, results, roads, scenes
from tests.eval.report import folders, unpack
from tests.viz.scenes import crossing_scene


def render(folder: Path, rows: list[dict], forecast_folder: Path | None = None) -> str:
    scored = results.read(folders.write_results(folder / "results", rows))
    return page.render(scored, forecast.read(forecast_folder) if forecast_folder else None)


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("render")
    return render(folder, folders.four_planners(4), folders.write_forecast(folder / "forecast"))


def test_loads_nothing_from_elsewhere(html: str) -> None:
    loading = re.findall(r"(?:\b(?:src|href)=|url\(|@import )[\"']?([^\"'\s>)]+)", html)
    outside = [link for link in loading if not link.startswith(("data:", "#"))]
    assert outside == []
    assert len(loading) > 8  # the pattern does see the links there are
    assert "fetch(" not in html and "XMLHttpRequest" not in html and "import(" not in html


def test_only_its_own_script_may_run(html: str) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)[1]
    script = re.search(r"<script>(.*?)</script>", html, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; script-src")
    assert f"'sha256-{digest}'" in policy.replace("&#39;", "'").replace("&#43;", "+")


def test_same_results_same_bytes(tmp_path: Path) -> None:
    rows = folders.four_planners(2)
    assert render(tmp_path, rows) == render(tmp_path, rows)


def test_names_cannot_leave_the_data_block() -> None:
    text = packing.script_json({"name": "</script><script>alert(1)</script>"})
    assert "<" not in text
    assert json.loads(text)["name"].startswith("</script>")


def test_a_failed_row_is_listed_with_its_reason_and_scores_zero(html: str) -> None:
    assert "plan() raised ValueError: &lt;b&gt;NaN&lt;/b&gt; &amp; co" in html
    assert 'aria-label="idm in scene-0004: failed"' in html
    assert re.search(r'class="bad">1</span> of 4', html)


def test_unknown_sub_scores_are_dashes_not_ones(tmp_path: Path) -> None:
    rows = [
        folders.score_row("solo", "a", score=0.5, ttc=None),
        folders.score_row("solo", "b", score=0.7, ttc=None, making_progress=None),
    ]
    html = render(tmp_path, rows)
    row = re.search(r"<tr class=\"best\">.*?</tr>", html, re.S)[0]
    cells = [
        re.sub(r"<[^>]+>|\s+", " ", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.S)
    ]
    head = re.search(r"<thead>.*?</thead>", html, re.S)[0]
    titles = [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<th .*?</th>", head)]
    assert "TTC" not in titles and "Speed limit" not in titles  # no row has them
    assert cells[titles.index("Comfort") - 1].startswith("1.00 1.00–1.00")
    assert cells[titles.index("Making progress") - 1].startswith("1.00 1 of 2")


def test_one_scene_has_no_interval(tmp_path: Path) -> None:
    html = render(tmp_path, [folders.score_row("solo", "only", score=0.5)])
    score = re.search(r'<td class="score">.*?</td>', html, re.S)[0]
    assert "0.50" in score
    assert "interval" not in score


def test_without_a_forecast_there_is_no_such_section(tmp_path: Path) -> None:
    html = render(tmp_path, [folders.score_row("solo", "only")])
    assert 'id="forecast"' not in html
    assert "None: every planner finished" in html


def test_the_headline_does_not_praise_the_recording(html: str) -> None:
    headline = re.search(r'<h1 id="headline">(.*?)</h1>', html)[1]
    assert headline == "imagine scores 0.83 over 4 scenes, 0.38 above idm"


def test_agents_that_did_the_same_are_held_once(html: str) -> None:
    scene, _ = unpack.scene(html)
    assert len(scene["tracks"]) == 1
    assert {run["tracks"] for run in scene["runs"].values()} == {0}


@pytest.mark.parametrize("order", [1, 2])
def test_quantised_poses_stay_within_half_a_centimetre(order: int) -> None:
    values = np.cumsum(np.sin(np.arange(500.0))) * 777.7  # steps of up to 778 m
    stream = packing.Stream()
    stream.add(np.zeros(3), 1.0)
    first, count = stream.add(values, packing.CM, order)
    back = unpack.run(unpacked(stream), first, count, packing.CM, order)
    assert np.abs(back - values).max() <= 0.005 + 1e-9


def unpacked(stream: packing.Stream) -> np.ndarray:
    return unpack.scene(f'id="scene-0">{stream.blob({})}<')[1]


@given(st.lists(st.integers(-(2**40), 2**40), max_size=60))
def test_any_integers_come_back(values: list[int]) -> None:
    assert unpack.integers(packing.varints(np.array(values, np.int64))).tolist() == values


def test_gaps_in_a_series_stay_gaps() -> None:
    stream = packing.Stream()
    runs = stream.gappy(np.array([np.nan, 1.5, 2.0, np.inf, -1.0]), 10)
    numbers = unpacked(stream)
    read = {place: unpack.run(numbers, first, n, 10).tolist() for place, first, n in runs}
    assert read == {1: [1.5, 2.0], 4: [-1.0]}
    assert stream.gappy(np.full(3, np.nan), 10) == []


def test_a_full_page_leaves_the_better_scenes_out(tmp_path: Path, monkeypatch) -> None:
    rows = [folders.score_row("solo", f"s{n}", score=0.1 * n) for n in range(4)]
    whole = render(tmp_path, rows)
    size = len(re.search(r'id="scene-0">([^<]+)<', whole)[1])
    monkeypatch.setattr(scenes, "BUDGET_BYTES", int(2.5 * size))
    html = render(tmp_path, rows)
    index = json.loads(re.search(r'id="index">(.*?)</script>', html)[1])
    assert [scene["id"] for scene in index["scenes"]] == ["s0", "s1", "s2", "s3"]
    assert [scene["blob"] is None for scene in index["scenes"]] == [False, False, True, True]
    assert "2 of 4 scenes can be played here" in html


def test_of_many_seeds_the_worst_is_shown_and_the_mean_is_told(tmp_path: Path) -> None:
    rows = [folders.score_row("solo", "s", seed=k, score=score) for k, score in enumerate((1, 0.4))]
    html = render(tmp_path, rows)
    index = json.loads(re.search(r'id="index">(.*?)</script>', html)[1])
    cell = index["cells"]["solo"]["s"]
    assert (cell["score"], cell["mean"], cell["seed"], cell["seeds"]) == (0.4, 0.7, 1, 2)
    assert 'aria-label="solo in s: 0.70"' in html


def test_twenty_scenes_with_four_planners_stay_small(tmp_path: Path) -> None:
    assert len(render(tmp_path, folders.four_planners(20)).encode()) < 8e6


def test_the_fleets_map_and_the_rollouts_lights_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roads, "scene_of", lambda fleet, scene_id: crossing_scene(scene_id))
    html = render(tmp_path, [folders.score_row("solo", "scene-0001")])
    scene, numbers = unpack.scene(html)
    packed = scene["map"]
    (first, count), states, counts = packed["lights"][0]
    assert (states, counts) == ([2, 0], [50, 51])
    assert count == 2 and abs(numbers[first + 3]) == 30  # across the lane: 3 m, in decimetres
    assert len(packed["crossings"]) == 1 and len(packed["dividers"]) == 2


def test_results_outlive_their_fleet(tmp_path: Path) -> None:
    """Without the fleet the archive's own drivable area and lanes are drawn."""
    rows = [folders.score_row("solo", "scene-0001")]
    scored = folders.write_results(tmp_path / "r", rows, fleet_path=str(tmp_path / "gone"))
    html = page.render(results.read(scored), None)
    packed = unpack.scene(html)[0]["map"]
    assert len(packed["drivable"]) == 4 and len(packed["lanes"]) == 6
    holes = [len(rings) for rings in packed["drivable"]]
    assert sorted(holes) == [1, 1, 1, 2]
