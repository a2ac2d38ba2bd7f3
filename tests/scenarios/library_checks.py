"""What every family of the library must keep, on one concrete scenario of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from drivewm.config import load
from drivewm.eval.drives import Bench, Judge
from drivewm.eval.scores.registry import load_config
from drivewm.eval.scores.safety import SafetyConfig
from drivewm.eval.suites import Job
from drivewm.scenarios.build import Built
from drivewm.scenarios.family import Concrete, Family
from drivewm.scenarios.source import info_of
from drivewm.scenarios.unreacting import drive_unreacting
from drivewm.scenarios.validation import built_at_its_line, check_conflict
from drivewm.scenarios.verdict import Found, judge
from drivewm.scene import Scene
from drivewm.sim.config import SimConfig

SIMPLE = ("constant_velocity", "idm")  # named like a planner; other defects are of ``careful``
STOP_MPS2 = 2.0  # of who just stops


class _Scenes:
    """A source of the scenarios that it was shown."""

    def __init__(self) -> None:
        self.built: dict[str, Built] = {}

    def scene(self, scene_id: str) -> Scene:
        return self.built[scene_id].scene


@lru_cache(maxsize=1)
def _bench() -> tuple[_Scenes, Judge]:
    scenes = _Scenes()
    bench = Bench(
        source=scenes, sim=SimConfig(agents="reactive"), score=load_config("closed_loop"),
        safety=load(SafetyConfig, "safety/default"), rollouts=None,
    )  # fmt: skip
    return scenes, Judge(bench)


def drive(built: Built, planner: str) -> dict[str, Any]:
    """The row of table ``scenario`` of one drive."""
    scenes, judge_ = _bench()
    concrete = built.concrete
    scenes.built = {concrete.id: built}
    job = Job(
        label=planner, planner=planner, scene_id=concrete.id, recording=concrete.id,
        source="library", split=concrete.group, location=concrete.road.kind,
        scenario=info_of(concrete),
    )  # fmt: skip
    return judge_.run(job)["scenario"]


def defective(name: str) -> str:
    """The planner that an entry of ``discriminates`` means."""
    return name if name in SIMPLE else f"defect?of=careful&kind={name}"


def check(family: Family, concrete: Concrete) -> None:
    """It builds, its conflict occurs, ``careful`` passes it, standing still does not, and at least
    one of the planners that ``discriminates`` names fails it."""
    built = built_at_its_line(family, concrete)
    check_conflict(family, concrete, drive_unreacting(built))
    row = drive(built, "careful")
    assert row["passed"], f"careful fails {concrete.id} {concrete.values}: {row['reason']}"
    if not concrete.passing.unavoidable:
        stopped = Found(at_fault=False, progress_m=concrete.ego.speed_mps**2 / (2 * STOP_MPS2))
        assert not judge(concrete.passing, concrete.ego.goal_m, stopped).passed, "who stops passes"
    for name in concrete.discriminates:
        if not drive(built, defective(name))["passed"]:
            return
    told = ", ".join(concrete.discriminates)
    raise AssertionError(f"{told} pass {concrete.id} {concrete.values}")
