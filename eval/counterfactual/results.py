"""The folder of a counterfactual evaluation: rows as Parquet, and the tables made of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.errors import InputError
from drivewm.eval.counterfactual import tables, text
from drivewm.eval.counterfactual.states import State
from drivewm.eval.counterfactual.truth import VERDICT, StateTruth
from drivewm.storage import atomic_file, write_text

ABOUT, TABLE = "counterfactual.json", "table.md"
BRANCHES, STATES, SHUFFLE = "branches.parquet", "states.parquet", "shuffle.parquet"
KNOWN = (ABOUT, BRANCHES, STATES, TABLE, SHUFFLE, "figures", "truth")
OUTCOME = (
    "collision",
    "departure",
    "bad",
    "score",
    "decided",
    "collision_s",
    "departure_s",
    "ends",
)
_ROW = [("run", pa.int32()), ("row", pa.string()), ("input", pa.string())]
_STATE = [("split", pa.string()), ("scene", pa.string()), ("keyframe", pa.int32()),
          ("kind", pa.string())]  # fmt: skip
BRANCH_SCHEMA = pa.schema(
    [*_ROW, *_STATE, ("branch", pa.int32()), ("manoeuvre", pa.string())]
    + [(name, pa.float64()) for name in OUTCOME]
    + [(f"true_{name}", pa.float64()) for name in VERDICT]
)
STATE_SCHEMA = pa.schema([*_ROW, *_STATE, ("name", pa.string()), ("sums", pa.list_(pa.float64()))])

SHUFFLE_SCHEMA = pa.schema(
    [("fleet", pa.string()), ("run", pa.int32()), ("row", pa.string()), ("variant", pa.string()),
     ("scene", pa.string()), ("keyframe", pa.int32()), ("trained_on", pa.bool_()),
     ("nll", pa.float64()), ("hit", pa.int64()), ("union", pa.int64())]
)  # fmt: skip


def check_output(output: Path) -> None:
    """Makes the folder now, so that no work is lost for want of a place.

    Raises:
        InputError: it holds something else.
    """
    found = [p.name for p in output.iterdir()] if output.is_dir() else []
    if any(name not in KNOWN and not name.startswith(".") for name in found):
        raise InputError(
            "holds other files than a counterfactual evaluation", file=output, field="--output",
            fix="choose another folder",
        )  # fmt: skip
    output.mkdir(parents=True, exist_ok=True)


def write_rows(
    output: Path, states: Sequence[State], truths: Sequence[StateTruth], parts: Sequence[Path]
) -> None:
    """``branches.parquet`` and ``states.parquet`` from every state's parts, a folder a run."""
    branches: list[dict[str, Any]] = []
    sums: list[dict[str, Any]] = []
    for run, place in enumerate(parts):
        for state, truth in zip(states, truths):
            with np.load(place / f"{state.name}.npz") as arrays:
                content = {name: arrays[name] for name in arrays.files}
            about = {"run": run, "split": state.split, "scene": state.scene,
                     "keyframe": state.keyframe, "kind": state.kind}  # fmt: skip
            for key in dict.fromkeys(name.rpartition("|")[0] for name in content):
                row, source = key.split("|")
                own = {
                    n.rpartition("|")[2]: v for n, v in content.items() if n.startswith(f"{key}|")
                }
                here = {**about, "row": row, "input": source}
                branches += _branch_rows(here, own, truth)
                sums += [
                    {**here, "name": name, "sums": values.astype(float).tolist()}
                    for name, values in own.items()
                    if name not in OUTCOME
                ]
    _write(output / BRANCHES, branches, BRANCH_SCHEMA)
    _write(output / STATES, sums, STATE_SCHEMA)


def write_shuffled(output: Path, rows: Sequence[dict[str, Any]]) -> None:
    """``shuffle.parquet``."""
    _write(output / SHUFFLE, rows, SHUFFLE_SCHEMA)


def _write(path: Path, rows: Sequence[dict[str, Any]], schema: pa.Schema) -> None:
    with atomic_file(path) as partial:
        pq.write_table(pa.Table.from_pylist(list(rows), schema), partial)


def _branch_rows(
    here: dict[str, Any], own: dict[str, np.ndarray], truth: StateTruth
) -> list[dict[str, Any]]:
    return [
        {
            **here, "branch": b, "manoeuvre": name,
            **{field: float(own[field][b]) for field in OUTCOME},
            **{f"true_{field}": float(truth.verdict[field][b]) for field in VERDICT},
        }
        for b, name in enumerate(truth.names)
    ]  # fmt: skip


def write_tables(folder: str | Path, about: dict[str, Any] | None = None) -> dict[str, Any]:
    """``counterfactual.json`` and ``table.md`` from a folder's rows; returns the content.

    Args:
        about: what the tables are of; None: as the folder's own ``counterfactual.json`` says.

    Raises:
        InputError: a file lacks or is damaged.
    """
    folder = Path(folder)
    if about is None:
        about = _read_about(folder)
    rows = {name: _read(folder / name) for name in (BRANCHES, STATES, SHUFFLE)}
    content = {
        "about": about,
        **tables.tables(rows[BRANCHES], rows[STATES]),
        "shuffle": tables.shuffle_table(rows[SHUFFLE]),
    }
    write_text(folder / ABOUT, json.dumps(content, indent=1) + "\n")
    write_text(folder / TABLE, text.markdown(content))
    return content


def _read_about(folder: Path) -> dict[str, Any]:
    path = folder / ABOUT
    try:
        return json.loads(path.read_text(encoding="utf-8"))["about"]
    except FileNotFoundError as error:
        raise InputError(
            "no counterfactual evaluation here", file=folder, field="--tables",
            fix="name the folder that `drivewm counterfactual` wrote",
        ) from error  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"not readable ({error})", file=path,
                         fix="run `drivewm counterfactual` again") from error  # fmt: skip


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        return pq.read_table(path).to_pylist()
    except (FileNotFoundError, pa.ArrowInvalid, OSError) as error:
        raise InputError(f"not readable ({error})", file=path,
                         fix="run `drivewm counterfactual` again") from error  # fmt: skip
