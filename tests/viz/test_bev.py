"""Pictures from above, judged by their pixels."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from shapely.geometry import box

from drivewm.scene import EgoColumn, Lights, LightStatus, OccClass, Scene
from drivewm.viz import bev
from drivewm.viz.canvas import Canvas, View
from drivewm.viz.palette import DARK, LIGHT, rgb
from tests.viz.scenes import ORIGIN, crossing_scene

STEP, SIZE, SPAN = 40, 400, 80.0


@pytest.fixture(scope="module")
def scene() -> Scene:
    return crossing_scene()


def color_at(
    picture: np.ndarray, scene: Scene, near_m: np.ndarray, x_m: float = 0, y_m: float = 0
) -> tuple[int, ...]:
    """The pixel x_m east and y_m north of a map point, in a picture centred on the ego."""
    ego = scene.ego[STEP]
    view = View(center_m=(ego[0], ego[1]), span_m=SPAN, size_px=SIZE)
    column, row = view.pixels(near_m + np.array([x_m, y_m])).astype(int)
    return tuple(int(value) for value in picture[row, column])


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda p: p.name)
def test_things_have_their_colour_at_their_place(scene: Scene, palette) -> None:
    image = bev.draw_scene(scene, STEP, size_px=SIZE, span_m=SPAN, palette=palette)
    picture = np.asarray(image)
    assert picture.shape == (SIZE, SIZE, 3)
    ego, truck = scene.ego[STEP], scene.tracks.state[2, STEP, :2]
    assert color_at(picture, scene, ego[:2], -0.3, 0.5) == palette.rgb("ego")
    assert color_at(picture, scene, truck, 0.8, -2) == rgb(palette.classes[OccClass.TRUCK])
    assert color_at(picture, scene, ORIGIN, 0.7, 20) == palette.rgb("drivable")
    assert color_at(picture, scene, ORIGIN, 30, 5) == palette.rgb("walkway")
    assert color_at(picture, scene, ORIGIN, -12, 20) == palette.rgb("ground")
    assert color_at(picture, scene, ORIGIN, 25, -25) == palette.rgb("ground")  # in the hole


def test_the_heading_tick_points_forward(scene: Scene) -> None:
    picture = np.asarray(bev.draw_scene(scene, STEP, size_px=SIZE, span_m=SPAN))
    ego = scene.ego[STEP]
    middle = scene.vehicle.rear_axle_to_center_m
    ahead = color_at(picture, scene, ego[:2], middle + 1.2)
    assert color_at(picture, scene, ego[:2], middle - 1.2) == LIGHT.rgb("ego")
    assert sum(ahead) > sum(LIGHT.rgb("ego")) + 150


def test_invalid_tracks_are_not_drawn(scene: Scene) -> None:
    hidden = dataclasses.replace(scene.tracks, valid=np.zeros_like(scene.tracks.valid))
    empty = dataclasses.replace(scene, tracks=hidden)
    picture = np.asarray(bev.draw_scene(empty, STEP, size_px=SIZE, span_m=SPAN))
    place = scene.tracks.state[2, STEP, :2]
    assert color_at(picture, scene, place, 0.8, -2) != rgb(LIGHT.classes[OccClass.TRUCK])


@pytest.mark.parametrize(("step", "status"), [(10, LightStatus.RED), (60, LightStatus.GREEN)])
def test_the_stop_line_shows_the_light(scene: Scene, step: int, status: LightStatus) -> None:
    picture = np.asarray(bev.draw_scene(scene, step, size_px=SIZE, span_m=SPAN))
    wanted = np.array(rgb(LIGHT.lights[status]))
    close = (np.abs(picture.astype(int) - wanted).max(-1) <= 3).sum()
    other = LightStatus.GREEN if status == LightStatus.RED else LightStatus.RED
    against = (np.abs(picture.astype(int) - rgb(LIGHT.lights[other])).max(-1) <= 3).sum()
    assert close > 20 > against


def test_a_plan_is_drawn_in_the_ego_colour(scene: Scene) -> None:
    plan = scene.ego[STEP, None, :2] + np.stack([np.zeros(20), np.linspace(0, 25, 20)], -1)
    bare = np.asarray(bev.draw_scene(scene, STEP, size_px=SIZE, span_m=SPAN))
    drawn = np.asarray(bev.draw_scene(scene, STEP, size_px=SIZE, span_m=SPAN, plan=plan))
    assert color_at(bare, scene, scene.ego[STEP, :2], 0, 12) != LIGHT.rgb("ego")
    assert color_at(drawn, scene, scene.ego[STEP, :2], 0, 12) == LIGHT.rgb("ego")


def test_a_scene_without_map_lights_or_tracks_still_draws(scene: Scene) -> None:
    from drivewm.scene import NO_MAP, Tracks

    none = Tracks(
        ids=(),
        categories=(),
        score_type=np.zeros(0, np.int8),
        occ_class=np.zeros(0, np.int8),
        size_m=np.zeros((0, 3)),
        state=np.zeros((0, scene.steps, 6)),
        valid=np.zeros((0, scene.steps), bool),
    )
    bare = dataclasses.replace(scene, map=NO_MAP, lights=Lights(), tracks=none)
    picture = np.asarray(bev.draw_scene(bare, STEP, size_px=SIZE, span_m=SPAN))
    assert color_at(picture, bare, scene.ego[STEP, :2], -0.3, 0.5) == LIGHT.rgb("ego")


@pytest.mark.parametrize("step", [-1, 101])
def test_a_step_outside_the_scene_is_refused(scene: Scene, step: int) -> None:
    with pytest.raises(IndexError):
        bev.draw_scene(scene, step)


def test_ego_corners_surround_the_car_not_the_axle(scene: Scene) -> None:
    corners = bev.ego_corners(scene.ego[0], scene.vehicle)
    front = scene.vehicle.rear_axle_to_center_m + scene.vehicle.length_m / 2
    assert corners[:, 0].max() - scene.ego[0, EgoColumn.X] == pytest.approx(front)


def test_a_hole_is_covered_by_another_polygon() -> None:
    view = View(center_m=(0.0, 0.0), span_m=20.0, size_px=100)
    canvas = Canvas(view, (255, 255, 255))
    ring = box(-8, -8, 8, 8).difference(box(-4, -4, 4, 4))
    canvas.polygons([ring, box(-4, -4, 0, 4)], (10, 20, 30))
    picture = np.asarray(canvas.finish())
    assert tuple(picture[50, 40]) == (10, 20, 30)
    assert tuple(picture[50, 60]) == (255, 255, 255)


def test_edges_are_anti_aliased() -> None:
    canvas = Canvas(View(center_m=(0.0, 0.0), span_m=20.0, size_px=100), (255, 255, 255))
    canvas.convex(np.array([[-7.0, -6.3], [6.1, -4.0], [0.3, 7.7]]), (0, 0, 0))
    levels = np.unique(np.asarray(canvas.finish())[..., 0])
    assert len(levels) > 3
