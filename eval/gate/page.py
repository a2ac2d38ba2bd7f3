"""The diff report: one HTML file, both drives of each scenario side by side."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from drivewm.eval.gate.cases import Case, cases, told
from drivewm.eval.gate.film import SIDES, cell_of, films
from drivewm.eval.gate.findings import RULES, Comparison
from drivewm.eval.gate.text import flaky_text, standing, waiver_lines
from drivewm.eval.report import charts, packing
from drivewm.eval.report import page as report
from drivewm.scene.classes import OccClass
from drivewm.viz.palette import DARK, LIGHT

HERE = Path(__file__).parent
SHARED = ("unpack.js", "theme.js", "scene.js", "draw.js", "charts.js", "viewer.js")
LISTED = 400  # scenarios in the table of all


def render(comparison: Comparison, *, title: str = "Gate") -> str:
    """The page as HTML text (UTF-8).

    Raises:
        InputError: an archive or table is corrupt.
    """
    known = [] if comparison.refusals else cases(comparison)
    blobs = films(comparison, _to_watch(known)) if known else {}
    script = "(() => {\n'use strict';\n" + "\n".join(
        [*[_read(report.HERE / "static" / name) for name in SHARED],
         _read(HERE / "static" / "gate.js")]
    ) + "\n})();"  # fmt: skip
    folders = [HERE / "templates", report.HERE / "templates"]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    return environment.get_template("gate.html.j2").render(
        title=title, comparison=comparison, standing=standing(comparison), known=known,
        listed=known[:LISTED], rules=RULES, told=told, blobs=blobs,
        failed=[case for case in known if case.state == "fail"],
        warned=[case for case in known if case.state in ("warn", "waived")],
        tests=[test for test in comparison.tests if test.verdict != "same"],
        steady=[test for test in comparison.tests if test.verdict == "same"],
        flaky=[(item.scenario, flaky_text(item)) for item in comparison.flaky],
        waivers=waiver_lines(comparison), runs=_runs(comparison),
        css=Markup(_read(report.HERE / "static" / "page.css")
                   + _read(HERE / "static" / "gate.css")),
        palettes=(("light", LIGHT), ("dark", DARK)), script=Markup(script),
        script_hash=_hash(script),
        index=Markup(packing.script_json(_index(comparison, known, list(blobs)))),
    )  # fmt: skip


def _to_watch(known: list[Case]) -> list[Case]:
    """What matters first: a page that is full leaves out those that did not change."""

    def change(case: Case) -> float:
        return -abs((case.after or 0.0) - (case.before or 0.0))

    notable = [case for case in known if case.state not in ("pass", "new", "dropped")]
    rest = sorted((case for case in known if case.state in ("pass", "new", "dropped")), key=change)
    return notable + rest


def _index(comparison: Comparison, known: list[Case], packed: list[str]) -> dict[str, Any]:
    """What the script needs at once."""
    runs = dict(zip(SIDES, (comparison.baseline, comparison.candidate)))
    places = {name: n for n, name in enumerate(packed)}
    cells: dict[str, dict[str, Any]] = {side: {} for side in SIDES}
    for side, run in runs.items():
        for case in known:
            cell = cell_of(run, case)
            if cell is None:
                continue
            drive = run.drives[case.scenario, cell.seed]
            cells[side][case.scenario] = {
                "score": round(drive.score, 4), "mean": None, "seed": cell.seed, "seeds": 1,
                "failed": drive.failed, "reason": drive.reason, "hit": drive.collision_time_s,
            }  # fmt: skip
    return {
        "palettes": {"light": LIGHT.as_dict(), "dark": DARK.as_dict()},
        "classes": [kind.name.replace("_", " ").lower() for kind in OccClass],
        "planners": list(SIDES),
        "scenes": [{"id": case.scenario, "split": case.group, "location": case.family,
                    "blob": places.get(case.scenario), "state": case.state, "seed": case.seed,
                    "about": case.text, "replay": case.replay} for case in known],
        "cells": cells,
        "charts": [
            {"key": chart.key, "title": chart.title, "unit": chart.unit, "scale": chart.scale,
             "bounds": chart.bounds, "window": chart.window}
            for chart in charts.CHARTS
        ],
    }  # fmt: skip


def _runs(comparison: Comparison) -> list[tuple[str, dict[str, str]]]:
    """What each side is."""
    told_of = []
    for side, run in zip(SIDES, (comparison.baseline, comparison.candidate)):
        manifest = run.manifest
        facts = {
            "folder": str(run.folder), "planner": run.planner, "made": manifest.get("created"),
            "drives": str(len(run.drives)), "drivewm": manifest.get("drivewm_version"),
            "fingerprint": manifest.get("fingerprint"), "command": manifest.get("command"),
        }  # fmt: skip
        told_of.append((side, {key: str(value) for key, value in facts.items() if value}))
    return told_of


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")
