"""Imports the shared ALKS and Euro NCAP files and drives each: the table of issue 5.

python benchmarks/openscenario/run.py [FOLDER] [--planners scripted,idm] [--only TEXT] [--json OUT]

FOLDER (default: $DRIVEWM_REAL_DATA/openscenario) holds ``alks`` and ``ncap``. Taken are the
concrete ALKS scenarios, the Euro NCAP files of SingleExecution and those files of 2023's Variations
whose name does not contain "Variation".
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

from drivewm.errors import InputError
from drivewm.planners.registry import known
from drivewm.scenarios.osc.drive import SCRIPTED, Outcome, drive
from drivewm.scenarios.osc.load import Imported, load
from drivewm.scenarios.osc.nominal import checks_of, nominal_of, scripted_impact

USUAL = (SCRIPTED, "idm", "careful", "constant_velocity")


def files_of(folder: Path) -> list[Path]:
    """The files of the table, in order."""
    alks = sorted(folder.glob("alks/logical_scenarios/concrete_scenarios/*.xosc"))
    ncap = folder / "ncap/OpenSCENARIO/NCAP"
    single = sorted(ncap.glob("*/Variations/SingleExecution/*.xosc"))
    of_2023 = sorted(ncap.glob("*_2023/Variations/*.xosc"))
    return [*alks, *single, *(file for file in of_2023 if "Variation" not in file.name)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument(
        "--planners", default=",".join(p for p in USUAL if p in (SCRIPTED, *known()))
    )
    parser.add_argument("--only", default="", help="files whose name contains this")
    parser.add_argument("--json", type=Path, metavar="OUT")
    args = parser.parse_args()
    root = os.environ.get("DRIVEWM_REAL_DATA")
    if args.folder is None and root is None:
        parser.error("give FOLDER or set DRIVEWM_REAL_DATA")
    folder = args.folder or Path(root or "") / "openscenario"
    files = [file for file in files_of(folder) if args.only in file.name]
    if not files:
        parser.error(f"no such files under {folder}")
    planners, rows, start = args.planners.split(","), [], time.perf_counter()
    print("| file | status | " + " | ".join(planners) + " | nominal impact, scripted ego |")
    print("|" + " --- |" * (3 + len(planners)))
    for file in files:
        row = row_of(file, planners)
        rows.append(row)
        print("| " + " | ".join([file.stem, row["status"], *row["drives"], row["nominal"]]) + " |",
              flush=True)  # fmt: skip
    good = [row for row in rows if row["status"] == "ok"]
    told = [row for row in rows if row["is_good"] is not None]
    near = sum("approximate" in row["nominal"] for row in told)
    print(f"\n{len(good)} of {len(rows)} files imported and driven by {len(planners)} planners in "
          f"{time.perf_counter() - start:.0f} s; nominal impact within 2 % in "
          f"{sum(row['is_good'] for row in told)} of {len(told)} files that define one "
          f"(of {near} the speed alone: their own formulas only come near the place)")  # fmt: skip
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if len(good) == len(rows) and all(row["is_good"] for row in told) else 1


def row_of(file: Path, planners: list[str]) -> dict:
    """One line of the table."""
    empty = {"file": file.stem, "drives": ["-"] * len(planners), "nominal": "-", "is_good": None}
    try:
        imported = load(file)
    except InputError as error:
        return empty | {"status": f"not imported: {error}", "notes": 0}
    outcomes = [drive(imported, planner)[1] for planner in planners]
    failed = [outcome for outcome in outcomes if outcome.status != "ok"]
    text, is_good = _nominal(imported)
    return {
        "file": file.stem,
        "status": "ok" if not failed else f"failed: {failed[0].planner}",
        "drives": [_short(outcome) for outcome in outcomes],
        "nominal": text,
        "is_good": is_good,
        "notes": len(imported.notes),
        "outcomes": [
            {"planner": o.planner, "status": o.status, "reason": o.reason,
             "impact": None if o.impact is None else asdict(o.impact),
             "never": [str(e) for e in o.never], "failed": [str(e) for e in o.failed]}
            for o in outcomes
        ],
    }  # fmt: skip


def _short(outcome: Outcome) -> str:
    if outcome.status != "ok":
        return f"failed: {outcome.reason}"
    if outcome.impact is not None:
        hit = outcome.impact
        return f"hit {hit.ego_speed_mps * 3.6:.1f} km/h at {hit.contact_pct:.0f} %"
    return "free" if abs(outcome.end_mps) > 0.1 else "free, stands"


def _nominal(imported: Imported) -> tuple[str, bool | None]:
    nominal = nominal_of(imported)
    if nominal is None:
        return "-", None
    impact = scripted_impact(imported, nominal)
    if impact is None:
        return "no contact", False
    checks = checks_of(imported, nominal, impact)
    text = ", ".join(f"{c.what} {c.driven:.2f} ({c.nominal:.2f})" for c in checks)
    if not nominal.is_exact:
        return f"{text} (approximate by the file's own formulas)", checks[0].is_good
    return text, all(check.is_good for check in checks)


if __name__ == "__main__":
    sys.exit(main())
