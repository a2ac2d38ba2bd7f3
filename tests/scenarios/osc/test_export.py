"""Export: the files are valid, and importing them drives the same."""
# ruff: noqa: E501 (XML stays on its line)

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("scenariogeneration", reason="the osc extra is not installed")

from drivewm.errors import InputError
from drivewm.planners.registry import create
from drivewm.scenarios.build import build
from drivewm.scenarios.catalogue import find
from drivewm.scenarios.osc.drive import drive
from drivewm.scenarios.osc.exporting import export
from drivewm.scenarios.osc.load import load
from drivewm.scenarios.parameters import concretes
from drivewm.sim.config import SimConfig
from drivewm.sim.loop import rollout
from drivewm.sim.script import model as m
from drivewm.sim.script.traffic import scripted_traffic
from tests.scenarios.osc.files import (
    CAR,
    EGO,
    after,
    event,
    lane,
    private,
    speed,
    story,
    teleport,
    trigger,
    write,
    xosc,
)

SAME_M = 0.1


def problems(path):
    """What ASAM's own checker finds."""
    pytest.importorskip("qc_openscenario", reason="asam-qc-openscenarioxml is not installed")
    from qc_baselib import Configuration, Result
    from qc_openscenario import constants
    from qc_openscenario.main import run_checks

    config, result = Configuration(), Result()
    config.set_config_param(name="InputFile", value=str(path))
    result.register_checker_bundle(name=constants.BUNDLE_NAME, description="", summary="",
                                   version=constants.BUNDLE_VERSION)  # fmt: skip
    result.set_result_version("1.0.0")
    run_checks(config, result)
    names = result.get_checker_ids(constants.BUNDLE_NAME)
    assert "check_asam_xosc_xml_valid_schema" in names
    return [
        issue.description
        for name in names
        for issue in result.get_issues(constants.BUNDLE_NAME, name)
    ]


def library(name):
    """A library scenario whose actors only do what is scripted."""
    (concrete,) = concretes(find(name), 1, "centre", prefix="t_")
    built = build(concrete)
    actors = tuple(replace(actor, reactive="never") for actor in built.storyboard.actors)
    return built, replace(built.storyboard, actors=actors)


def most_apart(first, second):
    """Largest distance between ego or actors of two drives, over their common time."""
    steps = min(len(first.times_us), len(second.times_us))
    gap = np.abs(first.ego[:steps, :2] - second.ego[:steps, :2]).max()
    for name in first.tracks.ids:
        a, b = first.tracks.ids.index(name), second.tracks.ids.index(name)
        one, other = first.tracks.state[a, :steps, :2], second.tracks.state[b, :steps, :2]
        gap = max(gap, np.abs(one - other).max())
    return gap


SOME = ("cut_in", "occluded_pedestrian", "oncoming_overtaker", "scooter_swerves", "ccfhol")


@pytest.mark.parametrize("name", SOME)
def test_a_library_scenario_drives_the_same_after_export_and_import(tmp_path, name):
    built, board = library(name)
    export(board, built.scene, tmp_path / "out.xosc", built.sim["friction"])
    imported = load(tmp_path / "out.xosc")
    driver = create("constant_velocity")
    first = rollout(
        built.scene, driver, SimConfig(duration_s=12), scripted_traffic(board, built.scene)
    )
    config = SimConfig(duration_s=12, friction=imported.friction)
    second = rollout(imported.scene, driver, config, imported.make_traffic())
    assert len(first.times_us) == len(second.times_us) == 121
    moved = np.ptp(first.tracks.state[:, :, :2], axis=1).max()
    assert moved > 1.0 and most_apart(first, second) < SAME_M


@pytest.mark.parametrize("name", SOME)
def test_exported_files_pass_the_checks_of_asam(tmp_path, name):
    built, board = library(name)
    export(board, built.scene, tmp_path / "out.xosc")
    assert problems(tmp_path / "out.xosc") == []


def test_the_checker_does_find_problems(tmp_path):
    built, board = library("cut_in")
    export(board, built.scene, tmp_path / "out.xosc")
    text = (
        (tmp_path / "out.xosc").read_text().replace("<SimulationTimeCondition", "<TimeOfNight", 1)
    )
    (tmp_path / "out.xosc").write_text(text)
    assert problems(tmp_path / "out.xosc")


def test_equal_scenarios_are_equal_files(tmp_path):
    built, board = library("cut_in")
    export(board, built.scene, tmp_path / "a.xosc")
    export(board, built.scene, tmp_path / "b.xosc")
    first, second = ((tmp_path / f"{n}.xosc").read_text().replace("b.xodr", "a.xodr") for n in "ab")
    assert first == second


def test_what_cannot_be_said_is_told(tmp_path):
    (concrete,) = concretes(find("cut_in"), 1, "centre", prefix="t_")
    built = build(concrete)
    notes = export(built.storyboard, built.scene, tmp_path / "out.xosc")
    assert any("drives on its own" in note for note in notes)
    door = m.Grow(left_m=1.0)
    board = replace(
        built.storyboard, stories=(m.story_of("cutter", m.Event(name="door", actions=(door,))),)
    )
    notes = export(board, built.scene, tmp_path / "out.xosc")
    assert any("a door" in note for note in notes)
    refused = m.LateralDistance(entity="Ego", distance_m=1.0)
    board = replace(
        built.storyboard, stories=(m.story_of("cutter", m.Event(name="e", actions=(refused,))),)
    )
    with pytest.raises(InputError, match="LateralDistance cannot be exported"):
        export(board, built.scene, tmp_path / "out.xosc")


def test_an_imported_file_survives_export_and_import(tmp_path):
    init = private("Ego", teleport(lane()), speed("12"))
    init += private("Car", teleport(lane(s="90", lane_id=-2)), speed("10"))
    near = trigger(after(2))
    offset = (
        "<PrivateAction><LateralAction><LaneOffsetAction continuous='false'><LaneOffsetActionDynamics "
        "dynamicsShape='cubic' maxLateralAcc='1.5'/><LaneOffsetTarget><AbsoluteTargetLaneOffset "
        "value='1'/></LaneOffsetTarget></LaneOffsetAction></LateralAction></PrivateAction>"
    )
    body = story(
        "Car",
        event("slow", speed("4", "sinusoidal", "rate", "3"), near),
        event("aside", offset, trigger(after(3))),
    )
    stop = trigger(after(9), tag="StopTrigger")
    first = load(write(tmp_path, xosc(init, body, stop, entities=EGO + CAR)))
    export(first.storyboard, first.scene, tmp_path / "again" / "out.xosc")
    second = load(tmp_path / "again" / "out.xosc")
    assert problems(tmp_path / "again" / "out.xosc") == []
    one, other = drive(first, "constant_velocity")[0], drive(second, "constant_velocity")[0]
    assert most_apart(one, other) < SAME_M
