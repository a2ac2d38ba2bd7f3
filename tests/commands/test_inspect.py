import json
import subprocess
import sys

import pytest

from drivewm.cli import main
from tests.logs import tiny_dataroot as tiny


@pytest.fixture
def fleet(tmp_path):
    root = tiny.write(tmp_path / "dataroot")
    assert main(["ingest", "nuscenes", str(root), str(tmp_path / "fleet")]) == 0
    return tmp_path / "fleet"


def test_table_has_one_line_per_scene(fleet, capsys):
    capsys.readouterr()
    assert main(["inspect", str(fleet)]) == 0
    head, row = capsys.readouterr().out.splitlines()
    for name in (
        "scene",
        "source",
        "location",
        "split",
        "seconds",
        "keyframes",
        "tracks",
        "map",
        "images",
        "occupancy",
        "policy",
        "licence",
    ):
        assert name in head.split()
    assert row.split()[:8] == [
        tiny.SCENE,
        "nuscenes",
        tiny.LOCATION,
        "all",
        "4.0",
        "9",
        "2",
        "drivable_png",
    ]


def test_json_is_a_list_of_scenes(fleet, capsys):
    capsys.readouterr()
    assert main(["inspect", str(fleet), "--json"]) == 0
    scenes = json.loads(capsys.readouterr().out)
    assert [scene["id"] for scene in scenes] == [tiny.SCENE]
    assert scenes[0]["vehicle"]["length_m"] == 4.084
    assert scenes[0]["policy"] is None


def test_what_is_no_fleet_is_one_line_and_exit_code_2(tmp_path, capsys):
    assert main(["inspect", str(tmp_path)]) == 2
    assert "not a fleet" in capsys.readouterr().err


def test_inspect_imports_neither_torch_nor_the_devkit(fleet):
    code = (
        "import sys; from drivewm.cli import main; main(['inspect', sys.argv[1]]); "
        "print([m for m in ('torch', 'numba', 'nuscenes', 'lightning') if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(fleet)], capture_output=True, text=True, check=True
    )
    assert out.stdout.splitlines()[-1] == "[]"
