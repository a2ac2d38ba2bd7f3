"""Options of built-in planners: numbers, checked before the first drive."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

from drivewm.errors import InputError


def check_numbers(
    planner: str, options: Mapping[str, Any], *, whole: tuple[str, ...] = (), least: float = 0.0
) -> None:
    """Refuses what is no finite number above ``least``.

    Args:
        planner: its name, for the message.
        options: name -> value as the user gave it.
        whole: options that must be whole numbers.
        least: bound that every value must exceed.

    Raises:
        InputError: an option is not; it is named.
    """
    for name, value in options.items():
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not number or not least < value < math.inf or (name in whole and value != int(value)):
            kind = "whole number" if name in whole else "number"
            raise InputError(f"{value!r} is not a {kind} above {least:g}",
                             field=f"{planner}?{name}", fix="mend the option")  # fmt: skip
