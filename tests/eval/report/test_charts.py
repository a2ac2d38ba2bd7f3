"""Histograms of what a run measured."""

from __future__ import annotations

from pathlib import Path

from drivewm.eval.report import charts, results
from drivewm.eval.schema import SERIES
from tests.eval.report import folders


def test_bins_hold_every_drive_and_say_who_is_missing(tmp_path: Path) -> None:
    rows = [folders.score_row("a", f"s{n}", score=n / 10, ttc=None) for n in range(11)]
    rows[0]["comfort"] = None
    read = results.read(folders.write_results(tmp_path, rows))
    spreads = {spread["key"]: spread for spread in charts.spreads(read, ["a"])}
    assert "ttc" not in spreads and "speed_limit" not in spreads
    score, comfort = spreads["score"]["planners"]["a"], spreads["comfort"]["planners"]["a"]
    assert sum(score["bins"]) == 11 and score["bins"][0] == score["bins"][-1] == 1
    assert score["quartiles"] == [0.25, 0.5, 0.75] and score["mean"] == 0.5
    assert comfort["unknown"] == 1 and comfort["bins"][-1] == 10
    assert spreads["min_ttc_s"]["end"] == 6.0 and spreads["min_ttc_s"]["open"]


def test_every_charted_series_is_one_that_results_keep() -> None:
    assert {chart.key for chart in charts.CHARTS} <= set(SERIES)
