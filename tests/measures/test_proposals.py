"""The proposal scorer: contacts, rules and what a batch does to progress."""

import numpy as np
import pytest

from drivewm.measures.proposals import (
    NAVSIM_V1,
    NAVSIM_V2,
    TUPLAN,
    ProposalEnvironment,
    score_proposals,
)
from drivewm.measures.proposals_comfort import (
    MIN_STEPS,
    Series,
    comfort_filters,
    fill_series,
)
from drivewm.measures.proposals_environment import (
    layers_near,
    red_lights,
    track_boxes,
    without_overlaps,
)
from drivewm.measures.proposals_extended import extended_comfort
from drivewm.measures.proposals_line import line
from drivewm.measures.savgol import savgol
from drivewm.scene import PACIFICA, LightStatus, ScoreType
from drivewm.scene.roadblocks import with_roadblocks
from tests.measures.hand import drive, golden_road, track, tracks_of

OBSERVED = 51
ROUTE = {"r0", "r1", "r2", "l0", "l1", "l2"}
CAR = ScoreType.VEHICLE


def cruise(speed=8.0, x0=0.0, y=0.0, steps=41):
    return drive(x0 + speed * 0.1 * np.arange(steps), y, speed=speed)


def around(*rows, lights=((), None), road=None, observed=OBSERVED):
    road = with_roadblocks(golden_road()) if road is None else road
    tracks = tracks_of(*rows, steps=observed)
    return ProposalEnvironment(
        areas=layers_near(road, 0.0, 0.0, ROUTE).areas(),
        centreline=line(np.array([[-200.0, 0.0], [600.0, 0.0]])),
        tracks=track_boxes(tracks.state, tracks.valid, tracks.size_m, tracks.score_type),
        lights=red_lights(road, *lights, ROUTE, observed),
        history=np.zeros((0, 11)),
        length_m=PACIFICA.length_m,
        width_m=PACIFICA.width_m,
        rear_axle_to_center_m=PACIFICA.rear_axle_to_center_m,
    )


def scored(states, *rows, rules=NAVSIM_V2, **extra):
    return score_proposals(np.atleast_3d(states).reshape(-1, 41, 11), around(*rows, **extra), rules)


def test_a_car_ahead_is_hit_at_the_step_where_the_boxes_meet():
    # front of the ego at 1.461 + 2.588 m, rear of the car at 17.7 m: 13.651 m at 0.8 m per step
    found = scored(cruise(), track(CAR, 20.0, steps=OBSERVED))
    assert found.no_at_fault_collision[0] == 0 and found.collision_step[0] == 18
    assert found.collision_track[0] == 0 and found.ttc_step[0] == 9 and found.score[0] == 0


def test_the_first_infraction_is_that_of_the_nearest_track():
    rows = [track(CAR, 25.0, steps=OBSERVED), track(CAR, 15.0, steps=OBSERVED)]
    found = scored(cruise(), *rows)
    assert found.collision_track[0] == 1 and found.ttc_track[0] == 1


def test_cones_cost_half_and_never_all():
    cones = [track(ScoreType.CONE, x, steps=OBSERVED) for x in (15.0, 20.0)]
    assert scored(cruise(), *cones).no_at_fault_collision[0] == 0.5


def test_an_ignored_track_and_a_standing_ego_are_not_at_fault():
    environment = around(track(CAR, 20.0, steps=OBSERVED))
    ignored = environment._replace(tracks=environment.tracks._replace(ignored=np.ones(1, bool)))
    assert score_proposals(cruise()[None], ignored, NAVSIM_V2).no_at_fault_collision[0] == 1
    hit = scored(cruise(0.0), track(CAR, -20.0, speed=10, steps=OBSERVED))
    assert hit.no_at_fault_collision[0] == 1 and hit.ttc[0] == 1


def test_a_track_that_overlaps_at_first_is_taken_out():
    environment = around(track(CAR, 3.0, steps=OBSERVED), track(CAR, 30.0, steps=OBSERVED))
    kept = without_overlaps(environment.tracks, cruise()[0], PACIFICA)
    assert kept.ignored.tolist() == [True, False]


def test_whether_a_track_stands_is_decided_where_it_is_first_seen():
    kind, state = track(CAR, 20.0, steps=OBSERVED)
    state[0, 4] = 3.0  # it moved when it was first seen
    tracks = tracks_of((kind, state), steps=OBSERVED)
    late = tracks.valid.copy()
    late[0, 0] = False
    for valid, stopped in ((tracks.valid, False), (late, True)):
        boxes = track_boxes(state[None], valid, tracks.size_m, tracks.score_type)
        assert boxes.is_stopped.tolist() == [stopped]


def test_a_red_connector_on_the_route_stops_the_score():
    status = np.full((1, OBSERVED), LightStatus.RED, np.int8)
    near = cruise(x0=80.0)
    assert scored(near, lights=(("r1",), status)).traffic_light[0] == 0
    assert scored(near, lights=(("o1",), status)).traffic_light[0] == 1  # not on the route
    assert scored(near, lights=(("r1",), status), rules=NAVSIM_V1).traffic_light[0] == 1
    status[:, 20:] = LightStatus.GREEN  # the front is there at step 20
    assert scored(near, lights=(("r1",), status)).traffic_light[0] == 1


def test_progress_is_relative_to_the_best_that_counts():
    batch = np.stack([cruise(8.0), cruise(4.0), cruise(12.0, y=-3.0)])  # the last leaves the road
    v2, v1 = scored(batch), scored(batch, rules=NAVSIM_V1)
    assert v2.progress == pytest.approx([1.0, 0.5, 1.0])
    assert v1.progress == pytest.approx([1.0, 0.5, 0.0])
    assert v2.progress_m == pytest.approx([32.0, 16.0, 48.0])


@pytest.mark.parametrize("rules, expected", [(NAVSIM_V2, 1.0), (TUPLAN, 0.5)])
def test_short_ways_are_not_compared_unless_the_rules_say_so(rules, expected):
    batch = np.stack([cruise(1.0), cruise(0.5)])
    assert scored(batch, rules=rules).progress[1] == pytest.approx(expected)


def test_a_batch_does_not_change_a_proposal_but_for_progress():
    rows = [track(CAR, 18.0, speed=3.0, steps=OBSERVED), track(CAR, 5.0, 3.5, speed=7, steps=51)]
    batch = np.stack([cruise(v, y=y) for v, y in ((8, 0), (5, 1.5), (2, -2), (9, 3.5))])
    together = scored(batch, *rows)
    for b, one in enumerate(batch):
        alone = scored(one, *rows)
        for name in ("no_at_fault_collision", "ttc", "lane_keeping", "comfort", "where"):
            assert np.array_equal(getattr(together, name)[b], getattr(alone, name)[0])


def test_too_short_an_observation_is_refused():
    with pytest.raises(ValueError, match="need 50 observed steps, not 41"):
        scored(cruise(), rules=NAVSIM_V1, observed=41)


@pytest.mark.parametrize("whole_fit", [False, True])
@pytest.mark.parametrize("exact", [False, True])
def test_comfort_series_beside_plain_filters(whole_fit, exact):
    rng = np.random.default_rng(3)
    states = rng.normal(0, 1, (41, 11))
    states[:, 2] = np.mod(np.cumsum(rng.normal(0.3, 0.5, 41)) + np.pi, 2 * np.pi) - np.pi
    d, found, scratch = 1.461, np.empty((7, 41)), np.empty((4, 41))
    filters = comfort_filters(41, whole_fit)
    fill_series(np.zeros((0, 11)), states, d, filters, exact, scratch, found)
    shift = 0 if whole_fit else d * (states[:, 9] ** 2 + states[:, 10])
    ax, long = states[:, 5] + shift, 41 if whole_fit else 15
    smooth = savgol(ax, 8, 2, 0, 0.1)
    expected = {
        Series.LON_ACC: savgol(ax, 41 if whole_fit else 8, 2, 0, 0.1),
        Series.LAT_ACC: savgol(states[:, 6], 41 if whole_fit else 8, 2, 0, 0.1),
        Series.LON_JERK: savgol(smooth, long, 2, 1, 0.1),
        Series.JERK: savgol(
            savgol(np.hypot(states[:, 5], states[:, 6]), 8, 2, 0, 1), long, 2, 1, 0.1
        ),
        Series.YAW_RATE: savgol(np.unwrap(states[:, 2]), 5, 2, 1, 0.1),
        Series.YAW_ACC: savgol(np.unwrap(states[:, 2]), 5, 3, 2, 0.1),
    }
    for row, values in expected.items():
        np.testing.assert_allclose(found[row], values, atol=1e-7)


def test_comfort_needs_five_states():
    with pytest.raises(ValueError, match="at least 5"):
        comfort_filters(MIN_STEPS - 1, False)


def test_a_plan_that_goes_on_as_before_is_comfortable_and_another_is_not():
    before, now = cruise(steps=41), cruise(x0=4.0, steps=41)
    same = extended_comfort(now[None], before[None], 0.5)
    assert same.ok[0] and same.rms == pytest.approx(0, abs=1e-9)
    other = now.copy()
    other[:, 5] = 0.8
    assert not extended_comfort(other[None], before[None], 0.5).ok[0]
    with pytest.raises(ValueError, match="apart"):
        extended_comfort(now[None], before[None], 0.6)
