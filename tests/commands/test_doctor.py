"""The doctor sees what is there, what is missing, and names the fix."""

from __future__ import annotations

import importlib.metadata as metadata
import json
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from drivewm import cli, doctor
from drivewm.commands.doctor import table
from drivewm.doctor import Check


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trusts versions: no dependency is imported in a process of its own."""
    monkeypatch.setattr(doctor, "import_failures", lambda names: {})
    probe = {"torch": 2, "numba": 1, "gpu": []}
    monkeypatch.setattr(doctor, "probe_threads", lambda: probe)


def declare(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(doctor.metadata, "requires", lambda name: list(lines))


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_this_installation_is_usable(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["doctor", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    values = {check["name"]: check for check in shown["checks"]}
    assert shown["usable"] is True
    assert values["numpy"]["value"] == metadata.version("numpy")
    assert values["python"]["value"].startswith(f"{sys.version_info[0]}.{sys.version_info[1]}.")
    assert int(values["cores"]["value"]) >= 1
    assert "kernel cache" in values
    assert "torch" in values["threads"]["value"] and "numba" in values["threads"]["value"]


def test_every_main_dependency_is_shown(quick) -> None:
    names = {check.name for check in doctor.check_dependencies()}
    assert {"torch", "nuscenes-devkit", "numba", "pyarrow", "hydra-core"} <= names
    assert "pytest" not in names  # an extra


def test_import_names_are_real(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    for name in (Requirement(line).name for line in project["dependencies"]):
        top = doctor.import_name(name).split(".")[0]
        owners = {owner.lower() for owner in metadata.packages_distributions()[top]}
        assert name.lower() in owners


def test_a_missing_dependency_is_exit_code_2(quick, monkeypatch, capsys) -> None:
    declare(monkeypatch, "numpy<2", "no-such-distribution>=1")
    assert cli.main(["doctor"]) == 2
    shown = capsys.readouterr().out
    assert "! no-such-distribution" in shown and "missing" in shown
    assert "pip install" in shown and "NOT usable" in shown


def test_a_wrong_version_is_exit_code_2(quick, monkeypatch, capsys) -> None:
    declare(monkeypatch, "numpy<1")
    assert cli.main(["doctor", "--json"]) == 2
    shown = json.loads(capsys.readouterr().out)
    (numpy,) = (check for check in shown["checks"] if check["name"] == "numpy")
    assert shown["usable"] is False
    assert numpy["status"] == "broken" and "needs <1" in numpy["value"]


def test_a_local_build_of_the_right_version_fits(monkeypatch) -> None:
    monkeypatch.setattr(doctor.metadata, "version", lambda name: "2.13.0+cpu")
    assert doctor._check_version("torch", SpecifierSet("==2.13.0")).status == "ok"


def test_names_that_differ_from_the_import_name_are_translated(monkeypatch) -> None:
    asked: list[str] = []
    result = doctor.subprocess.CompletedProcess([], 0, stdout="", stderr="")
    monkeypatch.setattr(doctor, "_python", lambda code: asked.append(code) or result)
    assert doctor.import_failures(["MarkupSafe", "Pillow", "hydra-core", "torch"]) == {}
    assert asked == ["import markupsafe, PIL, hydra, torch"]


def test_a_dependency_that_does_not_import_is_broken(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "brokenpkg.py").write_text("raise ValueError('numpy.dtype size changed')")
    (tmp_path / "crashingpkg.py").write_text("import os\nos._exit(7)")
    (tmp_path / "soundpkg.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    failures = doctor.import_failures(["soundpkg", "brokenpkg", "crashingpkg"])
    assert failures == {
        "brokenpkg": "ValueError: numpy.dtype size changed",
        "crashingpkg": "exit code 7",
    }
    check = Check(group="dependencies", name="brokenpkg", value="1.0")
    broken = doctor._with_failure(check, failures["brokenpkg"])
    assert broken.status == "broken" and "dtype size" in broken.value and broken.fix


def test_a_source_tree_that_is_not_installed(monkeypatch, capsys) -> None:
    def requires(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.metadata, "requires", requires)
    assert cli.main(["doctor"]) == 2
    assert "not installed" in capsys.readouterr().out


@pytest.mark.parametrize(("version", "status"), [((3, 10), "broken"), ((3, 12), "ok")])
def test_python_version(monkeypatch, version, status) -> None:
    monkeypatch.setattr(doctor.sys, "version_info", (*version, 4))
    assert by_name(doctor.check_python())["python"].status == status


def test_data_folders(monkeypatch, tmp_path: Path) -> None:
    def check() -> Check:
        return doctor.check_folder("DRIVEWM_REAL_DATA", doctor.describe_real_data)

    monkeypatch.delenv("DRIVEWM_REAL_DATA", raising=False)
    assert (check().value, check().status) == ("not set", "absent")
    monkeypatch.setenv("DRIVEWM_REAL_DATA", str(tmp_path / "gone"))
    assert "no such folder" in check().value and check().fix
    monkeypatch.setenv("DRIVEWM_REAL_DATA", str(tmp_path))
    assert "nothing known" in check().value and check().fix
    log = tmp_path / "av2" / "log"
    log.mkdir(parents=True)
    (log / "city_SE3_egovehicle.feather").touch()
    assert check().status == "ok" and "1 Argoverse 2 log" in check().value


def test_real_data_is_recognised(real_data: Path) -> None:
    found = doctor.describe_real_data(real_data)
    assert found[:3] == ["1 nuScenes dataroot", "5 ScenarioNet scenes", "2 Argoverse 2 logs"]


def test_fixtures_are_recognised(fixtures_dir: Path) -> None:
    assert any(name.startswith("dev (") for name in doctor.describe_fixtures(fixtures_dir))


def test_an_absent_tool_is_optional() -> None:
    check = doctor.check_tool("chromium", ("no-such-browser",), "only the page tests")
    assert check.status == "absent"
    assert doctor.is_usable([check])


def test_table_marks_states_and_indents_fixes() -> None:
    checks = [
        Check(group="data", name="here", value="yes"),
        Check(group="data", name="optional", value="no", status="absent", fix="set it"),
        Check(group="tools", name="bad", value="old", status="broken", fix="install"),
    ]
    assert table(checks).splitlines() == [
        "data",
        "   here      yes",
        " - optional  no",
        "             -> set it",
        "tools",
        " ! bad       old",
        "             -> install",
    ]


def test_the_kernel_cache_is_where_the_environment_says(monkeypatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/var/kernels")
    assert by_name(doctor.check_machine(None))["kernel cache"].value.startswith("/var/kernels")
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setattr(doctor.os, "access", lambda folder, how: False)
    assert "user" in by_name(doctor.check_machine(None))["kernel cache"].value
