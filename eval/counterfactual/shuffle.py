"""Does the model heed its actions? Its error on logs with another window's actions over its error
with its own: above 1, the actions matter.

Twice: with the whole action shuffled, which moves the ego and with it the warp; and with the warp
following the true ego motion while only the learned part is told other actions. The second is the
strict test: the warp alone passes the first.
Shapes: W windows, H steps, V variants.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from drivewm import progress
from drivewm.errors import InputError
from drivewm.eval.counterfactual.imagine import observed
from drivewm.eval.counterfactual.names import ALL, LEARNED, MODEL, OWN, WARP
from drivewm.eval.counterfactual.outcome import MOVABLE_CLASSES
from drivewm.eval.forecast.checkpoints import features_of
from drivewm.eval.forecast.windows import Window, every_window, frame_times
from drivewm.logs.fleet import Fleet
from drivewm.models.dynamics.base import make_action
from drivewm.models.rollout import imagine_all
from drivewm.models.world_model import WorldModel
from drivewm.seeds import generator
from drivewm.training.clips import Frames, load_frames

if TYPE_CHECKING:
    from drivewm.eval.counterfactual.run import Options


def shuffle_rows(
    models: Sequence[WorldModel], fleet: Fleet, seen: set[str], options: Options
) -> list[dict[str, Any]]:
    """One row a window, variant and checkpoint.

    Windows of scenes that were trained on are taken only where the fleet has no others.

    Raises:
        InputError: the fleet has fewer than two windows.
    """
    config = models[0].config
    fresh = [info.id for info in fleet.scenes if info.id not in seen]
    ids = fresh or [info.id for info in fleet.scenes]
    windows = [
        window
        for scene in ids
        for window in every_window(
            scene, frame_times(fleet, scene, config.encoder), config.observed_steps,
            config.imagined_steps,
        )
    ]  # fmt: skip
    if len(windows) < 2:
        raise InputError(
            f"has {len(windows)} windows of {config.observed_steps + config.imagined_steps} "
            "frames; to shuffle actions needs two", file=fleet.path, field="--shuffle",
            fix="use longer or more logs",
        )  # fmt: skip
    rng = generator("shuffle", options.seed, fleet.content_hash)
    picks = sorted(rng.permutation(len(windows))[: options.shuffle_windows].tolist())
    chosen = [windows[i] for i in picks]
    frames = {w.scene: load_frames(fleet, w.scene, config) for w in chosen}
    actions = [_actions(frames[w.scene], w) for w in chosen]
    shift = partners(len(chosen), rng)
    rows = []
    bar = progress.bar(f"shuffled actions: {Path(fleet.path).name}", total=len(chosen))
    for run, model in enumerate(models):
        features = {scene: features_of(model, f) for scene, f in frames.items()}
        for n, window in enumerate(chosen):
            about = {"fleet": Path(fleet.path).name, "run": run, "scene": window.scene,
                     "keyframe": window.keyframe, "trained_on": window.scene in seen}  # fmt: skip
            own, other = actions[n], actions[shift[n]]
            judged = _judge(model, frames[window.scene], features[window.scene], window, own, other)
            rows += [{**about, **row} for row in judged]
            bar.update()
    bar.close()
    return rows


def partners(count: int, rng: np.random.Generator) -> np.ndarray:
    """For each of ``count`` >= 2 windows another one, each used once; int [W]."""
    order = rng.permutation(count)
    out = np.empty(count, int)
    out[order] = np.roll(order, 1)
    return out


def _actions(frames: Frames, window: Window) -> Tensor:
    span = slice(window.keyframe, window.last)
    motion, dt = torch.from_numpy(frames.motion[span]), torch.from_numpy(frames.dt_s[span])
    return make_action(motion, dt)


@torch.no_grad()
def _judge(
    model: WorldModel, frames: Frames, features: Tensor, window: Window, own: Tensor, other: Tensor
) -> list[dict[str, Any]]:
    latent, first = observed(model, frames, features, window.keyframe)
    start = model.start(latent, first)
    told = torch.stack(
        [torch.cat([own, own], -1), torch.cat([other, other], -1), torch.cat([own, other], -1)]
    )  # [V, H, 12]: what the warp follows, what the learned part is told
    true = frames.occupancy[window.keyframe + 1 : window.last + 1]
    out = []
    for row, learned, variants in ((MODEL, True, (OWN, ALL, LEARNED)), (WARP, False, (OWN, ALL))):
        count = len(variants)
        states = imagine_all(model, start.repeat(count), told[:count], learned)
        for v, variant in enumerate(variants):
            errors = [_errors(s.logits[v], true[h]) for h, s in enumerate(states)]
            nll, hit, union = np.array(errors).T
            out.append({"row": row, "variant": variant, "nll": float(nll.mean()),
                        "hit": int(hit.sum()), "union": int(union.sum())})  # fmt: skip
    return out


def _errors(logits: Tensor, true: np.ndarray) -> tuple[float, int, int]:
    """(mean negative log-likelihood, movable voxels hit, movable voxels in either)."""
    wanted = torch.from_numpy(true).long().permute(2, 0, 1)  # [Z, X, Y]
    logp = logits.log_softmax(0)  # [K, Z, X, Y]
    nll = -logp.gather(0, wanted[None]).mean()
    ours = np.isin(logits.argmax(0).permute(1, 2, 0).numpy(), MOVABLE_CLASSES)
    theirs = np.isin(true, MOVABLE_CLASSES)
    return float(nll), int((ours & theirs).sum()), int((ours | theirs).sum())
