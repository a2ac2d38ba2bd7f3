"""What comes of a branch, judged from occupancy: one function for the true and any imagined one.

The ego's box is led through the occupancy every 0.1 s. A frame of occupancy holds every 0.5 s; in
between the nearest one counts, its movable columns carried on by the flow of the nearest movable.
Probabilities of touching and of leaving the road are the highest under the box so far; with
certain occupancy they are 0 or 1.
Shapes: B branches, H + 1 frames, S steps, X, Y cells, P points of the box, K classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy import ndimage

from drivewm.eval.counterfactual.verdict import Ride
from drivewm.geometry.se2 import relative
from drivewm.measures.collision import STOPPED_SPEED_MPS
from drivewm.models.grid import OCC3D_ORIGIN_M, GridConfig
from drivewm.scene import MOVABLE, OccClass, VehicleParams

MOVABLE_CLASSES = np.array([int(c) for c in MOVABLE])
OFF_ROAD = np.array(
    [OccClass.OTHER_FLAT, OccClass.SIDEWALK, OccClass.TERRAIN, OccClass.MANMADE,
     OccClass.VEGETATION]
)  # fmt: skip
HEADROOM_M = 2.0  # what hangs higher is not touched
SPREAD_M = 4.0  # the flow of a movable holds this far around it, as in training
SURE = 0.5
REAR_RAD = math.radians(168.0)  # from the box's centre: its rear without the corners
# A cell counts as occupied when it is touched, so that occupancy is larger than what it holds. By
# these parts of a cell the box is smaller on every side; chosen where the true occupancy of
# synthetic branches errs to both sides equally against exact boxes and polygons.
BODY_MARGIN, EDGE_MARGIN = 0.25, 0.125


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Occupancy from above, as the outcome needs it. Each in the ego frame of its instant."""

    movable: np.ndarray  # float32 [B, H + 1, X, Y] probability of a movable below 2 m
    fixed: np.ndarray  # float32 [B, H + 1, X, Y] of a barrier
    off_road: np.ndarray  # float32 [B, H + 1, X, Y] of ground that is no road
    flow: np.ndarray  # float32 [B, H + 1, 2, X, Y] m/s
    classes: np.ndarray  # uint8 [B, H + 1, X, Y, Z] most probable


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Of each branch; all [B]."""

    collision: np.ndarray  # probability of a contact at the ego's fault
    departure: np.ndarray  # probability of leaving the road
    collision_s: np.ndarray  # when it becomes more likely than not; inf: never
    departure_s: np.ndarray
    score: np.ndarray  # expected: what the ride is worth if nothing goes wrong
    decided: (
        np.ndarray
    )  # as the truth is scored: 0 where a contact or departure is likelier than not

    @property
    def bad(self) -> np.ndarray:
        """Probability of either."""
        return 1.0 - (1.0 - self.collision) * (1.0 - self.departure)


def low_layers(grid: GridConfig) -> int:
    """How many layers, from the lowest, a car reaches into."""
    bottoms = OCC3D_ORIGIN_M[2] + grid.layer_m * np.arange(grid.shape[2])
    return int((bottoms < HEADROOM_M).sum())


def columns_of(probability: np.ndarray, low: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(movable, fixed, off-road) probabilities [..., X, Y] of [..., K, Z, X, Y]."""
    near = probability[..., :low, :, :]
    movable = near[..., MOVABLE_CLASSES, :, :, :].sum(-4).max(-3)
    fixed = near[..., int(OccClass.BARRIER), :, :, :].max(-3)
    off = probability[..., OFF_ROAD, 0, :, :].sum(-3)
    return movable, fixed, off


def certain(classes: np.ndarray, flow: np.ndarray, grid: GridConfig) -> Seen:
    """Occupancy that is known; uint8 [B, H + 1, X, Y, Z] and its flow."""
    low = classes[..., : low_layers(grid)]
    return Seen(
        movable=np.isin(low, MOVABLE_CLASSES).any(-1).astype(np.float32),
        fixed=(low == OccClass.BARRIER).any(-1).astype(np.float32),
        off_road=np.isin(classes[..., 0], OFF_ROAD).astype(np.float32),
        flow=np.asarray(flow, np.float32), classes=classes,
    )  # fmt: skip


def spread(flow: np.ndarray, movable: np.ndarray, cell_m: float) -> np.ndarray:
    """The flow [2, X, Y] of the nearest movable column within 4 m, else 0."""
    if not movable.any():
        return np.zeros_like(flow)
    away, nearest = ndimage.distance_transform_edt(~movable, return_indices=True)
    out = flow[:, nearest[0], nearest[1]]
    return np.where(away * cell_m <= SPREAD_M, out, 0.0).astype(np.float32)


def box_points(vehicle: VehicleParams, cell_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Points over the box and its corners, rear-axle frame; [P, 2] and [4, 2]."""
    half_x = vehicle.length_m / 2 - BODY_MARGIN * cell_m
    half_y = vehicle.width_m / 2 - BODY_MARGIN * cell_m
    xs = np.linspace(-half_x, half_x, 2 + int(2 * half_x / 0.4)) + vehicle.rear_axle_to_center_m
    ys = np.linspace(-half_y, half_y, 2 + int(2 * half_y / 0.4))
    points = np.stack(np.meshgrid(xs, ys, indexing="ij"), -1).reshape(-1, 2)
    grow = (BODY_MARGIN - EDGE_MARGIN) * cell_m
    ends = [(x, y) for x in (xs[0] - grow, xs[-1] + grow) for y in (ys[0] - grow, ys[-1] + grow)]
    return points, np.array(ends)


@njit(cache=True)
def lead_through(
    movable, fixed, off_road, flow, frame, offset, ahead_s, speed, points, ends, axle_m,
    x0, y0, cell_m, out,
):  # fmt: skip
    """Probabilities [S, 2] of contact and departure at each step, of one branch.

    Who comes up from behind and touches the rear is at fault; what it covers next is its doing too.

    Args:
        movable, fixed, off_road: [H + 1, X, Y]; flow: [H + 1, 2, X, Y], spread.
        frame: int [S] frame of each step; offset: [S, 3] ego pose in that frame's ego frame;
            ahead_s: [S] time of the step after the frame's; speed: [S] of the ego.
        points: [P, 2]; ends: [4, 2], rear-axle frame; axle_m: rear axle to the box's centre.
    """
    nx, ny = movable.shape[1], movable.shape[2]
    behind = 0.0  # probability of having been hit from behind so far
    for s in range(len(frame)):
        h = frame[s]
        cos, sin = math.cos(offset[s, 2]), math.sin(offset[s, 2])
        hit, touched, off = 0.0, 0.0, 0.0
        for p in range(len(points)):
            x = offset[s, 0] + cos * points[p, 0] - sin * points[p, 1]
            y = offset[s, 1] + sin * points[p, 0] + cos * points[p, 1]
            i, j = math.floor((x - x0) / cell_m), math.floor((y - y0) / cell_m)
            if i < 0 or j < 0 or i >= nx or j >= ny:
                continue
            if speed[s] > STOPPED_SPEED_MPS:
                hit = max(hit, fixed[h, i, j])
            vx, vy = flow[h, 0, i, j], flow[h, 1, i, j]
            u = math.floor((x - vx * ahead_s[s] - x0) / cell_m)
            v = math.floor((y - vy * ahead_s[s] - y0) / cell_m)
            if u < 0 or v < 0 or u >= nx or v >= ny:
                continue
            moves = math.hypot(vx, vy) > STOPPED_SPEED_MPS
            angle = abs(math.atan2(points[p, 1], points[p, 0] - axle_m))
            if moves and angle > REAR_RAD:
                behind = max(behind, movable[h, u, v])
            elif speed[s] > STOPPED_SPEED_MPS:
                touched = max(touched, movable[h, u, v])
        for p in range(len(ends)):
            x = offset[s, 0] + cos * ends[p, 0] - sin * ends[p, 1]
            y = offset[s, 1] + sin * ends[p, 0] + cos * ends[p, 1]
            i, j = math.floor((x - x0) / cell_m), math.floor((y - y0) / cell_m)
            if i >= 0 and j >= 0 and i < nx and j < ny:
                off = max(off, off_road[h, i, j])
        out[s, 0], out[s, 1] = max(hit, touched * (1.0 - behind)), off


def lead_through_reference(
    movable, fixed, off_road, flow, frame, offset, ahead_s, speed, points, ends, axle_m,
    x0, y0, cell_m,
) -> np.ndarray:  # fmt: skip
    """``lead_through`` in plain NumPy; [S, 2]."""
    out = np.zeros((len(frame), 2))
    shape, behind = np.array(movable.shape[1:]), 0.0

    def cells(xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        index = np.floor((xy - [x0, y0]) / cell_m).astype(int)
        inside = ((index >= 0) & (index < shape)).all(-1)
        return np.where(inside[:, None], index, 0), inside

    for s, h in enumerate(frame):
        cos, sin = np.cos(offset[s, 2]), np.sin(offset[s, 2])
        turn = np.array([[cos, sin], [-sin, cos]])
        body, corner = points @ turn + offset[s, :2], ends @ turn + offset[s, :2]
        at, inside = cells(body)
        wind = flow[h][:, at[:, 0], at[:, 1]].T  # [P, 2]
        back, known = cells(body - wind * ahead_s[s])
        angle = np.abs(np.arctan2(points[:, 1], points[:, 0] - axle_m))
        rear = (np.hypot(*wind.T) > STOPPED_SPEED_MPS) & (angle > REAR_RAD)
        there = movable[h][back[:, 0], back[:, 1]] * (inside & known)
        behind = max(behind, (there * rear).max())
        touched = (there * ~rear).max() * (1.0 - behind)
        hits = [touched, *fixed[h][at[inside, 0], at[inside, 1]]]
        out[s, 0] = max(hits) if speed[s] > STOPPED_SPEED_MPS else 0.0
        at, inside = cells(corner)
        out[s, 1] = max([0.0, *off_road[h][at[inside, 0], at[inside, 1]]])
    return out


def risks(
    seen: Seen, ego: np.ndarray, vehicle: VehicleParams, grid: GridConfig, per_frame: int = 5
) -> np.ndarray:
    """Probability of contact and departure so far; [B, S, 2], columns as said.

    Args:
        ego: [B, S + 1, 11] states under the actions; step 0 is the branching instant.
        per_frame: steps between two frames of occupancy.
    """
    steps = np.arange(1, ego.shape[1])
    frame = np.minimum((steps + per_frame // 2) // per_frame, seen.movable.shape[1] - 1)
    step_s = 0.1
    ahead_s = (steps - frame * per_frame) * step_s
    points, ends = box_points(vehicle, grid.cell_m)
    out = np.empty((len(ego), len(steps), 2))
    for b, states in enumerate(ego):
        offset = relative(states[frame * per_frame, :3], states[steps, :3])
        flow = np.stack(
            [spread(f, m > SURE, grid.cell_m) for f, m in zip(seen.flow[b], seen.movable[b])]
        )
        lead_through(
            seen.movable[b], seen.fixed[b], seen.off_road[b], flow, frame, offset, ahead_s,
            np.ascontiguousarray(states[steps, 3]), points, ends, vehicle.rear_axle_to_center_m,
            grid.x_min_m, grid.y_min_m, grid.cell_m, out[b],
        )  # fmt: skip
    return np.maximum.accumulate(out, axis=1)


def outcome(
    seen: Seen, ego: np.ndarray, rides: list[Ride], vehicle: VehicleParams, grid: GridConfig
) -> Outcome:
    """The outcome of each branch; ``rides`` [B] is what the actions alone decide."""
    risk = risks(seen, ego, vehicle, grid)
    first = np.full((len(ego), 2), np.inf)
    for b, column in np.ndindex(first.shape):
        over = np.flatnonzero(risk[b, :, column] > SURE)
        if len(over):
            first[b, column] = (over[0] + 1) * 0.1
    last = risk[:, -1]
    worth = np.array([ride.worth for ride in rides])
    clean = (last <= SURE).all(1)
    return Outcome(
        collision=last[:, 0], departure=last[:, 1], collision_s=first[:, 0],
        departure_s=first[:, 1], score=(1 - last[:, 0]) * (1 - last[:, 1]) * worth,
        decided=np.where(clean, worth, 0.0),
    )  # fmt: skip


def mean_outcome(drawn: Sequence[Outcome]) -> Outcome:
    """What several samples say together: probabilities and scores are averaged; the times are
    those of the middle sample, never where half of them or more say never."""
    first = {name: np.stack([getattr(d, name) for d in drawn]) for name in vars(drawn[0])}
    middle = {n: np.sort(first[n], 0)[len(drawn) // 2] for n in ("collision_s", "departure_s")}
    mean = {n: first[n].mean(0) for n in ("collision", "departure", "score", "decided")}
    return Outcome(**mean, **middle)
