"""Cuts a small set out of the full fixtures that still reaches every outcome.

    python tests/golden/make_cut.py FIXTURES tests/golden/reference

An outcome is a value (or sort of value: null, zero, negative, infinite) of an output column, or of
an input label. Per kind, rows are taken greedily, the most new outcomes per byte first, until every
outcome that occurs in the kind occurs in the cut. Rows on maps already taken cost less.
"""

from __future__ import annotations

import gzip
import json
import math
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

LABELS = ("planner", "observation", "kind", "n_poses", "has_prev", "type")
KINDS = {  # rows at least, at most
    "nuplan_closed_loop": (7, 7), "nuplan_cls": (20, 24), "navsim_v2": (10, 18),
    "navsim_v1": (6, 10), "lqr_navsim": (5, 5), "lqr_nuplan": (4, 5), "comfort": (7, 9),
    "boxes": (150, 200), "idm_steps": (60, 60),
}  # fmt: skip
TWO_STAGE = "navsim_v2_two_stage"
FEW = 8  # a column with at most so many values is discrete
MAP_BYTES = 20_000
Row = dict[str, Any]


def main(source: Path, target: Path) -> None:
    """Writes the cut."""
    target.mkdir(parents=True, exist_ok=True)
    maps: set[str] = set()
    for kind, (least, most) in KINDS.items():
        table = pq.read_table(source / f"{kind}.parquet")
        rows = table.to_pylist()
        taken = _cover(rows, most, maps)
        spread = range(0, len(rows), max(1, len(rows) // (2 * least)))
        known = [i for i in spread if rows[i].get("map_id", None) in (None, *maps)]
        taken = sorted({*taken, *[i for i in known if i not in taken][: least - len(taken)]})
        maps |= {rows[i]["map_id"] for i in taken if "map_id" in rows[i]}
        pq.write_table(
            table.take(pa.array(taken)), target / f"{kind}.parquet", compression="zstd",
            compression_level=19, use_dictionary=False,
        )  # fmt: skip
        print(kind, len(taken), "of", len(rows), (target / f"{kind}.parquet").stat().st_size)
    with gzip.open(source / "maps.json.gz") as file:
        kept = [row for row in json.load(file) if row["map_id"] in maps]
    _write_gzip(target / "maps.json.gz", json.dumps(kept))
    with gzip.open(source / f"{TWO_STAGE}.jsonl.gz") as file:
        cases = sorted((line.decode() for line in file), key=len)[:2]
    _write_gzip(target / f"{TWO_STAGE}.jsonl.gz", "".join(cases))
    print("total", sum(f.stat().st_size for f in target.iterdir()))


def _cover(rows: list[Row], most: int, maps: set[str]) -> list[int]:
    discrete = {name for name in rows[0] if _is_discrete(rows, name)}
    outcomes = [_outcomes(row, discrete) for row in rows]
    sizes = [len(json.dumps(row, default=str)) / 4 for row in rows]
    open_, taken, here = set().union(*outcomes), [], set(maps)
    while open_ and len(taken) < most:
        costs = [
            size + MAP_BYTES * ("map_id" in row and row["map_id"] not in here)
            for size, row in zip(sizes, rows)
        ]
        worths = [len(found & open_) / cost for found, cost in zip(outcomes, costs)]
        best = max(range(len(rows)), key=worths.__getitem__)
        if not outcomes[best] & open_:
            break
        taken.append(best)
        open_ -= outcomes[best]
        here.add(rows[best].get("map_id", ""))
    print(f"  {len(open_)} outcomes left out:", sorted(open_)[:6])
    return taken


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [inner for item in value for inner in _flat(item)]
    return [value]


def _is_discrete(rows: list[Row], name: str) -> bool:
    values = {x for row in rows for x in _flat(row[name]) if x is not None and x == x}
    return len(values) <= FEW


def _outcomes(row: Row, discrete: set[str]) -> set[str]:
    found = {f"{row['planner']} x {row['observation']}"} if "planner" in row else set()
    for name, value in row.items():
        if not name.startswith("out_") and name not in LABELS:
            continue
        if isinstance(value, list) and not value:
            found.add(f"{name}=empty")
        for item in _flat(value):
            found.add(f"{name}={item if name in discrete else _sort(item)}")
    return found


def _sort(value: Any) -> str:
    if value is None or value != value:
        return "null"
    if isinstance(value, str):
        return "text" if value else "no text"
    if math.isinf(value):
        return "infinite"
    return "zero" if value == 0 else "positive" if value > 0 else "negative"


def _write_gzip(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
