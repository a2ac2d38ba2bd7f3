import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Polygon

from drivewm.geometry.boxes import corners
from drivewm.measures.collision import find_contacts
from drivewm.measures.history import History
from drivewm.measures.surrogate import (
    SurrogateConfig,
    largest,
    path_ahead,
    smallest,
    surrogates,
)
from drivewm.measures.surrogate_kernels import meeting_time
from drivewm.scene import ScoreType
from tests.measures.hand import cruise, drive, scene_of, track

CAR, PERSON, CONE = ScoreType.VEHICLE, ScoreType.PEDESTRIAN, ScoreType.CONE
FRONT_M = 1.461 + 2.588  # rear axle to front bumper
CONFIG = SurrogateConfig()


def measured(ego, *rows, config=CONFIG):
    history = History.of_scene(scene_of(ego, *rows))
    contacts = find_contacts(history, np.full(len(ego), -1, np.int8))
    return surrogates(history, contacts, config)


# --- time to collision


def test_ttc_is_gap_over_closing_speed():
    found = measured(cruise(9.0), track(CAR, 40.0, speed=4.0))
    gap = 40.0 - 2.3 - (-30 + FRONT_M) - 5.0 * 0.1 * np.arange(151)
    expected = np.where(gap >= 0, gap / 5.0, np.nan)
    near = expected <= 5.0
    assert found.ttc_s[near] == pytest.approx(expected[near], abs=1e-9)
    assert np.isinf(found.ttc_s[expected > 5.0]).all()
    assert (found.ttc_track[near] == 0).all()


def test_ttc_sees_a_car_that_closes_in_from_behind():
    found = measured(cruise(5.0), track(CAR, -60.0, speed=12.0))
    gap = (-30 + 1.461 - 2.588) - (-60 + 2.3)
    assert found.ttc_s[0] == pytest.approx(gap / 7.0)


def test_ttc_of_the_nearest_in_time_not_in_space():
    found = measured(cruise(10.0), track(CAR, -10.0, speed=9.0), track(CAR, 10.0))
    assert found.ttc_track[0] == 1


def test_cars_side_by_side_at_the_same_speed_never_meet():
    assert np.isinf(measured(cruise(9.0), track(CAR, -30.0, 3.5, speed=9.0)).ttc_s).all()


def test_after_its_first_contact_a_track_is_out():
    found = measured(cruise(9.0), track(CAR, 40.0))
    hit = int(np.flatnonzero(found.ttc_s == 0.0)[0])
    assert np.isinf(found.ttc_s[hit + 1 :]).all()
    assert smallest(found.ttc_s, found.ttc_track) == (0.0, hit, 0)


def test_time_exposed_and_integrated_count_what_is_below_the_threshold():
    found = measured(cruise(10.0), track(CAR, 40.0, speed=5.0))
    short = np.maximum(1.5 - found.ttc_s, 0.0)
    assert found.tet_s == pytest.approx(0.1 * (short > 0).sum()) and found.tet_s > 1.0
    assert found.tit_s2 == pytest.approx(0.1 * short.sum())
    assert found.tit_s2 == pytest.approx(1.5**2 / 2, abs=0.2)  # the ramp from 1.5 s to 0


boxes = st.tuples(
    st.floats(-20, 20), st.floats(-20, 20), st.floats(-3.2, 3.2), st.floats(0.3, 12),
    st.floats(0.3, 3),
)  # fmt: skip
speeds = st.floats(-15, 15)


@given(boxes, boxes, speeds, speeds)
def test_meeting_time_is_when_shapelys_boxes_first_touch(a, b, wx, wy):
    when = meeting_time(b[0] - a[0], b[1] - a[1], wx, wy, *a[2:], *b[2:])
    still = Polygon(corners(np.array(a[:3]), a[3], a[4]))

    def apart(time):
        at = np.array([b[0] + wx * time, b[1] + wy * time, b[2]])
        return still.distance(Polygon(corners(at, b[3], b[4])))

    before = np.linspace(0, min(when, 20.0), 40, endpoint=False)
    if when > 0:
        assert all(apart(time) > 0 for time in before if time < when - 1e-6)
    if np.isfinite(when) and when < 1e3:
        assert apart(when) < 1e-6


# --- headway and deceleration


def test_headway_is_the_net_gap_over_the_speed():
    found = measured(cruise(10.0), track(CAR, -30 + FRONT_M + 2.3 + 15.0, speed=10.0))
    assert found.thw_s[:-1] == pytest.approx(np.full(150, 1.5), abs=1e-6)
    assert (found.thw_track == 0).all() and (found.drac_mps2 == 0).all()


def test_deceleration_to_avoid_a_crash_is_closing_speed_squared_over_twice_the_gap():
    found = measured(cruise(10.0), track(CAR, -30 + FRONT_M + 2.3 + 30.0, speed=4.0))
    gap = 30.0 - 6.0 * 0.1 * np.arange(151)
    ahead = gap > 0.5
    expected = np.minimum(36.0 / (2 * gap[ahead]), 9.81)
    assert found.drac_mps2[ahead] == pytest.approx(expected, rel=1e-3)


def test_the_nearer_of_two_leads_is_the_lead():
    found = measured(cruise(10.0), track(CAR, 40.0, speed=10.0), track(CAR, 10.0, speed=10.0))
    assert (found.thw_track == 1).all()


def test_an_oncoming_car_in_its_lane_is_no_lead():
    found = measured(cruise(10.0), track(CAR, 100.0, 3.5, np.pi, 10.0))
    assert np.isinf(found.thw_s).all() and (found.drac_mps2 == 0).all()
    assert largest(found.drac_mps2, found.drac_track) is None


def test_a_pedestrian_in_the_corridor_needs_braking_but_is_no_lead():
    found = measured(cruise(10.0), track(PERSON, 20.0, -0.5, np.pi / 2, 1.0))
    gap = 20.0 - 0.4 - (-30 + FRONT_M)
    assert found.drac_mps2[0] == pytest.approx(100 / (2 * gap), rel=1e-3)
    assert np.isinf(found.thw_s).all()


def test_a_standing_ego_has_no_headway():
    assert np.isinf(measured(cruise(0.0), track(CAR, -20.0)).thw_s).all()


def turning(radius_m=20.0, speed=8.0, steps=60):
    angle = speed / radius_m * 0.1 * np.arange(steps)
    ego = drive(radius_m * np.sin(angle), radius_m * (1 - np.cos(angle)), angle, speed)
    ego[:, 9] = speed / radius_m
    return ego


def test_the_corridor_bends_with_the_path_driven():
    straight_on = track(CAR, 25.0, steps=60)  # ahead of the first pose, beside the bend
    found = measured(turning(), straight_on)
    assert np.isinf(found.thw_s).all() and (found.drac_mps2 == 0).all()


def test_behind_the_end_of_the_drive_the_last_bend_goes_on():
    history = History.of_scene(scene_of(turning()))
    path = path_ahead(history, 30.0)
    start = history.centres[0]
    centre = np.array([0.0, 20.0])  # of the circle of the rear axle; the box centre's is wider
    assert len(path) == 60 + 30
    radii = np.linalg.norm(path[:, :2] - centre, axis=1)
    assert radii[:60] == pytest.approx(np.hypot(20.0, 1.461) * np.ones(60), abs=1e-6)
    assert abs(radii[60:] - radii[0]).max() < 3.0
    assert start[2] == 0.0


# --- post-encroachment time


@pytest.mark.parametrize("late_s", [1.0, 2.0])
def test_pet_is_the_time_between_one_leaving_and_the_other_arriving(late_s):
    """A car crosses before the ego: its tail leaves the ego's strip, then the ego's nose comes."""
    half_m = 2.297 / 2
    nose_at = (FRONT_M - 30.0, 10.0)  # place at t = 0, speed
    side_m = 30.0 - 1.9 / 2  # near side of the crossing car
    arrives_s = (side_m - nose_at[0]) / nose_at[1]
    leaves_s = arrives_s - late_s
    y0 = half_m + 2.3 - 8.0 * leaves_s  # tail clears the strip at leaves_s
    found = measured(cruise(10.0), track(CAR, 30.0, y0, np.pi / 2, 8.0))
    worst = smallest(found.pet_s, found.pet_track)
    assert worst.value == pytest.approx(late_s, abs=0.15) and worst.track == 0
    assert 0.1 * worst.step == pytest.approx(arrives_s, abs=0.15)


def test_pet_counts_the_ego_that_leaves_first_too():
    tail_leaves_s = (30.0 + 0.95 - (-30 + 1.461 - 2.588)) / 10.0
    y0 = -(2.297 / 2) - 2.3 - 8.0 * (tail_leaves_s + 1.0)
    found = measured(cruise(10.0), track(CAR, 30.0, y0, np.pi / 2, 8.0))
    assert smallest(found.pet_s, found.pet_track).value == pytest.approx(1.0, abs=0.15)


def test_roads_that_do_not_cross_have_no_pet():
    found = measured(cruise(10.0), track(CAR, 30.0, 3.5, np.pi, 8.0), track(CONE, 0.0, 5.0))
    assert np.isinf(found.pet_s).all()
    assert smallest(found.pet_s, found.pet_track) is None


# --- against plain loops


def plain(history, contacts, config):
    """The same corridor measures with Shapely over every pair of steps."""
    path = path_ahead(history, config.corridor_m)
    arc = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path[:, :2], axis=0), axis=1))])
    vehicle, tracks = history.vehicle, history.tracks
    ego = [Polygon(c) for c in corners(path, vehicle.length_m, vehicle.width_m)]
    steps = len(history.ego)
    pet, hits = np.full(steps, np.inf), {}
    limit = round(config.pet_horizon_s / 0.1)
    for n in range(len(tracks)):
        for s in range(min(steps, contacts.first_step[n] + 1)):
            x, y, _, h = tracks.state[n, s, :4]
            box = Polygon(corners(np.array([x, y, h]), *tracks.size_m[n, :2]))
            touch = np.array([box.intersects(e) for e in ego])
            ahead = [
                e for e in np.flatnonzero(touch) if e >= s and arc[e] - arc[s] <= config.corridor_m
            ]
            if ahead:
                hits[n, s] = ahead[0]
            for e in np.flatnonzero(touch[:steps]):
                if abs(e - s) <= limit and e <= contacts.first_step[n]:
                    pet[e] = min(pet[e], abs(e - s) * 0.1)
    return pet, hits, arc


@pytest.mark.parametrize("seed", range(3))
def test_the_kernel_finds_what_shapely_finds_over_all_pairs_of_steps(seed):
    rng = np.random.default_rng(seed)
    rows = [
        track(CAR if n % 3 else PERSON, rng.uniform(-10, 45), rng.uniform(-10, 40),
              rng.uniform(-3, 3), rng.uniform(0, 10), steps=60)
        for n in range(12)
    ]  # fmt: skip
    history = History.of_scene(scene_of(turning(30.0, 9.0), *rows))
    contacts = find_contacts(history, np.full(60, -1, np.int8))
    found = surrogates(history, contacts, CONFIG)
    pet, hits, arc = plain(history, contacts, CONFIG)
    arrived = np.isfinite(pet)
    assert arrived.any()
    # The plain loop counts every pair; the kernel the nearest in time of each track and step.
    assert smallest(found.pet_s, found.pet_track).value == pytest.approx(pet.min())
    leads = {s for s in range(60) if found.thw_track[s] >= 0}
    for s in leads:
        e = hits[int(found.thw_track[s]), s]
        gap = found.thw_s[s] * history.speed_mps[s]
        assert arc[e - 1] - arc[s] - 1e-9 <= gap <= arc[e] - arc[s] + 1e-9
    assert leads <= {s for _, s in hits}
