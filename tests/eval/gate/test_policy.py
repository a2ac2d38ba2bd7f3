"""Policies: what a file may change, and what is wrong with one."""

from __future__ import annotations

import pytest

from drivewm.errors import InputError
from drivewm.eval.gate import policy
from drivewm.eval.gate.policy import load_policy


@pytest.mark.parametrize(("text", "says"), [
    ("rulez: {}", "p.yaml:1:1: [rulez] unknown key; did you mean 'rules'?"),
    ("rules:\n  red_lihgt: warn", "p.yaml:2:3: [rules.red_lihgt] unknown key; did you"),
    ("rules:\n  red_light: maybe", "p.yaml:2:3: [rules.red_light] Input should be "),
    ("limits: {score_drop: 2}", "[limits.score_drop] Input should be less than or equal to 1"),
    ("limits: 3", "[limits] is not a mapping"),
    ("- 1", "is not a mapping"),
    ("rules: [", "malformed YAML"),
    ("a: &x 1\nb: *x", "anchors and aliases"),
    ("name: a\nname: b", "'name' stands twice"),
])  # fmt: skip
def test_bad_policies(text, says) -> None:
    with pytest.raises(InputError) as error:
        policy.of_text(text, "p.yaml")
    assert says in str(error.value)


def test_a_policy_names_only_what_it_changes(tmp_path) -> None:
    (tmp_path / "strict.yaml").write_text("rules: {short_ttc: fail}\nscore: {min_effect: 0.01}")
    found = load_policy(tmp_path / "strict.yaml")
    base = load_policy()
    assert found.name == "strict" and found.rules.short_ttc == "fail"
    assert found.rules.red_light == base.rules.red_light and found.score.min_effect == 0.01
    assert load_policy("conf/gate/default.yaml") == base
    with pytest.raises(InputError, match="no such file"):
        load_policy(tmp_path / "gone.yaml")
