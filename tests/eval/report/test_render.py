"""The HTML without a browser: complete, self-contained, the same every time."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from drivewm.eval.report import forecast, packing, page, results, roads
from drivewm.eval.results import TERMS
from tests.eval.report import folders
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
        folders.score_row("solo", "b", score=0.7, ttc=None),
    ]
    row = re.search(r"<tr class=\"best\">.*?</tr>", render(tmp_path, rows), re.S)[0]
    cells = [
        re.sub(r"<[^>]+>|\s+", " ", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.S)
    ]
    assert cells[2 + TERMS.index("ttc")] == "–"
    assert cells[2 + TERMS.index("comfort")] == "1.00"


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
    text = re.search(r'id="scene-0">([^<]+)<', html)[1]
    scene = json.loads(gzip.decompress(base64.b64decode(text)))
    assert len(scene["tracks"]) == 1
    assert {run["tracks"] for run in scene["runs"].values()} == {0}


def test_quantised_poses_stay_within_half_a_centimetre() -> None:
    values = np.cumsum(np.sin(np.arange(500.0))) * 7.77
    back = np.cumsum(packing.deltas(values, packing.CM)) / packing.CM
    assert np.abs(back - values).max() <= 0.005 + 1e-9


def test_twenty_scenes_with_four_planners_stay_small(tmp_path: Path) -> None:
    assert len(render(tmp_path, folders.four_planners(20)).encode()) < 8e6


def test_the_fleets_map_and_the_rollouts_lights_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roads, "scene_of", lambda fleet, scene_id: crossing_scene(scene_id))
    html = render(tmp_path, [folders.score_row("solo", "scene-0001")])
    text = re.search(r'id="scene-0">([^<]+)<', html)[1]
    packed = json.loads(gzip.decompress(base64.b64decode(text)))["map"]
    bar, states, counts = packed["lights"][0]
    assert (states, counts) == ([2, 0], [50, 51])
    assert abs(bar[1][1]) == 30  # across the lane: 3 m, in decimetres
    assert len(packed["crossings"]) == 1 and len(packed["dividers"]) == 2


def test_results_outlive_their_fleet(tmp_path: Path) -> None:
    """Without the fleet the archive's own drivable area and lanes are drawn."""
    rows = [folders.score_row("solo", "scene-0001")]
    scored = folders.write_results(tmp_path / "r", rows, fleet_path=str(tmp_path / "gone"))
    html = page.render(results.read(scored), None)
    text = re.search(r'id="scene-0">([^<]+)<', html)[1]
    packed = json.loads(gzip.decompress(base64.b64decode(text)))["map"]
    assert len(packed["drivable"]) == 4 and len(packed["lanes"]) == 6
    holes = [len(rings) for rings in packed["drivable"]]
    assert sorted(holes) == [1, 1, 1, 2]
