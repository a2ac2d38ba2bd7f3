"""Kinds of cases and the module that checks each: ``check(fixtures, tally)``."""

from __future__ import annotations

KINDS: dict[str, str] = {
    "navsim_v2": "drivewm.eval.conform.navsim_v2",
    "navsim_v1": "drivewm.eval.conform.navsim_v1",
    "lqr_navsim": "drivewm.eval.conform.lqr_navsim",
    "comfort_navsim": "drivewm.eval.conform.comfort_navsim",
    "navsim_two_stage": "drivewm.eval.conform.navsim_two_stage",
}
