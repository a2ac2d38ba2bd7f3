"""A small family that tests change."""

from __future__ import annotations

TEXT = """\
schema_version: 1
id: follow_brake
title: The car ahead brakes
group: highway
tags: [braking, car]
rationale: The ego must keep a gap that lets it stop.
source: own

parameters:
  ego_speed_mps: {min: 10, max: 20}
  gap_m: {min: 10, max: 30}
  brake_mps2: {choice: [3.0, 6.0]}
require:
  - $gap_m > 0.5 * $ego_speed_mps

road:
  kind: highway
  lanes: 2
  speed_limit_mps: 25

ego:
  s_m: 50
  speed_mps: $ego_speed_mps
  goal_m: 100

actors:
  lead:
    kind: car
    place: {at: lane, gap_m: $gap_m}
    speed_mps: $ego_speed_mps

story:
  - name: brakes
    actor: lead
    when: {time_s: 2}
    do:
      - brake: {rate_mps2: $brake_mps2}

conflict:
  actor: lead
"""


def changed(old: str, new: str) -> str:
    """The family with one thing changed; the old text must be there once."""
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new)


def line_of(text: str, part: str) -> int:
    """Line (from 1) of the first place of ``part``."""
    return text[: text.index(part)].count("\n") + 1
