"""Futures drawn from a stochastic model: their mean, and the best of them.

The best of N has looked at the truth: it tells how wide the samples are, not how good a forecast
is, and grows with N. The mean is a forecast. Shapes: H + 1 frames, K classes, X, Y, Z cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from drivewm.eval.forecast.ego import Forecast
from drivewm.eval.forecast.names import BEST_OF_SAMPLES, MEAN_OF_SAMPLES, PERCEIVED
from drivewm.eval.forecast.rows import Key, actions_of, forecast_of, start_of
from drivewm.eval.forecast.truth import SceneTruth
from drivewm.eval.forecast.windows import Window
from drivewm.measures.iou import confusion, counts_of, mean_iou
from drivewm.models.rollout import imagine_all, noise_of
from drivewm.models.world_model import WorldModel
from drivewm.seeds import derive_seed


@torch.no_grad()
def drawn_forecasts(
    model: WorldModel,
    scene: SceneTruth,
    window: Window,
    features: Tensor,
    assumed: np.ndarray,
    samples: int,
) -> Iterator[Forecast]:
    """One sample after the other; each depends on the window and its own number alone.

    Args:
        features: [F, C, X/2, Y/2] of the whole scene.
        assumed: [H + 1, 3] ego poses that the future is given.
    """
    start, future = start_of(model, scene, window, features), actions_of(scene, window, assumed)
    seed = derive_seed("forecast", window.scene, window.keyframe)
    for s in range(samples):
        states = imagine_all(model, start, future, noise=noise_of([s], seed))
        yield forecast_of([start, *states])


def sample_rows(
    drawn: Iterator[Forecast], true: np.ndarray, place: Callable[[Forecast], Forecast]
) -> dict[Key, Forecast]:
    """The rows of the samples, in the frame in which they are compared.

    Args:
        true: uint8 [H + 1, X, Y, Z].
        place: carries a forecast into that frame.
    """
    probability: Any = 0.0
    flow: Any = 0.0
    count = 0
    best: Forecast | None = None
    highest = -np.inf
    for made in drawn:
        assert made.probability is not None
        probability, flow, count = probability + made.probability, flow + made.flow, count + 1
        placed = place(made)
        quality = future_miou(placed.classes, true)
        if best is None or quality > highest:
            best, highest = placed, quality
    assert best is not None
    shared = np.asarray(probability, np.float32) / count
    mean = Forecast(
        classes=shared.argmax(1).astype(np.uint8), probability=shared,
        flow=np.asarray(flow, np.float32) / count,
    )  # fmt: skip
    return {(MEAN_OF_SAMPLES, PERCEIVED): place(mean), (BEST_OF_SAMPLES, PERCEIVED): best}


def future_miou(predicted: np.ndarray, true: np.ndarray) -> float:
    """Mean over the forecast steps (not now) of mIoU; uint8 [H + 1, X, Y, Z] each."""
    each = [
        mean_iou(counts_of(confusion(p, t, None)).astype(float))
        for p, t in zip(predicted[1:], true[1:])
    ]
    known = np.array(each)[np.isfinite(each)]
    return float(known.mean()) if len(known) else 0.0
