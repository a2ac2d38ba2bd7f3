"""The diff report in a real browser: both drives play, nothing is loaded, texts stay texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from drivewm.eval.gate.judge import compare
from drivewm.eval.gate.page import render
from drivewm.eval.gate.policy import load_policy
from drivewm.eval.gate.runs import read_run
from tests.eval.gate import TODAY
from tests.eval.gate.build import drives, film, judged, write
from tests.eval.report import browser

needs_browser = pytest.mark.skipif(browser.executable() is None, reason="Chromium is not installed")
REASON = "plan() raised ValueError: <b>NaN</b> & co"
FAILED = "document.querySelectorAll('.finding.fail')"


@pytest.fixture(scope="module")
def html(tmp_path_factory) -> Path:
    """One collision, one crash, the rest as before; every drive archived."""
    folder = tmp_path_factory.mktemp("page")
    old = drives(6)
    new = list(old)
    new[0] = replace(old[0], collision=True, impact_mps=4.0, score=0.1)
    new[1] = replace(old[1], failed=REASON)
    before, after = write(folder / "old", old), write(folder / "new", new)
    film(before, old, 6.0)
    film(after, [drive for drive in new if not drive.failed], 8.0)
    found = compare(read_run(before), read_run(after), load_policy(), today=TODAY)
    (folder / "gate.html").write_text(render(found), encoding="utf-8")
    return folder / "gate.html"


@pytest.fixture(scope="module")
def tab(tmp_path_factory) -> Iterator[browser.Page]:
    with browser.launch(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def page(tab: browser.Page, html: Path) -> browser.Page:
    tab.errors.clear()
    tab.requests.clear()
    tab.size(1280, 900)
    tab.open(html)
    tab.wait("document.querySelector('#player').dataset.open !== undefined")
    return tab


@needs_browser
def test_it_loads_in_silence_and_shows_the_regressions(page, html) -> None:
    assert page.errors == []
    assert [u for u in page.requests if not u.startswith("data:")] == [html.resolve().as_uri()]
    assert page.run(f"[...{FAILED}].map(f => f.querySelector('h3').textContent)") == [
        "crossing/0", "cut_in/0",
    ]  # fmt: skip
    assert page.run(f"{FAILED}[0].querySelector('li').textContent").endswith(REASON)
    assert page.run("document.querySelectorAll('#regressions li b b').length") == 0
    assert page.run("document.querySelector('.verdict-word').textContent") == "regression"


@needs_browser
def test_watching_a_collision_plays_both_drives_from_shortly_before(page) -> None:
    page.click('[data-watch="cut_in/0"]')
    page.wait("document.querySelector('#player').dataset.open === 'cut_in/0'")
    clock = "Number(document.querySelector('#player').dataset.time)"
    page.wait(f"{clock} > 1.3")
    verdicts = page.run(
        "[...document.querySelectorAll('#player .verdict')].map(v => v.textContent)"
    )
    assert verdicts == ["0.90", "0.10"]
    drawn = (
        "[...document.querySelectorAll('#player canvas')].map(c => new Set("
        "new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)"
        ").size > 20)"
    )
    assert page.run(drawn) == [True, True]
    assert "--scenes cut_in/0" in page.run("document.querySelector('#scene-replay').textContent")


@needs_browser
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_sticks_out(page, width, dark) -> None:
    page.size(width, 800, dark=dark)
    page.wait(f"document.documentElement.scrollWidth <= {width}")  # after the next layout
    assert page.errors == []


def test_a_refusal_is_a_page_too(tmp_path) -> None:
    text = render(judged(tmp_path, drives(3), drives(3, score_version="2")))
    assert "cannot be compared" in text and "score&#39;s version differs" in text


def test_drives_that_were_not_archived_leave_the_tables(tmp_path) -> None:
    text = render(judged(tmp_path, drives(3), drives(3, red=True)))
    assert text.count('class="finding fail"') == 3
