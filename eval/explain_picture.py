"""Pictures of a drive's worst moments, from its archive. Shapes: T steps, N tracks, H poses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from PIL import Image, ImageDraw
from shapely.geometry import Polygon

from drivewm.eval import archive
from drivewm.eval.explain import Explanation, Moment
from drivewm.eval.explain_text import moment_text
from drivewm.eval.report import roads, rollout
from drivewm.scene import Lane, Lights, OccClass, RoadMap, Scene, ScoreType, Tracks, VehicleParams
from drivewm.viz import bev, canvas
from drivewm.viz.palette import LIGHT, Palette

SIZE_PX = 900
ID_LENGTH = 12
NEAREST_SPAN_M, FARTHEST_SPAN_M = 44.0, 140.0


@dataclass(frozen=True, kw_only=True)
class Drive:
    """What an archive holds of a drive, as pictures need it."""

    scene: Scene  # as it went
    plan_times_s: np.ndarray  # [K]
    plans: np.ndarray  # [K, H, 3], short ones padded with NaN

    def plan_at(self, time_s: float) -> np.ndarray | None:
        """The plan [H, 3] that was followed at a time, None before the first."""
        made = np.flatnonzero(self.plan_times_s <= time_s + 1e-6)
        if not len(made):
            return None
        plan = self.plans[made[-1]]
        return plan[np.isfinite(plan).all(1)]


def read_drive(folder: Path, found: Explanation, fleet_path: str | None) -> Drive | None:
    """The scene as it went in this drive, on the fleet's map where the fleet is at its place; None
    where the drive was not archived.

    Raises:
        InputError: the archive is damaged.
    """
    arrays = rollout.read(archive.path_of(folder / "rollouts", found.cell))
    if arrays is None or not len(arrays["ego"]):
        return None
    logged = roads.scene_of(roads.open_fleet(fleet_path), found.row["recording"])
    scene = _bare(arrays, found) if logged is None else logged
    times_us = scene.times_us[0] + np.rint(arrays["time_s"] * 1e6).astype(np.int64)
    lights = tuple(arrays["light_lane_ids"].tolist())
    driven = replace(
        scene, id=found.cell.scene_id, times_us=times_us, ego=arrays["ego"],
        tracks=_tracks(arrays), route=arrays["route"],
        lights=Lights(lane_ids=lights, status=arrays["light_status"] if lights else None),
    )  # fmt: skip
    return Drive(scene=driven, plan_times_s=arrays["plan_time_s"], plans=arrays["plans"])


def draw(drive: Drive, moment: Moment, heading: str, palette: Palette = LIGHT) -> Image.Image:
    """The moment from above around the ego, who it was against in a ring, a caption below."""
    scene, step = drive.scene, min(moment.step, drive.scene.steps - 1)
    span_m = _span(scene, step, moment.track_id)
    picture = bev.draw_scene(
        scene, step, size_px=SIZE_PX, span_m=span_m, palette=palette,
        plan=drive.plan_at(moment.time_s), highlight=moment.track_id,
    )  # fmt: skip
    size = SIZE_PX // 45
    sheet = Image.new("RGB", (SIZE_PX, SIZE_PX + 4 * size), palette.rgb("ground"))
    sheet.paste(picture, (0, 0))
    pen = ImageDraw.Draw(sheet)
    for n, (text, color) in enumerate(
        ((heading, "text"), (moment_text(moment, ID_LENGTH), "alarm"))
    ):
        place = (size, SIZE_PX + size // 2 + n * round(1.6 * size))
        pen.text(place, text, fill=palette.rgb(color), font=canvas.font(size))
    return sheet


def _span(scene: Scene, step: int, track_id: str | None) -> float:
    """Wide enough to hold who it was against."""
    if track_id not in scene.tracks.ids:
        return NEAREST_SPAN_M
    other = scene.tracks.state[scene.tracks.ids.index(track_id), step, :2]
    away = float(np.abs(other - scene.ego[step, :2]).max())
    return float(np.clip(2.4 * away + 10, NEAREST_SPAN_M, FARTHEST_SPAN_M))


def _tracks(arrays: dict[str, np.ndarray]) -> Tracks:
    kinds = arrays["track_occ_class"]
    names = arrays.get("track_categories")
    count = len(kinds)
    return Tracks(
        ids=tuple(map(str, arrays.get("track_ids", np.arange(count)).tolist())),
        categories=tuple(names.tolist()) if names is not None
        else tuple(OccClass(int(kind)).name.lower() for kind in kinds),
        score_type=np.full(count, ScoreType.VEHICLE, np.int8),  # nothing is judged from it
        occ_class=kinds, size_m=arrays["track_size"], state=arrays["track_state"],
        valid=arrays["track_valid"].astype(bool),
    )  # fmt: skip


def _bare(arrays: dict[str, np.ndarray], found: Explanation) -> Scene:
    """A scene on what the archive knows of the map."""
    length, width, height, rear_to_center, wheelbase = arrays["vehicle"].tolist()
    starts, raw = arrays["drivable_wkb_start"], arrays["drivable_wkb"].tobytes()
    parts = shapely.get_parts([shapely.from_wkb(raw[a:b]) for a, b in pairwise(starts.tolist())])
    lines = np.split(arrays["lane_xy"], arrays["lane_start"][1:-1])
    road = RoadMap(
        origin="none",
        lanes=tuple(
            Lane(id=str(n), centerline=line, polygon=None)
            for n, line in enumerate(lines)
            if len(line)
        ),
        drivable=tuple(part for part in parts if isinstance(part, Polygon)),
    )
    about: dict[str, Any] = {k: found.row[k] for k in ("source", "location", "split")}
    return Scene(
        **about, id=found.cell.scene_id, times_us=np.zeros(1, np.int64), ego=arrays["ego"],
        vehicle=VehicleParams(
            length_m=length, width_m=width, height_m=height, wheelbase_m=wheelbase,
            rear_axle_to_center_m=rear_to_center,
        ),
        tracks=_tracks(arrays), map=road, lights=Lights(), route=arrays["route"],
        native_rate_hz=10.0,
    )  # fmt: skip
