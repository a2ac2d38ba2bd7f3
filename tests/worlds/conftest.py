"""A small synthetic dataroot, made once per session, and the devkit's view of it."""

from __future__ import annotations

import pytest

from tests.worlds.dataroots import SMALL, VERSION


@pytest.fixture(scope="session")
def dataroot(tmp_path_factory):
    """Two scenes of 3 s at 112x64, keyframes only, made by one process."""
    from drivewm.worlds.synth import synthesise

    root = tmp_path_factory.mktemp("synth") / "root"
    synthesise(root, SMALL, workers=1)
    return root


@pytest.fixture(scope="session")
def nusc(dataroot):
    from nuscenes import NuScenes

    return NuScenes(VERSION, str(dataroot), verbose=False)
