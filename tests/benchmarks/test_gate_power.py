"""benchmarks/gate_power: its lists can be driven, its comparisons are what they say, its page."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from drivewm.eval.gate.replay import score_parser
from drivewm.planners.registry import create
from drivewm.scenarios.source import SuiteSource
from drivewm.storage import write_text

NAMES = ("cells", "run", "self_comparison", "table")


@pytest.fixture(scope="module")
def folder(repository: Path) -> Path:
    return repository / "benchmarks" / "gate_power"


@pytest.fixture(scope="module")
def modules(folder: Path):
    """The scripts as modules, under their plain names for as long as the tests last."""
    hidden = {name: sys.modules.pop(name) for name in NAMES if name in sys.modules}
    sys.path.insert(0, str(folder))
    yield {name: importlib.import_module(name) for name in NAMES}
    sys.path.remove(str(folder))
    for name in NAMES:
        del sys.modules[name]
    sys.modules.update(hidden)


def entries(folder: Path, name: str) -> list[dict]:
    return yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))


def test_at_least_thirty_defects_that_can_be_built(folder, modules: dict[str, ModuleType]):
    found = entries(folder, "defects")
    texts = [modules["run"].planner_of(entry) for entry in found]
    assert len(set(texts)) == len(found) >= 30
    assert len({entry["name"] for entry in found}) == len(found)
    assert all(isinstance(entry["safety"], bool) for entry in found)
    for text in texts:
        create(text)


def test_fifty_comparisons_with_itself(folder, modules):
    same, pairs = entries(folder, "same"), modules["self_comparison"].seed_sets()
    assert len(same) + len(pairs) == 50
    assert all(len(a) == len(b) == 5 and not set(a) & set(b) for a, b in pairs)
    for entry in same:
        create(entry["planner"])
        words = [entry["planner"], "--suite", "smoke", *entry.get("score", [])]
        score_parser().parse_args(words)


def test_scenarios_that_name_the_defect_come_first(modules):
    source = SuiteSource.open("smoke")
    names = modules["run"].ordered("runs_red", source)
    assert sorted(names) == sorted(info.id for info in source.scenes)
    assert names[0] == "red_light_stop/centre"


def test_seeds_are_compared_where_they_change_something(modules):
    own = modules["self_comparison"]
    source = SuiteSource.open("smoke")
    assert all(own.is_noisy(source.texts[name]) for name in own.varying(source, 5))


def test_smoke_is_part_of_nightly():
    smoke, nightly = SuiteSource.open("smoke"), SuiteSource.open("nightly")
    hashes = {info.id: info.content_hash for info in nightly.scenes}
    assert all(hashes.get(info.id) == info.content_hash for info in smoke.scenes)


def test_page_tells_what_was_caught_missed_and_not_tried(folder, modules, tmp_path):
    run, table = modules["run"], modules["table"]
    caught, missed = entries(folder, "defects")[:2]
    for entry, code, where in ((caught, 1, "cut_in/centre"), (missed, 0, "")):
        row = {"exit_code": code, "scenarios": ["h"], "of": 1, **entry, "refusals": [],
               "fails": [{"rule": "red_light", "where": where, "text": "t"}] * code}  # fmt: skip
        text = run.planner_of(entry)
        path = tmp_path / "rows" / table.code_digest() / "smoke" / f"{table.key_of(text)}.json"
        write_text(path, json.dumps(row))
    lines = table.page(tmp_path).splitlines()
    (one,) = [line for line in lines if line.startswith(f"| {caught['name']} ")]
    (other,) = [line for line in lines if line.startswith(f"| {missed['name']} ")]
    assert "| yes (1 of 1) | yes | red light | `cut_in/centre` |" in one
    assert "| **no** (1 of 1) | not tried |" in other
    assert any(line.startswith("| all defects, smoke | 2 of ") for line in lines)
    assert any(line.startswith(f"* **{missed['name']}** (smoke)") for line in lines)
