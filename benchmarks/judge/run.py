"""The judge against the reference implementations, and its kernels against plain C. One thread.

    DRIVEWM_FIXTURES=... python benchmarks/judge/run.py [--reference "COMMAND"] [--json FILE]

Times are CPU seconds of this process (best of several runs), after one run that compiles, whose
time is in the column "first". A closed loop is timed unscored, per simulated second, with its
set-up; scoring is a row of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import kernels  # noqa: E402
from cases import work_of  # noqa: E402
from reference import Entry, measured, stored  # noqa: E402


def best_s(run: Callable[[], object], at_least_s: float = 0.5) -> float:
    """Shortest CPU time of repeated runs, each repeated until a clock can tell."""
    inner, times, begun = 1, [], time.perf_counter()
    while True:
        start = time.process_time()
        for _ in range(inner):
            run()
        took = time.process_time() - start
        if took < 5e-3 and inner < 1e6:
            inner *= 4
            continue
        times.append(took / inner)
        if time.perf_counter() - begun > at_least_s and len(times) >= 5:
            return min(times)


def against_reference(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """One row per entry that drivewm has the same work for."""
    rows = []
    for entry in entries:
        found = work_of(entry)
        if found is None:
            continue
        work, times = found
        start = time.perf_counter()
        work()
        first_s = time.perf_counter() - start
        ours_s = best_s(work) / times
        rows.append({
            "name": entry.name, "reference_s": entry.seconds, "ours_s": ours_s,
            "ratio": entry.seconds / ours_s, "first_s": first_s,
        })  # fmt: skip
    return rows


def against_c() -> list[dict[str, Any]]:
    """One row per kernel: Numba, C, and their ratio; both give the same arrays."""
    rows = []
    for name, numba_run, c_run in kernels.pairs():
        ours_s, c_s = best_s(numba_run), best_s(c_run)
        rows.append({"name": name, "ours_s": ours_s, "c_s": c_s, "ratio": ours_s / c_s})
    return rows


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", help="command that times the reference and prints JSON")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    args = parser.parse_args()
    fixtures = Path(os.environ["DRIVEWM_FIXTURES"])
    entries = measured(args.reference) if args.reference else stored(fixtures)
    result = {"reference": against_reference(entries), "c": against_c()}
    print("| what | reference ms | drivewm ms | times faster | first call s |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for r in result["reference"]:
        print(f"| {r['name']} | {1e3 * r['reference_s']:.3g} | {1e3 * r['ours_s']:.3g} | "
              f"{r['ratio']:.0f} | {r['first_s']:.2f} |")  # fmt: skip
    print("\n| kernel | drivewm us | plain C us | drivewm / C |")
    print("| --- | ---: | ---: | ---: |")
    for r in result["c"]:
        print(
            f"| {r['name']} | {1e6 * r['ours_s']:.2f} | {1e6 * r['c_s']:.2f} | {r['ratio']:.2f} |"
        )
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
