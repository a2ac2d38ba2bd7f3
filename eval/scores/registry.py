"""Scores by name; each has its settings in ``conf/score/<name>.yaml``."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from drivewm.config import load
from drivewm.errors import InputError
from drivewm.eval.scores.base import Score, ScoreConfig
from drivewm.eval.scores.navsim_config import NavsimConfig

SCORES = {
    "closed_loop": "drivewm.eval.scores.closed_loop:ClosedLoop",
    "navsim_epdms": "drivewm.eval.scores.navsim_fleet:NavsimFleet",
    "navsim_epdms_stage1": "drivewm.eval.scores.navsim_fleet:NavsimFleet",
    "navsim_pdms": "drivewm.eval.scores.navsim_fleet:NavsimFleet",
    "nuplan_cls": "drivewm.eval.scores.nuplan_cls:NuplanCls",
}


def load_config(name: str, overrides: Sequence[str] = ()) -> ScoreConfig:
    """The settings of a score.

    Raises:
        InputError: no score of that name, or a bad override.
    """
    if name not in SCORES:
        raise InputError(f"unknown score '{name}'", field="score", fix=f"use {', '.join(SCORES)}")
    kind = NavsimConfig if name.startswith("navsim_") else ScoreConfig
    return load(kind, f"score/{name}", overrides)


def build(config: ScoreConfig) -> Score:
    """The score that ``config`` names."""
    module, _, cls = SCORES[config.name].partition(":")
    return getattr(importlib.import_module(module), cls)(config)
