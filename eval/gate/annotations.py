"""GitHub's workflow commands: at most ten lines, the worst first, at the scenario's YAML.

Format and escapes: docs.github.com, Workflow commands for GitHub Actions; GitHub shows ten errors
of a step.
"""

from __future__ import annotations

from pathlib import Path

from drivewm.eval.gate.cases import Case, cases, place_of
from drivewm.eval.gate.findings import Comparison

MOST = 10


def workflow_commands(comparison: Comparison, root: Path) -> list[str]:
    """``::error file=,line=,title=::message`` lines.

    Args:
        comparison: judged.
        root: of the checkout; files that it holds are named relative to it, others in the message.
    """
    lines = [command("error", {"title": "gate could not judge"}, text)
             for text in comparison.refusals]  # fmt: skip
    if not comparison.refusals:
        known = cases(comparison)
        lines += [_of_case(case, "error", root) for case in known if case.state == "fail"]
        lines += [
            command("error", {"title": f"{test.title}: {test.name}"}, test.text)
            for test in comparison.failed_tests
        ]
        lines += [
            command("error", {"title": "expired waiver", **_of_waiver(state.waiver.where, root)},
                    f"{state.waiver.scenario}: {state.text}")
            for state in comparison.waivers if state.state == "expired"
        ]  # fmt: skip
        lines += [_of_case(case, "error", root) for case in known if case.state == "error"]
        lines += [_of_case(case, "warning", root) for case in known if case.state == "warn"]
    if len(lines) <= MOST:
        return lines
    rest = len(lines) - MOST + 1
    text = f"{rest} more findings; see the job summary"
    return [*lines[: MOST - 1], command("error" if comparison.exit_code else "warning",
                                        {"title": "gate"}, text)]  # fmt: skip


def command(kind: str, properties: dict[str, str], message: str) -> str:
    """One workflow command, escaped."""
    told = ",".join(f"{key}={escape_property(value)}" for key, value in properties.items())
    return f"::{kind} {told}::{escape_data(message)}"


def escape_data(text: str) -> str:
    """Of a message."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """Of a property: what ends one is escaped too."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


def _of_case(case: Case, kind: str, root: Path) -> str:
    place = _place(case.file, case.line, root)
    title = f"{case.scenario}: {case.title or 'not judged'}"
    lines = [case.text]
    if case.file is not None and not place:
        lines.append(f"scenario: {case.file}:{case.line or 1}")
    if case.replay is not None:
        lines.append(f"replay: {case.replay}")
    return command(kind, {**place, "title": title}, "\n".join(lines))


def _place(file: str | None, line: int | str | None, root: Path) -> dict[str, str]:
    path = place_of(file, root)
    return {} if path is None else {"file": path, "line": str(line or 1)}


def _of_waiver(where: str, root: Path) -> dict[str, str]:
    file, _, line = where.rpartition(":")
    return _place(file, line, root)
