"""One simulated scene as files and table rows. Shapes: N actors, A annotated, P lidar points."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from drivewm.geometry import se3
from drivewm.worlds import can_bus, occ3d, playback, sidecar
from drivewm.worlds.annotations import Annotator, annotated, ever_moving
from drivewm.worlds.box_points import count_inside, settle
from drivewm.worlds.label_writer import LabelWriter
from drivewm.worlds.playback import Instant
from drivewm.worlds.recordings import LIDAR, Recorder, calibration_rows, jpeg, log_name
from drivewm.worlds.render.rig import CAMERAS, EGO_FROM_LIDAR, map_from_ego
from drivewm.worlds.render.shapes import Wardrobe
from drivewm.worlds.tables import token, write_fragment
from drivewm.worlds.visible_share import PartsByOwner, level, visible_shares
from drivewm.worlds.world import World

if TYPE_CHECKING:
    from drivewm.logs.label_formats import LabelFormat
    from drivewm.worlds.plan import PlannedScene
    from drivewm.worlds.render.camera import Picture
    from drivewm.worlds.simulate import WorldLog
    from drivewm.worlds.studio import Studio

SWEEPS_PER_KEYFRAME = {"camera": 6, "lidar": 10}  # 12 Hz and 20 Hz beside 2 Hz keyframes
FILES, ROWS, OCCUPANCY = "files", "rows", "occupancy.json"  # what a scene's folder holds


class SceneWriter:
    """Writes one scene into ``folder``: ``files/`` (laid out as in the dataroot) and ``rows/``."""

    def __init__(
        self,
        folder: Path,
        planned: PlannedScene,
        world: World,
        log: WorldLog,
        studio: Studio,
        size: tuple[int, int],  # width, height
        labels: LabelFormat = "occ3d",
    ) -> None:
        self.folder, self.root, self.planned = folder, folder / FILES, planned
        self.world, self.log, self.studio, self.size = world, log, studio, size
        self.token = token("scene", planned.name, planned.spec.model_dump_json())
        self.calibration = calibration_rows(self.token, *size)
        self.log_name = log_name(
            planned.spec.location, int(log.times_us[0]), int(planned.name[-4:])
        )
        self.recorder = Recorder(
            root=self.root,
            scene_token=self.token,
            log=self.log_name,
            width=size[0],
            height=size[1],
            calibration=self.calibration,
        )
        self.annotator = Annotator(scene_token=self.token, moves=ever_moving(log.state, log.valid))
        self.wardrobe = Wardrobe()
        self.labels = LabelWriter(self.root, planned.name, labels, world)

    def write(self, sweeps: bool) -> None:
        """Writes everything; with ``sweeps`` also what lies between the keyframes."""
        times = playback.keyframe_times(self.log)
        samples = self._samples(times)
        for k, sample in enumerate(samples):
            if sweeps and k:
                self._between(int(times[k - 1]), int(times[k]), sample["token"])
            self._keyframe(playback.at(self.log, int(times[k])), sample["token"])
        self._rest(samples)

    def _samples(self, times_us: np.ndarray) -> list[dict]:
        names = [token("sample", self.token, k) for k in range(len(times_us))]
        return [
            {
                "token": names[k],
                "timestamp": int(times_us[k]),
                "prev": names[k - 1] if k else "",
                "next": names[k + 1] if k + 1 < len(names) else "",
                "scene_token": self.token,
            }
            for k in range(len(names))
        ]

    def _record(self, channel: str, sample: str, now: Instant, content: bytes, key: bool) -> None:
        self.recorder.add(channel, sample, now.time_us, now.ego_pose, key, content)

    def _keyframe(self, now: Instant, sample: str) -> None:
        chosen = annotated(now.actors, now.ego_pose)
        pictures = self.studio.pictures(now.ego_pose, now.actors, now.light_status)
        for channel, picture in pictures.items():
            self._record(channel, sample, now, jpeg(picture.rgb), True)
        points, counts = self._settled(now, chosen)
        self._record(LIDAR, sample, now, points.tobytes(), True)
        shares = self._shares(now, pictures)[chosen]
        self.annotator.add(sample, now.actors, chosen, [level(s) for s in shares], counts)
        grid = self.studio.occupancy(now.ego_pose, now.actors)
        self.labels.keyframe(sample, self._sweep_name(sample), now, grid)

    def _sweep_name(self, sample: str) -> str:
        """The path of the last LIDAR_TOP file, which is that of this keyframe."""
        rows = (r for r in reversed(self.recorder.rows) if r["sample_token"] == sample)
        return next(r["filename"] for r in rows if r["fileformat"] == "pcd")

    def _between(self, before_us: int, after_us: int, sample: str) -> None:
        """Sweeps strictly between two keyframes; they belong to the later one."""
        for part in range(1, SWEEPS_PER_KEYFRAME["camera"]):
            now = self._at_share(before_us, after_us, part / SWEEPS_PER_KEYFRAME["camera"])
            pictures = self.studio.pictures(now.ego_pose, now.actors, now.light_status)
            for channel, picture in pictures.items():
                self._record(channel, sample, now, jpeg(picture.rgb), False)
        for part in range(1, SWEEPS_PER_KEYFRAME["lidar"]):
            now = self._at_share(before_us, after_us, part / SWEEPS_PER_KEYFRAME["lidar"])
            points, _ = self._settled(now, annotated(now.actors, now.ego_pose))
            self._record(LIDAR, sample, now, points.tobytes(), False)

    def _at_share(self, before_us: int, after_us: int, share: float) -> Instant:
        return playback.at(self.log, before_us + round(share * (after_us - before_us)))

    def _settled(self, now: Instant, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The lidar sweep, off the faces of the chosen boxes, and the points in each: [A]."""
        points, owner = self.studio.lidar(now.ego_pose, now.actors)
        points = np.ascontiguousarray(points, np.float32).copy()
        lidar_from_map = se3.inverse(map_from_ego(now.ego_pose) @ EGO_FROM_LIDAR)
        state = np.round(now.actors.state[chosen], 6)
        center = se3.transform(lidar_from_map, state[:, :3])
        turn = se3.rotation_from_quaternion(se3.quaternion_from_yaw(state[:, 3]))
        axes = np.ascontiguousarray(lidar_from_map[:3, :3] @ turn)
        half = np.round(now.actors.size_m[chosen], 6) / 2
        place = np.full(len(now.actors.ids) + 1, -1, np.int32)  # last entry: owner -1
        place[chosen] = np.arange(len(chosen))
        settle(points, place[owner], center, axes, half)
        return points, count_inside(points, center, axes, half)

    def _shares(self, now: Instant, pictures: Mapping[str, Picture]) -> np.ndarray:
        """[N] visible share of every actor over all cameras."""
        map_from_ego_now = map_from_ego(now.ego_pose)
        views = [
            (
                picture.instance,
                CAMERAS[channel].scaled_intrinsics(*self.size),
                map_from_ego_now @ CAMERAS[channel].ego_from_camera,
            )
            for channel, picture in pictures.items()
        ]
        parts = PartsByOwner.sort(self.wardrobe.dress(now.actors), len(now.actors.ids))
        return visible_shares(parts, now.actors, views)

    def _rest(self, samples: list[dict]) -> None:
        """Everything that is written once per scene."""
        name, log = self.planned.name, self.log
        can_bus.write(self.root / "can_bus", name, log.times_us, log.ego, self.world.route)
        sidecar.write(self.root / "drivewm" / "scenes", name, self.planned.split, self.world, log)
        rows = self._rows(samples)
        write_fragment(self.folder / ROWS, rows)
        frames: dict[str, list[dict]] = {sample["token"]: [] for sample in samples}
        for row in rows["sample_data"]:
            if row["is_key_frame"]:
                frames[row["sample_token"]].append(row)
        self.labels.finish([self._camera_rows(frames[sample["token"]]) for sample in samples])
        info = occ3d.scene_info(
            name,
            samples,
            frames,
            {row["token"]: row for row in rows["ego_pose"]},
            {row["token"]: row for row in rows["calibrated_sensor"]},
        )
        (self.folder / OCCUPANCY).write_text(json.dumps(info, separators=(",", ":")))

    def _camera_rows(self, frames: list[dict]) -> list[dict]:
        """The cameras of one keyframe as UniOcc has them: extrinsics from camera to LIDAR_TOP."""
        lidar_from_ego = se3.inverse(EGO_FROM_LIDAR)
        return [
            {
                "name": channel, "filename": row["filename"],
                "intrinsics": CAMERAS[channel].scaled_intrinsics(*self.size),
                "extrinsics": lidar_from_ego @ CAMERAS[channel].ego_from_camera,
            }
            for row in frames
            if (channel := Path(row["filename"]).parent.name) in CAMERAS
        ]  # fmt: skip

    def _rows(self, samples: list[dict]) -> dict[str, list[dict]]:
        spec, log_token = self.planned.spec, token("log", self.token)
        scene = {
            "token": self.token,
            "log_token": log_token,
            "nbr_samples": len(samples),
            "first_sample_token": samples[0]["token"],
            "last_sample_token": samples[-1]["token"],
            "name": self.planned.name,
            "description": f"Synthetic: {spec.layout}, {spec.weather}, {spec.policy} driver",
        }
        log_row = {
            "token": log_token,
            "logfile": self.log_name,
            "vehicle": self.log_name[:4],
            "date_captured": self.log_name[5:15],
            "location": spec.location,
        }
        return {
            "scene": [scene],
            "log": [log_row],
            "sample": samples,
            "calibrated_sensor": list(self.calibration.values()),
            "sample_data": self.recorder.rows,
            "ego_pose": self.recorder.poses,
            "sample_annotation": self.annotator.rows,
            "instance": self.annotator.instances(),
        }
