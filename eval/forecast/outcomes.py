"""``outcomes.parquet``: what the model said of the ego's fate, and how good that was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.errors import InputError
from drivewm.eval.forecast.tables import number
from drivewm.eval.forecast.windows import Window
from drivewm.storage import atomic_file

if TYPE_CHECKING:  # tables are made without torch
    from drivewm.eval.forecast.rows import Outcome
    from drivewm.training.clips import Frames

FILE = "outcomes.parquet"
_NUMBERS = ("reward", "true_reward", "cont", "true_cont")
SCHEMA = pa.schema(
    [("run", pa.int32()), ("scene", pa.string()), ("keyframe", pa.int32()), ("step", pa.int32())]
    + [(name, pa.float64()) for name in _NUMBERS]
)


def outcome_rows(
    run: int, window: Window, frames: Frames, said: Outcome, recorded_ego: bool
) -> list[dict[str, Any]]:
    """One row a step. With another ego motion than the recorded one nothing true is known."""
    span = slice(window.keyframe, window.last)
    truth = [frames.reward[span], frames.cont[span]]
    if not recorded_ego:
        truth = [np.full_like(values, np.nan) for values in truth]
    return [
        {"run": run, "scene": window.scene, "keyframe": window.keyframe, "step": h + 1,
         "reward": float(said.reward[h]), "cont": float(said.cont[h]),
         "true_reward": float(truth[0][h]), "true_cont": float(truth[1][h])}
        for h in range(len(said.reward))
    ]  # fmt: skip


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    with atomic_file(path) as partial:
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), partial)


def read(folder: Path) -> dict[str, float | int | None]:
    """Quality of the reward head (R2) and of the continue head (AUC of ending the drive), the
    steps of all checkpoints together; empty where the file is absent.

    Raises:
        InputError: the file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    try:
        table = pq.read_table(path)
        columns = {name: table[name].to_numpy() for name in _NUMBERS}
    except (pa.ArrowInvalid, OSError, KeyError) as error:
        raise InputError(f"not readable ({error})", file=path,
                         fix="run `drivewm forecast` again") from error  # fmt: skip
    return outcomes(
        np.stack([columns["reward"], columns["true_reward"]], -1),
        np.stack([columns["cont"], columns["true_cont"]], -1),
    )


def outcomes(reward: np.ndarray, cont: np.ndarray) -> dict[str, float | int | None]:
    """Args: predicted and true values [N, 2] each; NaN = unknown."""
    reward, cont = (values[np.isfinite(values).all(-1)] for values in (reward, cont))
    variance = ((reward[:, 1] - reward[:, 1].mean()) ** 2).sum() if len(reward) else 0.0
    residual = ((reward[:, 0] - reward[:, 1]) ** 2).sum() if len(reward) else 0.0
    ends, goes_on = cont[cont[:, 1] == 0, 0], cont[cont[:, 1] == 1, 0]
    auc = None
    if len(ends) and len(goes_on):
        below = (ends[:, None] < goes_on[None]).mean() + 0.5 * (ends[:, None] == goes_on).mean()
        auc = number(below)
    return {
        "reward_r2": number(1 - residual / variance) if variance > 0 else None,
        "continue_auc": auc, "steps": len(reward), "terminal_steps": len(ends),
    }  # fmt: skip
