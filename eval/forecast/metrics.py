"""The figures of the table, each a function of summed counts, so that sums can be weighted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from drivewm.measures import calibration, flow
from drivewm.measures.iou import counts_of, mean_iou, movable_iou, occupied_iou, vru_iou
from drivewm.measures.rayiou import ray_iou


@dataclass(frozen=True, kw_only=True)
class Metric:
    """``of`` maps summed counts [..., *shape] to figures [...]; NaN where not defined."""

    title: str
    stat: str  # column of the counts
    of: Callable[[np.ndarray], np.ndarray]
    higher_is_better: bool = True


def _iou(function: Callable[[np.ndarray], np.ndarray], counts: np.ndarray) -> np.ndarray:
    known = counts[..., -1, 2] + counts[..., -1, 1] > 0  # row 18: something occupied somewhere
    return np.where(known, function(counts), np.nan)


METRICS = {
    "iou": Metric(title="IoU", stat="iou_counts", of=partial(_iou, occupied_iou)),
    "miou": Metric(title="mIoU", stat="iou_counts", of=mean_iou),
    "movable_iou": Metric(title="movable IoU", stat="iou_counts", of=movable_iou),
    "vru_iou": Metric(title="VRU IoU", stat="iou_counts", of=vru_iou),
    "rayiou": Metric(title="RayIoU", stat="rays", of=ray_iou),
    "rayiou_1m": Metric(title="RayIoU 1 m", stat="rays", of=partial(ray_iou, threshold=0)),
    "rayiou_2m": Metric(title="RayIoU 2 m", stat="rays", of=partial(ray_iou, threshold=1)),
    "rayiou_4m": Metric(title="RayIoU 4 m", stat="rays", of=partial(ray_iou, threshold=2)),
    "flow_epe_mps": Metric(
        title="flow EPE, m/s", stat="flow", of=flow.end_point_error, higher_is_better=False
    ),
    "moving_epe_mps": Metric(
        title="flow EPE of moving, m/s", stat="flow", of=flow.moving_end_point_error,
        higher_is_better=False,
    ),
    "ece": Metric(
        title="ECE", stat="calibration", of=calibration.expected_calibration_error,
        higher_is_better=False,
    ),
    "nll": Metric(
        title="NLL", stat="calibration", of=calibration.occupancy_nll, higher_is_better=False
    ),
    "class_nll": Metric(
        title="class NLL", stat="calibration", of=calibration.class_nll, higher_is_better=False
    ),
}  # fmt: skip


def statistics_of(stats: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays that the metrics read, float64 [M, H + 1, ...], from a line's summed counts.

    They are linear in the counts, so weighted sums of them are those of the counts.
    """
    names = [name for name in ("rays", "flow", "calibration") if name in stats]
    out: dict[str, np.ndarray] = {name: stats[name].astype(np.float64) for name in names}
    out["iou_counts"] = counts_of(stats["confusion"]).astype(np.float64)
    return out
