from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from drivewm.errors import InputError
from drivewm.scenarios.family import Concrete, load_family, parse_family
from drivewm.scenarios.parameters import concrete
from tests.scenarios.example import TEXT, changed

VALUES = {"ego_speed_mps": 15.0, "gap_m": 20.0, "brake_mps2": 3.0}


def example(text: str = TEXT) -> Concrete:
    return concrete(parse_family(text), VALUES)


def shuffled(value: object, rng: random.Random) -> object:
    """The same with the keys of all mappings in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(inner, rng)) for key, inner in value.items()]
        rng.shuffle(items)
        return dict(items)
    return [shuffled(inner, rng) for inner in value] if isinstance(value, list) else value


def test_expressions_are_resolved_to_numbers() -> None:
    found = example()
    assert found.ego.speed_mps == found.actors["lead"].speed_mps == 15.0
    assert found.actors["lead"].place.gap_m == 20.0  # type: ignore[union-attr]
    assert found.story[0].do[0].brake.rate_mps2 == 3.0  # type: ignore[union-attr]
    assert found.id == "follow_brake/given" and found.values == VALUES


def test_a_scenario_survives_json() -> None:
    found = example()
    again = Concrete.from_json(found.to_json())
    assert again == found and again.content_hash == found.content_hash
    assert again.to_json() == found.to_json() and "\n" not in found.to_json()


def test_an_action_is_the_same_after_json() -> None:
    again = Concrete.from_json(example().to_json())
    assert [do.action for do in again.story[0].do] == ["brake"]


def test_what_is_no_scenario_is_refused() -> None:
    for text in ("", "{}", example().to_json().replace("highway", "high way", 1)):
        with pytest.raises(InputError, match="no concrete scenario"):
            Concrete.from_json(text)


def test_the_hash_is_that_of_the_content_alone(tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.yaml"
    file.write_text("# a comment\n" + TEXT.replace("own\n", "own  # said\n"))
    moved = concrete(load_family(file), VALUES, "another_name")
    assert moved.file == str(file) and moved.content_hash == example().content_hash
    renamed = changed("id: follow_brake", "id: other_name").replace("The car ahead brakes", "Else")
    assert example(renamed).content_hash == example().content_hash


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_the_order_of_keys_does_not_matter(seed: int) -> None:
    text = yaml.safe_dump(shuffled(yaml.safe_load(TEXT), random.Random(seed)), sort_keys=False)
    assert example(text).content_hash == example().content_hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lanes: 2", "lanes: 3"),
        ("s_m: 50", "s_m: 51"),
        ("kind: car", "kind: van"),
        ("{time_s: 2}", "{time_s: 2.5}"),
        ("conflict:", "sim: {friction: 0.5}\nconflict:"),
        ("conflict:", "pass: {any_collision: true}\nconflict:"),
    ],
)
def test_what_changes_the_drive_changes_the_hash(old: str, new: str) -> None:
    assert example(changed(old, new)).content_hash != example().content_hash


def test_an_integer_and_its_float_are_one_number() -> None:
    assert example(changed("s_m: 50", "s_m: 50.0")).content_hash == example().content_hash


@settings(max_examples=30)
@given(st.floats(10, 20), st.floats(10, 30), st.sampled_from([3.0, 6.0]))
def test_any_allowed_values_make_a_scenario_that_survives_json(
    a: float, b: float, c: float
) -> None:
    family = parse_family(TEXT)
    values = {"ego_speed_mps": a, "gap_m": b, "brake_mps2": c}
    if not b > 0.5 * a:
        with pytest.raises(InputError, match="does not hold"):
            concrete(family, values)
        return
    found = concrete(family, values)
    assert Concrete.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({**VALUES, "gap_m": 31.0}, "between 10 and 30"),
        ({**VALUES, "gap_m": "far"}, "between 10 and 30"),
        ({**VALUES, "brake_mps2": 4.0}, "not allowed; one of 3.0, 6.0"),
        ({**VALUES, "gap": 20.0}, "no parameter 'gap'"),
        ({"gap_m": 20.0, "brake_mps2": 3.0}, "no value given"),
    ],
)
def test_values_are_checked(values: dict, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        concrete(parse_family(TEXT), values)


def test_a_fixed_parameter_needs_no_value_and_takes_no_other() -> None:
    family = parse_family(changed("brake_mps2: {choice: [3.0, 6.0]}", "brake_mps2: 5.0"))
    values = {"ego_speed_mps": 15.0, "gap_m": 20.0}
    assert concrete(family, values).values["brake_mps2"] == 5.0
    with pytest.raises(InputError, match="not allowed"):
        concrete(family, {**values, "brake_mps2": 6.0})


def test_words_can_be_parameters() -> None:
    text = changed("kind: car", "kind: $who").replace(
        "require:", "  who: {choice: [van, truck]}\nrequire:"
    )
    found = concrete(parse_family(text), {**VALUES, "who": "truck"})
    assert found.actors["lead"].kind == "truck" and found.actors["lead"].size_m[0] == 9.0


def test_the_line_of_a_scenario_is_that_of_its_id() -> None:
    assert example().line == 2
