"""Pytest: one test for every scenario of a suite.

``pytest --drivewm-suite smoke --drivewm-planner pkg:Planner`` drives the planner through the suite
beside the tests that are there. Without ``--drivewm-suite`` the plugin does nothing and imports
nothing but pytest.
"""

from __future__ import annotations

import shlex
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from drivewm.scenarios.source import ScenarioInfo, SuiteSource

FOLDER = "runs/replay"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options."""
    group = parser.getgroup("drivewm", "drivewm: scenarios as tests")
    group.addoption(
        "--drivewm-suite", metavar="SUITE",
        help="drive this suite: a name (smoke, nightly, ncap, alks), a suite file or a family",
    )  # fmt: skip
    group.addoption(
        "--drivewm-planner", metavar="PLANNER",
        help="name, module:Class or file.py:Class, with ?key=value&key=value options",
    )  # fmt: skip
    group.addoption(
        "--drivewm-seed", metavar="N", type=int, default=0, help="seed of the drives (%(default)s)"
    )
    group.addoption(
        "--drivewm-out", metavar="FOLDER",
        help="keep each drive's results below this folder (default: pytest's temporary one)",
    )  # fmt: skip


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Adds the suite to what the session holds."""
    report = yield
    if isinstance(collector, pytest.Session) and report.passed:
        suite = collector.config.getoption("--drivewm-suite")
        planner = collector.config.getoption("--drivewm-planner")
        if (suite is None) != (planner is None):
            raise pytest.UsageError("--drivewm-suite and --drivewm-planner need each other")
        if suite is not None:
            report.result = [*report.result, _Suite.of(collector, _opened(suite, planner))]
    return report


def _opened(suite: str, planner: str) -> SuiteSource:
    """The suite; what is wrong with it or the planner is told in one line."""
    from drivewm.errors import InputError
    from drivewm.planners.registry import create
    from drivewm.scenarios.source import SuiteSource

    try:
        create(planner)
        return SuiteSource.open(suite)
    except InputError as error:
        raise pytest.UsageError(f"drivewm: {error}") from error


class _Suite(pytest.Collector):
    """The scenarios of a suite."""

    source: SuiteSource

    @classmethod
    def of(cls, session: pytest.Session, source: SuiteSource) -> _Suite:
        node = cls.from_parent(session, name=source.name, nodeid=f"drivewm-{source.name}")
        node.source = source
        return node

    def collect(self) -> list[pytest.Item]:
        return [_Scenario.of(self, self.source, info) for info in self.source.scenes]


class NotPassed(Exception):
    """The scenario's verdict."""


class _Scenario(pytest.Item):
    """One drive."""

    source: SuiteSource
    info: ScenarioInfo

    @classmethod
    def of(cls, parent: _Suite, source: SuiteSource, info: ScenarioInfo) -> _Scenario:
        item = cls.from_parent(parent, name=info.id)
        item.source, item.info = source, info
        item.add_marker("drivewm")
        return item

    def runtest(self) -> None:
        """Drives and judges.

        Raises:
            NotPassed: with the verdict's reason and the command that drives it again.
        """
        row = self._driven(self._folder())
        if not row["passed"]:
            reason = row["reason"] or "not passed"
            never = f"\ntriggers that never fired: {row['never_fired']}" * bool(row["never_fired"])
            raise NotPassed(f"{self.info.id}: {reason}{never}\nreplay: {self.replay()}")

    def _folder(self) -> Path:
        name = self.info.id.replace("/", "-")
        given = self.config.getoption("--drivewm-out")
        if given is not None:
            return Path(given) / name
        return self.config._tmp_path_factory.mktemp(name)  # type: ignore[attr-defined]

    def _driven(self, folder: Path) -> dict[str, Any]:
        from drivewm.config import load
        from drivewm.eval.results import read_table
        from drivewm.eval.scores.registry import load_config
        from drivewm.eval.scores.safety import SafetyConfig
        from drivewm.eval.scoring import ScoringRun, score_planners
        from drivewm.sim.config import SimConfig

        seed = self.config.getoption("--drivewm-seed")
        run = ScoringRun(
            planners=[self._planner], fleet=self._suite, suite=True, out=folder, split=None,
            scene_ids=[self.info.id], sim=SimConfig(agents="reactive", seed=seed), workers=1,
            score=load_config("closed_loop", []), safety=load(SafetyConfig, "safety/default"),
            overwrite=True, command=self.replay(),
        )  # fmt: skip
        score_planners(run, self.source)
        return read_table(folder, "scenario").to_pylist()[0]

    @property
    def _planner(self) -> str:
        return str(self.config.getoption("--drivewm-planner"))

    @property
    def _suite(self) -> str:
        return str(self.config.getoption("--drivewm-suite"))

    def replay(self) -> str:
        """The one command that drives it again, with pictures to look at."""
        seed = self.config.getoption("--drivewm-seed")
        return shlex.join([
            "drivewm", "score", self._planner, "--suite", self._suite, "--scenes", self.info.id,
            *(["--seed", str(seed)] if seed else []), "-o", FOLDER, "--overwrite",
        ])  # fmt: skip

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The verdict alone; of anything else the trace."""
        if isinstance(excinfo.value, NotPassed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path | str, int | None, str]:
        """The scenario's place in its YAML file."""
        return self.info.file or self.source.file, max(self.info.line - 1, 0), self.info.id


def pytest_configure(config: pytest.Config) -> None:
    """Names the marker."""
    config.addinivalue_line("markers", "drivewm: a scenario of --drivewm-suite")
