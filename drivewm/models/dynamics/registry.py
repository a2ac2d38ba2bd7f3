"""The backbones by name."""

from __future__ import annotations

from drivewm.config import Config
from drivewm.models.dynamics.base import AblationConfig, Dynamics
from drivewm.models.dynamics.flow import FlowTransformer
from drivewm.models.dynamics.gru import ConvGRU
from drivewm.models.dynamics.rssm import RSSM
from drivewm.models.dynamics.transformer import TokenTransformer
from drivewm.models.grid import GridConfig

BACKBONES = {
    "gru": ConvGRU, "rssm": RSSM, "transformer": TokenTransformer, "flow": FlowTransformer,
}  # fmt: skip


def build_dynamics(
    name: str, config: Config, grid: GridConfig, embed: int, ablation: AblationConfig
) -> Dynamics:
    """The backbone ``name`` with its own configuration, for features of ``embed`` channels."""
    return BACKBONES[name](config, grid, embed, ablation)
