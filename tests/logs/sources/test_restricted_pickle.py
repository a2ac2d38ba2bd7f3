import os
import pickle

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.logs.sources.restricted_pickle import load


def write(path, value, protocol=4):
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    return path


class Shell:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_scalars_and_containers_come_back(tmp_path, protocol):
    value = {
        "a": np.arange(6.0).reshape(2, 3),
        "b": np.float64(1.5),
        "c": [1, "x", None, (2.0, True)],
        "d": {"s"},
        "e": np.array(["u", "v"]),
        "f": np.array([True]),
        "g": b"bytes",
    }
    back = load(write(tmp_path / "x.pkl", value, protocol))
    np.testing.assert_array_equal(back["a"], value["a"])
    assert (back["b"], back["c"], back["d"], back["g"]) == (1.5, value["c"], {"s"}, b"bytes")


@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (os.system, ("touch {marker}",), "system"),
        (eval, ("open('{marker}', 'w')",), "builtins.eval"),
        (getattr, ("x", "upper"), "builtins.getattr"),
        (np.load, ("{marker}",), "numpy.load"),
        (np.fromfile, ("{marker}",), "fromfile"),
    ],
)
def test_pickle_that_tries_to_run_code_is_refused_and_runs_nothing(
    tmp_path, function, arguments, name
):
    marker = tmp_path / "marker"
    call = Shell(function, *(a.format(marker=marker) for a in arguments))
    path = write(tmp_path / "evil.pkl", {"metadata": call})
    with pytest.raises(InputError, match=r"evil\.pkl.*could run code") as caught:
        load(path)
    assert name.split(".")[-1] in caught.value.field
    assert not marker.exists()


@pytest.mark.parametrize("raw", [b"", b"\x80", b"not a pickle", pickle.dumps([1, 2])[:-2]])
def test_broken_pickle_is_named(tmp_path, raw):
    path = tmp_path / "cut.pkl"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=r"cut\.pkl: not a readable pickle"):
        load(path)
