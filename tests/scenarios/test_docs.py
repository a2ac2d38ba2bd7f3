"""What docs/scenarios.md tells a newcomer to write is a family."""

from __future__ import annotations

import re
from pathlib import Path

from drivewm.scenarios import schema_road, schema_story
from drivewm.scenarios.family import parse_family
from drivewm.scenarios.parameters import METHODS, sample
from drivewm.scenarios.schema_actors import OnArm, OnCrossing, OnDriveway, OnLane, OnSide


def text_of(repository: Path) -> str:
    return (repository / "docs" / "scenarios.md").read_text(encoding="utf-8")


def test_the_steps_put_together_are_a_family(repository: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", text_of(repository), flags=re.DOTALL)
    family = parse_family("".join(blocks), "slow_truck.yaml")
    assert family.id == "slow_truck" and len(sample(family, 8)) == 8


def test_every_road_place_trigger_action_and_method_is_told(repository: Path) -> None:
    text = text_of(repository)
    kinds = [one.model_fields["kind"].default for one in vars(schema_road).values()
             if isinstance(one, type) and "kind" in getattr(one, "model_fields", {})]  # fmt: skip
    assert len(kinds) == 11
    words = [*kinds, *METHODS, *schema_story.When.model_fields, *schema_story.Do.model_fields]
    for place in (OnLane, OnArm, OnSide, OnCrossing, OnDriveway):
        words += [place.model_fields["at"].default, *place.model_fields]
    missing = [word for word in words if not re.search(rf"`[^`\n]*\b{word}\b[^`\n]*`", text)]
    assert missing == []
