"""Hand-made scores: which novelty is told is known."""

import json

import numpy as np
import pytest

from drivewm import cli
from drivewm.errors import InputError
from drivewm.eval.novelty import tables
from drivewm.eval.novelty.names import ID
from drivewm.eval.novelty.scores import inside_before, peak
from drivewm.eval.novelty.training import Trained, whether
from drivewm.models.grid import GridConfig

SCENES = tuple(f"s{n}" for n in range(6))
ABOUT = {
    "models": ["a"], "encoder": "pull", "dynamics": "rssm", "ensemble": 4, "scenes": list(SCENES),
    "weathers": {**dict.fromkeys(SCENES, "day"), "s5": "night"}, "trained_weathers": ["day"],
    "trained_layouts": ["curve"], "camera_dropout": 0.0, "left_out": [], "interval": "i",
    "status": {"weather|night": "unseen", "camera|CAM_FRONT": "unseen"},
}  # fmt: skip


def write(folder, gap: float = 1.0, runs: int = 1) -> None:
    """Disagreement tells nights by ``gap`` and dead cameras not at all; entropy is the reverse of
    what it should be."""
    rows = []
    for run in range(runs):
        for s, scene in enumerate(SCENES):
            for k in range(4):
                noise = 0.1 * ((7 * s + 3 * k) % 5) + 0.001 * run
                for kind, what, lift in (
                    (ID, "day", 0.0), ("weather", "night", gap), ("camera", "CAM_FRONT", 0.0)
                ):  # fmt: skip
                    scores = {"disagreement": noise + lift, "entropy": 5.0 - noise - lift}
                    if (kind, scene) != ("weather", "s5"):
                        rows += tables.lines_of(run, kind, what, scene, k, scores)
    folder.mkdir(parents=True, exist_ok=True)
    tables.write(folder, rows, ABOUT)


def found(content, kind: str, score: str) -> dict:
    return next(r for r in content["rows"] if (r["kind"], r["score"]) == (kind, score))


def test_what_is_told_has_one_and_what_is_not_a_half(tmp_path):
    write(tmp_path)
    content = tables.write_tables(tmp_path)
    night = found(content, "weather", "disagreement")
    assert night["auroc"] == 1.0 and night["low"] == 1.0 and night["training"] == "unseen"
    assert found(content, "weather", "entropy")["auroc"] == 0.0
    assert found(content, "camera", "disagreement")["auroc"] == 0.5


def test_nights_are_not_told_from_nights(tmp_path):
    write(tmp_path)
    content = tables.write_tables(tmp_path)
    night = found(content, "weather", "disagreement")
    assert (night["frames"], night["familiar_frames"], night["scenes"]) == (20, 20, 5)
    assert found(content, "camera", "disagreement")["familiar_frames"] == 24


def test_luck_stands_beside_every_novelty_and_holds_a_half(tmp_path):
    write(tmp_path)
    content = tables.write_tables(tmp_path)
    for kind in ("weather", "camera"):
        luck = found(content, kind, "chance")
        assert luck["auroc"] == 0.5 and luck["low"] < 0.45 and luck["high"] > 0.55


def test_seeds_give_a_mean_and_a_spread(tmp_path):
    write(tmp_path, gap=0.15, runs=2)
    content = tables.write_tables(tmp_path)
    row = found(content, "weather", "disagreement")
    assert 0.5 < row["auroc"] < 1.0 and row["spread"] == 0.0 and row["frames"] == 20


def test_tables_can_be_made_again_and_are_printed(tmp_path, capsys):
    write(tmp_path)
    content = tables.write_tables(tmp_path)
    before = (tmp_path / "novelty.json").read_bytes()
    assert json.loads(before) == content
    assert cli.main(["novelty", "--tables", str(tmp_path)]) == 0
    assert (tmp_path / "novelty.json").read_bytes() == before
    assert "weather night (unseen in training): 20 frames of 5 scenes" in capsys.readouterr().out
    assert "| disagreement |" in (tmp_path / "table.md").read_text()
    assert (tmp_path / "figures" / "auroc.png").stat().st_size > 2000


def test_what_is_wrong_is_one_line(tmp_path, capsys):
    for arguments, says in (
        (["run", "-o", "x"], "needs RUN ... FLEET -o FOLDER"),
        (["--tables", "x", "-o", "y"], "[--tables] stands alone"),
        (["--tables", str(tmp_path)], "no novelty scores here"),
        (["run", "fleet", "--without", "night"], "[--without] takes a fleet alone"),
        (["fleet", "--without", "hail"], "no weather 'hail'"),
    ):
        assert cli.main(["novelty", *arguments]) == 2
        message = capsys.readouterr().err
        assert says in message and message.count("\n") == 1
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        tables.check_output(tmp_path)


def test_the_peak_is_the_mean_of_the_highest_hundredth():
    assert peak(np.arange(200.0)) == 198.5
    assert peak(np.array([1.0, 9.0])) == 9.0


def test_cells_that_drove_onto_the_grid_are_not_judged():
    grid = GridConfig()
    known = inside_before(np.array([1.6, 0.0, 0.0]), grid)
    assert not known[-2:].any() and known[:-2].all()
    assert inside_before(np.zeros(3), grid).all()


def test_what_training_held_is_seen_and_without_the_scenes_nobody_knows():
    trained = Trained(weathers=("day",), layouts=None, classes=(4,))
    assert whether("day", trained.weathers) == "seen"
    assert whether("night", trained.weathers) == "unseen"
    assert whether("roundabout", trained.layouts) == "not known"
