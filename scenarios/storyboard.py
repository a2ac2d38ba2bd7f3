"""A scenario as six pictures over time: who is where, where they come from and go to, where the
conflict lies. Shapes: T steps, N tracks, P points."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from drivewm.geometry import boxes
from drivewm.scenarios.schema_actors import is_of
from drivewm.scenarios.storyboard_moments import Closest, path_crossing
from drivewm.scene import EgoColumn, Scene, TrackColumn
from drivewm.viz import canvas as surface
from drivewm.viz.bev import ego_corners, stop_bar
from drivewm.viz.canvas import Canvas, View
from drivewm.viz.palette import LIGHT, Palette, rgb
from drivewm.worlds.actors import Solids

PANEL_PX = (600, 372)
COLUMNS, GAP_PX, HEAD_PX, LINE_PX = 3, 10, 96, 22
NEAREST_SPAN_M = 52.0
TOGETHER_M = 75.0  # farther from each other a picture shows the ego alone
PALE = 0.55  # of scenery, which is not what a scenario is about
_POSE = [TrackColumn.X, TrackColumn.Y, TrackColumn.HEADING]


@dataclass(frozen=True, kw_only=True)
class Story:
    """What is drawn: the scene as it was driven, and what is known of it."""

    scene: Scene
    title: str
    lines: tuple[str, ...] = ()  # below the title
    actor: str | None = None  # the one in conflict
    closest: Closest | None = None
    events: tuple[tuple[float, str], ...] = ()  # when they began
    solids: Solids | None = None
    names: tuple[str, ...] = field(default=())  # tracks that are named in the pictures


def draw_storyboard(story: Story, times_s: list[float], palette: Palette = LIGHT) -> Image.Image:
    """The sheet: a head, then a picture for each time (rows of three); RGB."""
    width, height = PANEL_PX
    rows = -(-len(times_s) // COLUMNS)
    size = (COLUMNS * (width + GAP_PX) + GAP_PX, HEAD_PX + rows * (height + GAP_PX))
    sheet = Image.new("RGB", size, palette.rgb("ground"))
    _head(sheet, story, palette)
    steps = [_step(story.scene, time_s) for time_s in times_s]
    span_m = _span(story, steps)
    for k, step in enumerate(steps):
        x, y = GAP_PX + k % COLUMNS * (width + GAP_PX), HEAD_PX + k // COLUMNS * (height + GAP_PX)
        sheet.paste(_panel(story, step, span_m, palette), (x, y))
        ImageDraw.Draw(sheet).rectangle(
            (x - 1, y - 1, x + width, y + height), outline=palette.rgb("crossing")
        )
    return sheet


def _head(sheet: Image.Image, story: Story, palette: Palette) -> None:
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP_PX, 10), story.title, fill=palette.rgb("text"), font=surface.font(26))
    for k, line in enumerate(story.lines[:2]):
        at = (GAP_PX, 44 + LINE_PX * k)
        pen.text(at, line, fill=palette.rgb("muted"), font=surface.font(16))


def _step(scene: Scene, time_s: float) -> int:
    after_s = (scene.times_us - scene.times_us[0]) / 1e6
    return int(np.abs(after_s - time_s).argmin())


def _rival(story: Story, step: int) -> np.ndarray | None:
    """Where the actor in conflict is; [2]."""
    tracks = story.scene.tracks
    name = story.actor if story.closest is None else story.closest.track
    if name not in tracks.ids or not tracks.valid[tracks.ids.index(name), step]:
        return None
    return tracks.state[tracks.ids.index(name), step, :2]


def _middle(story: Story, step: int) -> np.ndarray:
    """What a picture is centred on: between the ego and the other while they are near."""
    ego, rival = story.scene.ego[step, :2], _rival(story, step)
    if rival is None or np.hypot(*(rival - ego)) > TOGETHER_M:
        heading = story.scene.ego[step, EgoColumn.HEADING]
        return ego + 12.0 * np.array([np.cos(heading), np.sin(heading)])
    return (ego + rival) / 2


def _span(story: Story, steps: list[int]) -> float:
    """Metres across a picture: the same in all, so that the ego and the other are in each."""
    aspect = PANEL_PX[1] / PANEL_PX[0]
    need = NEAREST_SPAN_M
    for step in steps:
        away = 2 * np.abs(story.scene.ego[step, :2] - _middle(story, step)) + 16.0
        need = max(need, float(away[0]), float(away[1]) / aspect)
    return need


def _panel(story: Story, step: int, span_m: float, palette: Palette) -> Image.Image:
    width, height = PANEL_PX
    middle = _middle(story, step)
    view = View(center_m=(float(middle[0]), float(middle[1])), span_m=span_m, size_px=width)
    canvas = Canvas(view, palette.rgb("ground"))
    _draw_ground(canvas, story, step, palette)
    _draw_ways(canvas, story, step, palette)
    _draw_bodies(canvas, story, step, palette)
    _draw_conflict(canvas, story, palette)
    top = (width - height) // 2
    panel = canvas.finish().crop((0, top, width, top + height))
    _draw_names(panel, view, top, story, step, palette)
    surface.scale_bar(panel, view.px_per_m, palette.rgb("text"))
    return panel


def _draw_ground(canvas: Canvas, story: Story, step: int, palette: Palette) -> None:
    scene, road = story.scene, story.scene.map
    if story.solids is not None:
        for k in range(len(story.solids.yaw_rad)):
            _draw_solid(canvas, story.solids, k, palette)
    canvas.polygons(road.walkways, palette.rgb("walkway"))
    canvas.polygons(road.carparks, palette.rgb("carpark"))
    canvas.polygons(road.drivable, palette.rgb("drivable"))
    canvas.polygons(road.crossings, palette.rgb("crossing"))
    canvas.polygons(road.stop_lines, palette.rgb("stop_line"))
    for line in [lane.centerline for lane in road.lanes]:
        canvas.line(line, palette.rgb("centerline"), 1)
    for divider in road.dividers:
        canvas.line(divider, palette.rgb("divider"), 2)
    if scene.lights.status is not None:
        lanes = {lane.id: lane for lane in road.lanes}
        for lane_id, status in zip(scene.lights.lane_ids, scene.lights.status[:, step]):
            if lane_id in lanes:
                bar = stop_bar(lanes[lane_id].centerline)
                canvas.line(bar, rgb(palette.lights[int(status)]), 5)


def _draw_solid(canvas: Canvas, solids: Solids, k: int, palette: Palette) -> None:
    pose = np.array([*solids.center_m[k, :2], solids.yaw_rad[k]])
    length, width = solids.size_m[k, :2]
    full, ground = rgb(palette.classes[int(solids.occ_class[k])]), palette.rgb("ground")
    red, green, blue = (round(g + (1 - PALE) * (c - g)) for c, g in zip(full, ground))
    canvas.convex(boxes.corners(pose, length, width), (red, green, blue))


def _draw_ways(canvas: Canvas, story: Story, step: int, palette: Palette) -> None:
    """Whole ways thin, the way so far thick."""
    scene = story.scene
    canvas.line(scene.ego[:, :2], palette.rgb("ego"), 1.5, alpha=110)
    canvas.line(scene.ego[: step + 1, :2], palette.rgb("ego"), 3, alpha=190)
    for k in range(len(scene.tracks)):
        way = scene.tracks.state[k, scene.tracks.valid[k], :2]
        if len(way) < 2 or np.ptp(way, axis=0).max() < 0.5:
            continue
        color = _color(story, k, palette)
        canvas.line(way, color, 1.5, alpha=110)
        so_far = scene.tracks.state[k, : step + 1, :2][scene.tracks.valid[k, : step + 1]]
        canvas.line(so_far, color, 3, alpha=190)


def _color(story: Story, k: int, palette: Palette) -> tuple[int, int, int]:
    tracks = story.scene.tracks
    if story.actor and is_of(tracks.ids[k], story.actor):
        return palette.rgb("rival")
    return rgb(palette.classes[int(tracks.occ_class[k])])


def _draw_bodies(canvas: Canvas, story: Story, step: int, palette: Palette) -> None:
    tracks = story.scene.tracks
    for k in np.flatnonzero(tracks.valid[:, step]):
        length, width = tracks.size_m[k, :2]
        corners = boxes.corners(tracks.state[k, step, _POSE], length, width)
        canvas.convex(corners, _color(story, int(k), palette), palette.rgb("outline"))
        if width > 0.9:
            canvas.line(_tick(corners), palette.rgb("outline"), 1.5)
        elif tracks.ids[k] == story.actor:  # a walker is a few pixels large
            canvas.line(_ring(corners), palette.rgb("rival"), 2)
    corners = ego_corners(story.scene.ego[step], story.scene.vehicle)
    canvas.convex(corners, palette.rgb("ego"), palette.rgb("outline"))
    canvas.line(_tick(corners), palette.rgb("outline"), 2)


def _tick(corners: np.ndarray) -> np.ndarray:
    return np.stack([corners.mean(0), corners[[0, 3]].mean(0)])


def _ring(corners: np.ndarray, radius_m: float = 1.4) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, 33)
    return corners.mean(0) + radius_m * np.stack([np.cos(turn), np.sin(turn)], -1)


def _draw_conflict(canvas: Canvas, story: Story, palette: Palette) -> None:
    """A cross where the ways meet, or where the two came closest."""
    point = path_crossing(story.scene, story.actor)
    if point is None and story.closest is not None:
        point = story.closest.point_m
    if point is None:
        return
    arm = 0.012 * canvas.view.span_m
    for diagonal in np.array([[arm, arm], [arm, -arm]]):
        ends = np.stack([point - diagonal, point + diagonal])
        canvas.line(ends, palette.rgb("outline"), 6)
        canvas.line(ends, palette.rgb("alarm"), 3)


def _draw_names(
    panel: Image.Image, view: View, top_px: int, story: Story, step: int, palette: Palette
) -> None:
    pen, scene = ImageDraw.Draw(panel), story.scene
    time_s = (scene.times_us[step] - scene.times_us[0]) / 1e6
    speed = float(np.hypot(*scene.ego[step, [EgoColumn.VX, EgoColumn.VY]]))
    begun = [name for at, name in story.events if abs(at - time_s) < 0.051]
    now = " ".join([f"{time_s:.1f} s  ego {speed:.1f} m/s", *(f"· {name}" for name in begun)])
    pen.text((10, 8), now, fill=palette.rgb("text"), font=surface.font(17),
             stroke_width=3, stroke_fill=palette.rgb("ground"))  # fmt: skip
    named = [("ego", scene.ego[step, :2])]
    for k in np.flatnonzero(scene.tracks.valid[:, step]):
        name = scene.tracks.ids[k]
        if name == story.actor or (name in story.names and step == 0):
            named.append((name, scene.tracks.state[k, step, :2]))
    for name, place in named:
        x, y = view.pixels(place)
        color, above = {"ego": "ego", story.actor: "rival"}.get(name, "muted"), name == story.actor
        pen.text((x, y - top_px + (-22 if above else 20)), name, fill=palette.rgb(color),
                 font=surface.font(15), anchor="md" if above else "ma", stroke_width=3,
                 stroke_fill=palette.rgb("ground"))  # fmt: skip
