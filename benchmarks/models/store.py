"""Finished cells: one small JSON file each, found again by configuration, data and code."""

from __future__ import annotations

import ast
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from plan import ENCODER, TRAIN, Cell

from drivewm.config import load
from drivewm.storage import write_text
from drivewm.training.config import TrainConfig

ROOT = Path(__file__).parents[2]
CODE = {  # folders whose code decides a task's outcome; judgements also hang on training
    ENCODER: ("drivewm/models", "drivewm/training"),
    TRAIN: ("drivewm/models", "drivewm/training"),
    "forecast": ("eval/forecast",),
    "counterfactual": ("eval/counterfactual",),
}


def digest(*parts: Any) -> str:
    """A short hash of JSON-able parts."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@cache
def code_hash(task: str) -> str:
    """Of what the code says: comments, docstrings and layout do not count."""
    folders = dict.fromkeys([*CODE[TRAIN], *CODE[task]])
    files = [p for f in folders for p in sorted((ROOT / f).rglob("*.py"))]
    return digest([(str(p.relative_to(ROOT)), _meaning(p)) for p in files])


def _meaning(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            body[0] = ast.Pass()
    return digest(ast.dump(tree))


class Store:
    """A folder of rows: ``cells/<what>-<code>.json``."""

    def __init__(self, folder: Path, judging: dict[str, Any], any_code: bool = False) -> None:
        self.folder, self.judging, self.any_code = folder, judging, any_code

    def what(self, cell: Cell, data: str) -> str:
        """Of configuration, scenes, data and seeds; the name of a row does not count."""
        row, judge, configs = cell.row, self.judging.get(cell.task, {}), []
        tasks = (ENCODER,) if ENCODER in (cell.task, row.last) else (ENCODER, TRAIN)
        for task in tasks:
            arguments = row.arguments(task, 0)
            config = load(TrainConfig, f"train/{row.preset}", arguments).model_dump(mode="json")
            configs.append({k: v for k, v in config.items() if k not in ("seed", "threads")})
        parts = [cell.task, configs, dict(row.scenes), data, list(cell.seeds), judge]
        return digest(*parts, *(["branches"] if row.branches and cell.task != ENCODER else []))

    def path(self, cell: Cell, data: str) -> Path:
        return self.folder / "cells" / f"{self.what(cell, data)}-{code_hash(cell.task)}.json"

    def find(self, cell: Cell, data: str) -> dict[str, Any] | None:
        """The finished row of a cell, None when there is none (of this code)."""
        path = self.path(cell, data)
        if path.exists():
            return json.loads(path.read_text(encoding="utf-8"))
        if self.any_code:
            old = list(path.parent.glob(f"{self.what(cell, data)}-*.json"))
            if old:
                newest = max(old, key=lambda p: p.stat().st_mtime_ns)
                return {**json.loads(newest.read_text(encoding="utf-8")), "older_code": True}
        return None

    def add(self, cell: Cell, data: str, result: dict[str, Any]) -> None:
        """Keeps a row; atomic."""
        content = {
            "table": cell.row.table, "row": cell.row.name, "task": cell.task,
            "seeds": list(cell.seeds), "overrides": dict(cell.row.overrides),
            "scenes": dict(cell.row.scenes), "data": data, "code": code_hash(cell.task), **result,
        }  # fmt: skip
        write_text(self.path(cell, data), json.dumps(content, indent=1) + "\n")

    def run_folder(self, cell: Cell, task: str, seed: int, data: str) -> Path:
        """Where the encoder's or the whole training run of a seed lies."""
        one = Cell(task=task, row=cell.row, seeds=(seed,))
        found = self.find(one, data)
        code = found["code"] if found else code_hash(task)
        return self.folder / "runs" / f"{self.what(one, data)}-{code}"
