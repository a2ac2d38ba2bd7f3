"""The tables as Markdown and as lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from drivewm.eval.forecast.metrics import METRICS
from drivewm.eval.forecast.names import BOXES, WARP
from drivewm.eval.forecast.tables import MEAN

SHOWN = ("miou", "movable_iou", "rayiou")  # on the terminal
HARD = (WARP, BOXES)  # baselines whose differences are
MASKS = {
    "none": "every voxel",
    "overlap": "voxels that lay in the grid at the window's start; the others can only be guessed",
    "camera": "voxels that a camera sees at that instant",
    "lidar": "voxels that the lidar sees at that instant",
}


def markdown(content: dict[str, Any]) -> str:
    """The whole table of a forecast folder."""
    about, rows = content["about"], [*content["rows"], *content["headline"]]
    parts = ["# Forecast\n", *_head(content, about)]
    masks = list(dict.fromkeys(row["mask"] for row in rows))
    for mask in masks:
        here = [row for row in rows if row["mask"] == mask]
        parts.append(f"\n## Mask {mask}: {MASKS.get(mask, mask)}\n")
        for name, metric in METRICS.items():
            if any(row[name] is not None for row in here):
                arrow = "higher" if metric.higher_is_better else "lower"
                parts += [f"\n### {metric.title} ({arrow} is better)\n", *_grid(here, name)]
    for mask in masks:
        parts += _differences(content, mask)
    parts += _absent(content["absent_classes"], content["rare_classes"])
    return "\n".join(parts) + "\n"


def _head(content: dict[str, Any], about: dict[str, Any]) -> Iterator[str]:
    facts = {
        "windows": f"{content['windows']} of {content['scenes']} scenes, list "
        f"`{about['windows_name']}`, blake2b `{content['windows_hash']}`",
        "ego mode": f"{about['ego_mode']}, compared in the {about['compared_in']} future ego frame",
        "checkpoints": ", ".join(about["models"]),
        "intervals": about["interval"],
        "baselines": about["baselines"],
        "RayIoU": about["rays"],
        "labels": about["labels"],
    }
    if about.get("samples"):
        facts["samples"] = about["samples"]
    overlap = about["judged_scenes_trained_on"]
    if overlap:
        facts["careful"] = f"{len(overlap)} of these scenes were trained on: {', '.join(overlap)}"
    yield from (f"* {name}: {text}" for name, text in facts.items())


def _grid(rows: Sequence[dict[str, Any]], metric: str) -> Iterator[str]:
    horizons = list(dict.fromkeys(row["horizon_s"] for row in rows))
    heads = [f"{h:g} s" if h != MEAN else "mean of whole s" for h in horizons]
    yield "| " + " | ".join(["forecaster", "starts from", "ego", *heads]) + " |"
    yield "| --- | --- | --- |" + " --- |" * len(heads)
    for row, source in dict.fromkeys((r["row"], r["input"]) for r in rows):
        cells = {r["horizon_s"]: r for r in rows if (r["row"], r["input"]) == (row, source)}
        if all(cells[h][metric] is None for h in horizons):
            continue
        shown = [cell(cells[h], metric) for h in horizons]
        yield "| " + " | ".join([row, source, cells[horizons[0]]["ego_mode"], *shown]) + " |"


def cell(row: dict[str, Any], metric: str) -> str:
    """Figure, interval and spread over checkpoints, as far as known."""
    if row[metric] is None:
        return "-"
    low, high = row["intervals"].get(metric, (None, None))
    interval = "" if low is None else f" [{low:.3f}, {high:.3f}]"
    spread = row["spread"].get(metric)
    return f"{row[metric]:.3f}" + ("" if spread is None else f" ± {spread:.3f}") + interval


def _differences(content: dict[str, Any], mask: str) -> Iterator[str]:
    items = [
        c for c in [*content["comparisons"], *content["headline_comparisons"]]
        if c["mask"] == mask and c["difference"] is not None
    ]  # fmt: skip
    if not items:
        return
    yield f"\n## Model minus baseline, mask {mask}\n"
    horizons = list(dict.fromkeys(c["horizon_s"] for c in items))
    heads = [f"{h:g} s" if h != MEAN else "mean of whole s" for h in horizons]
    yield "| against | figure | " + " | ".join(heads) + " |"
    yield "| --- | --- |" + " --- |" * len(heads)
    for against, metric in dict.fromkeys((c["against"], c["metric"]) for c in items):
        found = {
            c["horizon_s"]: c for c in items if (c["against"], c["metric"]) == (against, metric)
        }
        shown = [difference(found[h]) if h in found else "-" for h in horizons]
        yield f"| {against} | {METRICS[metric].title} | " + " | ".join(shown) + " |"


def difference(item: dict[str, Any]) -> str:
    """A difference and its interval; bold where the interval says that the model is better."""
    text = f"{item['difference']:+.3f}"
    if item["low"] is None:
        return text
    text += f" [{item['low']:+.3f}, {item['high']:+.3f}]"
    better = item["low"] > 0 if item["higher_is_better"] else item["high"] < 0
    return f"**{text}**" if better else text


def _absent(absent: dict[str, dict[str, list[str]]], rare: dict[str, list[str]]) -> Iterator[str]:
    yield "\n## Classes absent from the truth\n"
    yield "They count in no mean: neither as 1 nor as 0.\n"
    for mask, horizons in absent.items():
        groups: dict[tuple[str, ...], list[str]] = {}
        for horizon, names in horizons.items():
            groups.setdefault(tuple(names), []).append(horizon)
        for missing, at in groups.items():
            yield f"* mask {mask}, at {', '.join(at)} s: {', '.join(missing) or 'none'}"
    if any(rare.values()):
        yield "\n## Classes that a single scene holds at some step\n"
        yield "They count, but no other scene tells how much they vary: intervals are too narrow.\n"
        yield from (f"* mask {mask}: {', '.join(names)}" for mask, names in rare.items() if names)


def terminal(content: dict[str, Any], mask: str) -> str:
    """A plain table of the whole seconds."""
    rows = [row for row in content["rows"] if row["mask"] == mask]
    horizons = [h for h in dict.fromkeys(row["horizon_s"] for row in rows) if h % 1.0 == 0]
    names = [m for m in SHOWN if any(row[m] is not None for row in rows)]
    heads = [f"{name}@{h:g}s" for name in names for h in horizons]
    lines = [f"{'row':<19}{'input':<11}" + "".join(f"{head:>{len(head) + 2}}" for head in heads)]
    for row, source in dict.fromkeys((r["row"], r["input"]) for r in rows):
        cells = {r["horizon_s"]: r for r in rows if (r["row"], r["input"]) == (row, source)}
        values = [cells[h][name] for name in names for h in horizons]
        texts = ["-" if v is None else f"{v:.3f}" for v in values]
        shown = "".join(f"{t:>{len(head) + 2}}" for t, head in zip(texts, heads))
        lines.append(f"{row:<19}{source:<11}{shown}")
    return "\n".join(lines)


def comparison_lines(content: dict[str, Any], mask: str) -> list[str]:
    """Model minus baseline with its interval, one line a figure and whole second."""
    return [
        f"model - {c['against']}: {c['metric']} at {c['horizon_s']:g} s {c['difference']:+.4f} "
        + (f"[{c['low']:+.4f}, {c['high']:+.4f}]" if c["low"] is not None else "(one scene)")
        for c in content["comparisons"]
        if c["mask"] == mask and c["metric"] in SHOWN and c["against"] in HARD
        and c["difference"] is not None and c["horizon_s"] % 1.0 == 0
    ]  # fmt: skip
