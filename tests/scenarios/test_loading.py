from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from drivewm.errors import InputError
from drivewm.scenarios.loading import MOST_BYTES, nearest, parse, read

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9)
    | st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=12),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text("abcdefg_", min_size=1, max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def fails(text: str, *parts: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text, "f.yaml")
    for part in parts:
        assert part in str(caught.value)


def test_every_value_knows_its_line_and_column() -> None:
    found = parse("a: 1\nb:\n  - x\n  - {c: 2.5}\n", "f.yaml")
    assert found.value == {"a": 1, "b": ["x", {"c": 2.5}]}
    assert found.where(("a",)) == "f.yaml:1:1"
    assert found.where(("b", 0)) == "f.yaml:3:5"
    assert found.where(("b", 1, "c")) == "f.yaml:4:6"


def test_a_place_that_is_not_there_is_told_by_what_holds_it() -> None:
    assert parse("a:\n  b: 1\n", "f.yaml").where(("a", "missing", 3)) == "f.yaml:1:1"


def test_words_are_read_as_yaml_1_2_does() -> None:
    found = parse("on: off\nyes: no\na: 1e3\nb: 0123\nc: 1:30\nd: true\ne: ~\nf: -.5\n").value
    assert found == {"on": "off", "yes": "no", "a": 1000.0, "b": 123, "c": "1:30", "d": True,
                     "e": None, "f": -0.5}  # fmt: skip


def test_a_repeated_key_names_both_lines() -> None:
    fails("a: 1\nb: 2\na: 3\n", "f.yaml:3:1", "'a' stands twice", "line 1")


@pytest.mark.parametrize("text", ["a: [1, 2\n", "a: 1\n b: 2\n", "a: 'x\n", "{a: 1}}\n", "\tx: 1"])
def test_malformed_yaml_is_told_with_line_and_column(text: str) -> None:
    fails(text, "malformed YAML", "f.yaml:")


def test_forbidden_characters_are_malformed() -> None:
    fails("a: \x00\n", "malformed YAML")


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    fails("a: &x [1, 1]\nb: [*x, *x]\n", "f.yaml:1:4", "anchors and aliases")


@pytest.mark.parametrize(
    "text", ["a: !!python/object/apply:os.system ['true']", "a: !mine 1", "!!set {a, b}"]
)
def test_tags_are_refused(text: str) -> None:
    fails(text, "is not allowed")


def test_deep_nesting_is_refused() -> None:
    fails("[" * 30 + "]" * 30, "nested more than 24")
    fails("[" * 5000 + "]" * 5000, "nested more than 24")


def test_a_long_list_is_refused_before_it_is_kept() -> None:
    fails("[" + "1," * 300_000 + "]", "more than 20000 values")


def test_a_key_must_be_a_word() -> None:
    fails("? [a, b]\n: 1\n", "a key must be a word")


def test_two_documents_are_refused() -> None:
    fails("a: 1\n---\nb: 2\n", "malformed YAML")


def test_an_empty_file_is_an_empty_mapping() -> None:
    assert parse("# nothing\n").value == {}


def test_files_are_bounded_and_named(tmp_path: Path) -> None:
    big = tmp_path / "big.yaml"
    big.write_text("#" * (MOST_BYTES + 1))
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00a")
    for path, problem in (
        (big, "larger than 1 MiB"),
        (binary, "not UTF-8"),
        (tmp_path / "none.yaml", "no such file"),
    ):
        with pytest.raises(InputError, match=problem) as caught:
            read(path)
        assert str(path) in str(caught.value)


@given(PLAIN)
def test_what_pyyaml_writes_is_read_back(value: object) -> None:
    text = yaml.safe_dump({"v": value}, allow_unicode=True)
    if "&id" in text:  # PyYAML shares equal objects by anchors
        return
    assert parse(text).value == {"v": value}


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        parse(text)


def test_the_nearest_word() -> None:
    assert nearest("lane_chang", ["lane_change", "brake"]) == "lane_change"
    assert nearest("zzz", ["lane_change", "brake"]) is None
