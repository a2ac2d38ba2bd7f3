"""Large fleets for timing, made of few recordings: each scene is built when it is asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from drivewm.eval.conform.closed_loop_scenes import scene_of
from drivewm.eval.conform.fixtures import Fixtures, Row, poses
from drivewm.logs.ego_motion import from_poses
from drivewm.logs.fleet import Fleet, SceneInfo
from drivewm.scene import PACIFICA, Scene

CASE = SceneInfo(
    id="", source="fixture", location="", split="", start_us=0, duration_s=14.9,
    native_rate_hz=10.0, keyframes=0, tracks=0, licence="", content_hash="", vehicle=PACIFICA,
    map_origin="map_expansion", has_images=0, has_lidar=0, has_occupancy=0, speed_limit_mps=None,
    policy=None, world_spec=None, notes=None, data_root="", data_root_relative=None, row_group=0,
)  # fmt: skip


@dataclass(frozen=True)
class Repeated(ABC):
    """``count`` scenes named ``NUMBER`` from the recordings of one kind, in turn."""

    folder: Path
    count: int

    def select(self, split: str | None = None, ids: Sequence[str] | None = None) -> list[SceneInfo]:
        """All of them; there are no splits."""
        known = self._infos()
        return [
            replace(known[number % len(known)], id=f"{number:05d}") for number in range(self.count)
        ]

    def scene(self, scene_id: str) -> Scene:
        """Scene ``scene_id``. Its map is an object of its own: nothing made for an earlier scene's
        map serves it, as in a fleet of that many recordings."""
        made = self._recorded(int(scene_id))
        return replace(made, id=scene_id, map=replace(made.map))

    @abstractmethod
    def _infos(self) -> Sequence[SceneInfo]:
        """What is known of the recordings before they are read."""

    @abstractmethod
    def _recorded(self, number: int) -> Scene:
        """The recording that scene ``number`` repeats."""

    def __getstate__(self) -> dict[str, object]:
        return {"folder": self.folder, "count": self.count}  # not what was read

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)


class RepeatedFixtures(Repeated):
    """Closed-loop cases of the parity fixtures (15 s); the expert's path is the recorded ego."""

    @cached_property
    def _cases(self) -> tuple[Fixtures, list[Row]]:
        fixtures = Fixtures(self.folder)
        return fixtures, fixtures.rows("nuplan_closed_loop")

    def _infos(self) -> Sequence[SceneInfo]:
        return [CASE]

    def _recorded(self, number: int) -> Scene:
        fixtures, rows = self._cases
        row = rows[number % len(rows)]
        scene = scene_of(fixtures, row)
        ego = from_poses(
            scene.times_us, poses(row, "expert"), wheelbase_m=scene.vehicle.wheelbase_m,
            record_interval_s=0.1,
        )  # fmt: skip
        return replace(scene, ego=ego)


class RepeatedFleet(Repeated):
    """Scenes of a fleet, read anew every time."""

    @cached_property
    def _fleet(self) -> Fleet:
        return Fleet.open(self.folder)

    def _infos(self) -> Sequence[SceneInfo]:
        return self._fleet.scenes

    def _recorded(self, number: int) -> Scene:
        fleet = self._fleet
        return fleet.scene(fleet.scenes[number % len(fleet)].id)
