"""The comparison as JSON (docs/gate.md tells its fields)."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from drivewm.eval.gate.cases import Case, cases
from drivewm.eval.gate.findings import Comparison, Finding
from drivewm.eval.gate.runs import Run
from drivewm.eval.gate.waivers import Waiver

SCHEMA_VERSION = 1


def as_json(comparison: Comparison) -> str:
    """Text of a JSON object; same comparison, same text."""
    return json.dumps(content(comparison), indent=2, allow_nan=False) + "\n"


def content(comparison: Comparison) -> dict[str, Any]:
    """The object."""
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": comparison.verdict,
        "exit_code": comparison.exit_code,
        "judged_on": comparison.today.isoformat(),
        "baseline": _run(comparison.baseline),
        "candidate": _run(comparison.candidate),
        "policy": comparison.policy.model_dump(mode="json"),
        "refusals": list(comparison.refusals),
        "unjudged": [asdict(item) for item in comparison.unjudged],
        "scenarios": [] if comparison.refusals else [_case(case) for case in cases(comparison)],
        "tests": [{**asdict(test), "where": test.title} for test in comparison.tests],
        "flaky": [asdict(item) for item in comparison.flaky],
        "new_scenarios": list(comparison.new),
        "dropped_scenarios": list(comparison.dropped),
        "waivers": [
            {**_waiver(state.waiver), "state": state.state, "text": state.text}
            for state in comparison.waivers
        ],
        "notes": list(comparison.notes),
    }


def _run(run: Run) -> dict[str, Any]:
    manifest = run.manifest
    return {
        "folder": str(run.folder), "planner": run.planner, "drives": len(run.drives),
        "fingerprint": manifest.get("fingerprint"), "created": manifest.get("created"),
        "drivewm_version": manifest.get("drivewm_version"),
        "git_commit": manifest.get("git_commit"), "command": manifest.get("command"),
    }  # fmt: skip


def _case(case: Case) -> dict[str, Any]:
    return {
        "scenario": case.scenario, "family": case.family, "group": case.group,
        "file": case.file, "line": case.line, "state": case.state, "score_before": case.before,
        "score_after": case.after, "drives": case.drives, "replay": case.replay,
        "errors": list(case.errors), "findings": [_finding(finding) for finding in case.findings],
    }  # fmt: skip


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule, "severity": finding.severity, "fails": finding.fails,
        "seeds": list(finding.seeds), "text": finding.text, "size": finding.size,
        "waiver": None if finding.waiver is None else _waiver(finding.waiver),
    }  # fmt: skip


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return asdict(waiver) | {"expires": waiver.expires.isoformat()}
