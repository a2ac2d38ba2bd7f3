"""Bird's-eye pictures of a scene at one step. Shapes: T steps, N tracks, P points."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from drivewm.geometry import boxes, se2
from drivewm.scene import EgoColumn, LightStatus, Scene, TrackColumn, VehicleParams
from drivewm.viz import canvas as surface
from drivewm.viz.canvas import Canvas, View
from drivewm.viz.palette import LIGHT, Palette, rgb

SPAN_M = 100.0
TRAIL_S = 3.0
_POSE = [TrackColumn.X, TrackColumn.Y, TrackColumn.HEADING]


def draw_scene(
    scene: Scene,
    step: int,
    *,
    size_px: int = 800,
    span_m: float = SPAN_M,
    palette: Palette = LIGHT,
    plan: np.ndarray | None = None,  # [H, 2+], planned positions in the map frame
    highlight: str | None = None,  # id of a track to ring
) -> Image.Image:
    """The scene from above at ``step``, north up, centred on the ego; RGB [size_px, size_px].

    Raises:
        IndexError: the scene has no such step.
    """
    if not 0 <= step < scene.steps:
        raise IndexError(f"step {step} of {scene.steps}")
    ego = scene.ego[step]
    center = (float(ego[EgoColumn.X]), float(ego[EgoColumn.Y]))
    canvas = Canvas(View(center_m=center, span_m=span_m, size_px=size_px), palette.rgb("ground"))
    _draw_map(canvas, scene, palette)
    canvas.line(scene.route, palette.rgb("route"), 3)
    _draw_lights(canvas, scene, step, palette)
    _draw_tracks(canvas, scene, step, palette)
    _draw_ego(canvas, scene, step, palette, plan)
    _draw_ring(canvas, scene, step, palette, highlight)
    image = canvas.finish()
    surface.scale_bar(image, canvas.view.px_per_m, palette.rgb("text"))
    _caption(image, scene, step, palette)
    return image


def ego_corners(ego: np.ndarray, vehicle: VehicleParams) -> np.ndarray:
    """[..., 11] rear-axle states -> [..., 4, 2] corners FL, RL, RR, FR of the car."""
    pose = ego[..., [EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]]
    ahead = np.zeros((*pose.shape[:-1], 2))
    ahead[..., 0] = vehicle.rear_axle_to_center_m
    center = np.concatenate([se2.from_local(pose, ahead), pose[..., 2:]], -1)
    shape = pose.shape[:-1]
    return boxes.corners(center, np.full(shape, vehicle.length_m), np.full(shape, vehicle.width_m))


def _draw_map(canvas: Canvas, scene: Scene, palette: Palette) -> None:
    road = scene.map
    canvas.polygons(road.walkways, palette.rgb("walkway"))
    canvas.polygons(road.carparks, palette.rgb("carpark"))
    canvas.polygons(road.drivable, palette.rgb("drivable"))
    canvas.polygons(road.crossings, palette.rgb("crossing"))
    canvas.polygons(road.stop_lines, palette.rgb("stop_line"))
    for lane in road.lanes:
        line = lane.centerline
        if canvas.view.sees((*line.min(0), *line.max(0))):
            canvas.line(line, palette.rgb("centerline"), 1)
    for divider in road.dividers:
        if canvas.view.sees((*divider.min(0), *divider.max(0))):
            canvas.line(divider, palette.rgb("divider"), 1.5)


def _draw_lights(canvas: Canvas, scene: Scene, step: int, palette: Palette) -> None:
    if scene.lights.status is None:
        return
    known = {lane.id: lane for lane in scene.map.lanes}
    for lane_id, status in zip(scene.lights.lane_ids, scene.lights.status[:, step]):
        if lane_id not in known or len(known[lane_id].centerline) < 2:
            continue
        bar = stop_bar(known[lane_id].centerline)
        canvas.line(bar, rgb(palette.lights[LightStatus(int(status))]), 4)


def stop_bar(centerline: np.ndarray, width_m: float = 3.0) -> np.ndarray:
    """[2, 2] line across the start of a lane connector, where its light holds traffic."""
    along = centerline[1] - centerline[0]
    across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-9)
    return centerline[0] + np.stack([across, -across]) * width_m / 2


def _draw_tracks(canvas: Canvas, scene: Scene, step: int, palette: Palette) -> None:
    tracks = scene.tracks
    first = max(0, step - _trail_steps(scene))
    half = canvas.view.span_m / 2 + 15
    for n in range(len(tracks)):
        state = tracks.state[n, step]
        if not tracks.valid[n, step] or np.abs(state[:2] - canvas.view.center_m).max() > half:
            continue
        color = rgb(palette.classes[int(tracks.occ_class[n])])
        past = tracks.state[n, first : step + 1, :2][tracks.valid[n, first : step + 1]]
        canvas.line(past, color, 1.5, alpha=110)
        length, width = tracks.size_m[n, :2]
        corners = boxes.corners(state[_POSE], length, width)
        canvas.convex(corners, color, palette.rgb("outline"))
        if width > 0.9:  # a heading tick would hide a pedestrian
            canvas.line(_tick(corners), palette.rgb("outline"), 1.5)


def _draw_ring(
    canvas: Canvas, scene: Scene, step: int, palette: Palette, track_id: str | None
) -> None:
    """The track's box outlined and a ring around it; nothing where it is not there."""
    tracks = scene.tracks
    if track_id not in tracks.ids or not tracks.valid[tracks.ids.index(track_id), step]:
        return
    n = tracks.ids.index(track_id)
    color = palette.rgb("alarm")
    length, width = tracks.size_m[n, :2]
    corners = boxes.corners(tracks.state[n, step, _POSE], length, width)
    canvas.line(np.concatenate([corners, corners[:1]]), color, 2.5)
    turn = np.linspace(0, 2 * np.pi, 49)
    radius = np.hypot(length, width) / 2 + 1.2
    ring = corners.mean(0) + radius * np.stack([np.cos(turn), np.sin(turn)], -1)
    canvas.line(ring, color, 2.5)


def _tick(corners: np.ndarray) -> np.ndarray:
    """From the box centre to the middle of its front; [2, 2]."""
    return np.stack([corners.mean(0), corners[[0, 3]].mean(0)])


def _draw_ego(
    canvas: Canvas, scene: Scene, step: int, palette: Palette, plan: np.ndarray | None
) -> None:
    color = palette.rgb("ego")
    first = max(0, step - _trail_steps(scene))
    canvas.line(scene.ego[first : step + 1, :2], color, 2.5, alpha=150)
    if plan is not None and len(plan):
        start = scene.ego[step, None, :2]
        canvas.line(np.concatenate([start, plan[:, :2]]), color, 3)
        for point in plan[::5, :2]:
            canvas.dot(point, 3, color)
    corners = ego_corners(scene.ego[step], scene.vehicle)
    canvas.convex(corners, color, palette.rgb("outline"))
    canvas.line(_tick(corners), palette.rgb("outline"), 2)


def _trail_steps(scene: Scene) -> int:
    if scene.steps < 2:
        return 0
    return round(TRAIL_S * 1e6 * (scene.steps - 1) / float(scene.times_us[-1] - scene.times_us[0]))


def _caption(image: Image.Image, scene: Scene, step: int, palette: Palette) -> None:
    size = max(11, image.width // 50)
    time_s = (scene.times_us[step] - scene.times_us[0]) / 1e6
    speed = float(np.hypot(*scene.ego[step, [EgoColumn.VX, EgoColumn.VY]]))
    pen = ImageDraw.Draw(image)
    pen.text((size, size), scene.id, fill=palette.rgb("text"), font=surface.font(size))
    now = f"{time_s:.1f} s   {speed:.1f} m/s"
    right = (image.width - size, size)
    pen.text(right, now, fill=palette.rgb("text"), font=surface.font(size), anchor="ra")
