"""Baselines: results that somebody accepted, with who, why, when and what changed."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

from drivewm.errors import InputError
from drivewm.eval.gate.cases import told
from drivewm.eval.gate.findings import RULES
from drivewm.eval.gate.judge import compare
from drivewm.eval.gate.policy import load_policy
from drivewm.eval.gate.runs import RECORD, Run, digest_of, read_run
from drivewm.eval.results import read_manifest, read_table
from drivewm.storage import atomic_folder

SCHEMA_VERSION = 1
Record = dict[str, Any]


def accept(
    results: Path, to: Path, *, by: str, why: str, when: date, rollouts: bool = False
) -> Record:
    """Copies tables and manifest of a finished run and records the acceptance.

    Args:
        results: folder written by ``drivewm score``.
        to: folder of the baseline; one that is there is replaced, its history kept.
        by, why, when: of the record.
        rollouts: copy the archived drives too, so that reports can show them.

    Raises:
        InputError: the results are not whole or hold failed drives, an empty name or reason, or
            the folder holds something else.
    """
    for value, field in ((by, "--by"), (why, "--why")):
        if not value.strip():
            raise InputError("is empty", field=field, fix="say who accepts it, and why")
    runs = {name: _checked(results, name) for name in planners_of(results)}
    if results.resolve() == to.resolve():
        raise InputError("is the results folder itself", file=to, field="--to",
                         fix="choose a folder of its own")  # fmt: skip
    previous = _previous(to)
    manifest = read_manifest(results)
    entry = {"by": by, "why": why, "date": when.isoformat(),
             "fingerprint": manifest.get("fingerprint")}  # fmt: skip
    record: Record = {
        "schema_version": SCHEMA_VERSION, **entry, "source": str(results),
        "planners": list(runs), "diff": [_diff(to, run, when) for run in runs.values()]
        if previous else [], "history": [*(previous or {}).get("history", []), entry],
    }  # fmt: skip
    with atomic_folder(to) as partial:
        names = sorted(path.name for path in results.glob("*.parquet"))
        for name in [*names, "manifest.json"]:
            shutil.copyfile(results / name, partial / name)
        if rollouts and (results / "rollouts").is_dir():
            shutil.copytree(results / "rollouts", partial / "rollouts")
        record["tables"] = {name: digest_of(partial / name) for name in [*names, "manifest.json"]}
        text = json.dumps(record, indent=2) + "\n"
        (partial / RECORD).write_text(text, encoding="utf-8")
    return record


def planners_of(folder: Path) -> list[str]:
    """Labels in a results folder.

    Raises:
        InputError: no results, or an empty table.
    """
    if not folder.is_dir():
        raise InputError("no such results folder", file=folder, fix="run `drivewm score`")
    read_manifest(folder)
    column = read_table(folder, "scores", ["planner"]).column("planner").to_pylist()
    if not column:
        raise InputError("holds no row", file=folder / "scores.parquet", fix="run `drivewm score`")
    return list(dict.fromkeys(column))


def read_record(folder: Path) -> Record:
    """The record of a baseline whose tables are those that were accepted.

    Raises:
        InputError: it is no baseline, or something in it was changed.
    """
    path = folder / RECORD
    if not path.exists():
        raise InputError("holds no baseline", file=folder,
                         fix="accept results with `drivewm baseline accept`")  # fmt: skip
    read_run(folder, planners_of(folder)[0])  # checks the tables
    record = json.loads(path.read_text(encoding="utf-8"))
    if record.get("schema_version") != SCHEMA_VERSION:
        raise InputError("not a baseline of this version", file=path, field="schema_version",
                         fix="accept the results again")  # fmt: skip
    return record


def as_text(record: Record, folder: Path) -> str:
    """What a baseline is, for a terminal."""
    lines = [f"{folder}: baseline of {', '.join(record['planners'])}",
             f"  accepted {record['date']} by {record['by']}: {record['why']}",
             f"  from {record['source']}"]  # fmt: skip
    for diff in record["diff"]:
        lines.append(f"  {diff['planner']} against the previous baseline: {diff['verdict']}")
        lines += [f"    {line}" for line in diff["lines"]]
    earlier = record["history"][:-1]
    if earlier:
        lines.append("  before:")
        lines += [f"    {e['date']} by {e['by']}: {e['why']}" for e in reversed(earlier)]
    return "\n".join(lines)


def _checked(results: Path, planner: str) -> Run:
    run = read_run(results, planner)
    failed = [name for (name, _), drive in run.drives.items() if drive.failed]
    if failed or run.missing:
        name = failed[0] if failed else run.missing[0][0]
        what = "failed" if failed else "are missing"
        raise InputError(
            f"{len(failed) or len(run.missing)} drives of '{planner}' {what} (such as {name}): "
            "nothing could be judged against them",
            file=results, fix="mend the planner, or leave those scenarios out",
        )  # fmt: skip
    return run


def _previous(to: Path) -> Record | None:
    """The record of the baseline that will be replaced."""
    if not to.exists():
        return None
    if not to.is_dir():
        raise InputError("is not a folder", file=to, field="--to", fix="choose another name")
    known = (".parquet", ".json")
    foreign = [p.name for p in sorted(to.iterdir())
               if p.suffix not in known and p.name not in ("rollouts", "explain")]  # fmt: skip
    if foreign or (any(to.iterdir()) and not (to / RECORD).exists()):
        what = f" ('{foreign[0]}')" if foreign else ""
        raise InputError(f"holds something that is no baseline{what}", file=to, field="--to",
                         fix="choose another folder")  # fmt: skip
    return read_record(to) if any(to.iterdir()) else None


def _diff(previous: Path, run: Run, when: date) -> Record:
    """What the gate says of the new baseline against the previous one."""
    if run.planner not in planners_of(previous):
        return {"planner": run.planner, "verdict": "new planner", "lines": []}
    old = read_run(previous, run.planner)
    found = compare(old, run, load_policy(), today=when)
    lines = [f"not comparable: {reason}" for reason in found.refusals]
    lines += [f"{f.scenario}: {RULES[f.rule]}: {told(f)}" for f in found.findings]
    lines += [f"{t.verdict}: {t.title}: {t.text}" for t in found.tests if t.verdict != "same"]
    return {
        "planner": run.planner, "verdict": found.verdict, "lines": lines,
        "new_scenarios": list(found.new), "dropped_scenarios": list(found.dropped),
        "scores": {name: [_mean(old, name), _mean(run, name)] for name in found.shared},
    }  # fmt: skip


def _mean(run: Run, scenario: str) -> float:
    scores = [drive.score for drive in run.of_scenario(scenario).values()]
    return round(sum(scores) / len(scores), 6)
