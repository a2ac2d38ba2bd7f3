"""The page docs/gate-power.md, from the rows that were kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from cells import code_digest, key_of
from run import planner_of

HERE = Path(__file__).parent
SUITES = ("smoke", "nightly")
Row = dict[str, Any]


def page(out: Path) -> str:
    """Markdown; what was not tried says so."""
    entries = yaml.safe_load((HERE / "defects.yaml").read_text(encoding="utf-8"))
    notes = yaml.safe_load((HERE / "notes.yaml").read_text(encoding="utf-8"))
    digest = code_digest()
    power = {suite: _rows(out / "rows" / digest / suite) for suite in SUITES}
    lines = [*notes["head"].splitlines(), "", *_confusion(entries, power, notes, out, digest), ""]
    lines += ["## Defects", "", "| defect | on smoke | on nightly | by which rule | where |",
              "| --- | --- | --- | --- | --- |"]  # fmt: skip
    lines += [_defect(entry, power) for entry in entries]
    lines += ["", "`*` could hurt somebody. In brackets: scenarios driven.", ""]
    missed = [_missed(entry, power, notes) for entry in entries]
    if any(missed):
        lines += ["## What is missed, and why", "", *(line for line in missed if line), ""]
    lines += _same(out, digest)
    lines += ["", *notes["tail"].splitlines()]
    return "\n".join(lines).rstrip() + "\n"


def _rows(folder: Path) -> dict[str, Row]:
    """By the planner's key."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8"))
            for path in sorted(folder.glob("*.json"))}  # fmt: skip


def _row(entry: Row, rows: dict[str, Row]) -> Row | None:
    return rows.get(key_of(planner_of(entry)))


def _caught(entry: Row, power: dict[str, dict[str, Row]], suite: str) -> bool | None:
    """None: not tried. What fails at once in the smoke suite does so in nightly, which holds it."""
    row = _row(entry, power[suite])
    if row is not None:
        return row["exit_code"] == 1
    smoke = _row(entry, power["smoke"])
    if suite == "nightly" and smoke is not None and smoke["exit_code"] == 1 and _at_once(smoke):
        return True
    return None


def _at_once(row: Row) -> bool:
    """Did a scenario fail by itself, whatever else is driven?"""
    return any("/" in str(fail["where"]) for fail in row["fails"])


def _confusion(
    entries: Sequence[Row], power: dict[str, dict[str, Row]], notes: Row, out: Path, digest: str
) -> list[str]:
    lines = ["| | tried | fails the gate | passes it |", "| --- | ---: | ---: | ---: |"]
    for suite in SUITES:
        for word, chosen in (("all defects", entries),
                             ("safety-critical", [e for e in entries if e["safety"]])):  # fmt: skip
            known = [c for e in chosen if (c := _caught(e, power, suite)) is not None]
            share = f" ({sum(known) / len(known):.0%})" if known else ""
            inferred = len(known) - sum(_row(e, power[suite]) is not None for e in chosen)
            name = f"{word}, {suite}" + (f" ({inferred} inferred from smoke)" if inferred else "")
            lines.append(f"| {name} | {len(known)} of {len(chosen)} | {sum(known)}{share} "
                         f"| {len(known) - sum(known)} |")  # fmt: skip
    quiet = [row for kind in ("same", "seeds", "sets") for row in _all(out / kind / digest)]
    alarms = sum(row["exit_code"] != 0 for row in quiet)
    lines.append(f"| the planner against itself | {len(quiet)} | {alarms} | "
                 f"{len(quiet) - alarms} |")  # fmt: skip
    return lines


def _all(folder: Path) -> list[Row]:
    return [row for part in sorted(folder.glob("*")) for row in _rows(part).values()]


def _defect(entry: Row, power: dict[str, dict[str, Row]]) -> str:
    words, shown = [], None
    for suite in SUITES:
        row, caught = _row(entry, power[suite]), _caught(entry, power, suite)
        shown = shown or (row if row is not None and row["fails"] else None)
        words.append({None: "not tried", True: "yes", False: "**no**"}[caught] + _driven(row))
    rule, where = ("–", "–") if shown is None else _first(shown)
    name = f"{entry['name']}{' *' if entry['safety'] else ''}"
    return f"| {name} | {words[0]} | {words[1]} | {rule} | {where} |"


def _driven(row: Row | None) -> str:
    return "" if row is None else f" ({len(row['scenarios'])} of {row['of']})"


def _first(row: Row) -> tuple[str, str]:
    fail = row["fails"][0]
    rules = list(dict.fromkeys(f["rule"].replace("_", " ") for f in row["fails"]))
    return ", ".join(rules[:3]), f"`{fail['where']}`" if "/" in fail["where"] else fail["where"]


def _missed(entry: Row, power: dict[str, dict[str, Row]], notes: Row) -> str:
    suites = [suite for suite in SUITES if _caught(entry, power, suite) is False]
    if not suites:
        return ""
    why = notes["missed"].get(entry["name"], "not explained yet")
    return f"* **{entry['name']}** ({', '.join(suites)}): {why}"


def _same(out: Path, digest: str) -> list[str]:
    lines = ["## The planner against itself", "", "| change | exit code | findings |",
             "| --- | ---: | --- |"]  # fmt: skip
    for row in _all(out / "same" / digest):
        what = "; ".join(row["refusals"] or [fail["text"] for fail in row["fails"]]) or "none"
        lines.append(f"| {row['name']} ({row['scenarios']} scenarios) | {row['exit_code']} | "
                     f"{what} |")  # fmt: skip
    for kind in ("seeds", "sets"):
        seeds = _all(out / kind / digest)
        if not seeds:
            continue
        alarms = [row for row in seeds if row["exit_code"] != 0]
        count = len(seeds[0]["scenarios"])
        what = "; ".join(fail["text"] for row in alarms for fail in row["fails"]) or "none"
        codes = f"{len(alarms)} not 0" if alarms else "all 0"
        lines.append(f"| other seeds: {len(seeds)} pairs of 5 seeds against 5 others, {count} "
                     f"scenarios each | {codes} | {what} |")  # fmt: skip
    return lines
