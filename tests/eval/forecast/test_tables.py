import numpy as np

from drivewm.eval.forecast.rows import WindowResult
from drivewm.eval.forecast.tables import as_text, outcomes, table
from drivewm.measures.iou import iou_counts
from drivewm.scene import OccClass


def window(hit: float, rng: np.random.Generator) -> WindowResult:
    """A model that finds ``hit`` of the car cells, a warp that finds half of them."""
    true = np.full((7, 40, 1, 1), OccClass.FREE, np.uint8)
    true[:, :20] = OccClass.CAR

    def found(share: float) -> np.ndarray:
        seen = true.copy()
        seen[:, : 20 - round(20 * share)] = OccClass.FREE
        return np.stack([iou_counts(seen[h], true[h], None) for h in range(7)])

    noise = 0.05 * rng.integers(-1, 2)
    counts = {
        ("model", "perceived", "none"): found(hit + noise),
        ("ego-warp", "perceived", "none"): found(0.5 + noise),
    }
    reward = np.stack([np.arange(6.0), np.arange(6.0)], -1)
    cont = np.array([[0.9, 1.0]] * 5 + [[0.2, 0.0]])
    return WindowResult(counts=counts, reward=reward, cont=cont, true=true, predicted=true)


def results(hit: float) -> list[WindowResult]:
    rng = np.random.default_rng(0)
    return [window(hit, rng) for _ in range(12)]


def test_a_better_model_has_an_interval_above_zero_and_an_equal_one_does_not():
    _, better = table(results(0.7), 0.5, "gt")
    assert len(better) == 9 and all(c["low"] > 0 for c in better)
    assert all(abs(c["difference"] - 0.2) < 1e-6 for c in better)
    _, equal = table(results(0.5), 0.5, "gt")
    assert all(c["low"] == c["high"] == 0 for c in equal)


def test_rows_name_what_they_are_and_hold_every_horizon():
    rows, _ = table(results(0.7), 0.5, "gt")
    model = [r for r in rows if r["row"] == "model"]
    assert [r["horizon_s"] for r in model] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    assert model[0]["ego_mode"] == "gt" and set(model[0]["classes"]) == {"car", "free"}
    line = as_text(rows, "none").splitlines()[1].split()
    assert line[:2] == ["model", "perceived"] and line[2] == f"{model[0]['iou']:.3f}"


def test_perfect_heads_have_r2_and_auc_of_one():
    assert outcomes(results(0.7)) == {
        "reward_r2": 1.0, "continue_auc": 1.0, "steps": 72, "terminal_steps": 12,
    }  # fmt: skip
