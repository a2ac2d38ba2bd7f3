"""Scenes are dealt to folds once each, and the folds' counts become one table."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from drivewm.eval.forecast.store import COUNTS, StepCounts, read_sums, table_of, writing
from drivewm.eval.forecast.windows import Window
from drivewm.measures import flow

FILE = Path(__file__).parents[2] / "benchmarks" / "real" / "leave_one_out.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("leave_one_out", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_scene_is_left_out_once(bench, count):
    scenes = ["a", "b", "c", "d", "e"]
    folds = bench.folds_of(scenes, count)
    assert sorted(s for fold in folds for s in fold) == scenes
    assert len(folds) == min(count, 5) and max(map(len, folds)) - min(map(len, folds)) <= 1


def counts(folder: Path, scene: str, hits: int) -> Path:
    """A forecast folder of one window with so many voxels rightly free."""
    folder.mkdir(parents=True)
    about = {"windows": 1, "windows_hash": scene, "models": ["m"], "judged_scenes_trained_on": []}
    confusion = np.zeros((18, 18), np.int64)
    confusion[17, 17] = hits
    one = StepCounts(
        step=1, mask="none", confusion=confusion, rays=None, flow=np.zeros(flow.COLUMNS),
        calibration=None,
    )  # fmt: skip
    window = Window(scene=scene, keyframe=3, history=3, horizon=1)
    with writing(folder / COUNTS, about) as writer:
        writer.add(table_of([(0, "model", "perceived", [one])], window))
    return folder


def test_the_folds_counts_are_one_table(bench, tmp_path):
    folders = [counts(tmp_path / name, name, hits) for name, hits in (("a", 5), ("b", 7))]
    bench.join(folders, tmp_path / COUNTS)
    about = json.loads(pq.ParquetFile(tmp_path / COUNTS).schema_arrow.metadata[b"about"])
    assert about["windows"] == 2 and about["models"][0].startswith("2 models")
    sums = read_sums(tmp_path)
    assert sums.scenes == ["a", "b"]
    confusion = sums.lines[0, "model", "perceived", "none"]["confusion"][:, 1]
    assert confusion[:, 17, 17].tolist() == [5, 7]
