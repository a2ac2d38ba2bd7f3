"""Kinds of cases and the module that checks each: ``check(fixtures, tally)``."""

from __future__ import annotations

KINDS: dict[str, str] = {
    "lqr_navsim": "drivewm.eval.conform.lqr_navsim",
}
