"""Recordings become moments, and scenes are cut at them."""

from dataclasses import dataclass

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.eval.moments import at_moments, cut, moments_of, moved, settled
from drivewm.eval.scores.registry import load_config
from drivewm.eval.suites import Job
from drivewm.scene import Lights, ScoreType
from tests.measures.hand import cruise, scene_of, track

PDMS, EPDMS = load_config("navsim_pdms"), load_config("navsim_epdms")


@dataclass(frozen=True)
class Recording:
    id: str
    duration_s: float


def job(recording, label="a"):
    return Job(label=label, planner="idm", scene_id=recording, recording=recording, source="av2",
               split="val", location="here")  # fmt: skip


def test_moments_leave_room_for_the_past_and_the_future():
    assert moments_of(6.5, PDMS) == [1.5]
    assert moments_of(15.0, PDMS) == [1.5, 5.5, 9.5]
    assert moments_of(6.4, PDMS) == []
    assert moments_of(10.0, EPDMS) == [2.0] and moments_of(9.9, EPDMS) == []


def test_epdms_without_room_for_follow_ups_is_its_first_stage_by_name():
    long, short = Recording("long", 20.0), Recording("short", 7.0)
    assert settled(EPDMS, [long]).name == "navsim_epdms"
    found = settled(EPDMS, [long, short])
    assert found.name == "navsim_epdms_stage1" and found.follow_ups is None
    assert settled(load_config("closed_loop"), [short]).name == "closed_loop"


def test_a_recording_too_short_for_one_moment_is_named():
    with pytest.raises(InputError, match=r"6\.5 s.*stub"):
        settled(PDMS, [Recording("stub", 5.0)])


def test_pdms_among_reacting_agents_is_refused():
    with pytest.raises(InputError, match="recorded agents"):
        settled(PDMS, [Recording("long", 20.0)], "reactive")


def test_every_planner_gets_every_moment():
    jobs = [job("one"), job("one", "b"), job("two")]
    recordings = [Recording("one", 12.0), Recording("two", 8.0)]
    found = at_moments(jobs, recordings, PDMS)
    assert [(j.label, j.scene_id, j.recording, j.start_s) for j in found] == [
        ("a", "one@1.5", "one", 1.5), ("b", "one@1.5", "one", 1.5),
        ("a", "one@5.5", "one", 5.5), ("b", "one@5.5", "one", 5.5),
        ("a", "two@1.5", "two", 1.5),
    ]  # fmt: skip
    assert len({j.cell for j in found}) == 5
    assert at_moments(jobs, recordings, load_config("closed_loop")) == jobs


def test_a_cut_begins_at_its_step():
    lights = Lights(lane_ids=("r1",), status=np.arange(61, dtype=np.int8)[None])
    scene = scene_of(cruise(9.0, 61), track(ScoreType.VEHICLE, 10.0, steps=61), lights=lights)
    found = cut(scene, 15)
    assert found.steps == 46 and found.times_us[0] == scene.times_us[15]
    assert np.array_equal(found.ego, scene.ego[15:])
    assert found.tracks.state.shape[1] == found.lights.status.shape[1] == 46


def test_a_moved_ego_keeps_its_motion_in_its_own_frame():
    ego = cruise(9.0, 3)
    ego[:, 2] = np.pi / 2
    found = moved(ego, (1.0, 0.5, 0.1))
    assert found[0, :3] == pytest.approx([ego[0, 0] - 0.5, ego[0, 1] + 1.0, np.pi / 2 + 0.1])
    assert np.array_equal(found[:, 3:], ego[:, 3:])
