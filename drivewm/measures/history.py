"""What the measures look at: one driven stretch. Shapes: T steps, N tracks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.geometry.boxes import centre_poses
from drivewm.scene import EgoColumn, Scene, Tracks, VehicleParams


@dataclass(frozen=True, kw_only=True)
class History:
    """An ego's drive with everything that moved around it, on one time grid."""

    times_us: np.ndarray  # int64 [T]
    ego: np.ndarray  # float64 [T, 11], EgoColumn
    vehicle: VehicleParams
    tracks: Tracks

    @classmethod
    def of_scene(cls, scene: Scene) -> History:
        """The recorded drive itself."""
        return cls(
            times_us=scene.times_us, ego=scene.ego, vehicle=scene.vehicle, tracks=scene.tracks
        )

    @property
    def times_s(self) -> np.ndarray:
        """Seconds since the first step; [T]."""
        return (self.times_us - self.times_us[0]) / 1e6

    @property
    def speed_mps(self) -> np.ndarray:
        """Norm of the rear-axle velocity; [T]."""
        return np.hypot(self.ego[:, EgoColumn.VX], self.ego[:, EgoColumn.VY])

    @property
    def centres(self) -> np.ndarray:
        """Poses of the ego box centre; [T, 3]."""
        return centre_poses(self.ego, self.vehicle.rear_axle_to_center_m)
