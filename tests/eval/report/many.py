"""A results folder of many scenes, written without driving: as large as real ones, made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from drivewm.eval import archive
from drivewm.eval.schema import SERIES, TABLES, cell_of
from drivewm.scene import OccClass
from drivewm.seeds import generator
from tests.eval.report import folders

STEPS, TRACKS = 151, 30
PLANNERS = ("pdm_closed", "idm", "constant_velocity")
TIME_S = np.arange(STEPS) * 0.1


def write(folder: Path, scenes: int) -> Path:
    """Every planner drives every scene for 15 s among 30 road users of its own (reactive)."""
    tables: dict[str, list] = {name: [] for name in TABLES}
    for n in range(scenes):
        scene_id = f"scene-{n + 1:04d}"
        draw = generator("many", n)
        area, lanes = _road(draw)
        for planner in PLANNERS:
            row = _row(planner, scene_id, draw)
            key = cell_of(row)._asdict()
            ego = np.zeros((STEPS, 11))
            ego[:, [0, 1, 2]], ego[:, 3] = _drive(draw, 8.0)
            tables["scores"].append(row)
            series = {name: np.round(_wave(draw), 3).tolist() for name in SERIES}
            tables["series"].append(key | series | {"time_s": TIME_S.tolist()})
            tables["safety"].append(key | {"min_ttc_s": float(draw.uniform(0, 6))})
            tables["timings"].append(key | {"plan_ms_mean": 2.0, "plan_ms_max": 3.0, "wall_s": 1.0})
            for metric in ("min_ttc_s", "lon_acc_mps2", "drivable_margin_m"):
                step = int(draw.integers(STEPS))
                worst = folders.worst_row(planner, scene_id, metric, step, "3", 1.0)
                tables["worst"].append(worst)
            path = archive.path_of(folder / "rollouts", cell_of(row))
            _write_rollout(path, ego, draw, area, lanes)
    for name, schema in TABLES.items():
        pq.write_table(pa.Table.from_pylist(tables[name], schema), folder / f"{name}.parquet")
    folders.write_manifest(folder, tables["scores"], None)
    return folder


def _row(planner: str, scene_id: str, draw: np.random.Generator) -> dict:
    hit = draw.random() < 0.1 * (1 + PLANNERS.index(planner))
    progress, comfort = float(draw.uniform(0.4, 1)), float(draw.random() < 0.8)
    score = 0.0 if hit else (5 * progress + 5 + 2 * comfort) / 12
    return folders.score_row(
        planner, scene_id, score=score, progress=progress, comfort=comfort,
        no_at_fault_collision=float(not hit), collisions=int(hit),
        collision_time_s=4.0 if hit else None,
    )  # fmt: skip


def _wave(draw: np.random.Generator) -> np.ndarray:
    """A smooth series with a little noise."""
    rough = np.interp(TIME_S, np.linspace(0, 15, 12), draw.normal(0, 3, 12))
    return rough + draw.normal(0, 0.02, STEPS)


def _drive(draw: np.random.Generator, speed_mps: float) -> tuple[np.ndarray, np.ndarray]:
    """Poses [T, 3] of something that turns and changes its speed, and the speeds [T]."""
    speeds = np.maximum(speed_mps + _wave(draw) * speed_mps / 8, 0)
    heading = draw.uniform(-3, 3) + np.cumsum(_wave(draw)) * 0.004 * min(speed_mps, 1)
    step = np.stack([np.cos(heading), np.sin(heading)], -1) * speeds[:, None] * 0.1
    place = draw.uniform(-70, 70, 2) + np.cumsum(step, 0) + draw.normal(0, 0.02, (STEPS, 2))
    return np.concatenate([place + 1000.0, heading[:, None]], -1), speeds


def _road(draw: np.random.Generator) -> tuple[bytes, list[np.ndarray]]:
    """Two wide roads that cross, with lanes."""
    lines, areas = [], []
    for angle in draw.uniform(0, 3, 4):
        along = np.array([np.cos(angle), np.sin(angle)])
        s = np.linspace(-150, 150, 60)[:, None]
        bend = 15 * np.sin(s / draw.uniform(30, 60))
        line = 1000.0 + s * along + bend * np.array([-along[1], along[0]])
        areas.append(shapely.LineString(line).buffer(7))
        lines += [line + 2.0, line - 2.0]
    return shapely.to_wkb(shapely.unary_union(areas)), lines


def _write_rollout(path: Path, ego: np.ndarray, draw, area: bytes, lanes: list) -> None:
    state = np.zeros((TRACKS, STEPS, 6))
    for n in range(TRACKS):
        poses, _ = _drive(draw, 0.0 if n % 3 == 0 else draw.uniform(1, 12))
        state[n, :, :2], state[n, :, 3] = (
            (poses[:1, :2] if n % 3 == 0 else poses[:, :2]),
            poses[:, 2],
        )
    ahead = [ego[np.minimum(np.arange(k, k + 40), STEPS - 1), :3] for k in range(STEPS - 1)]
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path, time_s=TIME_S, ego=ego, track_state=state,
        track_valid=np.ones((TRACKS, STEPS), bool),
        track_size=np.full((TRACKS, 3), [4.6, 1.9, 1.6]),
        track_occ_class=np.full(TRACKS, OccClass.CAR), track_ids=np.arange(TRACKS).astype(str),
        track_categories=np.full(TRACKS, "vehicle.car"), plan_time_s=TIME_S[:-1],
        plans=np.stack(ahead), route=ego[::5, :2], vehicle=np.array([4.1, 1.7, 1.6, 1.4, 2.6]),
        light_lane_ids=np.zeros(0, str), light_status=np.zeros((0, STEPS), np.int8),
        drivable_wkb=np.frombuffer(area, np.uint8), drivable_wkb_start=np.array([0, len(area)]),
        lane_xy=np.concatenate(lanes), lane_start=np.cumsum([0, *map(len, lanes)]),
    )  # fmt: skip
