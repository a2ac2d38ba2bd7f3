"""The gate on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drivewm.eval.gate.cases import Case, cases, told
from drivewm.eval.gate.findings import RULES, Comparison, Flaky

MOST = 40  # scenarios in a table
WIDE = 92  # characters of a cell of words
HEADS = {"pass": "PASS", "regression": "REGRESSION", "could not judge": "COULD NOT JUDGE"}


def as_text(comparison: Comparison) -> str:
    """Everything that a reader must know, regressions first."""
    lines = [headline(comparison), *_refused(comparison)]
    if comparison.refusals:
        return "\n".join(lines)
    known = cases(comparison)
    told_cases = [case for case in known if case.state not in ("pass", "new", "dropped", "flaky")]
    lines += ["", *_table(told_cases)] if told_cases else []
    lines += _section("Over many scenarios", [
        f"{_mark(test.verdict)} {test.title}: {test.text}"
        for test in comparison.tests if test.verdict != "same"
    ])  # fmt: skip
    lines += _section("Flaky in the baseline already", map(flaky_text, comparison.flaky))
    lines += _section("Could not be judged", [
        f"{item.scenario}: {item.text}" if item.scenario else item.text
        for item in comparison.unjudged
    ])  # fmt: skip
    lines += _section("On one side only", [
        *(f"new: {name}" for name in comparison.new),
        *(f"dropped: {name}" for name in comparison.dropped),
    ])  # fmt: skip
    lines += _section("Waivers", waiver_lines(comparison))
    lines += _section("Notes", comparison.notes)
    lines += _section("Replay", [
        case.replay for case in known if case.state == "fail" and case.replay
    ][:10])  # fmt: skip
    return "\n".join(lines)


def headline(comparison: Comparison) -> str:
    """The verdict and how the two sides stand, in one line."""
    return f"{HEADS[comparison.verdict]}: {'; '.join(standing(comparison))}"


def standing(comparison: Comparison) -> list[str]:
    """Who was judged, what fails, scores, passes; where nothing was compared, who alone."""
    old, new = comparison.baseline, comparison.candidate
    parts = [new.planner if old.planner == new.planner else f"{new.planner} against {old.planner}"]
    if comparison.refusals:
        return parts
    shared = comparison.shared
    failed = len({finding.scenario for finding in comparison.failures})
    parts.append(f"{failed} of {_count(len(shared), 'scenario')} fail")
    if comparison.failed_tests:
        parts.append(f"{_count(len(comparison.failed_tests), 'test')} over many scenarios fail")
    parts.append(f"score {_mean_score(new, shared):.3f}, was {_mean_score(old, shared):.3f}")
    counts = [_passed(run, shared) for run in (new, old)]
    if counts[0] and counts[1]:
        parts.append(f"passed {counts[0]}, was {counts[1]}")
    return parts


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def flaky_text(item: Flaky) -> str:
    """A flaky event in words."""
    new = f"; new at seeds {', '.join(map(str, item.new_seeds))}" if item.new_seeds else ""
    return (
        f"{item.scenario}: {RULES[item.rule]} in {item.after_events} of {item.after} drives, was "
        f"{item.before_events} of {item.before}{new}"
    )


def waiver_lines(comparison: Comparison) -> list[str]:
    """What became of each waiver."""
    return [
        f"{state.state}: {state.waiver.scenario}"
        + (f" ({state.waiver.rule})" if state.waiver.rule else "")
        + f", {state.waiver.owner}: {state.text} ({state.waiver.where})"
        for state in comparison.waivers
    ]


def _refused(comparison: Comparison) -> list[str]:
    return [f"  not comparable: {_plain(reason)}" for reason in comparison.refusals]


def _table(found: Sequence[Case]) -> Iterator[str]:
    rows = [["", "scenario", "what", "score", "was", "how"]]
    rows += [
        [case.state, case.scenario, case.title or "not judged", _number(case.after),
         _number(case.before), _cut(case.text)]
        for case in found[:MOST]
    ]  # fmt: skip
    widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
    for case in found[:MOST]:
        for finding in case.findings[1:]:
            if finding.fails:
                yield f"  {case.scenario}: {RULES[finding.rule]}: {_cut(told(finding))}"
    if len(found) > MOST:
        yield f"... and {len(found) - MOST} more"


def _section(title: str, lines) -> list[str]:
    found = list(lines)
    shown = [f"  {_plain(line)}" for line in found[:MOST]]
    more = [f"  ... and {len(found) - MOST} more"] if len(found) > MOST else []
    return ["", f"{title}:", *shown, *more] if found else []


def _mark(verdict: str) -> str:
    return {"fail": "worse", "warn": "worse (warning)", "better": "better"}[verdict]


def _mean_score(run, names: Sequence[str]) -> float:
    wanted = set(names)
    scores = [drive.score for (name, _), drive in sorted(run.drives.items()) if name in wanted]
    return sum(scores) / len(scores) if scores else 0.0


def _passed(run, names: Sequence[str]) -> str:
    wanted = set(names)
    known = [d.passed for (name, _), d in run.drives.items() if name in wanted]
    if not known or all(value is None for value in known):
        return ""
    return f"{sum(bool(value) for value in known)} of {len(known)}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _plain(text: str) -> str:
    """On one line, without control characters: a planner's words must not be able to move a
    terminal's cursor, nor to begin a line that a CI system takes for a command."""
    return "".join(c if c.isprintable() else " " for c in text)


def _cut(text: str) -> str:
    text = _plain(text)
    return text if len(text) <= WIDE else text[: WIDE - 1] + "…"
