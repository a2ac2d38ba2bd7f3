"""The runner of the model tables: what a cell is, and when it is done."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks" / "models"
MODULES = ("plan", "store", "work", "report")


@pytest.fixture
def runner(monkeypatch):
    """The runner's modules, which stand outside the package."""
    import importlib

    monkeypatch.syspath_prepend(str(FOLDER))
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield {name: importlib.import_module(name) for name in MODULES}
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def store(runner, tmp_path):
    return runner["store"].Store(tmp_path, {"forecast": {"split": "val"}})


def test_every_row_of_every_table_can_be_trained_by_this_version(runner):
    plan = runner["plan"].read()
    rows = [r for table in plan["tables"] for r in runner["plan"].rows_of(plan, table)]
    assert {r.name: r.problem() for r in rows if r.problem()} == {}
    assert {r.table for r in rows} == {
        "dynamics", "ablation", "encoders", "labels", "joint", "layouts",
    }  # fmt: skip


def cell(runner, task, table, name, seeds=(0,)):
    plans = runner["plan"]
    rows = {r.name: r for r in plans.rows_of(plans.read(), table)}
    return plans.Cell(task=task, row=rows[name], seeds=seeds)


def test_rows_of_two_tables_with_one_configuration_are_one_cell(runner, store):
    one = cell(runner, "train", "dynamics", "rssm, privileged")
    assert store.what(one, "d") == store.what(cell(runner, "train", "ablation", "rssm"), "d")
    assert store.what(one, "d") != store.what(cell(runner, "train", "ablation", "no warp"), "d")
    assert store.what(one, "d") != store.what(one, "other data")


def test_rows_that_differ_in_dynamics_share_their_encoder(runner, store):
    names = ("gru, camera", "flow, camera")
    encoders, trained = (
        {store.what(cell(runner, task, "dynamics", n), "d") for n in names}
        for task in ("encoder", "train")
    )
    assert len(encoders) == 1 and len(trained) == 2
    other = cell(runner, "encoder", "dynamics", "gru, privileged")
    assert store.what(other, "d") not in encoders


def test_a_kept_cell_is_found_until_the_code_means_something_else(runner, store, monkeypatch):
    one = cell(runner, "train", "dynamics", "gru, camera")
    assert store.find(one, "d") is None
    store.add(one, "d", {"seconds": 1.0})
    assert store.find(one, "d")["seconds"] == 1.0
    monkeypatch.setattr(runner["store"], "code_hash", lambda task: "other")
    assert store.find(one, "d") is None
    lenient = runner["store"].Store(store.folder, store.judging, any_code=True)
    assert lenient.find(one, "d")["older_code"]


def test_comments_and_docstrings_are_not_code(runner, tmp_path):
    texts = ['"""One."""\nx = 1\n', '"""Two."""\n# note\nx = 1\n', "x = 2\n"]
    hashes = []
    for n, text in enumerate(texts):
        (tmp_path / f"{n}.py").write_text(text)
        hashes.append(runner["store"]._meaning(tmp_path / f"{n}.py"))
    assert hashes[0] == hashes[1] != hashes[2]


def test_the_first_seed_of_everything_comes_first(runner):
    plans = runner["plan"]
    cells = plans.cells_of(plans.read(), ["dynamics", "encoders"])
    train = [c.seeds[0] for c in cells if c.task == "train"]
    assert train == sorted(train)
    judged = [c.seeds for c in cells if c.task == "forecast" and c.row.name == "pull"]
    assert judged == [(0,), (0, 1, 2)]


def test_a_failed_command_says_which_and_how(runner, tmp_path):
    work = runner["work"]
    with pytest.raises(work.Failed, match=r"`drivewm train` ended with 2.*no-such-fleet"):
        work.command(["train", "no-such-fleet", "-o", str(tmp_path / "r")], tmp_path / "log")
