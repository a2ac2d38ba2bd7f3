"""200 scenes and three planners in the browser: small, quick, and every way to a drive works."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from drivewm.eval.commands import report
from tests.eval.report import browser, many
from tests.eval.report.command import run_report

pytestmark = pytest.mark.skipif(browser.executable() is None, reason="Chromium is not installed")
SCENES = 200
READY = "document.querySelector('#explorer-player').dataset.time !== undefined"
SCENE = "document.querySelector('#explorer-player').dataset.scene"
CLOCK = "Number(document.querySelector('#explorer-player').dataset.time)"


@pytest.fixture(scope="module")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    scored = many.write(folder / "results", SCENES)
    run_report(report, scored, "-o", folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Page]:
    with browser.launch(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def page(tab: browser.Page, report_file: Path) -> browser.Page:
    tab.errors.clear()
    tab.size(1280, 900)
    tab.open(report_file)
    tab.wait(READY)
    tab.click("#hero-player [data-part=play]")
    return tab


def name_of(page: browser.Page, role: str) -> str:
    stage = f"#explorer-player [data-stage={role}]"
    return page.run(f"document.querySelector('{stage} [data-part=name]').textContent")


def test_the_page_is_small_and_opens_fast(tab: browser.Page, report_file: Path) -> None:
    assert report_file.stat().st_size < 15e6
    tab.size(1280, 900)
    began = time.monotonic()
    tab.open(report_file)
    tab.wait(READY)
    assert time.monotonic() - began < 5.0  # about 0.5 s on two idle cores
    assert tab.errors == []


def test_the_heat_map_shows_every_scene_and_a_click_opens_one(page: browser.Page) -> None:
    drawn = "[...document.querySelectorAll('[data-heat] canvas')].map(c => c.dataset.drawn)"
    assert page.run(drawn) == [str(SCENES)] * 3
    page.click('[data-heat="idm"] canvas', x=0.0012)
    worst = page.run("document.querySelector('.heat tbody tr').dataset.row")
    page.wait(f"{SCENE} === '{worst}'")
    assert name_of(page, "ego") == "idm"
    page.wait(f"{CLOCK} > 0.2")  # it plays


def test_the_heat_map_answers_to_keys(page: browser.Page) -> None:
    page.run("document.querySelector('[data-heat=\"idm\"] canvas').focus()")
    page.press("ArrowRight")
    second = page.run("document.querySelectorAll('.heat tbody tr')[1].dataset.row")
    said = page.run("document.querySelector('[data-heat=\"idm\"] output').textContent")
    assert said.startswith(f"{second}: score ")
    page.press("Enter")
    page.wait(f"{SCENE} === '{second}'")


def test_the_list_is_worst_first_and_its_cells_play(page: browser.Page) -> None:
    means = page.run(
        "[...document.querySelectorAll('.heat tbody tr')].map(row =>"
        " [...row.querySelectorAll('button')].reduce((s, b) => s + Number(b.textContent), 0))"
    )
    assert len(means) == SCENES
    assert all(one <= other + 0.02 for one, other in pairwise(means))  # as rounded
    chosen = page.run("document.querySelectorAll('.heat tbody tr')[3].dataset.row")
    page.click(".heat tbody tr:nth-child(4) button[data-planner=constant_velocity]")
    page.wait(f"{SCENE} === '{chosen}'")
    assert name_of(page, "ego") == "constant_velocity"
    assert page.run("document.querySelectorAll('.heat [aria-pressed=true]').length") == 1


def test_a_scene_is_found_by_its_name(page: browser.Page) -> None:
    page.click("#scene-filter")
    page.type("SCENE-0042")
    shown = "[...document.querySelectorAll('.heat tbody tr')].filter(r => !r.hidden)"
    page.wait(f"{shown}.length === 1")
    assert page.run(f"{shown}[0].dataset.row") == "scene-0042"


def test_two_planners_of_choice_side_by_side_and_the_next_scene(page: browser.Page) -> None:
    for pick, value in (("pick-first", "idm"), ("pick-second", "pdm_closed")):
        page.run(
            f"(() => {{ const p = document.querySelector('#{pick}'); p.value = '{value}';"
            " p.dispatchEvent(new Event('change')); })()"
        )
    page.wait("document.querySelector('#explorer-player [data-stage=ego] b').textContent === 'idm'")
    assert name_of(page, "rival") == "pdm_closed"
    before = page.run("document.querySelector('#pick-scene').selectedIndex")
    page.click("#scene-after")
    page.wait(f"document.querySelector('#pick-scene').selectedIndex === {before + 1}")
    wanted = page.run("document.querySelector('#pick-scene').value")
    page.wait(f"{SCENE} === '{wanted}'")
    assert (name_of(page, "ego"), name_of(page, "rival")) == ("idm", "pdm_closed")


def test_slider_charts_and_pictures_share_one_clock(page: browser.Page) -> None:
    page.wait("document.querySelectorAll('#charts .chart').length > 10")
    page.click("#charts .chart svg", x=0.5)
    middle = page.run(CLOCK)
    assert 6.5 < middle < 8.5
    assert float(page.run("document.querySelector('#explorer-player input').value")) == (
        pytest.approx(middle, abs=0.06)
    )
    page.click("#explorer-player [data-part=time]", x=0.9)
    page.wait(f"{CLOCK} > 12")
    cursors = page.run(
        "[...document.querySelectorAll('#charts .cursor')].map(c => c.x1.baseVal.value)"
    )
    assert max(cursors) - min(cursors) < 1 and min(cursors) > 200


def test_a_worst_moment_stops_there_and_rings_who_it_was_against(page: browser.Page) -> None:
    page.click("#moments-box summary")
    texts = page.run("[...document.querySelectorAll('#moments .chip')].map(c => c.textContent)")
    assert len(texts) == 6  # three metrics of two planners
    time_s = float(texts[2].split(" s")[0])
    page.click("#moments .chip:nth-child(3)")
    page.wait(f"Math.abs({CLOCK} - {time_s}) < 0.06")
    assert "vehicle.car 3" in texts[2]


def test_distributions_by_measure(page: browser.Page) -> None:
    page.run("document.querySelector('#distributions').scrollIntoView()")
    page.wait("document.querySelectorAll('#spreads .spread').length === 3")
    bars = "[...document.querySelectorAll('#spreads .bin')].length"
    assert page.run(bars) > 10
    page.run(
        "(() => { const p = document.querySelector('#pick-measure'); p.value = 'min_ttc_s';"
        " p.dispatchEvent(new Event('change')); })()"
    )
    assert page.run("document.querySelector('#spreads').dataset.measure") == "min_ttc_s"
    assert "200 drives" in page.run("document.querySelector('#spreads figcaption').textContent")


def test_on_a_phone_nothing_scrolls_sideways_but_the_heat_map(page: browser.Page) -> None:
    page.size(360, 780)
    page.run("new Promise(done => setTimeout(done, 300))")
    assert page.run("document.documentElement.scrollWidth") <= 360
    wide = "document.querySelector('.heatscroll').scrollWidth"
    assert page.run(wide) >= 3 * SCENES
    page.size(1280, 900)
    assert page.errors == []
