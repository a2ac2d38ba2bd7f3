"""Kinds of cases and the module that checks each: ``check(fixtures, tally)``."""

from __future__ import annotations

KINDS: dict[str, str] = {
    "nuplan_cls": "drivewm.eval.conform.nuplan_cls",
    "navsim_v2": "drivewm.eval.conform.navsim_v2",
    "navsim_v1": "drivewm.eval.conform.navsim_v1",
    "lqr_navsim": "drivewm.eval.conform.lqr_navsim",
    "lqr_nuplan": "drivewm.eval.conform.lqr_nuplan",
    "comfort": "drivewm.eval.conform.comfort",
    "comfort_navsim": "drivewm.eval.conform.comfort_navsim",
    "boxes": "drivewm.eval.conform.boxes",
    "idm_steps": "drivewm.eval.conform.idm_steps",
    "nuplan_closed_loop": "drivewm.eval.conform.nuplan_closed_loop",
    "navsim_two_stage": "drivewm.eval.conform.navsim_two_stage",
}
