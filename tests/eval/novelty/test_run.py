import numpy as np
import pytest
import torch
from PIL import Image

from drivewm.errors import InputError
from drivewm.eval.novelty.names import ENSEMBLE
from drivewm.eval.novelty.run import Options, familiar_scenes, novelty
from drivewm.eval.novelty.training import Trained
from drivewm.models import checkpoint
from drivewm.models.heads.config import HeadsConfig
from drivewm.models.world_model import WorldModel

NOBODY = Trained(weathers=None, layouts=None, classes=None)


def untrained(smoke_run, folder, **changes):
    """A published model that was trained on nothing."""
    config = checkpoint.load(smoke_run).config.model_copy(update=changes)
    torch.manual_seed(0)
    checkpoint.save(folder, WorldModel(config), {"parameters": 1, "scenes": []}, "card")
    return folder


def scores_of(content) -> set[str]:
    return {r["score"] for r in content["rows"]}


def test_with_an_ensemble_every_kind_and_score_is_there(small_fleet, smoke_run, tmp_path):
    run = untrained(smoke_run, tmp_path / "run", heads=HeadsConfig(ensemble=3))
    some = Options(scene_ids=(small_fleet.scenes[0].id,), stride=4, threads=1)
    content = novelty([run], small_fleet, tmp_path / "out", some)
    assert {r["kind"] for r in content["rows"]} >= {"weather", "layout", "camera"}
    assert set(ENSEMBLE) < scores_of(content) and "surprise" in scores_of(content)
    assert all(0.0 <= r["auroc"] <= 1.0 for r in content["rows"])
    assert {r["training"] for r in content["rows"] if r["kind"] == "weather"} == {"not known"}
    sheet = Image.open(tmp_path / "out" / "figures" / "examples.png")
    assert sheet.height > 300 and np.asarray(sheet).std() > 10


def test_without_an_ensemble_and_without_cameras_the_rest_is_told_and_the_lack_said(
    small_fleet, smoke_run, tmp_path
):
    run = untrained(smoke_run, tmp_path / "run", encoder="privileged")
    some = Options(scene_ids=(small_fleet.scenes[0].id,), stride=4, threads=1)
    content = novelty([run], small_fleet, tmp_path / "out", some)
    assert not set(ENSEMBLE) & scores_of(content)
    assert not {r["kind"] for r in content["rows"]} & {"weather", "camera"}
    said = (tmp_path / "out" / "table.md").read_text()
    assert "no ensemble head" in said and "reads no pictures" in said


def test_scenes_that_were_trained_on_are_not_familiar(small_fleet):
    ids = [info.id for info in small_fleet.scenes]
    found = familiar_scenes(small_fleet, set(ids[:-1]), NOBODY, Options())
    assert [info.id for info in found] == ids[-1:]
    with pytest.raises(InputError, match="no synthetic scene is left"):
        familiar_scenes(small_fleet, set(ids), NOBODY, Options())
    never = Trained(weathers=("day",), layouts=("nowhere",), classes=())
    with pytest.raises(InputError, match="no synthetic scene is left"):
        familiar_scenes(small_fleet, set(), never, Options())
    with pytest.raises(InputError, match="no nuScenes category 'dragon'"):
        familiar_scenes(small_fleet, set(), NOBODY, Options(category="dragon"))
