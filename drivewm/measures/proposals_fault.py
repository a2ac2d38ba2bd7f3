"""Contacts whose fault only lanes could settle. Shapes: T states."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivewm.measures.proposals import ProposalEnvironment
from drivewm.measures.proposals_contact import first_contact
from drivewm.measures.proposals_route import fill_boxes

MULTIPLE_LANES = 1  # Where.MULTIPLE_LANES


@njit(cache=True)
def unsettled_contacts(
    state: np.ndarray,  # [T, 11]
    where: np.ndarray,  # uint8 [T], Where without lanes
    environment: ProposalEnvironment,
    stride: int,
) -> int:
    """Number of tracks that the proposal touches sideways, which is its fault only where it is
    between lanes: for maps that know none."""
    env, steps = environment, len(state)
    long_m, wide_m = env.length_m / 2, env.width_m / 2
    corners, centre = np.empty((steps, 5, 2)), np.empty((steps, 4))
    fill_boxes(state, long_m, wide_m, env.rear_axle_to_center_m, corners, centre)
    between = where | np.uint8(MULTIPLE_LANES)
    count = 0
    for n in range(len(env.tracks.valid)):
        if env.tracks.ignored[n]:
            continue
        _, sure = first_contact(state, centre, where, long_m, wide_m, env.tracks, n, stride)
        _, possible = first_contact(state, centre, between, long_m, wide_m, env.tracks, n, stride)
        count += possible and not sure
    return count
