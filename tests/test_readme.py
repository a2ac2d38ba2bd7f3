"""What the README and the docs say works: every command parses, the ten-line planner drives."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from drivewm.cli import VERBS, main

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def commands() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for block in blocks(page, ""):
            joined = re.sub(r"\\\n\s*", " ", block)
            lines = [line.split("#")[0].strip().removeprefix("$ ") for line in joined.splitlines()]
            found += [(page.name, x) for x in lines if re.match(r"drivewm [a-z]+ ", x)]
    return found


@pytest.mark.parametrize(("page", "command"), commands())
def test_every_command_of_the_docs_parses(page, command):
    verb, *arguments = shlex.split(command)[1:]
    assert verb in VERBS, f"{page}: {command}"
    parser = argparse.ArgumentParser()
    importlib.import_module(VERBS[verb][0]).configure(parser)
    parser.parse_args(arguments)  # exits with 2, and so fails, on an unknown option


def test_every_make_target_of_the_readme_exists():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"^make ([\w-]+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert named[:2] == ["demo", "test"] and set(named) <= targets


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
            if not link.startswith("http"):
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_planner_of_the_readme_is_scored(small_fleet, tmp_path, monkeypatch):
    (source,) = blocks(ROOT / "README.md", "python")
    (tmp_path / "cruise.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    scene = small_fleet.scenes[0].id
    arguments = ["score", "cruise.py", "--fleet", str(small_fleet.path), "--scenes", scene]
    assert main([*arguments, "--agents", "reactive", "-o", "results"]) == 0
    (row,) = pq.read_table("results/scores.parquet").to_pylist()
    assert row["planner"] == "cruise" and row["status"] == "ok"
    assert main(["report", "results", "-o", "page.html"]) == 0
    assert "cruise" in Path("page.html").read_text()
