"""Waivers: how long they hold, what they cover, and what is wrong with a file of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from drivewm.errors import InputError
from drivewm.eval.gate import waivers
from tests.eval.gate import TODAY
from tests.eval.gate.build import Driven, drives, judged

ONE = Driven(scenario="cut_in/0")
WAIVER = "- {scenario: cut_in/0, reason: r, owner: o, expires: 2031-01-01}"


@pytest.mark.parametrize(("text", "says"), [
    ("- {scenario: a, reason: r, owner: o}", "w.yaml:1: [expires] a waiver needs it"),
    ("- {scenario: a, reason: r, expires: 2031-01-01}", "[owner] a waiver needs it"),
    ("- {scenario: a, reason: ' ', owner: o, expires: 2031-01-01}", "[reason] a waiver needs it"),
    ("waivers:\n  - scenario: a\n    reason: r\n    owner: o\n    expires: 31.12.2030",
     "w.yaml:5: [expires] '31.12.2030' is no date; write it as 2030-12-31"),
    ("- {scenario: a, reason: r, owner: o, expires: 2030-02-30}", "'2030-02-30' is no date"),
    ("- {scenario: a, reason: r, owner: o, expires: 2031-01-01, rule: red_ligth}",
     "no safety rule 'red_ligth'; did you mean 'red_light'?"),
    ("- {scenario: a, reason: r, ower: o, expires: 2031-01-01}", "did you mean 'owner'?"),
    ("- {scenario: a, reason: r, owner: o, expires: 2031-01-01}\n" * 2, "w.yaml:2: 'a' is wai"),
    ("waiver: []", "unknown key 'waiver'"),
    ("waivers: 3", "is not a list"),
    ("- a", "a waiver is not a mapping"),
])  # fmt: skip
def test_bad_waivers(text, says) -> None:
    with pytest.raises(InputError) as error:
        waivers.of_text(text, "w.yaml")
    assert says in str(error.value)


def test_a_file_without_waivers_is_fine() -> None:
    assert waivers.of_text("") == waivers.of_text("waivers:\n") == ()


def test_a_waiver_holds_through_its_last_day(tmp_path) -> None:
    new = [replace(ONE, collision=True)]
    for day, code in (("2030-06-01", 0), ("2030-05-31", 1)):
        text = WAIVER.replace("2031-01-01", day)
        assert judged(tmp_path / day, [ONE], new, waivers=text).exit_code == code
    assert date(2030, 6, 1) == TODAY


def test_a_waiver_of_one_rule_covers_no_other(tmp_path) -> None:
    text = WAIVER.replace("owner", "rule: red_light, owner")
    assert judged(tmp_path / "a", [ONE], [replace(ONE, red=True)], waivers=text).exit_code == 0
    assert judged(tmp_path / "b", [ONE], [replace(ONE, road=True)], waivers=text).exit_code == 1


def test_waivers_are_told_used_unused_expired_or_unknown(tmp_path) -> None:
    text = "\n".join(
        f"- {{scenario: {name}, reason: r, owner: o, expires: {day}}}"
        for name, day in (("cut_in/0", "2031-01-01"), ("merge/0", "2031-01-01"),
                          ("crossing/0", "2030-01-01"), ("merg/0", "2031-01-01"))
    )  # fmt: skip
    new = drives(3)
    new[0] = replace(new[0], red=True)
    found = judged(tmp_path, drives(3), new, waivers=text)
    assert [s.state for s in found.waivers] == ["used", "unused", "expired", "unknown"]
    assert "did you mean 'merge/0'" in found.waivers[3].text
    assert found.exit_code == 1 and not found.failures  # only for the expired one
