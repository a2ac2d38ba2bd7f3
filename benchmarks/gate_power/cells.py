"""Drives of the benchmark, one small results folder each, put together as a suite's results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import drivewm.planners
from drivewm.config import load
from drivewm.eval.results import read_manifest
from drivewm.eval.schema import tables_of
from drivewm.eval.scores.registry import load_config
from drivewm.eval.scores.safety import SafetyConfig
from drivewm.eval.scoring import ScoringRun, score_planners
from drivewm.scenarios.source import SuiteSource
from drivewm.sim.config import SimConfig
from drivewm.storage import atomic_folder

PLANNER_FILES = ("careful*.py", "defects*.py")


def code_digest() -> str:
    """Of the planners' sources: drives by others do not count."""
    folder = Path(drivewm.planners.__file__).parent
    digest = hashlib.blake2b(digest_size=6)
    for pattern in PLANNER_FILES:
        for path in sorted(folder.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def key_of(text: str) -> str:
    """A folder's name for a planner."""
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


class Cells:
    """Drives by planner, scenario and seed, made once for all suites that hold the scenario."""

    def __init__(self, folder: Path, source: SuiteSource) -> None:
        self._folder, self._source = folder / code_digest(), source
        self._hash = {info.id: info.content_hash for info in source.scenes}
        self.driven = 0

    def drive(self, planner: str, scenario: str, seed: int = 0) -> Path:
        """The results folder of one drive."""
        folder = self._place(planner, scenario, seed)
        if self.has(planner, scenario, seed):
            return folder
        self.driven += 1
        score_planners(
            ScoringRun(
                planners=[f"candidate={planner}"], fleet=self._source.name, suite=True, out=folder,
                scene_ids=[scenario], split=None, sim=SimConfig(agents="reactive", seed=seed),
                score=load_config("closed_loop", []), safety=load(SafetyConfig, "safety/default"),
                rollouts=False, workers=1, overwrite=True,
                command=f"drivewm score candidate={planner} --suite {self._source.name}",
            ),
            self._source,
        )  # fmt: skip
        return folder

    def has(self, planner: str, scenario: str, seed: int = 0) -> bool:
        """Was it driven already?"""
        folder = self._place(planner, scenario, seed)
        if not (folder / "manifest.json").exists():
            return False
        return read_manifest(folder).get("status", "complete") == "complete"

    def _place(self, planner: str, scenario: str, seed: int) -> Path:
        return self._folder / key_of(planner) / f"{self._hash[scenario][:12]}-{seed}"

    def together(self, planner: str, drives: Iterable[tuple[str, int]], out: Path) -> Path:
        """Results of these scenarios and seeds, as one run leaves them."""
        folders = [self.drive(planner, scenario, seed) for scenario, seed in drives]
        return merged(folders, out)


def merged(folders: Sequence[Path], out: Path) -> Path:
    """One results folder of several of the same planner and settings."""
    manifests = [read_manifest(folder) for folder in folders]
    first: dict[str, Any] = json.loads(json.dumps(manifests[0]))
    first["fleet"]["scenes"] = list(
        dict.fromkeys(name for m in manifests for name in m["fleet"]["scenes"])
    )
    first["scene_hashes"] = {k: v for m in manifests for k, v in m["scene_hashes"].items()}
    seeds = sorted({m["config"]["sim"]["seed"] for m in manifests})
    first["config"]["sim"]["seed"], first["config"]["seeds"] = seeds[0], len(seeds)
    text = "\n".join(m["fingerprint"] for m in manifests)
    first["fingerprint"] = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    if out.exists():
        for path in out.iterdir():
            path.unlink()
        out.rmdir()
    with atomic_folder(out) as partial:
        for name in tables_of(first):
            tables = [pq.read_table(folder / f"{name}.parquet") for folder in folders]
            pq.write_table(pa.concat_tables(tables), partial / f"{name}.parquet")
        text = json.dumps(first, indent=2) + "\n"
        (partial / "manifest.json").write_text(text, encoding="utf-8")
    return out
