from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm.scenarios.storyboard import COLUMNS, GAP_PX, HEAD_PX, PANEL_PX, Story, draw_storyboard
from drivewm.scenarios.storyboard_moments import (
    LEAST_GAP_S,
    closest_approach,
    moments,
    path_crossing,
)
from drivewm.scene import Scene
from drivewm.viz.palette import DARK, LIGHT
from tests.viz.scenes import crossing_scene

TRUCK = 2  # of the hand-built scene: crosses from the south


@pytest.fixture(scope="module")
def scene() -> Scene:
    return crossing_scene()


def story_of(scene: Scene, actor: str | None) -> Story:
    closest = closest_approach(scene, actor)
    names = () if actor is None else (actor,)
    return Story(scene=scene, title="A truck crosses", lines=("one", "two"), actor=actor,
                 closest=closest, events=((2.0, "sets_off"),), names=names)  # fmt: skip


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda p: p.name)
def test_six_pictures_show_the_ego_and_the_other(scene: Scene, palette) -> None:
    times = [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    sheet = np.asarray(draw_storyboard(story_of(scene, scene.tracks.ids[TRUCK]), times, palette))
    assert sheet.shape == (HEAD_PX + 2 * (PANEL_PX[1] + GAP_PX),
                           COLUMNS * (PANEL_PX[0] + GAP_PX) + GAP_PX, 3)  # fmt: skip
    for k in range(6):
        x = GAP_PX + k % COLUMNS * (PANEL_PX[0] + GAP_PX)
        y = HEAD_PX + k // COLUMNS * (PANEL_PX[1] + GAP_PX)
        panel = sheet[y : y + PANEL_PX[1], x : x + PANEL_PX[0]].reshape(-1, 3)
        for name, least in (("ego", 60), ("rival", 60), ("drivable", 2000)):
            assert (panel == palette.rgb(name)).all(-1).sum() > least, (k, name)


def test_a_scenario_without_an_other_is_drawn_too(scene: Scene) -> None:
    alone = dataclasses.replace(scene.tracks, valid=np.zeros_like(scene.tracks.valid))
    story = story_of(dataclasses.replace(scene, tracks=alone), scene.tracks.ids[TRUCK])
    assert story.closest is None
    sheet = np.asarray(draw_storyboard(story, [0.0, 5.0]))
    assert (sheet == LIGHT.rgb("ego")).all(-1).sum() > 100
    assert not (sheet == LIGHT.rgb("rival")).all(-1).any()


def test_the_ways_of_ego_and_truck_cross_at_the_junction(scene: Scene) -> None:
    point = path_crossing(scene, scene.tracks.ids[TRUCK])
    assert point is not None
    way = scene.tracks.state[TRUCK, :, :2]
    assert np.abs(point[0] - way[0, 0]) < 0.1  # it goes north: its x never changes
    assert np.hypot(*(scene.route - point).T).min() < 1.0


def test_parallel_ways_do_not_cross(scene: Scene) -> None:
    assert path_crossing(scene, scene.tracks.ids[1]) is None
    assert path_crossing(scene, "nobody") is None


def test_closest_approach_of_a_walker_that_waits_beside_the_road(scene: Scene) -> None:
    state = scene.tracks.state.copy()
    state[TRUCK, :, :2] = scene.ego[30, :2] + [0.0, 20.0]
    state[TRUCK, :, 3] = 0.0
    moved = dataclasses.replace(scene, tracks=dataclasses.replace(scene.tracks, state=state))
    found = closest_approach(moved, scene.tracks.ids[TRUCK])
    assert found is not None
    reach = 20 - scene.vehicle.width_m / 2 - scene.tracks.size_m[TRUCK, 1] / 2
    assert found.distance_m == pytest.approx(reach, abs=1e-6)
    assert closest_approach(scene, "nobody") is None


@given(st.floats(1.0, 60.0), st.lists(st.floats(-5, 70), max_size=12))
def test_moments_are_six_in_order_and_apart(end_s: float, wanted: list[float]) -> None:
    found = moments(end_s, wanted)
    assert found == sorted(found) and 2 <= len(found) <= 6
    assert found[0] == 0.0 and found[-1] <= end_s
    gaps = np.diff(found)
    assert (gaps > 0.04).all()
    inside = [w for w in wanted if LEAST_GAP_S <= w <= end_s]
    assert not inside or inside[0] in found


def test_moments_without_a_wish_are_even() -> None:
    assert moments(8.0, []) == [0.0, 1.0, 2.0, 4.0, 6.0, 8.0]
