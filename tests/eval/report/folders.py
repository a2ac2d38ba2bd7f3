"""Writes small results and forecast folders that follow the schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from drivewm.eval import archive
from drivewm.eval.schema import SCHEMA_VERSION, SERIES, TABLES, TERMS, cell_of
from drivewm.scene import OccClass
from tests.viz.scenes import STEPS, cast_tracks, crossing_map, ego_states

TIME_S = np.arange(STEPS) * 0.1
WEIGHTS = json.dumps(
    {
        "multipliers": ["no_at_fault_collision", "drivable_area", "making_progress"],
        "weights": {"progress": 5, "ttc": 5, "comfort": 2},
    }
)
SPEEDS = {"imagine": 7.0, "idm": 5.5, "log_replay": 7.5, "constant_velocity": 10.0}


def score_row(planner: str, scene_id: str, **changes: Any) -> dict[str, Any]:
    """A perfect drive unless told otherwise."""
    row = {
        "planner": planner,
        "scene_id": scene_id,
        "source": "nuscenes",
        "split": "val",
        "location": "singapore-onenorth",
        "agents": "replay",
        "mode": "privileged",
        "tracker": "lqr",
        "recording": scene_id,
        "not_reproducible": False,
        "score_name": "closed_loop",
        "score_version": "1",
        "fault_unknown": 0,
        "replan_interval_s": 0.1,
        "seed": 0,
        "status": "ok",
        "reason": None,
        "score": 1.0,
        "weights_used": WEIGHTS,
        "collisions": 0,
        "collision_time_s": None,
        "duration_s": 10.0,
    }
    used = json.loads(WEIGHTS)
    terms = [*used["multipliers"], *used["weights"]]
    return row | dict.fromkeys(TERMS) | dict.fromkeys(terms, 1.0) | changes


def worst_row(
    planner: str, scene_id: str, metric: str, step: int, track: str | None, value: float
) -> dict[str, Any]:
    """One worst moment."""
    return {
        "planner": planner,
        "scene_id": scene_id,
        "seed": 0,
        "metric": metric,
        "step": step,
        "time_s": round(step * 0.1, 3),
        "track_id": track,
        "category": "vehicle.car" if track else None,
        "value": value,
    }


def write_results(
    folder: Path,
    rows: list[dict[str, Any]],
    *,
    fleet_path: str | None = None,
    worst: list[dict[str, Any]] | None = None,
) -> Path:
    """Manifest, tables and a rollout for every row whose status is ok."""
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, list] = {name: [] for name in TABLES}
    tables |= {"scores": rows, "worst": worst or []}
    for row in rows:
        if row["status"] != "ok":
            continue
        cell, key = cell_of(row), cell_of(row)._asdict()
        ego = ego_states(SPEEDS.get(cell.planner, 6.0), 0.4 * (len(cell.planner) % 3))
        series = dict.fromkeys(SERIES) | _series(ego)
        if row["drivable_area"] == 0:
            series["drivable_margin_m"] = (2 - TIME_S / 3).tolist()
        tables["series"].append(key | series)
        tables["safety"].append(key | {"min_ttc_s": 2.5, "ride_class": "not_uncomfortable"})
        tables["timings"].append(key | {"plan_ms_mean": 3.2, "plan_ms_max": 9.0, "wall_s": 1.5})
        write_rollout(archive.path_of(folder / "rollouts", cell), ego)
    for name, schema in TABLES.items():
        table = pa.Table.from_pylist(tables[name], schema)
        pq.write_table(table, folder / f"{name}.parquet", write_page_checksum=True)
    write_manifest(folder, rows, fleet_path)
    return folder


def write_manifest(folder: Path, rows: list[dict[str, Any]], fleet_path: str | None) -> None:
    """The manifest of a finished run."""
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "status": "complete",
        "drivewm_version": "0.1.0",
        "git_commit": "0123abc",
        "created": "2030-01-02T03:04:05Z",
        "command": "drivewm score imagine --fleet runs/fleet",
        "config": {"seed": 7, "agents": "replay"},
        "fleet": {
            "path": fleet_path,
            "scenes": len({row["scene_id"] for row in rows}),
            "content_hash": "f00d",
        },
        "score": {"name": "nuplan", "weights": json.loads(WEIGHTS)["weights"], "missing": "drop"},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def write_rollout(path: Path, ego: np.ndarray) -> None:
    """An archive whose road users are ``cast_tracks``."""
    tracks, road = cast_tracks(), crossing_map()
    areas = [shapely.to_wkb(area) for area in road.drivable]
    lanes = [lane.centerline for lane in road.lanes]
    path.parent.mkdir(parents=True, exist_ok=True)
    ahead = [
        np.stack(
            [np.interp(np.arange(k, k + 30), np.arange(STEPS), ego[:, c]) for c in range(3)], -1
        )
        for k in range(0, STEPS, 5)
    ]
    np.savez_compressed(
        path,
        time_s=TIME_S,
        ego=ego,
        track_state=tracks.state,
        track_valid=tracks.valid,
        track_size=tracks.size_m,
        track_occ_class=tracks.occ_class,
        track_ids=np.array(tracks.ids),
        track_categories=np.array(tracks.categories),
        plan_time_s=TIME_S[::5],
        plans=np.stack(ahead),
        route=ego_states(7.0)[:, :2],
        vehicle=np.array([4.084, 1.730, 1.562, 1.385, 2.588]),
        light_lane_ids=np.array(["thru"]),
        light_status=np.repeat([[2, 0]], [50, STEPS - 50], axis=1).astype(np.int8),
        drivable_wkb=np.frombuffer(b"".join(areas), np.uint8),
        drivable_wkb_start=np.cumsum([0, *map(len, areas)]),
        lane_xy=np.concatenate(lanes),
        lane_start=np.cumsum([0, *map(len, lanes)]),
    )


def _series(ego: np.ndarray) -> dict[str, list]:
    wave = np.sin(TIME_S * 1.3)
    ttc = [None if t < 3 else float(4.5 - t / 2.4) for t in TIME_S]
    return {
        "time_s": TIME_S.tolist(),
        "x": ego[:, 0].tolist(),
        "y": ego[:, 1].tolist(),
        "heading": ego[:, 2].tolist(),
        "speed_mps": (ego[:, 3] + wave).tolist(),
        "lon_acc_mps2": (1.3 * np.cos(TIME_S * 1.3) * ego[:, 3] / 5).tolist(),
        "lat_acc_mps2": (0.8 * wave).tolist(),
        "jerk_mps3": (-2 * wave).tolist(),
        "yaw_rate_radps": (0.2 * wave).tolist(),
        "ttc_s": ttc,
        "drivable_margin_m": [1.0] * STEPS,
        "progress_m": (ego[:, 0] - ego[0, 0]).tolist(),
    }


def four_planners(scenes: int = 6) -> list[dict[str, Any]]:
    """Good, fair, perfect and poor planners; one failed row, one planner in sensor mode."""
    rows = []
    for n in range(scenes):
        scene_id, split = f"scene-{n + 1:04d}", "val" if n % 3 else "unseen_layout"
        rows += [
            score_row("log_replay", scene_id, split=split, score=1.0),
            score_row(
                "imagine",
                scene_id,
                split=split,
                score=0.8 + 0.02 * n,
                mode="sensor",
                replan_interval_s=0.5,
                progress=0.8,
                comfort=float(n != 2),
            ),
            score_row("idm", scene_id, split=split, score=0.55 + 0.05 * (n % 4), progress=0.5),
            score_row(
                "constant_velocity",
                scene_id,
                split=split,
                score=0.4 * (n % 2),
                no_at_fault_collision=float(n % 2),
                collisions=1 - n % 2,
                ttc=0.0,
                collision_time_s=None if n % 2 else 5.2,
                making_progress=None,
            ),
        ]
    rows[-2] |= {
        "status": "failed",
        "reason": "plan() raised ValueError: <b>NaN</b> & co",
        "score": None,
    } | dict.fromkeys(TERMS)
    return rows


def write_forecast(folder: Path, windows: int = 3) -> Path:
    """A model that copies, beside two baselines, over six horizons."""
    folder.mkdir(parents=True, exist_ok=True)
    horizons = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    rows = [
        {
            "row": name,
            "input": source,
            "mask": mask,
            "ego_mode": "gt",
            "horizon_s": h,
            "iou": top - 0.03 * h,
            "miou": top - 0.1 - 0.04 * h,
            "movable_iou": top - 0.15 - 0.05 * h,
        }
        for name, source, top in (
            ("model", "cameras", 0.62),
            ("ego_warp", "perceived", 0.55),
            ("ego_warp + boxes", "perceived", 0.57),
            ("copy", "true", 0.5),
        )
        for mask in ("none", "camera")
        for h in [0.0, *horizons]
    ]
    comparisons = [
        {
            "against": name,
            "input": "perceived",
            "mask": mask,
            "metric": metric,
            "horizon_s": h,
            "difference": d * h,
            "low": d * h - 0.02,
            "high": d * h + 0.02,
        }
        for name, d in (("ego_warp", 0.03), ("copy", 0.05), ("ego_warp + boxes", -0.012))
        for mask in ("none", "camera")
        for metric in ("miou", "movable_iou")
        for h in (1.0, 2.0, 3.0)
    ]
    comparisons[-1] |= dict.fromkeys(("difference", "low", "high"))  # class absent
    content = {
        "rows": rows,
        "windows": windows,
        "windows_sha": "abc123",
        "comparisons": comparisons,
        "outcomes": {"reward_r2": 0.71, "continue_auc": None, "steps": 120},
        "provenance": {"run": "runs/demo/model", "seed": 3},
    }
    (folder / "forecast.json").write_text(json.dumps(content), encoding="utf-8")
    true = np.full((windows, 7, 100, 100), OccClass.FREE, np.uint8)
    true[:, :, :, 35:65] = OccClass.DRIVEABLE_SURFACE
    true[:, :, :, 20:35] = OccClass.SIDEWALK
    true[:, :, 10:40, 66:90] = OccClass.MANMADE
    predicted = true.copy()
    for h in range(7):
        true[:, h, 50 + 4 * h : 62 + 4 * h, 42:47] = OccClass.CAR
        predicted[:, h, 50 + 3 * h : 62 + 3 * h, 42:47] = OccClass.CAR
        true[:, h, 70:72, 24 + h : 26 + h] = OccClass.PEDESTRIAN
    draws = np.random.default_rng(0)
    cameras = draws.integers(0, 40, (windows, 6, 90, 160, 3)).astype(np.uint8)
    cameras += np.linspace(180, 40, 90).astype(np.uint8)[:, None, None]
    np.savez_compressed(
        folder / "frames.npz",
        scene_id=np.array([f"scene-{w + 1:04d}" for w in range(windows)]),
        keyframe=np.arange(windows) * 4,
        cameras=cameras,
        true_bev=true,
        predicted_bev=predicted,
        extent_m=np.array([-40.0, 40, -40, 40]),
        horizon_s=np.array([0, *horizons]),
    )
    return folder
