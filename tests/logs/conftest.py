"""Hand-made dataroots and the fleets made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivewm.logs.fleet import Fleet
from drivewm.logs.ingest import ingest
from tests.logs import tiny_dataroot


@pytest.fixture
def dataroot(tmp_path: Path) -> Path:
    return tiny_dataroot.write(tmp_path / "dataroot")


@pytest.fixture(scope="session")
def tiny_fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """The tiny dataroot as a fleet; do not write to it."""
    folder = tmp_path_factory.mktemp("tiny")
    root = tiny_dataroot.write(folder / "dataroot")
    return Fleet.open(ingest("nuscenes", root, folder / "fleet"))


@pytest.fixture(scope="session")
def real_fleets(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Fleet]:
    """Every recorded source, ingested once per test run."""
    folder = tmp_path_factory.mktemp("real")
    sources = {"nuscenes": "nuscenes-mini", "scenarionet": "scenarionet-nuscenes", "av2": "av2"}
    return {
        source: Fleet.open(ingest(source, real_data / name, folder / source))
        for source, name in sources.items()
    }
