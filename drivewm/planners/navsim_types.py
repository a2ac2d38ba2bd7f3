"""Stand-ins for what a NAVSIM agent is given. Names and fields: navsim/common/dataclasses.py.

NAVSIM's own classes are plain dataclasses with the same fields, so that an agent cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

CAMERAS = {  # NAVSIM's name -> ours; l1 and r1 look sideways, where there is no camera
    "cam_f0": "CAM_FRONT",
    "cam_l0": "CAM_FRONT_LEFT",
    "cam_l1": None,
    "cam_l2": "CAM_BACK_LEFT",
    "cam_r0": "CAM_FRONT_RIGHT",
    "cam_r1": None,
    "cam_r2": "CAM_BACK_RIGHT",
    "cam_b0": "CAM_BACK",
}


@dataclass
class Camera:
    """One picture; every field is None where the sensor config does not ask for it."""

    image: np.ndarray | None = None  # uint8 [H, W, 3]
    sensor2lidar_rotation: np.ndarray | None = None  # [3, 3], into the ego frame (rear axle)
    sensor2lidar_translation: np.ndarray | None = None  # [3]
    intrinsics: np.ndarray | None = None  # [3, 3]
    distortion: np.ndarray | None = None  # [5], zeros
    camera_path: None = None


@dataclass
class Cameras:
    """The eight places of a NAVSIM rig."""

    cam_f0: Camera = field(default_factory=Camera)
    cam_l0: Camera = field(default_factory=Camera)
    cam_l1: Camera = field(default_factory=Camera)
    cam_l2: Camera = field(default_factory=Camera)
    cam_r0: Camera = field(default_factory=Camera)
    cam_r1: Camera = field(default_factory=Camera)
    cam_r2: Camera = field(default_factory=Camera)
    cam_b0: Camera = field(default_factory=Camera)


@dataclass
class Lidar:
    """Always empty: no lidar is simulated in the loop."""

    lidar_pc: None = None
    lidar_path: None = None


@dataclass
class EgoStatus:
    """The ego at one instant, in the frame of the ego now."""

    ego_pose: np.ndarray  # float32 [3] x, y, heading
    ego_velocity: np.ndarray  # float32 [2]
    ego_acceleration: np.ndarray  # float32 [2]
    driving_command: np.ndarray  # int [4], one-hot: left, straight, right, unknown
    in_global_frame: bool = False


@dataclass
class AgentInput:
    """Four instants at 2 Hz, the last is now."""

    ego_statuses: list[EgoStatus]
    cameras: list[Cameras]
    lidars: list[Lidar]
