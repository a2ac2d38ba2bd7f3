"""A model as one file that runs without this library: what actions cause, from kept features.

Shapes: B batch, T observed frames, H imagined steps, K classes, X, Y, Z cells.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from drivewm.errors import InputError
from drivewm.models.dynamics.base import ACTION_COLUMNS, make_action
from drivewm.models.grid import STEP_S
from drivewm.models.heads.scalars import travelled_reward
from drivewm.models.world_model import WorldModel
from drivewm.storage import atomic_file

Format = Literal["torch", "onnx"]
TOLERANCE = 1e-4  # largest difference of probabilities that counts as equal
OUTPUTS = ("probability", "flow", "reward", "cont")


class Imagination(nn.Module):
    """Observes T frames, imagines H steps; tensors in, tensors out."""

    def __init__(self, model: WorldModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, features: Tensor, past: Tensor, future: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """
        Args:
            features: [B, T, C, X/2, Y/2] of the encoder, oldest first.
            past: [B, T - 1, 6] actions between the observed frames.
            future: [B, H, 6] actions to imagine.

        Returns:
            occupancy probabilities [B, H, K, Z, X, Y]; flow [B, H, 2, X, Y] m/s; reward [B, H];
            chance that the drive goes on [B, H].
        """
        model = self.model
        latent = model.initial(features.shape[0])
        for t in range(features.shape[1]):
            action = past[:, t - 1] if t else torch.zeros_like(future[:, 0])
            latent, _ = model.observe(latent, action, features[:, t])
        now = model.start(latent, features[:, -1])
        out: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        for t in range(future.shape[1]):
            now = model.imagine(now, future[:, t])
            assert now.reward is not None and now.cont is not None
            reward = model.scalars.two_hot.mean(now.reward) + travelled_reward(future[:, t])
            out.append((now.probability, now.flow, reward, now.cont.sigmoid()))
        first, second, third, fourth = (torch.stack(each, 1) for each in zip(*out))
        return first, second, third, fourth


@dataclass(frozen=True, kw_only=True)
class Check:
    """How far the exported file is from the model, largest difference of each output."""

    differences: dict[str, float]
    batch: int

    @property
    def passed(self) -> bool:
        return all(value <= TOLERANCE for value in self.differences.values())


def example(model: WorldModel, batch: int = 1, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs of the right shapes: features as seen, gentle random driving."""
    config, generator = model.config, torch.Generator().manual_seed(seed)
    nx, ny, nz = config.grid.shape
    if config.encoder == "privileged":
        labels = torch.randint(
            0, 18, (batch * config.observed_steps, nx, ny, nz), generator=generator
        )
        with torch.no_grad():
            features = model.encode(labels).unflatten(0, (batch, -1))
    else:
        shape = (batch, config.observed_steps, config.channels, nx // 2, ny // 2)
        features = torch.randn(shape, generator=generator)

    def driving(steps: int) -> Tensor:
        motion = torch.randn(batch, steps, 3, generator=generator) * torch.tensor([1.0, 0.1, 0.05])
        motion[..., 0] += 3.0
        return make_action(motion, torch.full((batch, steps), STEP_S))

    past = driving(config.observed_steps - 1)
    assert past.shape[-1] == ACTION_COLUMNS
    return features, past, driving(config.imagined_steps)


def export(model: WorldModel, file: str | Path, kind: Format = "torch") -> Check:
    """Writes the model's imagination to ``file`` and compares it with the model on fresh inputs.

    Raises:
        InputError: the format needs a package that is absent, or the model cannot be exported.
    """
    file = Path(file)
    if kind == "onnx":
        _need("onnx", "onnxscript", "onnxruntime")
    module = Imagination(model).eval()
    fresh = example(model, seed=1)
    with torch.no_grad():
        wanted = module(*fresh)
        if kind == "torch":
            found = _torch(module, example(model), file, fresh)
        else:
            found = _onnx(module, example(model), file, fresh)
    gaps = [float((a - b).abs().max()) for a, b in zip(found, wanted)]
    return Check(differences=dict(zip(OUTPUTS, gaps)), batch=len(fresh[0]))


def _torch(module: nn.Module, inputs: tuple, file: Path, fresh: tuple) -> tuple[Tensor, ...]:
    program = torch.export.export(module, inputs, strict=False)
    with atomic_file(file) as partial:
        whole = partial.with_suffix(".pt2")  # the only ending that torch writes
        torch.export.save(program, whole)
        whole.replace(partial)
    return torch.export.load(file).module()(*fresh)


def _onnx(module: nn.Module, inputs: tuple, file: Path, fresh: tuple) -> tuple[Tensor, ...]:
    runtime = importlib.import_module("onnxruntime")  # no dependency: `_need` has looked for it
    program = torch.onnx.export(
        module, inputs, dynamo=True, input_names=["features", "past", "future"],
        output_names=list(OUTPUTS),
    )  # fmt: skip
    assert program is not None
    with atomic_file(file) as partial:
        program.save(str(partial), external_data=False)
    session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    found = session.run(None, {n: v.numpy() for n, v in zip(names, fresh)})
    return tuple(torch.from_numpy(value) for value in found)


def _need(*packages: str) -> None:
    absent = [name for name in packages if importlib.util.find_spec(name) is None]
    if absent:
        raise InputError(f"ONNX needs {', '.join(absent)}", field="--format",
                         fix=f"pip install {' '.join(absent)}, or use --format torch")  # fmt: skip
