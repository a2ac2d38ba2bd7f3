"""What is told of a source before its scores are read."""

from dataclasses import dataclass

from drivewm.logs.caveats import caveats_of


@dataclass(frozen=True)
class Info:
    source: str
    native_rate_hz: float = 2.0
    map_origin: str = "drivable_png"
    world_spec: str | None = None


def test_each_caveat_is_told_once_and_names_its_source():
    lines = caveats_of([Info("nuscenes"), Info("nuscenes"), Info("av2", 10.0, "av2")])
    assert len(lines) == len(set(lines))
    assert {line.partition(":")[0] for line in lines} == {"nuscenes", "av2"}


def test_lanes_and_rate_are_those_of_the_scenes():
    told = " ".join(caveats_of([Info("nuscenes")]))
    assert "no lane graph" in told and "2 Hz" in told
    told = " ".join(caveats_of([Info("nuscenes", 10.0, "map_expansion")]))
    assert "no lane graph" not in told and "2 Hz" not in told


def test_synthetic_scenes_and_unknown_sources_have_none():
    assert caveats_of([Info("nuscenes", world_spec="{}"), Info("hand")]) == []
