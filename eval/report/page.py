"""Builds the page: one HTML file that loads nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from drivewm.eval.report import charts, packing, scenes, summary
from drivewm.eval.report import forecast as forecasts
from drivewm.eval.report.charts import SUB_TITLES
from drivewm.eval.report.forecast import Forecast
from drivewm.eval.report.glossary import TERMS
from drivewm.eval.report.results import Results
from drivewm.scene.classes import OccClass
from drivewm.viz.palette import DARK, LIGHT

LONG = 24  # a longer list is named by its ends
HERE = Path(__file__).parent
SCRIPTS = (
    "unpack.js",
    "theme.js",
    "scene.js",
    "draw.js",
    "charts.js",
    "viewer.js",
    "heat.js",
    "spread.js",
    "films.js",
    "main.js",
)


def render(results: Results, forecast: Forecast | None, *, title: str | None = None) -> str:
    """The page as HTML text (UTF-8).

    Raises:
        InputError: a rollout archive is corrupt.
    """
    lines = summary.planner_lines(results)
    chosen = summary.hero(results, lines)
    order = summary.worst_first(results, lines)
    first = [chosen.scene_id, *[scene for scene in order if scene != chosen.scene_id]]
    blobs = scenes.blobs(results, first)
    terms = charts.terms_of(results)
    script = "(() => {\n'use strict';\n" + "\n".join(map(_static, SCRIPTS)) + "\n})();"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "num": _num,
        "signed": _signed,
        "weights": _weights,
        "brief": _brief,
        "title_of": SUB_TITLES.__getitem__,
    }
    return environment.get_template("page.html.j2").render(
        title=title or "Closed-loop report",
        results=results,
        manifest=results.manifest,
        lines=lines,
        leader=summary.leader(lines),
        references=summary.REFERENCES,
        hero=chosen,
        headline=_headline(lines, len(results.scene_ids)),
        splits=list(dict.fromkeys(row["split"] for row in results.rows)),
        sub_titles=SUB_TITLES,
        sub_scores=terms,
        safety={
            name: about
            for name, about in charts.SAFETY.items()
            if any(line.safety[name] for line in lines)
        },
        troubles=summary.troubles(results),
        order=order,
        means={line.name: results.scene_scores(line.name) for line in lines},
        shown=results.shown,
        first_rows={row["scene_id"]: row for row in reversed(results.rows)},
        packed=len(blobs),
        seeds=len({row["seed"] for row in results.rows}),
        forecast=forecast,
        metrics=forecasts.METRICS,
        masks=forecasts.MASKS,
        terms=TERMS,
        facts=_facts(results.manifest),
        forecast_facts=_flat(forecast.provenance) if forecast else [],
        css=Markup(_static("page.css")),
        palettes=(("light", LIGHT), ("dark", DARK)),
        script=Markup(script),
        script_hash=_hash(script),
        blobs=blobs,
        index=Markup(
            packing.script_json(_index(results, lines, chosen, forecast, order, list(blobs)))
        ),
    )


def _static(name: str) -> str:
    return (HERE / "static" / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")


def _index(
    results: Results,
    lines: list[summary.PlannerLine],
    chosen: summary.Hero,
    forecast: Forecast | None,
    order: list[str],
    packed: list[str],
) -> dict[str, Any]:
    """Everything small that the script needs at once. Scenes come worst first; ``blob`` is the
    place of a scene's text on the page, null where the page was full."""
    first = {row["scene_id"]: row for row in reversed(results.rows)}
    places = {scene_id: n for n, scene_id in enumerate(packed)}
    names = [line.name for line in lines]
    return {
        "palettes": {"light": LIGHT.as_dict(), "dark": DARK.as_dict()},
        "classes": [kind.name.replace("_", " ").lower() for kind in OccClass],
        "planners": names,
        "scenes": [
            {"id": name, "split": first[name]["split"], "location": first[name]["location"],
             "blob": places.get(name)}
            for name in order
        ],
        "cells": _cells(results, names),
        "heat": _heat(results, names, order),
        "spreads": charts.spreads(results, names),
        "hero": {"scene": chosen.scene_id, "first": chosen.first, "second": chosen.second},
        "charts": [
            {"key": chart.key, "title": chart.title, "unit": chart.unit, "scale": chart.scale,
             "bounds": chart.bounds, "window": chart.window}
            for chart in charts.CHARTS
        ],
        "films": [
            {key: film[key] for key in ("shape", "extent", "horizons")}
            for film in (forecast.films if forecast else [])
        ],
    }  # fmt: skip


def _cells(results: Results, names: list[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """planner -> scene -> the shown drive and the mean score of its seeds."""
    seeds: dict[tuple[str, str], int] = {}
    for row in results.rows:
        key = row["planner"], row["scene_id"]
        seeds[key] = seeds.get(key, 0) + 1
    means = {name: results.scene_scores(name) for name in names}
    cells: dict[str, dict[str, dict[str, Any]]] = {}
    for (planner, scene_id), row in results.shown.items():
        cells.setdefault(planner, {})[scene_id] = {
            "score": round(row["score"], 4), "mean": round(means[planner][scene_id], 4),
            "seed": row["seed"], "seeds": seeds[planner, scene_id], "failed": row["failed"],
            "reason": row["reason"], "hit": row["collision_time_s"],
        }  # fmt: skip
    return cells


def _heat(results: Results, names: list[str], order: list[str]) -> dict[str, Any]:
    """Score and terms of the shown drives in hundredths, scene by scene; null: not applicable."""
    columns = ["score", *charts.terms_of(results)]

    def line(planner: str, column: str) -> list[int | None]:
        rows = [results.shown.get((planner, scene_id)) for scene_id in order]
        values = [None if row is None else row[column] for row in rows]
        return [None if value is None else round(100 * value) for value in values]

    titles = ["Score", *[SUB_TITLES[column] for column in columns[1:]]]
    return {
        "rows": titles,
        "planners": {name: [line(name, column) for column in columns] for name in names},
    }


def _headline(lines: list[summary.PlannerLine], scene_count: int) -> str:
    best = summary.leader(lines)
    others = [line for line in lines if line.name not in (best.name, *summary.REFERENCES)]
    noun = "scene" if scene_count == 1 else "scenes"
    text = f"{best.name} scores {best.score.mean:.2f} over {scene_count} {noun}"
    if others:
        lead = best.score.mean - others[0].score.mean
        text += (
            f", level with {others[0].name}"
            if lead < 0.005
            else f", {lead:.2f} above {others[0].name}"
        )
    return text


def _facts(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """Provenance as (name, value); the command and the caveats have places of their own."""
    apart = ("command", "caveats")
    return _flat({key: value for key, value in manifest.items() if key not in apart})


def _flat(value: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    flat = []
    for key, item in value.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(item, dict):
            flat += _flat(item, f"{prefix}{key} · ")
        elif isinstance(item, list) and len(item) > LONG:
            flat.append((name, f"{len(item)}, from {item[0]} to {item[-1]}"))
        elif item is not None:
            flat.append((name, item if isinstance(item, str) else json.dumps(item)))
    return flat


def _num(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _signed(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:+.{digits}f}".replace("-", "−")


def _brief(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _weights(used: dict[str, Any]) -> str:
    factors = [SUB_TITLES.get(name, name).lower() for name in used["multipliers"]]
    weights = used["weights"]
    mean = " + ".join(
        f"{weight:g} · {SUB_TITLES.get(name, name)}" for name, weight in weights.items()
    )
    return " × ".join([*factors, f"({mean}) / {sum(weights.values()):g}"])
