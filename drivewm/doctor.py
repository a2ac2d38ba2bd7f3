"""What this installation has, what it lacks, and how to mend it; nothing heavy is imported here."""

from __future__ import annotations

import importlib.metadata as metadata
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import drivewm

Status = Literal["ok", "absent", "broken"]

# distribution -> import name, for those whose import name is another
IMPORT_NAMES = {
    "nuscenes-devkit": "nuscenes.nuscenes",
    "hydra-core": "hydra",
    "pillow": "PIL",
    "pyyaml": "yaml",
    "opencv-python-headless": "cv2",
}
INSTALL = "run `make install`, or `pip install -c constraints.txt -e .`"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PROBE_TIMEOUT_S = 180

# Runs in a process of its own: a broken binary package may raise anything, or crash.
PROBE = """
import json, numba, torch
gpu = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
threads = {"torch": torch.get_num_threads(), "numba": numba.get_num_threads()}
print(json.dumps({**threads, "gpu": gpu}))
"""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing looked at. ``absent`` is optional and missing; ``broken`` stops drivewm."""

    group: str
    name: str
    value: str
    status: Status = "ok"
    fix: str | None = None


def examine() -> list[Check]:
    """Every check, in the order they are shown. Takes about 10 s: it imports each dependency."""
    dependencies = check_dependencies()
    usable = all(check.status == "ok" for check in dependencies)
    return [
        *check_python(),
        *dependencies,
        *check_machine(probe_threads() if usable else None),
        check_folder("DRIVEWM_REAL_DATA", describe_real_data),
        check_folder("DRIVEWM_FIXTURES", describe_fixtures),
        check_tool("chromium", BROWSERS, "only the tests of the report page: install chromium"),
        check_tool("gcc", ("gcc", "cc"), "only the benchmarks' plain-C bound: install gcc"),
    ]


def is_usable(checks: list[Check]) -> bool:
    """True when nothing that drivewm needs is missing or of a wrong version."""
    return all(check.status != "broken" for check in checks)


def check_python() -> list[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info[:2] < (3, 13)
    status: Status = "ok" if fits else "broken"
    fix = None if fits else "use Python 3.11 or 3.12"
    return [
        Check(group="drivewm", name="drivewm", value=f"{drivewm.__version__} ({_home()})"),
        Check(group="drivewm", name="python", value=version, status=status, fix=fix),
    ]


def _home() -> str:
    return str(Path(drivewm.__file__).resolve().parent)


def check_dependencies() -> list[Check]:
    """The dependencies that the installed package declares: version in range, and importable."""
    try:
        declared = metadata.requires("drivewm") or []
        from packaging.requirements import Requirement
    except (metadata.PackageNotFoundError, ModuleNotFoundError) as error:
        value = f"not installed ({error})"
        return [
            Check(group="dependencies", name="drivewm", value=value, status="broken", fix=INSTALL)
        ]
    requirements = [Requirement(line) for line in declared]
    main = [item for item in requirements if item.marker is None or item.marker.evaluate()]
    checks = [_check_version(item.name, item.specifier) for item in main]
    present = [check.name for check in checks if check.status == "ok"]
    failures = import_failures(present)
    return [_with_failure(check, failures.get(check.name)) for check in checks]


def _check_version(name: str, specifier) -> Check:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Check(group="dependencies", name=name, value="missing", status="broken", fix=INSTALL)
    if not specifier.contains(version, prereleases=True):
        value = f"{version}, needs {specifier}"
        return Check(group="dependencies", name=name, value=value, status="broken", fix=INSTALL)
    return Check(group="dependencies", name=name, value=version)


def _with_failure(check: Check, failure: str | None) -> Check:
    if failure is None:
        return check
    value = f"{check.value}, but it cannot be imported: {failure}"
    return Check(group=check.group, name=check.name, value=value, status="broken", fix=INSTALL)


def import_failures(distributions: list[str]) -> dict[str, str]:
    """Distribution -> last line of what its import said, for those that fail to import.

    All are tried in one process first; only when that fails is each tried alone.
    """
    modules = {name: import_name(name) for name in distributions}
    if not modules or _python(f"import {', '.join(modules.values())}").returncode == 0:
        return {}
    failures = {}
    for name, module in modules.items():
        result = _python(f"import {module}")
        if result.returncode != 0:
            lines = result.stderr.strip().splitlines()
            failures[name] = lines[-1] if lines else f"exit code {result.returncode}"
    return failures


def import_name(distribution: str) -> str:
    """The module that shows whether a distribution works."""
    name = distribution.lower()
    return IMPORT_NAMES.get(name, name.replace("-", "_"))


def _python(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-c", code]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        message = f"no answer in {PROBE_TIMEOUT_S} s"
        return subprocess.CompletedProcess(command, 1, stdout="", stderr=message)


def probe_threads() -> dict | None:
    """Thread counts of torch and Numba and the names of the GPUs; None when the probe fails."""
    result = _python(PROBE)
    return json.loads(result.stdout.splitlines()[-1]) if result.returncode == 0 else None


def check_machine(probe: dict | None) -> list[Check]:
    """Cores, threads, memory, free disk and GPU."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    free_gib = shutil.disk_usage(Path.cwd()).free / 2**30
    checks = [
        Check(group="machine", name="cores", value=str(cores)),
        Check(group="machine", name="memory", value=_memory()),
        Check(group="machine", name="free disk", value=f"{free_gib:.0f} GiB in this folder"),
        Check(group="machine", name="kernel cache", value=_kernel_cache()),
    ]
    if probe is None:
        return checks
    threads = f"torch {probe['torch']}, numba {probe['numba']}"
    gpus = ", ".join(probe["gpu"])
    fix = "not needed by the demo: a GPU and a CUDA build of torch make training faster"
    return [
        *checks,
        Check(group="machine", name="threads", value=threads),
        Check(group="machine", name="gpu", value=gpus)
        if gpus
        else Check(group="machine", name="gpu", value="none", status="absent", fix=fix),
    ]


def _kernel_cache() -> str:
    """Where compiled kernels are kept, in the order in which the cache looks."""
    chosen, home = os.environ.get("NUMBA_CACHE_DIR"), Path(_home())
    if chosen:
        return f"{chosen} (NUMBA_CACHE_DIR)"
    return "__pycache__ beside the source" if os.access(home, os.W_OK) else "the user's, of numba"


def _memory() -> str:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return "unknown"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GiB"


def check_folder(variable: str, describe) -> Check:
    """A folder named by an environment variable; only tests and benchmarks read it."""
    value = os.environ.get(variable)
    if not value:
        fix = f"only tests and benchmarks need it: set {variable} to the folder"
        return Check(group="data", name=variable, value="not set", status="absent", fix=fix)
    folder = Path(value)
    if not folder.is_dir():
        fix = f"set {variable} to an existing folder, or unset it"
        return Check(
            group="data", name=variable, value=f"{value}: no such folder", status="absent", fix=fix
        )
    found = describe(folder)
    if not found:
        fix = f"set {variable} to the folder that holds the data"
        return Check(
            group="data", name=variable, value=f"{value}: nothing known", status="absent", fix=fix
        )
    return Check(group="data", name=variable, value=f"{value}: {', '.join(found)}")


def describe_real_data(folder: Path) -> list[str]:
    """What a folder of recorded data holds, by the files that mark each source."""
    counts = {
        "nuScenes dataroot": len(list(folder.glob("*/v1.0-*/scene.json"))),
        "ScenarioNet scene": len(list(folder.glob("*/sd_*.pkl"))),
        "Argoverse 2 log": len(list(folder.glob("*/*/city_SE3_egovehicle.feather"))),
        "Occ3D label": len(list(folder.glob("occ3d/*.npz"))),
        "OpenSCENARIO file": len(list(folder.glob("openscenario/**/*.xosc"))),
    }
    return [f"{n} {name}{'s' if n > 1 else ''}" for name, n in counts.items() if n]


def describe_fixtures(folder: Path) -> list[str]:
    """The groups of reference values in a fixtures folder, with their number of files."""
    groups = sorted(path for path in folder.iterdir() if path.is_dir())
    counts = {path.name: sum(item.is_file() for item in path.iterdir()) for path in groups}
    return [f"{name} ({n} files)" for name, n in counts.items() if n]


def check_tool(name: str, commands: tuple[str, ...], use: str) -> Check:
    """An external program that only tests or benchmarks use."""
    found = next(filter(None, map(shutil.which, commands)), None)
    if found is None:
        return Check(group="tools", name=name, value="not found", status="absent", fix=use)
    return Check(group="tools", name=name, value=found)
