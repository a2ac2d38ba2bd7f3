"""Planner defects: what each hides, shifts or delays, on hand-made observations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.planners.defects import KINDS, Defect
from drivewm.planners.defects_base import Flaw
from drivewm.planners.defects_driven import DefectFailure
from drivewm.planners.registry import create
from drivewm.scene import (
    PACIFICA,
    Lights,
    LightStatus,
    Observation,
    RoadMap,
    Scene,
    ScoreType,
    Tracks,
    TrackSnapshot,
    Trajectory,
)

TIMES_S = np.arange(1, 41) * 0.1
ROUTE = np.stack([np.arange(0.0, 301.0), np.zeros(301)], -1)
NOBODY = Tracks(
    ids=(), categories=(), score_type=np.zeros(0, np.int8), occ_class=np.zeros(0, np.int8),
    size_m=np.zeros((0, 3)), state=np.zeros((0, 1, 6)), valid=np.zeros((0, 1), bool),
)  # fmt: skip
CAR, WALKER, RIDER, CONE = (
    ScoreType.VEHICLE, ScoreType.PEDESTRIAN, ScoreType.BICYCLE, ScoreType.CONE,
)  # fmt: skip


def scene(name: str = "s") -> Scene:
    ego = np.zeros((1, 11))
    ego[0, 3] = 10.0
    return Scene(
        id=name, source="scenario", location="x", split="x", times_us=np.zeros(1, np.int64),
        ego=ego, vehicle=PACIFICA, tracks=NOBODY, map=RoadMap(origin="none"), lights=Lights(),
        route=ROUTE, native_rate_hz=10.0,
    )  # fmt: skip


def seen(
    tracks: Sequence[tuple] = (), time_s: float = 0.0, speed_mps: float = 10.0, **more
) -> Observation:
    """The ego at the start of a straight route; tracks are (type, x, y, vx, vy)."""
    count = len(tracks)
    state = np.zeros((1, count, 6))
    for n, (_, x, y, vx, vy) in enumerate(tracks):
        state[0, n] = x, y, 0.0, np.arctan2(vy, vx), vx, vy
    kinds = np.array([[track[0] for track in tracks]], np.int8).reshape(1, count)
    ego = np.zeros((1, 11))
    ego[0, 3] = speed_mps
    shown = Observation(
        mode="privileged", step=round(time_s * 10), time_s=time_s, ego=ego, vehicles=(PACIFICA,),
        routes=(ROUTE,), speed_limits_mps=np.array([10.0]),
        tracks=TrackSnapshot(state=state, size_m=np.full((1, count, 3), 2.0), score_type=kinds,
                             occ_class=kinds.copy(), valid=np.ones((1, count), bool)),
        lights=({"a": int(LightStatus.RED)},), red_stop_points=(np.array([[40.0, 0.0]]),),
    )  # fmt: skip
    return replace(shown, **more)


def plan(speed_mps: float = 10.0, accel_mps2: float = 0.0) -> Trajectory:
    """Straight on."""
    end = np.inf if accel_mps2 >= 0 else -speed_mps / accel_mps2
    t = np.minimum(TIMES_S, end)
    poses = np.zeros((1, len(t), 3))
    poses[0, :, 0] = speed_mps * t + 0.5 * accel_mps2 * t**2
    return Trajectory(times_s=TIMES_S, poses=poses)


def flaw(kind: str, **options) -> Flaw:
    made = KINDS[kind](**options)
    made.reset([scene()])
    return made


def left_of(kind: str, tracks: Sequence[tuple], **options) -> list[bool]:
    """Who is still seen."""
    return flaw(kind, **options).see(seen(tracks)).tracks.valid[0].tolist()


EVERYBODY = [
    (CAR, 20.0, 0.0, 5.0, 0.0), (WALKER, 20.0, 4.0, 0.0, -1.0), (RIDER, 30.0, -3.0, 4.0, 0.0),
    (CONE, 15.0, 1.0, 0.0, 0.0), (CAR, 40.0, 3.5, -8.0, 0.0), (CAR, 60.0, 0.0, 0.0, 0.0),
    (CAR, 15.0, 3.5, 9.0, 0.0), (CAR, -15.0, 0.0, 9.0, 0.0), (CAR, 30.0, 20.0, 0.0, -8.0),
]  # fmt: skip
LEAD, ON_FOOT, CYCLIST, THING, ONCOMING, STANDS, BESIDE, BEHIND, CROSSES = range(9)


@pytest.mark.parametrize(
    "kind, options, lost",
    [
        ("identity", {}, set()),
        ("blind", {}, set(range(9))),
        ("ignores_pedestrians", {}, {ON_FOOT}),
        ("ignores_waiting", {}, {ON_FOOT}),
        ("ignores_cyclists", {}, {CYCLIST}),
        ("ignores_cones", {}, {THING}),
        ("ignores_static", {}, {THING, STANDS}),
        ("ignores_vehicles", {}, {LEAD, ONCOMING, STANDS, BESIDE, BEHIND, CROSSES}),
        ("ignores_cut_in", {}, {BESIDE}),
        ("ignores_oncoming", {}, {ONCOMING}),
        ("ignores_yield", {}, {CYCLIST, ONCOMING, BESIDE, CROSSES}),
        ("eager_left", {}, set()),  # straight on
        ("range_halved", {"metres": 25}, {CYCLIST, ONCOMING, STANDS, CROSSES}),
        ("one_side_blind", {"side": 1}, {ON_FOOT, ONCOMING, BESIDE, CROSSES}),
        ("one_side_blind", {"side": -1}, {CYCLIST}),
        ("rear_blind", {}, {BEHIND}),
        ("narrow_view", {"degrees": 20}, {ON_FOOT, BESIDE, BEHIND, CROSSES}),
    ],
)
def test_who_is_not_seen(kind, options, lost):
    found = left_of(kind, EVERYBODY, **options)
    assert {n for n, valid in enumerate(found) if not valid} == lost


def test_eager_left_drops_far_traffic_before_a_left_turn_only():
    turning = np.vstack([ROUTE[:20], np.stack([np.full(60, 19.0), np.arange(1.0, 61.0)], -1)])
    made = KINDS["eager_left"](metres=10.0)
    made.reset([replace(scene(), route=turning)])
    assert not made.see(seen([EVERYBODY[ONCOMING]])).tracks.valid[0, 0]


def test_late_reaction_shows_others_as_they_were():
    made = flaw("reaction_late", seconds=0.4)
    shown = [made.see(seen([(CAR, 50.0 - k, 0, -10, 0)], 0.1 * k)) for k in range(10)]
    assert [s.tracks.state[0, 0, 0] for s in shown] == [50, 50, 50, 50, 50, 49, 48, 47, 46, 45]
    assert shown[9].time_s == pytest.approx(0.9)  # the ego is known now


def test_stale_perception_is_refreshed_every_second():
    made = flaw("stale", seconds=0.5)
    shown = [made.see(seen([(CAR, 50.0 - k, 0, -10, 0)], 0.1 * k)) for k in range(7)]
    assert [s.tracks.state[0, 0, 0] for s in shown] == [50, 50, 50, 50, 50, 45, 45]


def test_flickers_lose_everybody_some_of_the_time_the_same_way_again():
    times = np.arange(0, 40, 0.8)
    first, again = ([flaw("flickers").see(seen(EVERYBODY, t)).tracks.valid.any() for t in times]
                    for _ in range(2))  # fmt: skip
    assert first == again and 0.4 < np.mean(first) < 0.8


def test_what_is_seen_wrongly():
    lead = [EVERYBODY[LEAD], EVERYBODY[ON_FOOT]]
    shown = seen(lead)
    state = lambda kind, **o: flaw(kind, **o).see(shown).tracks.state[0]  # noqa: E731
    assert (state("speeds_lost")[:, 4:] == 0).all()
    assert state("ids_swapped")[0, 4:].tolist() == [0.0, -1.0]
    assert state("mirrored")[1, [1, 5]].tolist() == [-4.0, 1.0]
    assert state("short_headway", seconds=0.6)[0, 0] == pytest.approx(26.0)
    assert 0 < np.abs(state("noisy_places") - shown.tracks.state[0])[:, :2].max() < 4
    assert flaw("small_boxes").see(shown).tracks.size_m.max() == 1.0
    mirrored = flaw("labels_mirrored").see(shown).tracks.score_type[0]
    assert mirrored.tolist() == [ScoreType.GENERIC, ScoreType.VEHICLE]


def test_lights_limits_and_own_speed():
    shown = seen()
    dark = flaw("runs_red").see(shown)
    assert dark.lights == ({"a": LightStatus.GREEN},) and len(dark.red_stop_points[0]) == 0
    yellow = replace(shown, lights=({"a": int(LightStatus.YELLOW)},))
    assert flaw("runs_yellow").see(yellow).lights == ({"a": LightStatus.GREEN},)
    assert flaw("runs_yellow").see(shown).lights == shown.lights
    assert flaw("speeds").see(shown).speed_limits_mps.tolist() == [11.0]
    unknown = replace(shown, speed_limits_mps=np.array([np.nan]))
    assert flaw("speeds", unknown_mps=11).see(unknown).speed_limits_mps.tolist() == [11.0]
    assert flaw("speedometer_low").see(shown).ego[0, 3] == 8.0 and shown.ego[0, 3] == 10.0
    assert flaw("ignores_occlusion").see(replace(shown, mode="visible")).mode == "privileged"


def test_paths_beside_the_plan():
    shifted = flaw("lateral_offset", metres=0.3).act(seen(), plan())
    assert np.allclose(shifted.poses[0, :, 1], 0.3)
    assert flaw("lateral_offset", metres=0.3).see(seen()).ego[0, 1] == pytest.approx(-0.3)
    weaving = [flaw("oscillates", metres=0.6).see(seen(time_s=t)).ego[0, 1] for t in range(5)]
    assert np.allclose(weaving, [0, -0.6, 0, 0.6, 0], atol=1e-9)
    bent = plan()
    bent.poses[0, :, 1] = 0.02 * bent.poses[0, :, 0] ** 2
    late = flaw("turns_late", metres=2.0).act(seen(), bent)
    assert (late.poses[0, :, 1] < bent.poses[0, :, 1] - 0.01).mean() > 0.9
    assert (flaw("straight_on").act(seen(), bent).poses[0, :, 1] == 0).all()


def test_speeds_along_the_plan():
    hard = plan(accel_mps2=-8.0)
    capped = flaw("brake_capped", mps2=2.5).act(seen(), hard).poses[0, :, 0]
    assert capped[-1] == pytest.approx(20.0)  # v^2 / 2a
    eager = plan(accel_mps2=2.0)
    slow = flaw("sluggish", mps2=0.4).act(seen(), eager).poses[0, :, 0]
    assert slow[-1] == pytest.approx(40 + 0.5 * 0.4 * 16)
    fast = flaw("fast_curves").act(seen(red_stop_points=None), plan(accel_mps2=-1.0))
    assert fast.poses[0, -1, 0] == pytest.approx(40.0)
    behind = seen([EVERYBODY[LEAD]], red_stop_points=None)
    kept = flaw("fast_curves").act(behind, plan(accel_mps2=-1.0)).poses[0, -1, 0]
    assert kept == pytest.approx(32.0)
    rough = [flaw("rough_ride").act(seen(time_s=t), plan()).poses[0, 9, 0] for t in range(9)]
    assert np.std(rough) > 0.02
    ends = [flaw("brakes_without_cause").act(seen(time_s=t), plan()).poses[0, -1, 0]
            for t in np.arange(0, 6, 0.1)]  # fmt: skip
    assert 5 < sum(end < 39 for end in ends) <= 11  # a second in six


def test_stands_and_never_goes_on():
    made = flaw("never_goes_on")
    assert made.act(seen(time_s=2.0), plan()).poses[0, -1, 0] == pytest.approx(40.0)
    made.act(seen(time_s=3.0, speed_mps=0.0), plan(0.0))
    assert made.act(seen(time_s=3.1, speed_mps=0.0), plan(5.0)).poses[0, -1, 0] == 0.0
    made.reset([scene()])
    assert made.act(seen(time_s=0.0), plan()).poses[0, -1, 0] == pytest.approx(40.0)


def test_waits_after_a_stand():
    made = flaw("sluggish", seconds=1.5)
    going = [made.act(seen(time_s=t, speed_mps=0.0), plan(5.0)).poses[0, -1, 0]
             for t in (0.0, 1.0, 2.0)]  # fmt: skip
    assert going[:2] == [0.0, 0.0] and going[2] > 1.0


def test_old_plan_is_followed_in_time():
    made = flaw("old_plan", seconds=0.4)
    answers = [made.act(seen(time_s=0.1 * k), plan(float(k + 1))) for k in range(6)]
    assert answers[5].poses[0, 0, 0] == pytest.approx(2 * 0.5)  # the plan of 0.1 s, 0.4 s later
    assert answers[5].times_s[0] == pytest.approx(0.1)


def test_fails_in_some_drives_only():
    failed = 0
    for n in range(60):
        made = KINDS["fails"](share=0.3)
        made.reset([scene(f"s{n}")])
        try:
            made.act(seen(time_s=9.0), plan())
        except DefectFailure:
            failed += 1
    assert 8 < failed < 30


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_wraps_a_planner_and_answers_what_can_be_driven(kind):
    planner = create(f"defect?of=constant_velocity&kind={kind}")
    planner.reset([scene()])
    shown = seen(EVERYBODY)
    before = shown.tracks.state.copy()
    answer = planner.plan(shown)
    assert np.isfinite(answer.poses).all() and answer.poses.shape[1] == len(answer.times_s)
    assert (shown.tracks.state == before).all()  # the truth is not touched


def test_identity_changes_nothing_and_noise_next_to_nothing():
    exact, same, noisy = (create(text) for text in (
        "constant_velocity", "defect?of=constant_velocity&kind=identity",
        "defect?of=constant_velocity&kind=pose_noise&metres=1e-9",
    ))  # fmt: skip
    for planner in (exact, same, noisy):
        planner.reset([scene()])
    poses = [planner.plan(seen()).poses for planner in (exact, same, noisy)]
    assert (poses[0] == poses[1]).all()
    assert 0 < np.abs(poses[0] - poses[2]).max() < 1e-7


def test_names_and_modes_of_the_inner_planner():
    planner = Defect(of="careful", kind="blind")
    assert planner.name == "careful_blind" and "visible" in planner.modes
    nested = create("defect?of=defect%3Fof%3Dconstant_velocity%26kind%3Dblind&kind=reaction_late")
    assert isinstance(nested.inner, Defect)


@pytest.mark.parametrize(
    "text, problem",
    [
        ("defect?kind=ignores_pedestrian", "did you mean 'ignores_pedestrians'"),
        ("defect?kind=reaction_late&metres=2", "options of reaction_late: seconds, seed"),
        ("defect?kind=reaction_late&seconds=soon", "is not a number"),
        ("defect?of=nobody&kind=blind", "unknown planner 'nobody'"),
    ],
)
def test_bad_options_are_named(text, problem):
    with pytest.raises(InputError) as caught:
        create(text)
    assert problem in str(caught.value)
