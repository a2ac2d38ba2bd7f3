import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from drivewm.errors import InputError
from drivewm.eval.forecast import store
from drivewm.eval.forecast.outcomes import outcomes
from drivewm.eval.forecast.results import write_tables
from drivewm.eval.forecast.tables import Figures
from tests.eval.forecast import hand


def find(items, **wanted):
    return [i for i in items if all(i[k] == v for k, v in wanted.items())]


def test_a_better_model_has_an_interval_above_zero_and_an_equal_one_does_not(tmp_path):
    better = write_tables(hand.write(tmp_path / "a", 0.7))["comparisons"]
    against = find(better, against="ego-warp", metric="miou")
    assert len(against) == 6 and all(c["low"] > 0 for c in against)
    assert all(abs(c["difference"] - 0.2) < 1e-6 for c in against)
    equal = write_tables(hand.write(tmp_path / "b", 0.5))["comparisons"]
    same = find(equal, against="ego-warp", metric="miou")
    assert all(c["low"] == c["high"] == c["difference"] == 0 for c in same)


def test_only_rows_with_the_same_input_are_compared_and_the_map_prior(tmp_path):
    content = write_tables(hand.write(tmp_path, 0.7))
    assert {(c["against"], c["input"]) for c in content["comparisons"]} == {
        ("ego-warp", "perceived"), ("map-prior", "map"),
    }  # fmt: skip


def test_rows_name_what_they_are_and_hold_every_horizon(tmp_path):
    content = write_tables(hand.write(tmp_path, 0.7))
    model = find(content["rows"], row="model")
    assert [r["horizon_s"] for r in model] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    assert content["rows"][0]["row"] == "model"  # first on the page
    first = model[0]
    assert (first["ego_mode"], first["windows"], first["runs"]) == ("gt", 24, 1)
    assert set(first["classes"]) == {"car", "free"} and first["class_scenes"]["car"] == 12
    assert "bus" in first["absent"] and len(first["absent"]) == 16
    assert content["absent_classes"]["none"]["0"] == first["absent"]
    low, high = first["intervals"]["miou"]
    assert low < first["miou"] < high
    headline = find(content["headline"], row="model")[0]
    assert headline["flow_epe_mps"] == pytest.approx((2 + 4 + 6) / 3 / 2)  # at 1, 2 and 3 s


def test_a_figure_is_of_the_sum_over_windows(tmp_path):
    content = write_tables(hand.write(tmp_path, 0.7))
    sums = store.read_sums(tmp_path)
    matrix = sums.lines[0, "model", "perceived", "none"]["confusion"].sum((0, 1))
    assert matrix.sum() == 12 * 2 * 7 * 40 and matrix.dtype == np.int64
    row = find(content["rows"], row="model", horizon_s=1.0)[0]
    each = sums.lines[0, "model", "perceived", "none"]["confusion"][:, 2].sum(0)
    assert row["movable_iou"] == pytest.approx(each[4, 4] / each[4].sum())
    assert row["rayiou_1m"] == 0.0 and row["rayiou_4m"] > 0.2


def test_windows_of_one_scene_stay_together(tmp_path):
    """Doubling every window tells nothing new: the interval must not shrink."""
    once = Figures(store.read_sums(hand.write(tmp_path / "a", 0.7)))
    doubled = store.read_sums(tmp_path / "a")
    for stats in doubled.lines.values():
        for name in stats:
            stats[name] = stats[name] * 2
    line = (0, "model", "perceived", "none")
    a, b = (figures.of(line)["miou"][:, 2] for figures in (once, Figures(doubled)))
    assert once.interval(a) == Figures(doubled).interval(b)


def test_one_scene_says_nothing_of_the_spread(tmp_path):
    content = write_tables(hand.write(tmp_path, 0.7, scenes=1))
    assert content["rows"][0]["intervals"]["miou"] == (None, None)
    assert content["comparisons"][0]["low"] is None
    assert content["rare_classes"] == {"none": ["car", "free"]}


def test_seeds_give_a_mean_and_a_spread(tmp_path):
    content = write_tables(hand.write(tmp_path, 0.6, runs=3, change=0.1))
    row = find(content["rows"], row="model", horizon_s=1.0)[0]
    one = write_tables(hand.write(tmp_path / "one", 0.7))
    middle = find(one["rows"], row="model", horizon_s=1.0)[0]["movable_iou"]
    assert row["runs"] == 3 and row["movable_iou"] == pytest.approx(middle, abs=1e-6)
    assert row["spread"]["movable_iou"] == pytest.approx(0.1, abs=1e-6)
    gap = find(content["comparisons"], against="ego-warp", metric="movable_iou")[0]
    assert gap["difference"] == pytest.approx(0.2, abs=1e-6)


def test_tables_are_made_again_from_the_counts_alone(tmp_path):
    content = write_tables(hand.write(tmp_path, 0.7))
    made = ["forecast.json", "table.md", "rows.parquet", "comparisons.parquet"]
    before = {name: (tmp_path / name).read_bytes() for name in made}
    for name in made:
        (tmp_path / name).unlink()
    assert write_tables(tmp_path) == content
    assert {name: (tmp_path / name).read_bytes() for name in made} == before
    assert json.loads(before["forecast.json"])["windows_hash"] == "00"
    table = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    kept = find(table, row="model", metric="miou", horizon_s=1.0)
    assert len(kept) == 1 and kept[0]["value"] is not None and kept[0]["low"] < kept[0]["value"]
    text = before["table.md"].decode()
    assert "Classes absent from the truth" in text and "| model | perceived | gt |" in text


def test_foreign_damaged_and_empty_counts_are_named(tmp_path):
    with pytest.raises(InputError, match=r"counts\.parquet: no counts here"):
        write_tables(tmp_path)
    (tmp_path / store.COUNTS).write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match="not readable counts"):
        write_tables(tmp_path)
    with store.writing(tmp_path / store.COUNTS, hand.ABOUT):
        pass
    with pytest.raises(InputError, match="holds no window"):
        write_tables(tmp_path)
    pq.write_table(pq.read_table(tmp_path / store.COUNTS).drop_columns("rays"), tmp_path / "x")
    (tmp_path / "x").rename(tmp_path / store.COUNTS)
    with pytest.raises(InputError, match=r"\[rays\] column is missing"):
        write_tables(tmp_path)


def test_perfect_heads_have_r2_and_auc_of_one():
    reward = np.stack([np.arange(6.0), np.arange(6.0)], -1)
    cont = np.array([[0.9, 1.0]] * 5 + [[0.2, 0.0], [0.5, np.nan]])
    assert outcomes(reward, cont) == {
        "reward_r2": 1.0, "continue_auc": 1.0, "steps": 6, "terminal_steps": 1,
    }  # fmt: skip
