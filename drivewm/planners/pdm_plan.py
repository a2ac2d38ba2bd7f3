"""One plan of PDM-Closed, compiled. Shapes: N tracks, L lights, H poses of the plan.

Definition: tuplan_garage ``AbstractPDMClosedPlanner._get_closed_loop_trajectory``: observe, unroll
proposals, drive them with a tracker and a bicycle, score them, then brake or drive the best on.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.geometry.overlap import fill_corners
from drivewm.measures.proposals import TUPLAN, ProposalEnvironment, score_into
from drivewm.measures.proposals_comfort import BOUNDS
from drivewm.planners.pdm_brake import brake, must_brake
from drivewm.planners.pdm_ground import look_around, starting_lane
from drivewm.planners.pdm_objects import DT_S, boxes_in_use, observe
from drivewm.planners.pdm_proposals import begin, look_up, unroll
from drivewm.planners.pdm_setup import PdmSetup
from drivewm.planners.pdm_shapes import box_within
from drivewm.sim.batch_lqr import NAVSIM_GAINS, simulate_into
from drivewm.sim.compiled import Run, advance, take_plan
from drivewm.sim.config import DT_US
from drivewm.sim.traffic_world import World

RED = 2  # LightStatus.RED


@njit(cache=True)
def plan(
    setup: PdmSetup,
    step: int,
    now_us: int,
    ego: np.ndarray,  # [11], EgoColumn
    state: np.ndarray,  # [N, 6], TrackColumn
    valid: np.ndarray,  # bool [N]
    size: np.ndarray,  # [N, 3]
    score_type: np.ndarray,  # int8 [N]
    light_status: np.ndarray,  # int8 [L], LightStatus
    poses: np.ndarray,  # [H, 3] written: rear axle at ``setup.offsets_us``
) -> None:
    """Writes the plan; ``setup`` keeps the scores, the choice and what is remembered."""
    car, proposals, ground = setup.car, setup.proposals, setup.ground
    centre, box = np.empty(4), np.empty((4, 2))
    centre[2], centre[3] = math.cos(ego[2]), math.sin(ego[2])
    centre[0] = ego[0] + car.rear_axle_to_center_m * centre[2]
    centre[1] = ego[1] + car.rear_axle_to_center_m * centre[3]
    fill_corners(centre[0], centre[1], ego[2], car.length_m, car.width_m, box)
    look_around(ground, centre[0], centre[1], setup.radius_m[0])
    half_m = np.array([car.length_m / 2, car.width_m / 2])
    observe(
        centre, half_m, setup.radius_m[0], state, valid, size, score_type, setup.memory,
        setup.objects,
    )  # fmt: skip
    _see_lights(setup, light_status, box)
    lane = starting_lane(ground, ego, centre, box)
    limit_mps = ground.speed_limit_mps[lane] if lane >= 0 else np.nan
    if math.isnan(limit_mps):
        limit_mps = setup.unlimited_mps[0]
    for f in range(len(setup.limit_shares)):
        proposals.target_mps[f] = setup.limit_shares[f] * limit_mps
    _propose(setup, ego)
    _score(setup, ego)
    best = int(np.argmax(setup.scores.score))
    speed = math.hypot(ego[3], ego[4])
    setup.chosen[0] = best
    setup.chosen[1] = must_brake(setup.scores.collision_step[best], speed, DT_S)
    if setup.chosen[1]:
        brake(ego, car.rear_axle_to_center_m, DT_S, poses)
    else:
        _drive_on(setup, best)
        poses[:] = proposals.poses[best]


@njit(cache=True)
def drive(setup: PdmSetup, run: Run, world: World) -> int:
    """The whole drive; the step whose plan cannot be driven, or -1."""
    for step in range(run.steps):
        if step % run.every == 0:
            number = step // run.every
            plan(
                setup, step, run.start_us + step * DT_US, run.ego[step], world.state, world.valid,
                world.size_m, world.score_type, run.lights[step], run.plans[number],
            )  # fmt: skip
            if number < len(setup.past_scores):
                setup.past_scores[number] = setup.scores.score
                setup.past_chosen[number] = setup.chosen
            if not take_plan(run, step):
                return step
        advance(run, world, step)
    return -1


@njit(cache=True)
def _see_lights(setup: PdmSetup, light_status: np.ndarray, box: np.ndarray) -> None:
    """Red lights of the route; one whose connector holds the whole ego is ignored from now on."""
    signals = setup.signals
    for light in range(len(signals.lane)):
        lane = signals.lane[light]
        signals.red[light] = lane >= 0 and light_status[light] == RED
        if signals.red[light] and box_within(box, signals.lanes, lane):
            setup.memory.light[light] = True


@njit(cache=True)
def _propose(setup: PdmSetup, ego: np.ndarray) -> None:
    """Unrolls the proposals of every path over the scored horizon."""
    proposals, targets = setup.proposals, len(setup.limit_shares)
    proposals.ranked[:] = False
    for k in range(len(setup.paths.poses)):
        begin(
            proposals, setup.paths, setup.corridors, k, ego, setup.car.width_m,
            len(setup.offsets_us) - 1,
        )  # fmt: skip
        look_up(proposals, setup.paths, setup.corridors, k, setup.signals, setup.memory)
        unroll(
            proposals, setup.paths, setup.corridors, k * targets, (k + 1) * targets, np.int64(1),
            setup.proposal_poses[0] + 1, setup.objects, setup.signals, setup.law, setup.car,
        )  # fmt: skip


@njit(cache=True)
def _score(setup: PdmSetup, ego: np.ndarray) -> None:
    car, steps = setup.car, setup.proposal_poses[0] + 1
    driven = np.ascontiguousarray(setup.proposals.poses[:, :steps])
    simulate_into(driven, ego, car.wheelbase_m, DT_S, NAVSIM_GAINS, setup.simulated)
    environment = ProposalEnvironment(
        setup.areas, setup.centreline, boxes_in_use(setup.objects), setup.no_lights,
        setup.no_history, car.length_m, car.width_m, car.rear_axle_to_center_m,
    )  # fmt: skip
    score_into(setup.simulated, environment, TUPLAN, setup.filters, BOUNDS, setup.scores)


@njit(cache=True)
def _drive_on(setup: PdmSetup, best: int) -> None:
    """Unrolls the best proposal alone to the end of the plan."""
    k = best // len(setup.limit_shares)
    look_up(setup.proposals, setup.paths, setup.corridors, k, setup.signals, setup.memory)
    unroll(
        setup.proposals, setup.paths, setup.corridors, best, best + 1,
        setup.proposal_poses[0] + 1, len(setup.offsets_us), setup.objects, setup.signals,
        setup.law, setup.car,
    )  # fmt: skip
