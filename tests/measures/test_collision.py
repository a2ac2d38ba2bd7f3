"""Who hits whom, and whose fault it is: one scene per answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Polygon

from drivewm.geometry.boxes import corners
from drivewm.measures.collision import (
    ContactType,
    Fault,
    LaneFlag,
    collision_score,
    find_contacts,
    relative_angle,
)
from drivewm.measures.history import History
from drivewm.scene import ScoreType
from tests.measures.hand import cruise, drive, scene_of, track

CAR = ScoreType.VEHICLE


def contacts_of(ego, *rows, flag=LaneFlag.COMMON):
    history = History.of_scene(scene_of(ego, *rows))
    return find_contacts(history, np.full(len(ego), flag, np.int8))


def drifting_in(from_y=3.5, x=-26.0, speed=9.0):
    kind, state = track(CAR, x, from_y, speed=speed)
    state[:, 1] = np.maximum(from_y - 0.05 * np.arange(len(state)), 1.0)
    return kind, state


@pytest.mark.parametrize(
    ("ego", "row", "kind", "fault"),
    [
        (cruise(9.0), track(CAR, 40.0), ContactType.STOPPED_TRACK, Fault.EGO),
        (cruise(9.0), track(CAR, 0.0, speed=3.0), ContactType.FRONT, Fault.EGO),
        (cruise(9.0), track(ScoreType.CONE, 40.0), ContactType.STOPPED_TRACK, Fault.EGO),
        (cruise(4.0), track(CAR, -60.0, speed=12.0), ContactType.REAR, Fault.OTHER),
        (cruise(0.0), track(CAR, -60.0, speed=9.0), ContactType.STOPPED_EGO, Fault.OTHER),
        (cruise(9.0), drifting_in(x=-30.0), ContactType.LATERAL, Fault.OTHER),
    ],
)
def test_type_and_fault_of_a_contact(ego, row, kind, fault):
    contacts = contacts_of(ego, row)
    assert list(contacts.type) == [kind]
    assert list(contacts.fault) == [fault]


@pytest.mark.parametrize(
    ("flag", "fault"),
    [
        (LaneFlag.COMMON, Fault.OTHER), (LaneFlag.APART, Fault.EGO),
        (LaneFlag.UNKNOWN, Fault.UNKNOWN),
    ],
)  # fmt: skip
def test_lateral_contact_is_judged_by_the_lanes(flag, fault):
    contacts = contacts_of(cruise(9.0), drifting_in(x=-30.0), flag=flag)
    assert list(contacts.fault) == [fault]
    assert collision_score(contacts) == (0.0 if fault == Fault.EGO else 1.0)


def test_no_contact_without_overlap():
    beside = track(CAR, -20.0, 3.5, speed=9.0)
    contacts = contacts_of(cruise(9.0), beside, track(CAR, 200.0))
    assert len(contacts.step) == 0
    assert collision_score(contacts) == 1.0
    assert list(contacts.first_step) == [151, 151]


def test_a_track_collides_once_and_absent_ones_never():
    scene = scene_of(cruise(9.0), track(CAR, 40.0), track(CAR, 60.0))
    scene.tracks.valid[1, :] = False
    contacts = find_contacts(History.of_scene(scene), np.ones(151, np.int8))
    assert list(contacts.track) == [0]


@pytest.mark.parametrize(
    ("rows", "score"),
    [
        ([ScoreType.CONE], 0.5), ([ScoreType.CONE, ScoreType.CONE], 0.0),
        ([ScoreType.PEDESTRIAN], 0.0), ([ScoreType.BICYCLE], 0.0), ([CAR], 0.0), ([], 1.0),
    ],
)  # fmt: skip
def test_score_of_collisions(rows, score):
    hits = [track(kind, 40.0 + 20 * i) for i, kind in enumerate(rows)]
    assert collision_score(contacts_of(cruise(9.0), *hits)) == score


def test_impact_is_half_the_closing_speed():
    contacts = contacts_of(cruise(9.0), track(CAR, 0.0, speed=3.0))
    assert contacts.delta_v_mps[0] == pytest.approx(3.0)


def test_contact_starts_when_the_boxes_meet():
    # front bumper at x + 1.461 + 2.588; rear of the car at 40 - 2.3; 9 m/s from x = -30
    contacts = contacts_of(cruise(9.0), track(CAR, 40.0))
    assert contacts.step[0] == int(np.ceil((37.7 - (-30 + 4.049)) / 0.9))


@given(st.floats(-40, 40), st.floats(-4, 12), st.floats(-3, 3), st.floats(0, 12))
def test_contacts_are_where_shapely_says(x, y, heading, speed):
    scene = scene_of(cruise(9.0, 41), track(CAR, x, y, heading, speed, steps=41))
    history = History.of_scene(scene)
    contacts = find_contacts(history, np.ones(41, np.int8))
    ego = corners(history.centres, history.vehicle.length_m, history.vehicle.width_m)
    state = scene.tracks.state[0]
    other = corners(state[:, [0, 1, 3]], *scene.tracks.size_m[0, :2])
    gap = np.array([Polygon(a).distance(Polygon(b)) for a, b in zip(ego, other)])
    first = np.flatnonzero(gap < 1e-9)
    if len(first) and gap[max(first[0] - 1, 0)] > 1e-6:
        assert contacts.first_step[0] == first[0]
    if not len(first) and gap.min() > 1e-6:
        assert len(contacts.step) == 0


def test_relative_angle():
    ego = drive([0.0], speed=9.0)[0]
    assert relative_angle(ego, 5.0, 0.0) == 0.0
    assert relative_angle(ego, 0.0, -5.0) == pytest.approx(np.pi / 2)
    assert relative_angle(ego, -5.0, 0.0) == pytest.approx(np.pi)
    assert relative_angle(ego, 0.0, 0.0) == 0.0
