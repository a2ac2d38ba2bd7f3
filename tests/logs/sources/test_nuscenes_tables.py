"""Bad dataroots: one line that names file, field and fix, and no fleet."""

import json

import pytest

from drivewm.cli import main
from tests.logs import tiny_dataroot as tiny


def refused(dataroot, tmp_path, capsys, *options) -> str:
    """Runs the verb, expects exit code 2, nothing written, one line; returns the line."""
    before = sorted(p.name for p in tmp_path.iterdir())
    code = main(["ingest", "nuscenes", str(dataroot), str(tmp_path / "fleet"), *options])
    error = capsys.readouterr().err
    assert code == 2, error
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    lines = [line for line in error.splitlines() if line.startswith("drivewm ingest:")]
    assert len(lines) == 1
    assert "Traceback" not in error
    return lines[0]


def first_row(**change):
    def apply(rows):
        rows[0].update(change)

    return apply


@pytest.mark.parametrize(
    ("table", "change", "expected"),
    [
        ("ego_pose", first_row(translation=[float("nan"), 0.0, 0.0]), "[translation] record LIDAR"),
        ("ego_pose", first_row(rotation=[0.0, 0.0, 0.0, 0.0]), "quaternion of length 0"),
        ("sample_annotation", first_row(size=[1.9, 0.0, 1.6]), "[size] record"),
        ("sample_annotation", first_row(translation="x"), "every record needs 3 numbers"),
        ("sample", lambda rows: [*rows, rows[0]], "token sample-0 occurs twice"),
        ("instance", lambda rows: rows[1:], "refers to"),
        ("sensor", lambda rows: {"a": 1}, "must be a list of records"),
        ("sample", lambda rows: [1, 2], "record 0 is not an object"),
        ("sample", first_row(timestamp="noon"), "[timestamp] record sample-0 has no timestamp"),
        ("scene", lambda rows: rows[0].pop("log_token") and None, "[log_token]"),
        ("log", first_row(token="another"), "refers to"),
        ("ego_pose", lambda rows: rows[1:], "though another table refers to it"),
        ("sample_data", first_row(sample_token="nowhere"), "refers to it"),
        (
            "calibrated_sensor",
            lambda rows: [r.update(camera_intrinsic=[]) for r in rows] and None,
            "[camera_intrinsic] record",
        ),
        (
            "map",
            lambda rows: [{k: v for k, v in rows[0].items() if k != "log_tokens"}],
            "log_tokens",
        ),
    ],
)
def test_broken_records_are_named(dataroot, tmp_path, capsys, table, change, expected):
    tiny.edit(dataroot, table, change)
    line = refused(dataroot, tmp_path, capsys)
    assert expected in line
    if "refers to" not in expected and table != "instance":
        assert f"{table}.json" in line


def test_missing_table_is_named(dataroot, tmp_path, capsys):
    (dataroot / tiny.VERSION / "sample_annotation.json").unlink()
    assert "sample_annotation.json: table is missing; unpack" in refused(dataroot, tmp_path, capsys)


def test_truncated_json_is_named(dataroot, tmp_path, capsys):
    path = dataroot / tiny.VERSION / "sample.json"
    path.write_text(path.read_text()[:-40])
    assert "sample.json: not valid JSON" in refused(dataroot, tmp_path, capsys)


def test_wrong_version_lists_what_there_is(dataroot, tmp_path, capsys):
    line = refused(dataroot, tmp_path, capsys, "--version", "v1.0-trainval")
    assert "[--version]" in line and "it has v1.0-mini" in line


def test_two_versions_need_a_choice(dataroot, tmp_path, capsys):
    other = dataroot / "v1.0-test"
    other.mkdir()
    (other / "scene.json").write_text("[]")
    assert "choose one with --version" in refused(dataroot, tmp_path, capsys)
    fleet = tmp_path / "fleet"
    assert main(["ingest", "nuscenes", str(dataroot), str(fleet), "--version", "v1.0-mini"]) == 0


def test_folder_without_tables_is_named(tmp_path, capsys):
    (tmp_path / "dataroot").mkdir()
    assert "no v1.0-* folder" in refused(tmp_path / "dataroot", tmp_path, capsys)


def test_absent_map_picture_means_no_map(dataroot, tmp_path, capsys):
    (dataroot / "maps" / "mask.png").unlink()
    fleet = tmp_path / "fleet"
    assert main(["ingest", "nuscenes", str(dataroot), str(fleet)]) == 0
    assert main(["inspect", str(fleet), "--json"]) == 0
    scenes = json.loads(capsys.readouterr().out.split("\n", 1)[1])
    assert scenes[0]["map_origin"] == "none"


def test_absent_image_and_sweep_files_are_counted_not_fatal(dataroot, tmp_path, capsys):
    for path in (dataroot / "samples").rglob("0.*"):
        path.unlink()
    fleet = tmp_path / "fleet"
    assert main(["ingest", "nuscenes", str(dataroot), str(fleet)]) == 0
    capsys.readouterr()
    assert main(["inspect", str(fleet), "--json"]) == 0
    scene = json.loads(capsys.readouterr().out)[0]
    assert (scene["has_images"], scene["has_lidar"], scene["keyframes"]) == (0, 0, tiny.KEYFRAMES)
