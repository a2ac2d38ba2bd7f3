import dataclasses

import numpy as np
import pytest
import torch
from shapely.geometry import box as rectangle

from drivewm.errors import InputError
from drivewm.models import checkpoint
from drivewm.models.candidates import near_window
from drivewm.models.rollout import imagine_all
from drivewm.planners.imagine import MOVERS, PLAN_STEPS, SOLID, Imagine
from drivewm.planners.looking import POSE, actions_of
from drivewm.scene import ZOE, Observation, OccClass, RoadMap, ScoreType, TrackSnapshot
from tests.models.dynamics.test_backbones import shaken
from tests.models.hand import privileged_model

ROUTE = np.stack([np.linspace(0, 200, 201), np.zeros(201)], -1)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A privileged model, untrained: it perceives exactly and imagines the ego warp."""
    folder = tmp_path_factory.mktemp("privileged")
    checkpoint.save(folder, privileged_model(), {"parameters": 1, "scenes": []}, "# card\n")
    return folder


def observation(*cars_x_m: float, speed: float = 8.0) -> Observation:
    """On a straight road along +x, standing cars at these places in the ego's lane."""
    ego = np.zeros((1, 11))
    ego[0, 3] = speed
    n = max(len(cars_x_m), 1)
    state = np.zeros((1, n, 6))
    state[0, : len(cars_x_m), 0] = cars_x_m
    state[..., 2] = 0.8
    road = RoadMap(origin="hand", drivable=(rectangle(-50.0, -5.0, 250.0, 5.0),))
    return Observation(
        mode="privileged", step=0, time_s=0.0, ego=ego, vehicles=(ZOE,), routes=(ROUTE,),
        speed_limits_mps=np.array([10.0]), maps=(road,), red_stop_points=(np.zeros((0, 2)),),
        tracks=TrackSnapshot(
            state=state, size_m=np.tile([4.5, 1.9, 1.6], (1, n, 1)),
            score_type=np.full((1, n), ScoreType.VEHICLE, np.int8),
            occ_class=np.full((1, n), OccClass.CAR, np.int8),
            valid=np.arange(n)[None] < len(cars_x_m),
        ),
    )  # fmt: skip


def drive(run, seen: Observation) -> float:
    """Distance the chosen plan goes in 3 s."""
    planner = Imagine(run=str(run), dynamics="ego_warp")
    planner.reset([object()])
    plan = planner.plan(seen)
    assert plan.poses.shape == (1, 30, 3) and np.isfinite(plan.poses).all()
    return float(plan.poses[0, -1, 0])


def test_it_drives_on_where_the_road_is_free_and_stops_before_a_standing_car(run):
    free, blocked = drive(run, observation()), drive(run, observation(18.0))
    assert free > 24.0
    front = blocked + ZOE.rear_axle_to_center_m + ZOE.length_m / 2
    assert front < 18.0 - 4.5 / 2


def test_it_remembers_only_as_many_frames_as_training_observed(run):
    planner = Imagine(run=str(run))
    planner.reset([object()])
    for _ in range(5):
        planner.plan(observation())
    assert len(planner.gaze.features) == planner.model.config.observed_steps


def test_a_new_drive_starts_without_memory_and_is_the_same_again(run):
    planner = Imagine(run=str(run))
    plans = []
    for _ in range(2):
        planner.reset([object()])
        plans.append(planner.plan(observation(25.0)).poses)
    np.testing.assert_array_equal(*plans)


def test_a_wrong_option_is_named(run):
    with pytest.raises(InputError, match="dynamics"):
        Imagine(run=str(run), dynamics="magic")
    with pytest.raises(InputError, match="speeed"):
        Imagine(run=str(run), speeed=3)


def test_a_privileged_model_says_so_when_tracks_are_hidden(run):
    planner = Imagine(run=str(run))
    planner.reset([object()])
    hidden = dataclasses.replace(observation(), tracks=None, maps=None)
    with pytest.raises(ValueError, match="hides tracks"):
        planner.plan(hidden)


def step_by_step(planner: Imagine, start, seen: Observation, plans) -> dict[str, np.ndarray]:
    """Parts of the cost [A] with every candidate imagined one state after the other."""
    c, every = planner.config, plans[:, PLAN_STEPS - 1 :: PLAN_STEPS]
    first = np.broadcast_to(seen.ego[0][POSE], (len(plans), 1, 3))
    actions = actions_of(np.concatenate([first, every[:, :-1]], 1), every)
    places = planner._where(seen.vehicles[0])
    parts = {name: np.zeros(len(plans)) for name in ("contact", "departure", "headway", "end")}
    learned = c.dynamics == "learned"
    for h, now in enumerate(imagine_all(planner.model, start.repeat(len(plans)), actions, learned)):
        low, fade = now.probability[..., :2, :, :], c.discount**h
        solid = low[:, SOLID].sum(1).amax(1)  # [A, X, Y]
        off = 1.0 - (low[:, OccClass.DRIVEABLE_SURFACE, 0] + solid).clamp(max=1.0)
        movers = low[:, MOVERS].sum((1, 2)).clamp(max=1.0)[:, places.lane].numpy()
        reach = np.maximum(actions[:, h, 3].numpy() * c.headway_s, 1e-3)
        close = np.clip(1.0 - places.ahead_m / reach[:, None], 0.0, 1.0)
        parts["contact"] += fade * solid[:, places.body].amax(1).numpy()
        parts["departure"] += fade * off[:, places.body].mean(1).numpy()
        parts["headway"] += fade * (movers * close).max(1)
        if now.cont is not None:
            parts["end"] += fade * torch.sigmoid(-now.cont).numpy()
    return parts


@torch.no_grad()
@pytest.mark.parametrize("speed_mps", [3.0, 8.0, 20.0])  # the last looks beyond the grid
@pytest.mark.parametrize("dynamics", ["learned", "ego_warp"])
def test_all_candidates_at_once_cost_what_they_cost_one_by_one(run, dynamics, speed_mps):
    planner = Imagine(run=str(run), dynamics=dynamics)
    shaken(planner.model)  # so that there is something learned to differ in
    planner.reset([object()])
    seen = observation(8.0, speed=speed_mps)
    start = planner.gaze.look(seen, dynamics == "learned")
    plans = planner._candidates(seen)
    cost, parts = planner._judge(start, seen.ego[0], plans, seen.vehicles[0])
    wanted = step_by_step(planner, start, seen, plans)
    assert set(parts) == set(wanted) and np.ptp(cost) > 1.0
    for name, values in wanted.items():
        np.testing.assert_allclose(parts[name], values, atol=2e-4, err_msg=name)
    assert parts["contact"].max() > 0.5
    assert parts["headway"].max() > 0.1 or speed_mps > 10.0  # then it is past the car at once


def test_a_car_that_no_window_holds_is_judged_on_the_whole_grid(run):
    planner = Imagine(run=str(run))
    bus = dataclasses.replace(ZOE, length_m=24.0)
    small, large = planner._where(ZOE), planner._where(bus)
    window = near_window(planner.model, 12.0)
    assert small.within(*window, 12.0 - small.bumper_m) is not None
    assert large.within(*window, 0.0) is None
    assert small.within(*window, 60.0) is None
