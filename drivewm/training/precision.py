"""Which numbers a run multiplies: bfloat16 where the processor does so in hardware."""

from __future__ import annotations

from typing import Literal

import torch

Precision = Literal["32", "bf16"]


def precision_of(configured: Literal["auto", "32", "bf16"]) -> Precision:
    """The precision of a run; ``auto`` is bf16 where tiles (AMX) or a GPU multiply it, else 32.

    A processor that only emulates bfloat16 is slower with it than without.
    """
    if configured != "auto":
        return configured
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "32"
    return "bf16" if torch.cpu.get_capabilities().get("amx_bf16") else "32"
