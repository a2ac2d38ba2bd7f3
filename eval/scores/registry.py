"""Scores by name; each has its settings in ``conf/score/<name>.yaml``."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from drivewm.config import load
from drivewm.errors import InputError
from drivewm.eval.scores.base import Score, ScoreConfig

SCORES = {
    "closed_loop": "drivewm.eval.scores.closed_loop:ClosedLoop",
    "nuplan_cls": "drivewm.eval.scores.nuplan_cls:NuplanCls",
}


def load_config(name: str, overrides: Sequence[str] = ()) -> ScoreConfig:
    """The settings of a score.

    Raises:
        InputError: no score of that name, or a bad override.
    """
    if name not in SCORES:
        raise InputError(f"unknown score '{name}'", field="score", fix=f"use {', '.join(SCORES)}")
    return load(ScoreConfig, f"score/{name}", overrides)


def build(config: ScoreConfig) -> Score:
    """The score that ``config`` names."""
    module, _, cls = SCORES[config.name].partition(":")
    return getattr(importlib.import_module(module), cls)(config)
