"""InputError says what, where and how to mend it, in one line, in any process."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from drivewm.errors import InputError


def fail(name: str) -> None:
    raise InputError("bad pose", file=Path(name), field="x", fix="mend it")


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "bad pose"),
        ({"file": "a.json"}, "a.json: bad pose"),
        ({"field": "x"}, "[x] bad pose"),
        ({"fix": "mend it"}, "bad pose; mend it"),
        (
            {"file": Path("a.json"), "field": "x", "fix": "mend it"},
            "a.json: [x] bad pose; mend it",
        ),
    ],
)
def test_message(fields, line) -> None:
    assert str(InputError("bad pose", **fields)) == line


def test_message_is_one_line() -> None:
    error = InputError("first\nsecond", fix="one\ntwo")
    assert str(error) == "first second; one two"


def test_fields_survive_pickling() -> None:
    error = pickle.loads(pickle.dumps(InputError("bad pose", file="a", field="x", fix="y")))
    assert (error.problem, error.file, error.field, error.fix) == ("bad pose", "a", "x", "y")


def test_fields_survive_a_process_pool() -> None:
    with ProcessPoolExecutor(1) as pool, pytest.raises(InputError) as caught:
        pool.submit(fail, "a.json").result(timeout=60)
    assert str(caught.value) == "a.json: [x] bad pose; mend it"
    assert caught.value.field == "x"
