"""Families for tests, small enough to see what must happen; their names say it."""

from __future__ import annotations

from drivewm.scenarios.family import Concrete, Family, parse_family
from drivewm.scenarios.parameters import concretes

HEAD = """\
schema_version: 1
id: {id}
title: for tests
group: urban
rationale: a test
source: own
"""
STREET = "road: {kind: street, speed_limit_mps: 13.9, length_m: 300}\n"
EMPTY = (
    STREET
    + """\
ego: {s_m: 20, speed_mps: 10, goal_m: 60}
actors:
  far: {kind: car, behaviour: still, place: {at: side, ahead_m: 150, from_kerb_m: 3, facing: along}}
sim: {duration_s: 10}
conflict: {actor: far}
"""
)
WALL_AHEAD = (
    STREET
    + """\
ego: {s_m: 20, speed_mps: 10, goal_m: 100}
actors:
  box: {kind: container, behaviour: still, width_m: 7, place: {at: lane, ahead_m: 50, left_m: 1.75}}
sim: {duration_s: 8}
conflict: {actor: box}
"""
)
RED = """\
road: {kind: four_way, speed_limit_mps: 13.9, control: lights, light: red, light_change_s: 8}
ego: {before_junction_m: 40, speed_mps: 10, goal_m: 90}
actors:
  far: {kind: car, behaviour: still, place: {at: side, ahead_m: 10, from_kerb_m: 5, facing: along}}
sim: {duration_s: 22}
conflict: {actor: far}
"""
BEND = """\
road: {kind: street, speed_limit_mps: 13.9, length_m: 300, radius_m: 30, straight_m: 50}
ego: {s_m: 20, speed_mps: 10, goal_m: 100}
actors:
  far: {kind: car, behaviour: still, place: {at: side, ahead_m: 10, from_kerb_m: 5, facing: along}}
sim: {duration_s: 12}
conflict: {actor: far}
"""
LEAD_BRAKES = (
    STREET
    + """\
ego: {s_m: 20, speed_mps: 10, goal_m: 60}
actors:
  lead: {kind: car, place: {at: lane, gap_m: 20}, speed_mps: 10}
story:
  - {name: brakes, actor: lead, when: {time_s: 1}, do: [{brake: {rate_mps2: 4, to_mps: 5}}]}
  - {name: late, actor: lead, when: {ego_travelled_m: 900}, do: [{brake: {rate_mps2: 4}}]}
sim: {duration_s: 14}
conflict: {actor: lead, triggers: [brakes]}
"""
)


def family(body: str, name: str = "hand_built") -> Family:
    """A family of this body."""
    return parse_family(HEAD.format(id=name) + body, f"{name}.yaml")


def concrete(body: str, name: str = "hand_built") -> Concrete:
    """Its one scenario."""
    return concretes(family(body, name), 1, "centre")[0]
