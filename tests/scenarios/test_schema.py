"""Bad family files: what is wrong is named with line, field and what to do."""

from __future__ import annotations

import pytest

from drivewm.errors import InputError
from drivewm.scenarios.family import parse_family
from tests.scenarios.example import TEXT, changed, line_of


def refused(text: str, at: str, *parts: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_family(text, "f.yaml")
    message = str(caught.value)
    assert f"f.yaml:{line_of(text, at)}:" in message, message
    for part in parts:
        assert part in message, message


def test_the_example_is_a_family() -> None:
    assert parse_family(TEXT).head.id == "follow_brake"


@pytest.mark.parametrize(
    ("old", "new", "near"),
    [
        ("rationale:", "rational:", "rationale"),
        ("    speed_mps: $ego", "    sped_mps: $ego", "speed_mps"),
        ("  lanes: 2", "  lanse: 2", "lanes"),
        ("gap_m: $gap_m", "gapp_m: $gap_m", "gap_m"),
        ("rate_mps2:", "rate_mps:", "rate_mps2"),
        ("{time_s: 2}", "{times: 2}", "time_s"),
    ],
)
def test_an_unknown_field_is_answered_with_the_nearest(old: str, new: str, near: str) -> None:
    word = new.strip().split(":")[0].lstrip("{").strip()
    refused(changed(old, new), word, f"unknown field '{word}'" if word != "rational" else
            "unknown field", f"did you mean '{near}'")  # fmt: skip


def test_an_unknown_setting_of_sight_is_answered_too() -> None:
    text = TEXT + "sim:\n  visible: {rangem: 3}\n"
    refused(text, "rangem", "unknown field", "range_m")


@pytest.mark.parametrize(
    ("old", "new", "at", "parts"),
    [
        ("speed_limit_mps: 25", "speed_limit_mps: 130", "speed_limit_mps",
         ["130 is out of range", "130 km/h is 36.1"]),
        ("{min: 10, max: 20}", "{min: 10, max: 80}", "ego_speed_mps: {",
         ["80 is out of range", "metres per second"]),
        ("rate_mps2: $brake_mps2", "rate_mps2: 98.1 + 0 * $brake_mps2", "rate_mps2: 98",
         ["out of range", "1 g is 9.81"]),
        ("s_m: 50", "s_m: -1", "s_m: -1", ["-1 is out of range"]),
        ("goal_m: 100", "goal_m: .nan", "goal_m", ["goal_m"]),
        ("[3.0, 6.0]", "[3.0, 60.0]", "brake_mps2: {", ["60 is out of range"]),
        ("  goal_m: 100", "  goal_m: $ego_speed_mps * 100", "goal_m",
         ["out of range", "'$ego_speed_mps * 100' at"]),
    ],
)  # fmt: skip
def test_numbers_out_of_range(old: str, new: str, at: str, parts: list[str]) -> None:
    refused(changed(old, new), at, *parts)


@pytest.mark.parametrize(
    ("old", "new", "at", "part"),
    [
        ("id: follow_brake", "id: Follow Brake", "id:", "id"),
        ("group: highway", "group: motorway", "group:", "'highway'"),
        ("kind: highway", "kind: highwai", "kind: highwai", "did you mean 'highway'"),
        ("  kind: highway\n", "", "road:", "'kind' is missing"),
        ("  s_m: 50\n", "  s_m: 50\n  lane: 2\n", "lane: 2", "lane 2 of a road with 2"),
        ("  s_m: 50\n", "  s_m: 850\n", "goal_m", "beyond the road"),
        ("  s_m: 50\n", "  before_junction_m: 50\n", "before_junction_m", "has no junction"),
        ("  s_m: 50\n", "  turn: left\n", "turn: left", "nothing to turn into"),
        ("  s_m: 50\n", "  exit: 2\n", "exit", "roundabout"),
        ("{at: lane, gap_m: $gap_m}", "{at: lane, gap_m: $gap_m, ahead_m: 3}", "place:", "either"),
        ("{at: lane, gap_m: $gap_m}", "{at: lane}\n    length_m: $gap_m / 10", "place:", "either"),
        ("gap_m: $gap_m}", "gap_m: $gap_m, lane_offset: 2}", "lane_offset", "lane 2 of a road"),
        ("{at: lane, gap_m: $gap_m}", "{at: arm, arm: left, before_m: $gap_m}", "at: arm",
         "no arm left"),
        ("{at: lane, gap_m: $gap_m}", "{at: crossing, from_kerb_m: $gap_m}", "{at: crossing",
         "has 0"),
        ("{at: lane, gap_m: $gap_m}", "{at: driveway, inside_m: $gap_m}", "at: driveway",
         "no driveway"),
        ("kind: car", "kind: cow", "kind: cow", "'car'"),
        ("kind: car", "kind: cone", "lead:", "stands still"),
        ("actor: lead\n    when", "actor: leed\n    when", "actor: leed", "did you mean 'lead'"),
        ("{time_s: 2}", "{after: brake}", "after", "did you mean 'brakes'"),
        ("{time_s: 2}", "{after: brakes}", "when: {after", "wait for each other"),
        ("{time_s: 2}", "{time_s: 20}", "time_s", "can never fire"),
        ("{time_s: 2}", "{any: [{time_s: 20}]}", "time_s", "can never fire"),
        ("{time_s: 2}", "{actor_within_m: 3}", "when:", "belong together"),
        ("- brake: {rate_mps2: $brake_mps2}", "- {wait_s: 1, brake: {rate_mps2: $brake_mps2}}",
         "- {wait_s", "one action each"),
        ("- brake: {rate_mps2: $brake_mps2}", "- lane_change: {lanes: 0, over_s: $brake_mps2}",
         "lane_change", "changes nothing"),
        ("conflict:\n  actor: lead", "conflict:\n  actor: lid", "actor: lid", "'lead'"),
        ("conflict:\n  actor: lead", "pass: {unavoidable: true}\nconflict:\n  actor: lead",
         "pass:", "belong together"),
        ("conflict:\n  actor: lead", "pass: {goal: false}\nconflict:\n  actor: lead",
         "pass:", "standing still would pass"),
        ("{min: 10, max: 30}", "{min: 30, max: 10}", "gap_m: {", "max lies below min"),
        ("{min: 10, max: 30}", "{normal: {mean: 15, sd: 0, min: 10, max: 30}}", "gap_m: {", "sd"),
        ("{choice: [3.0, 6.0]}", "{choice: []}", "brake_mps2: {", "brake_mps2"),
        ("{choice: [3.0, 6.0]}", "{choice: [3.0, 6.0], weights: [1]}", "brake_mps2: {", "as many"),
        ("  gap_m: {min", "  gap_kph: {min: 1, max: 2}\n  gap_m: {min", "gap_kph", "gap_mps"),
        ("  gap_m: {min", "  spare_m: 3\n  gap_m: {min", "spare_m", "never used"),
        ("{rate_mps2: $brake_mps2}", "{rate_mps2: $brake}", "rate_mps2: $brake", "no parameter"),
        ("{rate_mps2: $brake_mps2}", "{rate_mps2: $brake_mps2 +}", "rate_mps2: $brake_mps2 +",
         "no arithmetic"),
        ("$gap_m > 0.5 * $ego_speed_mps", "$gap_m > 1000", "require:", "no corner"),
        ("$gap_m > 0.5 * $ego_speed_mps", "$gap_m + 2", "- $gap_m", "compares nothing"),
        ("schema_version: 1", "schema_version: 2", "schema_version", "1"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together(old: str, new: str, at: str, part: str) -> None:
    text = changed(old, new)
    with pytest.raises(InputError) as caught:
        parse_family(text, "f.yaml")
    message = str(caught.value)
    assert part in message, message
    assert f"f.yaml:{line_of(text, at)}:" in message, message


def test_two_events_of_one_name() -> None:
    event = TEXT[TEXT.index("  - name: brakes") : TEXT.index("conflict:")]
    with pytest.raises(InputError, match="two events are named 'brakes'"):
        parse_family(TEXT.replace(event, event.rstrip("\n") + "\n" + event))


@pytest.mark.parametrize("name", ["road", "ego", "conflict", "title", "source"])
def test_a_missing_part_is_named(name: str) -> None:
    lines = TEXT.splitlines(keepends=True)
    first = next(k for k, line in enumerate(lines) if line.startswith(f"{name}:"))
    last = first + 1
    while last < len(lines) and lines[last].startswith((" ", "\n")):
        last += 1
    text = "".join(lines[:first] + lines[last:])
    if name in ("ego",):
        text = text.replace("  ego_speed_mps: {min: 10, max: 20}\n", "  ego_speed_mps: 15\n")
    with pytest.raises(InputError, match=f"'{name}' is missing"):
        parse_family(text)


@pytest.mark.parametrize("text", ["", "- a\n", "just words\n", "3\n"])
def test_a_file_that_is_no_family(text: str) -> None:
    with pytest.raises(InputError):
        parse_family(text, "f.yaml")


def test_arms_of_a_t_junction_depend_on_where_the_ego_comes_from() -> None:
    text = changed("kind: highway\n  lanes: 2", "kind: t_junction\n  ego_from: stem")
    text = text.replace("  s_m: 50\n", "  before_junction_m: 50\n")
    for arm, fits in (("left", True), ("right", True), ("oncoming", False)):
        place = f"{{at: arm, arm: {arm}, before_m: $gap_m}}"
        placed = text.replace("{at: lane, gap_m: $gap_m}", place)
        if fits:
            assert parse_family(placed).head.id == "follow_brake"
        else:
            with pytest.raises(InputError, match="no such arm"):
                parse_family(placed)


def test_names_that_others_have() -> None:
    with pytest.raises(InputError, match="no other is called 'ego'"):
        parse_family(TEXT.replace("lead", "ego"))
    row = "  bay:\n    kind: car\n    place: {at: row, from_m: 20, to_m: 30}\n"
    text = TEXT.replace("actors:\n", "actors:\n" + row).replace("lead", "bay_1")
    with pytest.raises(InputError, match="copies of 'bay'"):
        parse_family(text)
