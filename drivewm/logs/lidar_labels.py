"""Occupancy labels from lidar sweeps and boxes, for scenes that have no labels of their own.

Points inside a box travel with it, from every keyframe where it is annotated; all others are the
static world, gathered over the neighbouring sweeps by the ego's motion. Rays tell which voxels were
seen free. What a static thing is, neither points nor boxes say: what lies on the local ground is
road where the map has drivable area and terrain elsewhere, the rest is ``MANMADE``.
Shapes: P points, N boxes, X, Y, Z voxels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import grey_closing, minimum_filter

from drivewm.geometry import se3
from drivewm.geometry.voxel_rays import mark_passed
from drivewm.logs.keyframe_boxes import KeyframeBoxes, boxes_at, keyframe_pose
from drivewm.logs.records import OccupancyLabel, SceneRecord, SensorRow
from drivewm.logs.scene_reader import read_points
from drivewm.scene import OccClass
from drivewm.scene.rasterise import drivable_cells

SHAPE, LOW_M, CELL_M = (200, 200, 16), np.array([-40.0, -40.0, -1.0]), 0.4
NEIGHBOURS = 20  # keyframes before and after whose static points are gathered
CARVED = 3  # keyframes before and after whose rays say what was seen
THIN_M = 0.85  # boxes narrower than this keep their middle line, whatever voxels it meets
MARGIN_M = 0.15  # a point this far outside a box still belongs to it
EGO_REACH_M = 2.6  # points this near to the middle of the ego are its own roof and bonnet
MIN_POINTS = 4  # of a track over the scene, before its box is believed to be visible
CAMERA_RAYS = (100, 56)  # per camera, columns and rows
FREE = int(OccClass.FREE)
_NOTHING_SOLID = np.zeros(SHAPE, bool)


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """One keyframe's sweep, sorted out."""

    static_m: np.ndarray  # [P, 3] global frame
    origin_m: np.ndarray  # [3] of the lidar, global frame
    ends_m: np.ndarray  # [P', 3] of all rays, global frame
    boxes: KeyframeBoxes
    in_box: dict[str, np.ndarray]  # track id -> [P, 3] in the frame of its box


def labelled(record: SceneRecord, *, fill: bool = True) -> SceneRecord:
    """The record with labels made from its own sweeps.

    Args:
        fill: boxes that were seen are solid; without it only where points lie.

    Raises (when the labels are read):
        InputError: a sweep's file is missing or not readable.
    """

    def labels() -> Iterator[tuple[int, OccupancyLabel]]:
        rows = {r.keyframe: r for r in record.lidar if r.keyframe >= 0 and r.exists}
        sweeps = {k: _sorted_out(record, row) for k, row in sorted(rows.items())}
        carried = _carried(sweeps)
        for keyframe in sweeps:
            yield keyframe, _label(record, keyframe, sweeps, carried, fill)

    return replace(record, occupancy=labels)


def _sorted_out(record: SceneRecord, row: SensorRow) -> Sweep:
    points = read_points(f"{record.data_root}/{row.path}")[:, :3].astype(np.float64)
    global_from_lidar = row.global_from_ego @ row.ego_from_sensor
    in_ego = se3.transform(row.ego_from_sensor, points)
    middle = np.array([record.vehicle.rear_axle_to_center_m, 0.0])
    own = np.abs(in_ego[:, :2] - middle).max(1) < EGO_REACH_M
    points = points[~own & np.isfinite(points).all(1)]
    boxes = boxes_at(record, row.keyframe)
    ego_from_lidar = se3.inverse(keyframe_pose(record.ego, row.keyframe)) @ global_from_lidar
    in_ego = se3.transform(ego_from_lidar, points)
    static, in_box = np.ones(len(points), bool), {}
    for name, pose, size in zip(boxes.track_id, boxes.ego_from_box, boxes.size_m):
        near = np.flatnonzero(np.abs(in_ego - pose[:3, 3]).max(1) < np.linalg.norm(size))
        local = se3.transform(se3.inverse(pose), in_ego[near])
        inside = (np.abs(local) <= size / 2 + MARGIN_M).all(1)
        inside &= local[:, 2] > 0.1 - size[2] / 2  # the ground under it stays ground
        static[near[inside]] = False
        in_box[name] = local[inside]
    ends = se3.transform(global_from_lidar, points)
    return Sweep(
        static_m=ends[static], origin_m=global_from_lidar[:3, 3], ends_m=ends, boxes=boxes,
        in_box=in_box,
    )  # fmt: skip


def _carried(sweeps: dict[int, Sweep]) -> dict[str, np.ndarray]:
    """Every track's points of the whole scene, in the frame of its box."""
    found: dict[str, list[np.ndarray]] = {}
    for sweep in sweeps.values():
        for name, points in sweep.in_box.items():
            found.setdefault(name, []).append(points)
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _label(
    record: SceneRecord,
    keyframe: int,
    sweeps: dict[int, Sweep],
    carried: dict[str, np.ndarray],
    fill: bool,
) -> OccupancyLabel:
    global_from_ego = keyframe_pose(record.ego, keyframe)
    ego_from_global = se3.inverse(global_from_ego)
    hit = np.zeros(SHAPE, bool)
    seen = np.zeros(SHAPE, bool)
    for k, sweep in sweeps.items():
        if abs(k - keyframe) > NEIGHBOURS:
            continue
        hit[tuple(_cells(se3.transform(ego_from_global, sweep.static_m)).T)] = True
        origin, ends = (
            _in_voxels(ego_from_global, p) for p in (sweep.origin_m[None], sweep.ends_m)
        )
        mark_passed(_NOTHING_SOLID, origin[0], ends, False, seen)
    drivable = drivable_cells(global_from_ego, record.road_map.drivable)
    semantics = _static_classes(hit, seen, drivable)
    _add_boxes(semantics, sweeps[keyframe].boxes, carried, fill)
    solid = semantics != FREE
    camera = _camera_mask(record, keyframe, ego_from_global, solid)
    lidar = seen | solid
    return OccupancyLabel(
        semantics=semantics, mask_lidar=lidar, mask_camera=lidar if camera is None else camera
    )


def _in_voxels(ego_from_global: np.ndarray, points_m: np.ndarray) -> np.ndarray:
    return (se3.transform(ego_from_global, points_m) - LOW_M) / CELL_M


def _cells(points_m: np.ndarray) -> np.ndarray:
    """The voxels of points, int64 [P', 3]; points outside the grid are left out."""
    cells = np.floor((points_m - LOW_M) / CELL_M).astype(np.int64)
    return cells[((cells >= 0) & (cells < np.array(SHAPE))).all(1)]


def _static_classes(hit: np.ndarray, seen: np.ndarray, drivable: np.ndarray) -> np.ndarray:
    """Classes of the static world; uint8 [X, Y, Z].

    The ground is the lowest layer that was hit within 2 m of a column, where that is near the
    height of the ego's wheels. Gaps in it as wide as those between two rings are closed.
    """
    layers = np.arange(SHAPE[2])
    lowest = np.where(hit.any(2), hit.argmax(2), SHAPE[2])
    around = minimum_filter(lowest, 11)
    x = (np.arange(SHAPE[0]) + 0.5) * CELL_M + LOW_M[0]
    distance = np.hypot(x[:, None], x[None])
    height_m = (around + 0.5) * CELL_M + LOW_M[2]
    level = np.where(np.abs(height_m) < 0.5 + 0.03 * distance, around, SHAPE[2])
    ground = hit & (layers == level[..., None])
    columns = grey_closing(ground.any(2).astype(np.uint8), (5, 5)).astype(bool)
    columns &= (seen.any(2)) & (level < SHAPE[2])
    ground |= columns[..., None] & (layers == level[..., None])
    out = np.where(hit, np.uint8(OccClass.MANMADE), np.uint8(FREE))
    below = np.where(drivable, np.uint8(OccClass.DRIVEABLE_SURFACE), np.uint8(OccClass.TERRAIN))
    return np.where(ground, below[..., None], out).astype(np.uint8)


def _add_boxes(
    semantics: np.ndarray, boxes: KeyframeBoxes, carried: dict[str, np.ndarray], fill: bool
) -> None:
    for name, pose, size, kind in zip(
        boxes.track_id, boxes.ego_from_box, boxes.size_m, boxes.occ_class
    ):
        points = carried.get(name, np.zeros((0, 3)))
        if len(points) < MIN_POINTS or np.abs(pose[:2, 3]).max() > 45.0:
            continue
        cells = _cells(se3.transform(pose, points)) if not fill else _inside(pose, size)
        semantics[tuple(cells.T)] = kind


def _inside(ego_from_box: np.ndarray, size_m: np.ndarray) -> np.ndarray:
    """Voxels whose centre lies in a box, off its foot, and those on a thin box's middle line."""
    reach = np.linalg.norm(size_m) / 2
    low = np.floor((ego_from_box[:3, 3] - reach - LOW_M) / CELL_M).astype(int)
    high = np.ceil((ego_from_box[:3, 3] + reach - LOW_M) / CELL_M).astype(int)
    spans = [np.arange(max(a, 0), min(b, n)) for a, b, n in zip(low, high, SHAPE)]
    cells = np.stack(np.meshgrid(*spans, indexing="ij"), -1).reshape(-1, 3)
    local = se3.transform(se3.inverse(ego_from_box), (cells + 0.5) * CELL_M + LOW_M)
    inside = (np.abs(local) <= size_m / 2 + 1e-6).all(1) & (local[:, 2] > 1e-6 - size_m[2] / 2)
    if size_m[:2].min() >= THIN_M:
        return cells[inside]
    along = int(np.argmax(size_m[:2]))
    line = np.zeros((max(int(size_m[along] / 0.1), 1), 3))
    line[:, along] = np.linspace(-0.5, 0.5, len(line)) * size_m[along] * 0.999
    heights = np.arange(0.2 - size_m[2] / 2, size_m[2] / 2, CELL_M / 2)
    middle = np.repeat(line, len(heights), 0)
    middle[:, 2] = np.tile(heights, len(line))
    return np.concatenate([cells[inside], _cells(se3.transform(ego_from_box, middle))])


def _camera_mask(
    record: SceneRecord, keyframe: int, ego_from_global: np.ndarray, solid: np.ndarray
) -> np.ndarray | None:
    """Voxels that a camera ray passes or ends in; None where the keyframe has no camera."""
    rows = [r for r in record.cameras if r.keyframe == keyframe and r.width and r.height]
    mask = np.zeros(SHAPE, bool)
    for row in rows:
        columns, lines = CAMERA_RAYS
        u = (np.arange(columns) + 0.5) * row.width / columns
        v = (np.arange(lines) + 0.5) * row.height / lines
        pixels = np.stack([*np.meshgrid(u, v), np.ones((lines, columns))], -1).reshape(-1, 3)
        assert row.intrinsics is not None
        rays = pixels @ np.linalg.inv(row.intrinsics).T * 70.0
        pose = ego_from_global @ row.global_from_ego @ row.ego_from_sensor
        ends = (se3.transform(pose, rays) - LOW_M) / CELL_M
        mark_passed(solid, (pose[:3, 3] - LOW_M) / CELL_M, ends, True, mask)
    return mask if rows else None
