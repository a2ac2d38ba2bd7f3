"""A model in use: observe a few frames, then imagine.

Shapes: B batch, T observed, H imagined, K candidate actions, S samples, X, Y, Z grid cells.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from drivewm.models.dynamics.base import ACTION_COLUMNS, Latent, Noise
from drivewm.models.world_model import Imagined, WorldModel
from drivewm.seeds import derive_seed


def observe_all(model: WorldModel, features: Sequence[Tensor], actions: Sequence[Tensor]) -> Latent:
    """The latent after T frames.

    Args:
        features: T of [B, C, X/2, Y/2], oldest first.
        actions: T - 1 of [B, 6]; action t leads from frame t to t + 1.
    """
    latent = model.initial(len(features[0]))
    still = features[0].new_zeros(len(features[0]), ACTION_COLUMNS)
    for t, seen in enumerate(features):
        latent, _ = model.observe(latent, actions[t - 1] if t else still, seen)
    return latent


class Stream:
    """A model that looks frame by frame, for closed loop: the memory is the latent alone."""

    def __init__(self, model: WorldModel) -> None:
        self.model = model
        self.reset()

    def reset(self) -> None:
        """Forgets everything."""
        self.latent: Latent | None = None
        self.embed: Tensor | None = None

    @torch.no_grad()
    def look(self, embed: Tensor, action: Tensor | None = None) -> None:
        """One frame's features [B, C, X/2, Y/2] and the action [B, 6] that led there.

        Without an action the ego stood still (as in the first frame).
        """
        if self.latent is None:
            self.latent = self.model.initial(len(embed))
        if action is None:
            action = embed.new_zeros(len(embed), ACTION_COLUMNS)
        self.latent, _ = self.model.observe(self.latent, action, embed)
        self.embed = embed

    @torch.no_grad()
    def start(self, learned: bool = True) -> Imagined:
        """Where imagination begins: what is perceived after the last look.

        Raises:
            RuntimeError: nothing was looked at yet.
        """
        if self.latent is None or self.embed is None:
            raise RuntimeError("look at a frame first")
        return self.model.start(self.latent, self.embed, learned)


def noise_of(samples: Sequence[int], seed: int = 0) -> Noise:
    """Noise for rows that are the samples of these numbers, the same in every batch."""
    return Noise([derive_seed("imagine", seed, s) for s in samples])


def imagine_all(
    model: WorldModel,
    start: Imagined,
    actions: Tensor,
    learned: bool = True,
    noise: Noise | None = None,
) -> list[Imagined]:
    """The H states that the actions [B, H, 6] cause, one after the other.

    Without noise the likeliest future; with ``noise_of(...)`` a sample for each row.
    """
    states, now = [], start
    for t in range(actions.shape[1]):
        now = model.imagine(now, actions[:, t], learned, noise)
        states.append(now)
    return states


def imagine_samples(
    model: WorldModel, start: Imagined, actions: Tensor, samples: int, seed: int = 0
) -> list[list[Imagined]]:
    """S futures of the actions [B, H, 6]: S lists of H states; best of N and mean start here.

    A deterministic backbone has one future: the list then holds one.
    """
    count = samples if model.dynamics.stochastic else 1
    rows = len(actions)
    return [
        imagine_all(model, start, actions, noise=noise_of([s] * rows, seed)) for s in range(count)
    ]


def mean_probability(futures: Sequence[Sequence[Imagined]], step: int) -> Tensor:
    """Occupancy [B, K, Z, X, Y] after ``step`` averaged over samples."""
    return torch.stack([states[step].probability for states in futures]).mean(0)


def classes(logits: Tensor) -> Tensor:
    """Most probable class; [B, K, Z, X, Y] -> uint8 [B, X, Y, Z]."""
    return logits.argmax(1).permute(0, 2, 3, 1).to(torch.uint8)
