"""Builds the page: one HTML file that loads nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from drivewm.eval.report import forecast as forecasts
from drivewm.eval.report import packing, scenes, summary
from drivewm.eval.report.forecast import Forecast
from drivewm.eval.report.glossary import TERMS
from drivewm.eval.report.results import Results
from drivewm.eval.results import TERMS as SUB_SCORES
from drivewm.measures.comfort import BOUNDS
from drivewm.measures.ttc import BOUND_S
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
    "films.js",
    "main.js",
)
SUB_TITLES = {
    "no_at_fault_collision": "No at-fault collision",
    "drivable_area": "Drivable area",
    "driving_direction": "Driving direction",
    "traffic_light": "Traffic lights",
    "making_progress": "Making progress",
    "progress": "Progress",
    "ttc": "TTC",
    "speed_limit": "Speed limit",
    "lane_keeping": "Lane keeping",
    "comfort": "Comfort",
    "extended_comfort": "Extended comfort",
}
CHARTS = (
    ("speed_mps", "Speed", "m/s", None),
    ("lon_acc_mps2", "Longitudinal acceleration", "m/s²", BOUNDS["lon_acc_mps2"]),
    ("lat_acc_mps2", "Lateral acceleration", "m/s²", BOUNDS["lat_acc_mps2"]),
    ("jerk_mps3", "Jerk", "m/s³", BOUNDS["jerk_mps3"]),
    ("yaw_rate_radps", "Yaw rate", "rad/s", BOUNDS["yaw_rate_radps"]),
    ("ttc_s", "Time to collision", "s", (BOUND_S, None)),
)
UNCHARTED = (
    f"Comfort also bounds longitudinal jerk (±{BOUNDS['lon_jerk_mps3'][1]} m/s³) and yaw "
    f"acceleration (±{BOUNDS['yaw_acc_radps2'][1]} rad/s²), which are not charted."
)


def render(results: Results, forecast: Forecast | None, *, title: str | None = None) -> str:
    """The page as HTML text (UTF-8).

    Raises:
        InputError: a rollout archive is corrupt.
    """
    lines = summary.planner_lines(results)
    chosen = summary.hero(results, lines)
    blobs = scenes.blobs(results)
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
        sub_scores=SUB_SCORES,
        troubles=summary.troubles(results),
        cells={(row["planner"], row["scene_id"]): row for row in results.rows},
        forecast=forecast,
        metrics=forecasts.METRICS,
        masks=forecasts.MASKS,
        terms=TERMS,
        uncharted=UNCHARTED,
        facts=_facts(results.manifest),
        forecast_facts=_flat(forecast.provenance) if forecast else [],
        css=Markup(_static("page.css")),
        palettes=(("light", LIGHT), ("dark", DARK)),
        script=Markup(script),
        script_hash=_hash(script),
        blobs=blobs,
        index=Markup(packing.script_json(_index(results, lines, chosen, forecast))),
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
) -> dict[str, Any]:
    """Everything small that the script needs at once."""
    first = {row["scene_id"]: row for row in reversed(results.rows)}
    cells: dict[str, dict[str, Any]] = {}
    for row in results.rows:
        cells.setdefault(row["planner"], {})[row["scene_id"]] = {
            "score": round(row["score"], 4),
            "failed": row["failed"],
            "reason": row["reason"],
            "hit": row["collision_time_s"],
        }
    return {
        "palettes": {"light": LIGHT.as_dict(), "dark": DARK.as_dict()},
        "classes": [kind.name.replace("_", " ").lower() for kind in OccClass],
        "planners": [line.name for line in lines],
        "scenes": [
            {"id": name, "split": first[name]["split"], "location": first[name]["location"]}
            for name in results.scene_ids
        ],
        "cells": cells,
        "hero": {"scene": chosen.scene_id, "first": chosen.first, "second": chosen.second},
        "charts": [
            {"key": key, "title": text, "unit": unit, "bounds": bounds}
            for key, text, unit, bounds in CHARTS
        ],
        "films": [
            {key: film[key] for key in ("shape", "extent", "horizons")}
            for film in (forecast.films if forecast else [])
        ],
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
    """Provenance as (name, value), the command apart."""
    return _flat({key: value for key, value in manifest.items() if key != "command"})


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
