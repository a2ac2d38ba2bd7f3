"""Kernels of drivewm beside the same kernels in plain C, on one dense case. Shapes: T steps."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import c_kernels as c
import numpy as np

from drivewm.eval.conform.fixtures import Fixtures, history_of, states
from drivewm.eval.conform.navsim_case import environment_of, given_states
from drivewm.measures.collision import first_contacts
from drivewm.measures.proposals_areas import fill_where
from drivewm.measures.proposals_route import fill_boxes
from drivewm.measures.ttc import OFFSETS_S, fill_ttc
from drivewm.sim.batch_lqr import NAVSIM_GAINS, simulate_into

Pair = tuple[str, Callable[[], object], Callable[[], object]]
WHEELBASE_M = 3.089


def pairs() -> Iterator[Pair]:
    """Name, Numba call, C call; raises AssertionError if they disagree."""
    fixtures = Fixtures(os.environ["DRIVEWM_FIXTURES"])
    row = max(fixtures.rows("navsim_v2"), key=lambda r: (r["B"], len(r["trk_type"])))
    yield _lqr(row)
    yield from _drive(fixtures)
    yield _ground(fixtures, row)


def _lqr(row: dict) -> Pair:
    given = given_states(row)
    plans = np.ascontiguousarray(np.tile(given[:, :, :3], (64 // len(given) + 1, 1, 1))[:64])
    ego, ours = states(row, "ego0")[0], np.empty((64, plans.shape[1], 11))
    theirs = ours.copy()

    def run() -> None:
        simulate_into(plans, ego, WHEELBASE_M, 0.1, NAVSIM_GAINS, ours)

    def run_c() -> None:
        c.simulate(plans, ego, WHEELBASE_M, NAVSIM_GAINS, theirs)

    run(), run_c()
    assert np.abs(ours - theirs).max() < 1e-8
    return "batch LQR and bicycle, 64 proposals", run, run_c


def _drive(fixtures: Fixtures) -> Iterator[Pair]:
    history = history_of(max(fixtures.rows("nuplan_cls"), key=lambda r: len(r["trk_type"])))
    native = c.Drive(history)
    ego, centres, speed, state, valid, size, moves = native.kept
    car = (history.vehicle.length_m, history.vehicle.width_m)
    drive = (ego, centres, speed, *car, state, valid, size, moves)
    native.first_contacts()
    first, kind = first_contacts(*drive)
    assert (first == native.first).all() and (kind == native.kind).all()
    count = f"{len(size)} tracks, {len(ego)} steps"
    yield f"first contacts, {count}", lambda: first_contacts(*drive), native.first_contacts
    wide, ours, who = np.ones(len(ego), bool), np.empty(len(ego)), np.empty(len(ego), np.int64)
    theirs, their_who = ours.copy(), who.copy()

    def run() -> None:
        fill_ttc(*drive, first, wide, OFFSETS_S, ours, who)

    def run_c() -> None:
        native.fill_ttc(wide, OFFSETS_S, theirs, their_who)

    run(), run_c()
    assert (ours == theirs).all() and (who == their_who).all()
    yield f"time to collision, {count}", run, run_c


def _ground(fixtures: Fixtures, row: dict) -> Pair:
    env = environment_of(row, fixtures.maps()[row["map_id"]], is_v2=True)
    state = np.ascontiguousarray(given_states(row)[1])
    corners, centre = np.empty((len(state), 5, 2)), np.empty((len(state), 4))
    half = (env.length_m / 2, env.width_m / 2)
    fill_boxes(state, *half, env.rear_axle_to_center_m, corners, centre)
    near, ours = np.empty(len(env.areas.kind), np.int64), np.zeros(len(state), np.uint8)
    theirs = ours.copy()
    run_c = c.fill_where(corners, env.areas, near, theirs)

    def run() -> None:
        fill_where(corners, env.areas, near, ours)

    run(), run_c()
    assert (ours == theirs).all()
    return f"ground under the ego, {len(near)} polygons, {len(state)} steps", run, run_c
