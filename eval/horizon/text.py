"""The tables as Markdown and as lines for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drivewm.eval.horizon.names import QUANTITIES, SAYS
from drivewm.eval.horizon.tables import AT_S

Row = Mapping[str, Any]


def markdown(content: Mapping[str, Any]) -> str:
    """The whole page of a folder."""
    about = content["about"]
    parts = ["# Long horizon\n", *(f"* {line}" for line in facts(about))]
    parts += ["\n## How long a row stays within the logs' own range\n", *_divergence(content)]
    for name, kind in QUANTITIES.items():
        here = [r for r in content["rows"] if r["quantity"] == name]
        if here:
            parts += [f"\n## {kind.title}: distance from the logs, {kind.unit}\n", *_grid(here)]
    parts += ["\n## Model minus the other rows\n", *_differences(content["comparisons"])]
    parts += ["\n## Rows\n", *(f"- `{row}`: {says}" for row, says in SAYS.items())]
    return "\n".join(parts) + "\n"


def facts(about: Row) -> list[str]:
    """What the tables are of."""
    lines = [
        f"checkpoints {', '.join(about['models'])} ({about['encoder']} + {about['dynamics']})",
        f"{about['windows']} windows of {about['scenes']} scenes, {about['seconds']:g} s each; "
        f"their logs last {about['log_s'][0]:g} to {about['log_s'][1]:g} s",
        f"ego: {about['ego']}",
        f"compared with {about['reference']}",
        f"intervals: {about['interval']}",
        f"the logs' own range: {about['log_range']}",
    ]
    if about["judged_scenes_trained_on"]:
        lines.append(f"**careful**: {len(about['judged_scenes_trained_on'])} of these scenes were "
                     "trained on")  # fmt: skip
    return lines


def _divergence(content: Mapping[str, Any]) -> list[str]:
    rows = content["divergence"]
    names = list(dict.fromkeys(r["quantity"] for r in rows))
    lines = ["| row | " + " | ".join(QUANTITIES[n].title for n in names) + " |",
             "|" + "---|" * (1 + len(names))]  # fmt: skip
    for row in dict.fromkeys(r["row"] for r in rows):
        own = {r["quantity"]: r for r in rows if r["row"] == row}
        cells = [until(own[n]) if n in own else "-" for n in names]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return lines


def until(row: Row) -> str:
    """When a row left the logs' range, with its interval."""
    if not row["known"]:
        return "not known: too few scenes"
    end = f"> {row['until_s']:g} s"
    shown = [
        end if s is None else f"{s:g} s" for s in (row["after_s"], row["low_s"], row["high_s"])
    ]
    return f"{shown[0]} [{shown[1]}, {shown[2]}]"


def _grid(rows: Sequence[Row]) -> list[str]:
    horizons = [0.0, *(s for s in AT_S if any(r["horizon_s"] == s for r in rows))]
    lines = ["| row | " + " | ".join(f"{h:g} s" for h in horizons) + " |",
             "|" + "---|" * (1 + len(horizons))]  # fmt: skip
    first = rows[0]["row"]
    for title, field in (("*logs' own range*", "log_range"),):
        own = {r["horizon_s"]: r for r in rows if r["row"] == first}
        cells = ["-" if own[h][field] is None else f"{own[h][field]:.3g}" for h in horizons]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    own = {r["horizon_s"]: r for r in rows if r["row"] == first}
    cells = [f"{own[h]['reference']}, {own[h]['logged_windows']} windows" for h in horizons]
    lines.append("| *against* | " + " | ".join(cells) + " |")
    for row in dict.fromkeys(r["row"] for r in rows):
        own = {r["horizon_s"]: r for r in rows if r["row"] == row}
        lines.append(f"| {row} | " + " | ".join(_cell(own[h]) for h in horizons) + " |")
    return lines


def _cell(row: Row) -> str:
    if row["distance"] is None:
        return "-"
    text = f"{row['distance']:.3g}"
    return text if row["low"] is None else f"{text} [{row['low']:.3g}, {row['high']:.3g}]"


def _differences(items: Sequence[Row]) -> list[str]:
    horizons = list(dict.fromkeys(c["horizon_s"] for c in items))
    lines = ["| against | quantity | " + " | ".join(f"{h:g} s" for h in horizons) + " |",
             "|" + "---|" * (2 + len(horizons))]  # fmt: skip
    for against, name in dict.fromkeys((c["against"], c["quantity"]) for c in items):
        found = {
            c["horizon_s"]: c for c in items if (c["against"], c["quantity"]) == (against, name)
        }
        cells = [_difference(found[h]) if h in found else "-" for h in horizons]
        lines.append(f"| {against} | {QUANTITIES[name].title} | " + " | ".join(cells) + " |")
    return [*lines, "", "**bold**: the model is nearer to the logs and the interval excludes 0."]


def _difference(item: Row) -> str:
    text = f"{item['difference']:+.3g}"
    if item["low"] is None:
        return text
    text += f" [{item['low']:+.3g}, {item['high']:+.3g}]"
    return f"**{text}**" if item["high"] < 0 else text


def terminal(content: Mapping[str, Any]) -> str:
    """Distances at a few horizons, and when they leave the logs' range."""
    lines = list(facts(content["about"]))
    for name, kind in QUANTITIES.items():
        here = [r for r in content["rows"] if r["quantity"] == name]
        if not here:
            continue
        horizons = [s for s in AT_S if any(r["horizon_s"] == s for r in here)]
        title = f"{kind.title}, {kind.unit}"
        heads = "".join(f"{f'{h:g} s':>9}" for h in horizons)
        lines.append(f"{title:<42}{heads}   leaves the logs' range after")
        for row in dict.fromkeys(r["row"] for r in here):
            own = {r["horizon_s"]: r["distance"] for r in here if r["row"] == row}
            cells = "".join(f"{'-' if own[h] is None else f'{own[h]:.3g}':>9}" for h in horizons)
            left = next(d for d in content["divergence"]
                        if (d["row"], d["quantity"]) == (row, name))  # fmt: skip
            lines.append(f"  {row:<40}{cells}   {until(left)}")
    return "\n".join(lines)
