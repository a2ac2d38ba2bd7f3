"""The tables as Markdown, from the rows of finished cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plan import JUDGES, Cell, rows_of
from store import Store

WARP, BOXES = "ego-warp", "ego-warp+cv-boxes"
SECONDS, AND_NOW = (1.0, 2.0, 3.0), (0.0, 1.0, 2.0, 3.0)
SCORES = ("tau", "tau_expected", "collision_auc", "bad_auc", "regret")


def markdown(
    plan: Mapping[str, Any], cells: Sequence[Cell], store: Store, hashes: Mapping[str, str]
) -> str:
    """Every table with what is done; the row with the most seeds stands for a configuration."""
    parts = ["# Tables of the world model\n"]
    for table in dict.fromkeys(c.row.table for c in cells):
        about = plan["tables"][table]
        parts.append(f"\n## {about['title']}\n")
        for judge in JUDGES:
            if judge in about["judges"]:
                parts += _table(plan, table, judge, cells, store, hashes)
    return "\n".join(parts) + "\n"


def _table(plan, table: str, judge: str, cells, store: Store, hashes) -> list[str]:
    lines: list[str] = []
    for row in rows_of(plan, table):
        data = hashes.get(row.data)
        mine = [c for c in cells if c.row == row and c.task == judge]
        if data is None or row.problem():
            lines.append(f"| {row.name} | {row.problem() or 'no data yet'} |")
            continue
        done = [(c, store.find(c, data)) for c in mine]
        best = [(c, r) for c, r in done if r and "failed" not in r]
        if not best:
            broken = [r["failed"] for _, r in done if r and "failed" in r]
            broken += _broken(cells, row, store, data)
            lines.append(f"| {row.name} | {broken[0] if broken else 'to do'} |")
            continue
        cell, result = max(best, key=lambda pair: len(pair[0].seeds))
        known = _runs(cell, store, data)
        values = (_forecast if judge == "forecast" else _counterfactual)(result)
        note = " (older code)" if result.get("older_code") else ""
        lines.append(f"| {row.name}{note} | {len(cell.seeds)} | {known} | {' | '.join(values)} |")
    head = _forecast_head() if judge == "forecast" else _counterfactual_head()
    columns = ["row", "seeds", "parameters | train s", *head]
    width = sum(c.count("|") + 1 for c in columns)
    return [f"\n**{judge}**\n", "| " + " | ".join(columns) + " |",
            "| --- " + "| ---: " * (width - 1) + "|", *lines]  # fmt: skip


def _runs(cell: Cell, store: Store, data: str) -> str:
    """Parameters and mean seconds of the last training stages."""
    found = [
        store.find(Cell(task=cell.row.last, row=cell.row, seeds=(s,)), data) for s in cell.seeds
    ]
    rows = [f for f in found if f and "failed" not in f]
    if not rows:
        return "- | -"
    return f"{rows[0]['parameters']:,} | {sum(r['seconds'] for r in rows) / len(rows):.0f}"


def _broken(cells, row, store: Store, data: str) -> list[str]:
    found = [store.find(c, data) for c in cells if c.row == row and c.task == row.last]
    return [f["failed"] for f in found if f and "failed" in f]


def _forecast_head() -> list[str]:
    each = [f"{name}, 0/1/2/3 s" for name in ("mIoU", "movable")]
    gaps = [f"{name} minus {row}, 1/2/3 s" for row in (WARP, BOXES) for name in ("mIoU", "movable")]
    return each + gaps


def _forecast(result: Mapping[str, Any]) -> list[str]:
    model = {r["horizon_s"]: r for r in result["rows"] if r["row"] == "model"}
    out = [
        " ".join(_number(model.get(s, {}).get(name)) for s in AND_NOW)
        for name in ("miou", "movable_iou")
    ]
    for row in (WARP, BOXES):
        for name in ("miou", "movable_iou"):
            found = {
                c["horizon_s"]: c
                for c in result["comparisons"]
                if c["against"] == row and c["metric"] == name
            }
            out.append(" ".join(_gap(found.get(s)) for s in SECONDS))
    return out


def _counterfactual_head() -> list[str]:
    gaps = [f"{name} minus {row}" for row in (WARP, BOXES) for name in ("tau", "collision_auc")]
    return [*SCORES, *gaps]


def _counterfactual(result: Mapping[str, Any]) -> list[str]:
    content = result["content"]
    split = content["rows"][0]["split"]
    mine = [r for r in content["rows"] if r["split"] == split and r["input"] == "perceived"]
    model = next(r for r in mine if r["row"] == "model")
    out = [_number(model.get(name)) for name in SCORES]
    for row in (WARP, BOXES):
        for name in ("tau", "collision_auc"):
            found = [
                c
                for c in content["comparisons"]
                if (c["against"], c["metric"]) == (row, name)
                and (c["split"], c["input"]) == (split, "perceived")
            ]
            out.append(_gap(found[0] if found else None))
    return out


def _number(value: Any) -> str:
    return "-" if value is None else f"{value:.3f}"


def _gap(found: Mapping[str, Any] | None) -> str:
    """Difference; bold when its interval is above 0, struck through when below."""
    if not found or found.get("difference") is None:
        return "-"
    low, high, text = found.get("low"), found.get("high"), f"{found['difference']:+.3f}"
    if low is not None and low > 0:
        return f"**{text}**"
    return f"~~{text}~~" if high is not None and high < 0 else text
