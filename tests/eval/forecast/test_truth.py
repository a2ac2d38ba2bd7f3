from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from drivewm.errors import InputError
from drivewm.eval.forecast.truth import load_truth, movable_columns, read_label
from drivewm.eval.forecast.windows import Window
from drivewm.logs.fleet import Fleet
from drivewm.models.grid import GridConfig
from drivewm.models.world_model import ModelConfig
from drivewm.scene import MOVABLE, EgoColumn

CONFIG = ModelConfig(
    encoder="privileged",
    grid=GridConfig(x_max_m=38.4, y_min_m=-25.6, y_max_m=25.6, cell_m=1.6),
)


@pytest.fixture(scope="module")
def truth(small_fleet):
    return load_truth(small_fleet, small_fleet.scenes[0].id, CONFIG)


def window(truth) -> Window:
    return Window(scene=truth.scene.id, keyframe=2, history=2, horizon=4)


def test_poses_are_the_recorded_ones_seen_from_now(truth):
    found = truth.window(window(truth))
    steps = truth.steps[2:7]
    recorded = truth.scene.ego[steps][:, [EgoColumn.X, EgoColumn.Y]]
    gone = np.linalg.norm(recorded - recorded[0], axis=1)
    np.testing.assert_allclose(np.hypot(*found.poses[:, :2].T), gone, atol=1e-4)
    np.testing.assert_allclose(found.times_s, [0, 0.5, 1.0, 1.5, 2.0], atol=0.01)
    assert set(found.masks) == {"none", "overlap", "camera", "lidar"}


def test_the_overlap_is_the_grid_of_now_and_shrinks_ahead(truth):
    moved = replace(truth, poses=np.cumsum(np.tile([3.2, 0.0, 0.0], (len(truth.poses), 1)), 0))
    overlap = moved.window(window(truth)).masks["overlap"]
    assert overlap is not None and overlap[0].all()
    assert [int((~m[:, 0, 0]).sum()) for m in overlap] == [0, 2, 4, 6, 8]
    assert not overlap[1, -2:].any()


def test_rays_start_at_the_lidar_or_where_it_was(truth):
    one = truth.window(window(truth)).origins_m
    assert all(o.shape == (1, 3) for o in one) and 1.0 < one[0][0, 2] < 3.0
    several = truth.window(window(truth), origins=3).origins_m[0]
    assert several.shape == (3, 3) and (np.diff(several[:, 0]) > 0).all()  # it drove on


def test_movable_columns_need_a_known_velocity_and_the_mask(truth):
    found = truth.window(window(truth))
    there = np.isin(found.occupancy[1], [int(c) for c in MOVABLE]).any(-1)
    assert movable_columns(found, 1, None).sum() == (there & found.flow_known[1]).sum() > 0
    assert not movable_columns(found, 1, np.zeros(found.occupancy[1].shape, bool)).any()
    unknown = replace(found, flow=np.full_like(found.flow, np.nan))
    assert not movable_columns(unknown, 1, None).any()


def broken(small_fleet, monkeypatch, label):
    monkeypatch.setattr(Fleet, "occupancy", lambda self, scene, keyframe: label())
    with pytest.raises(InputError) as caught:
        read_label(small_fleet, "s", 4)
    text = str(caught.value)
    assert "occupancy.parquet: [semantics] s, keyframe 4" in text and "\n" not in text
    return text


def test_a_class_out_of_range_is_named(small_fleet, monkeypatch):
    good = small_fleet.occupancy(small_fleet.scenes[0].id, 0)
    semantics = good.semantics.copy()
    semantics[0, 0, 0] = 25
    text = broken(small_fleet, monkeypatch, lambda: replace(good, semantics=semantics))
    assert "class 25 is out of range 0 to 17" in text


def test_a_label_of_another_grid_is_named(small_fleet, monkeypatch):
    def other_grid():
        from drivewm.logs.occupancy_codec import unpack_semantics

        raw = np.zeros(5 * 100 * 100 * 8 // 8, np.uint8).tobytes()
        return unpack_semantics(pa.compress(raw, codec="zstd", asbytes=True))

    assert "(200, 200, 16) grid" in broken(small_fleet, monkeypatch, other_grid)
