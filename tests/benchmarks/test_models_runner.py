"""The runner of the model tables: what a cell is, and when it is done."""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks" / "models"
MODULES = ("plan", "store", "work", "report", "run")


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


def test_a_row_is_judged_once_all_its_seeds_are_trained(runner):
    plans = runner["plan"]
    plan = plans.read()
    plan["tables"]["joint"]["seeds"] = [0, 1]
    cells = plans.cells_of(plan, ["joint"])
    first = [(c.task, c.seeds) for c in cells if c.row.name == "forecast only"]
    assert first == [
        ("encoder", (0,)), ("train", (0,)), ("encoder", (1,)), ("train", (1,)),
        ("forecast", (0, 1)), ("counterfactual", (0, 1)),
    ]  # fmt: skip
    assert [c.row.name for c in cells[: len(first)]] == ["forecast only"] * len(first)


def test_a_table_of_perception_is_judged_without_dynamics(runner, store):
    plans = runner["plan"]
    plan = plans.read()
    plan["tables"]["encoders"] |= {"perception": True, "seeds": [3]}
    cells = plans.cells_of(plan, ["encoders"])
    assert {c.task for c in cells} == {"encoder", "forecast"} and {c.seeds for c in cells} == {(3,)}
    row = next(c.row for c in cells if c.row.name == "pull")
    judged = plans.Cell(task="forecast", row=row, seeds=(3,))
    assert store.what(judged, "d") != store.what(cell(runner, "forecast", "dynamics",
                                                      "rssm, camera", (3,)), "d")  # fmt: skip


def test_two_workers_never_do_one_cell_twice_and_wait_for_what_a_cell_needs(
    runner, store, monkeypatch
):
    run, plans = runner["run"], runner["plan"]
    plan = {**plans.read(), "seeds": [0]}
    cells = plans.cells_of(plan, ["ablation"])
    args = argparse.Namespace(retry=False, budget_minutes=None, workers=2)
    queue = run.Queue(cells, store, plan, args)
    fleet = type("F", (), {"content_hash": "d"})()
    monkeypatch.setattr(run.Queue, "_fleet", lambda self, name: fleet)
    first, _ = queue.next([])
    assert first.task == "encoder"
    assert queue.next([(first, "d")]) is None  # all others start from this encoder
    store.add(first, "d", {"seconds": 1.0})
    after = [queue.next([])[0] for _ in range(2)]
    assert [c.task for c in after] == ["train", "train"] and after[0].row != after[1].row


def test_keys_can_be_asked_for_by_two_threads_at_once(runner, store):
    cells = [cell(runner, "train", "dynamics", n) for n in ("gru, camera", "flow, camera")] * 8
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda c: store.what(c, "d"), cells))
    assert found == [store.what(c, "d") for c in cells]


def test_a_failed_command_says_which_and_how(runner, tmp_path):
    work = runner["work"]
    with pytest.raises(work.Failed, match=r"`drivewm train` ended with 2.*no-such-fleet"):
        work.command(["train", "no-such-fleet", "-o", str(tmp_path / "r")], tmp_path / "log")
