"""The page in a real browser: it plays, answers, and asks nobody for anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivewm.eval.commands import report
from drivewm.eval.report import page as pages
from drivewm.eval.report import results
from tests.eval.report import browser, folders
from tests.eval.report.command import run_report

pytestmark = pytest.mark.skipif(browser.executable() is None, reason="Chromium is not installed")
TIME = "Number(document.querySelector('#{}').dataset.time)"


@pytest.fixture(scope="module")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four planners in four scenes, one failed row, a forecast."""
    folder = tmp_path_factory.mktemp("report")
    scored = folders.write_results(folder / "results", folders.four_planners(4))
    forecast = folders.write_forecast(folder / "forecast")
    run_report(report, scored, "-o", folder / "report.html", "--forecast", forecast)
    return folder / "report.html"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Page]:
    with browser.launch(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def page(tab: browser.Page, report_file: Path) -> browser.Page:
    """The report, loaded afresh in a wide, light window."""
    tab.errors.clear()
    tab.requests.clear()
    tab.size(1280, 900)
    tab.open(report_file)
    tab.wait("document.querySelector('#explorer-player').dataset.time !== undefined")
    return tab


def test_loads_in_silence_and_asks_nobody(page: browser.Page, report_file: Path) -> None:
    page.run("document.querySelectorAll('[data-film]').forEach(film => film.scrollIntoView())")
    page.wait("document.querySelector('[data-film]:last-of-type').dataset.drawn === 'classes'")
    assert page.errors == []
    loaded = [url for url in page.requests if not url.startswith("data:")]
    assert loaded == [report_file.resolve().as_uri()]


def test_the_headline_moves(page: browser.Page) -> None:
    clock = TIME.format("hero-player")
    before = page.run(clock)
    page.wait(f"{clock} > {before} + 0.3")


def test_the_play_button_stops_and_starts(page: browser.Page) -> None:
    play = "document.querySelector('#explorer-player [data-part=play]')"
    page.run("document.querySelector('#explorer').scrollIntoView()")
    assert page.run(TIME.format("explorer-player")) == 0
    page.run(f"{play}.click()")
    page.wait(TIME.format("explorer-player") + " > 0.2")
    page.run(f"{play}.click()")
    halted = page.run(TIME.format("explorer-player"))
    page.run("new Promise(done => setTimeout(done, 300))")
    assert page.run(TIME.format("explorer-player")) == halted


def test_a_heat_map_cell_opens_its_scene(page: browser.Page) -> None:
    cell = '.heat [data-scene="scene-0003"][data-planner="idm"]'
    page.run(f"document.querySelector('{cell}').click()")
    page.wait("document.querySelector('#explorer-player').dataset.scene === 'scene-0003'")
    name = "document.querySelector('#explorer-player [data-stage=ego] [data-part=name]')"
    assert page.run(f"{name}.textContent") == "idm"
    assert page.run("document.querySelector('.heat [aria-pressed=true]').dataset.scene") == (
        "scene-0003"
    )


def test_a_failed_row_shows_its_reason_as_text(page: browser.Page) -> None:
    page.run("document.querySelector('.heat .failed').click()")
    note = "document.querySelector('#explorer-player [data-stage=ego] [data-part=note]')"
    page.wait(f"!{note}.hidden")
    assert page.run(f"{note}.textContent") == "plan() raised ValueError: <b>NaN</b> & co"
    assert page.run("document.querySelectorAll('.reason b').length") == 0


def test_the_theme_toggle_recolours_page_and_canvas(page: browser.Page) -> None:
    ground = (
        "[...document.querySelector('#hero-player canvas').getContext('2d')"
        ".getImageData(4, 4, 1, 1).data].slice(0, 3)"
    )
    light = page.run(ground)
    body = page.run("getComputedStyle(document.body).backgroundColor")
    page.run("document.querySelector('#theme').click()")
    assert page.run("document.documentElement.dataset.theme") == "dark"
    assert page.run("getComputedStyle(document.body).backgroundColor") != body
    assert sum(page.run(ground)) < 120 < 600 < sum(light)
    page.run("document.querySelector('#theme').click()")
    assert page.run("getComputedStyle(document.body).backgroundColor") == body


def test_the_ego_is_drawn_in_its_colour_in_the_middle(page: browser.Page) -> None:
    """Follow mode keeps the rear axle in the middle; the car reaches a metre ahead of it."""
    page.run("document.querySelector('#hero-player [data-part=play]').click()")
    pixel = (
        "(() => { const c = document.querySelector('#hero-player canvas');"
        " return [...c.getContext('2d').getImageData(c.width / 2 - 2, c.height / 2, 1, 1).data]"
        ".slice(0, 3); })()"
    )
    assert page.run(pixel) == [0x1F, 0x5E, 0xEA]


def test_the_cursor_of_the_charts_follows_the_slider(page: browser.Page) -> None:
    cursor = "Number(document.querySelector('#charts .cursor').getAttribute('x1'))"
    page.wait("document.querySelector('#charts .cursor') !== null")
    before = page.run(cursor)
    page.run(
        "(() => { const s = document.querySelector('#explorer-player [data-part=time]');"
        " s.value = 5; s.dispatchEvent(new Event('input')); })()"
    )
    assert page.run(cursor) > before + 50


def test_measure_and_mask_tabs_choose_the_table(page: browser.Page) -> None:
    shown = "[...document.querySelectorAll('#forecast tr[data-mask]')].filter(r => r.offsetHeight)"
    assert page.run(f"{shown}.every(row => row.dataset.mask === 'none')")
    page.run("document.querySelector('input[name=mask][value=camera]').click()")
    page.run("document.querySelector('input[name=metric][value=movable_iou]').click()")
    assert page.run(f"{shown}.length") > 4
    assert page.run(f"{shown}.every(row => row.dataset.mask === 'camera')")
    assert page.run(
        f"{shown}.every(row => !row.dataset.metric || row.dataset.metric === 'movable_iou')"
    )


def test_errors_mode_recolours_the_prediction(page: browser.Page) -> None:
    film = "document.querySelector('[data-film]')"
    page.run(f"{film}.scrollIntoView()")
    page.wait(f"{film}.dataset.drawn === 'classes'")
    page.run("document.querySelector('input[name=film-mode][value=errors]').click()")
    blue = (
        f'(() => {{ const c = {film}.querySelector(\'canvas[data-row="1"][data-frame="0"]\');'
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;"
        " for (let i = 0; i < d.length; i += 4) n += d[i] === 0x1f && d[i + 2] === 0xea;"
        " return n; })()"
    )
    assert page.run(blue) == 12 * 5  # the car, predicted where it is; the pedestrian is missed


@pytest.mark.parametrize("width", [360, 390, 768])
def test_no_sideways_scroll(page: browser.Page, width: int) -> None:
    page.size(width, 800)
    page.run("new Promise(done => setTimeout(done, 200))")
    assert page.run("document.documentElement.scrollWidth") <= width
    page.size(1280, 900)


def test_every_control_has_a_name(page: browser.Page) -> None:
    nameless = page.run(
        "[...document.querySelectorAll('button, select, input, canvas, img')].filter(node =>"
        " !(node.getAttribute('aria-label') || node.alt || node.textContent.trim()"
        " || node.closest('label'))).map(node => node.outerHTML)"
    )
    assert nameless == []


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_the_page(page: browser.Page, dark: bool) -> None:
    """WCAG AA: text, quiet text and the accent reach 4.5 : 1."""
    page.size(1280, 900, dark=dark)
    ratios = page.run(
        "(() => { const rgb = (color) => { const c = document.createElement('canvas');"
        " c.width = c.height = 1; const p = c.getContext('2d'); p.fillStyle = color;"
        " p.fillRect(0, 0, 1, 1); return [...p.getImageData(0, 0, 1, 1).data].slice(0, 3); };"
        " const lum = (color) => rgb(color).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92"
        " : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0);"
        " const page = lum(getComputedStyle(document.body).backgroundColor);"
        " return ['#headline', '.lede', '.kicker', '.quiet'].map(q => {"
        " const ink = lum(getComputedStyle(document.querySelector(q)).color);"
        " return (Math.max(page, ink) + 0.05) / (Math.min(page, ink) + 0.05); }); })()"
    )
    page.size(1280, 900)
    assert min(ratios) >= 4.5


def test_a_lone_planner_without_rollouts_still_shows(tab: browser.Page, tmp_path: Path) -> None:
    rows = [folders.score_row("solo", "scene-0001", status="failed", reason="timed out")]
    scored = folders.write_results(tmp_path / "results", rows)
    (tmp_path / "lone.html").write_text(pages.render(results.read(scored), None), "utf-8")
    tab.errors.clear()
    tab.open(tmp_path / "lone.html")
    tab.wait("document.querySelector('#explorer-player').dataset.time !== undefined")
    assert tab.errors == []
    assert tab.run("document.querySelector('#hero-player').classList.contains('single')")
