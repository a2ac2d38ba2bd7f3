"""One thread per test process, and the folders of recorded data and reference values."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Before numba or torch is imported: two pytest workers share two cores, and sums stay in one order.
for _name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# A busy machine is no failure, nor is a first compilation; CI draws the same examples each time.
settings.register_profile("drivewm", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("drivewm")

REPOSITORY = Path(__file__).resolve().parents[1]


def _folder(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        pytest.skip(f"{variable} is not set")
    if not Path(value).is_dir():
        pytest.fail(f"{variable} names {value}, which is not a folder")
    return Path(value)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of recorded logs (read-only)."""
    return _folder("DRIVEWM_REAL_DATA")


@pytest.fixture(scope="session")
def fixtures_dir() -> Path:
    """The folder of values computed by the reference implementations (read-only)."""
    return _folder("DRIVEWM_FIXTURES")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def small_fleet(tmp_path_factory):
    """Four synthetic scenes of 4 s with 112x64 pictures: three to train on, one held out."""
    from drivewm.logs.fleet import Fleet
    from drivewm.logs.ingest import ingest
    from drivewm.worlds.synth import SynthConfig, synthesise

    root = tmp_path_factory.mktemp("small")
    config = SynthConfig(scenes=4, seed=3, image_size=(112, 64), duration_s=4.0)
    synthesise(root / "dataroot", config, workers=1)
    ingest("nuscenes", root / "dataroot", root / "fleet")
    return Fleet.open(root / "fleet")


@pytest.fixture(scope="session")
def smoke_run(small_fleet, tmp_path_factory):
    """A world model trained for a few steps on the small fleet."""
    from drivewm.config import load
    from drivewm.training.config import TrainConfig
    from drivewm.training.train import train

    return train(
        [small_fleet], tmp_path_factory.mktemp("run") / "run", load(TrainConfig, "train/smoke")
    )
