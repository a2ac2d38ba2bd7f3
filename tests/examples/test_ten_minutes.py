"""The page 'Gate your planner in ten minutes': its commands are understood, its names are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from drivewm.cli import VERBS
from drivewm.eval.gate.replay import score_parser
from tests.examples.action import read

BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.S)


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs/gate-in-ten-minutes.md").read_text(encoding="utf-8")


def commands(page: str) -> list[list[str]]:
    """Lines of the shell blocks that call drivewm."""
    blocks = [text for kind, text in BLOCK.findall(page) if not kind]
    lines = [line for text in blocks for line in text.splitlines()]
    return [shlex.split(line) for line in lines if line.startswith("drivewm ")]


def test_verbs_are_known_and_drives_are_understood(page):
    found = commands(page)
    assert {words[1] for words in found} == {"doctor", "score", "baseline", "gate", "explain"}
    assert all(words[1] in VERBS for words in found)
    for words in found:
        if words[1] == "score":
            args = score_parser().parse_args(words[2:])
            assert args.suite == "smoke"


def test_inputs_of_the_page_are_those_of_the_action(page, repository):
    action = read(repository / ".github/actions/gate/action.yml")
    told = set(re.findall(r"`([a-z-]+)`", "".join(
        row.split("|")[1] for row in page.splitlines() if row.startswith("| `")
    )))  # fmt: skip
    assert told == set(action["inputs"])
    (example,) = [yaml.safe_load(text) for kind, text in BLOCK.findall(page) if kind == "yaml"]
    assert set(example[0]["with"]) <= set(action["inputs"])


def test_files_that_the_page_names_are_there(page, repository):
    for name in re.findall(r"`(examples/[\w./-]+)`", page):
        assert (repository / name).exists(), name
    for name in re.findall(r"\]\(([\w./-]+)\)", page):
        assert (repository / "docs" / name).exists(), name
