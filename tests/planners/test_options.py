"""Options out of range are refused before the first drive, by name."""

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.planners.options import check_numbers
from drivewm.planners.registry import create


@pytest.mark.parametrize(
    "text",
    [
        "constant_velocity?horizon_s=-1", "constant_velocity?horizon_s=0",
        "constant_velocity?horizon_s=nan", "constant_velocity?horizon_s=abc",
        "nuplan_idm?samples=-1", "nuplan_idm?samples=1.5", "nuplan_idm?accel_mps2=0",
        "nuplan_idm?target_mps=x", "nuplan_simple?sampling_s=0", "nuplan_simple?max_mps=abc",
        "nuplan_simple?horizon_s=True",
    ],
)  # fmt: skip
def test_an_option_out_of_range_is_named(text):
    with pytest.raises(InputError) as raised:
        create(text)
    assert raised.value.field == text.partition("=")[0]


def test_numbers_above_the_bound_pass():
    check_numbers("any", {"a": 1, "b": 0.5, "c": np.float64(2.0), "n": np.int64(3)}, whole=("n",))
    with pytest.raises(InputError, match="whole number above 0"):
        check_numbers("any", {"n": 2.5}, whole=("n",))
    with pytest.raises(InputError, match="above 2"):
        check_numbers("any", {"a": 2.0}, least=2.0)
