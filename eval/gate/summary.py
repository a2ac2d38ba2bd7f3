"""The job summary: Markdown, regressions first, each with the command that replays it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from drivewm.eval.gate.cases import Case, cases
from drivewm.eval.gate.findings import Comparison
from drivewm.eval.gate.text import flaky_text, headline, waiver_lines

MOST = 25  # rows of a table, so that the summary stays short (GitHub takes 1 MiB)
LONG = 300  # characters of a cell
SIGNS = {"pass": "✅", "regression": "❌", "could not judge": "⚠️"}


def as_markdown(comparison: Comparison) -> str:
    """The summary."""
    lines = [f"## {SIGNS[comparison.verdict]} drivewm gate: {comparison.verdict}", "",
             escape(headline(comparison)), ""]  # fmt: skip
    if comparison.refusals:
        lines += ["The two results cannot be compared:", ""]
        lines += [f"- {escape(reason)}" for reason in comparison.refusals]
        return "\n".join(lines) + "\n"
    known = cases(comparison)
    failed = [case for case in known if case.state == "fail"]
    if failed:
        lines += ["### Regressions", "", *_table(failed), "", *_replays(failed)]
    lines += _tests(comparison)
    lines += _listed("Could not be judged", [
        f"{item.scenario}: {item.text}" if item.scenario else item.text
        for item in comparison.unjudged
    ])  # fmt: skip
    expired = [line for line in waiver_lines(comparison) if line.startswith("expired")]
    lines += _listed("Expired waivers", expired)
    warned = [case for case in known if case.state in ("warn", "waived")]
    if warned:
        head = f"<details><summary>Warnings and waived: {len(warned)}</summary>"
        lines += [head, "", *_table(warned), "", "</details>", ""]
    lines += _folded("Flaky in the baseline already", map(flaky_text, comparison.flaky))
    lines += _folded("On one side only", [
        *(f"new: {name}" for name in comparison.new),
        *(f"dropped: {name}" for name in comparison.dropped),
    ])  # fmt: skip
    lines += _folded("Waivers", waiver_lines(comparison))
    lines += _folded("Notes", comparison.notes)
    return "\n".join(lines).rstrip() + "\n"


def _table(found: Sequence[Case]) -> list[str]:
    rows = ["| scenario | what | how | score | was |", "| --- | --- | --- | ---: | ---: |"]
    rows += [
        f"| {escape(case.scenario)} | {escape(case.title)} | {escape(case.text)} | "
        f"{_number(case.after)} | {_number(case.before)} |"
        for case in found[:MOST]
    ]
    return rows + ([f"\n... and {len(found) - MOST} more"] if len(found) > MOST else [])


def _replays(failed: Sequence[Case]) -> list[str]:
    commands = [case.replay for case in failed[:MOST] if case.replay]
    if not commands:
        return []
    fence = "```" if not any("```" in command for command in commands) else "~~~~"
    return ["Replay one:", "", f"{fence}sh", *commands, fence, ""]


def _tests(comparison: Comparison) -> list[str]:
    told = [test for test in comparison.tests if test.verdict != "same"]
    if not told:
        return []
    order = {"fail": 0, "warn": 1, "better": 2}
    words = {"fail": "❌ worse", "warn": "⚠️ worse", "better": "better"}
    rows = [
        f"| {words[test.verdict]} | {escape(test.title)} | {escape(test.text)} |"
        for test in sorted(told, key=lambda test: order[test.verdict])[:MOST]
    ]
    return ["### Over many scenarios", "", "| | where | what |", "| --- | --- | --- |", *rows, ""]


def _listed(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    if not found:
        return []
    more = [f"- ... and {len(found) - MOST} more"] if len(found) > MOST else []
    return [f"### {title}", "", *(f"- {escape(line)}" for line in found[:MOST]), *more, ""]


def _folded(title: str, lines: Iterable[str]) -> list[str]:
    found = _listed(title, lines)
    if not found:
        return []
    return [f"<details><summary>{title}</summary>", "", *found[2:-1], "", "</details>", ""]


def escape(text: str) -> str:
    """Text that no Markdown or HTML changes, on one line of a table."""
    cut = text if len(text) <= LONG else text[: LONG - 1] + "…"
    for plain, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\\", "\\\\")):
        cut = cut.replace(plain, safe)
    for sign in "|`*_[]~#":
        cut = cut.replace(sign, f"\\{sign}")
    return " ".join(cut.split())


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
