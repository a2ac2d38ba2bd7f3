"""What the command line prints of a suite: passed by planner and group, and what failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drivewm.eval.results import read_table

MOST = 20  # failures that are listed


def scenario_table(folder: Path) -> str:
    """Text of several lines; ``passed/driven`` per planner and group, then the failures."""
    rows = read_table(folder, "scenario").to_pylist()
    planners = list(dict.fromkeys(row["planner"] for row in rows))
    groups = list(dict.fromkeys(row["group"] for row in rows))
    cells = [["passed", *planners]]
    for group in [*groups, "all"]:
        of_group = [row for row in rows if group in (row["group"], "all")]
        cells.append([group or "-", *[_share(of_group, planner) for planner in planners]])
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    lines = ["", *("  ".join(t.ljust(w) for t, w in zip(row, widths)).rstrip() for row in cells)]
    failed = [row for row in rows if not row["passed"]]
    if failed:
        lines += ["", "not passed:"]
        lines += [f"  {row['planner']}  {row['scene_id']}{_seed(row)}: {row['reason']}"
                  for row in failed[:MOST]]  # fmt: skip
        if len(failed) > MOST:
            lines.append(f"  ... and {len(failed) - MOST} more (table scenario.parquet)")
    silent = sorted({(row["scene_id"], row["never_fired"]) for row in rows if row["never_fired"]})
    if silent:
        lines += ["", "triggers that never fired:"]
        lines += [f"  {scene}: {names}" for scene, names in silent[:MOST]]
        if len(silent) > MOST:
            lines.append(f"  ... and {len(silent) - MOST} more")
    return "\n".join(lines)


def _share(rows: list[dict[str, Any]], planner: str) -> str:
    own = [row for row in rows if row["planner"] == planner]
    return f"{sum(bool(row['passed']) for row in own)}/{len(own)}"


def _seed(row: dict[str, Any]) -> str:
    return f" (seed {row['seed']})" if row["seed"] else ""
