"""Settings of a closed-loop run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from drivewm.config import Config

DT_S = 0.1
DT_US = 100_000

TrackerName = Literal["lqr", "perfect"]
AgentsName = Literal["replay", "reactive", "nuplan_idm"]
ModeName = Literal["privileged", "visible", "sensor"]
VehicleName = Literal["pacifica", "zoe", "fusion"]


class LqrConfig(Config):
    """nuPlan's ``LQRTracker`` (script/config/simulation/ego_controller)."""

    q_longitudinal: float = Field(default=10.0, gt=0)
    r_longitudinal: float = Field(default=1.0, gt=0)
    q_lateral: tuple[float, float, float] = (1.0, 10.0, 0.0)  # offset, heading, steering
    r_lateral: float = Field(default=1.0, gt=0)
    horizon: int = Field(default=10, ge=1)
    jerk_penalty: float = Field(default=1e-4, gt=0)
    curvature_rate_penalty: float = Field(default=1e-2, gt=0)
    stop_gain: float = Field(default=0.5, gt=0)
    stop_speed_mps: float = Field(default=0.2, ge=0)


class VisibleConfig(Config):
    """How a planner in mode ``visible`` sees: one sensor on the middle line of the ego.

    Boxes are seen from above: one hides another if the ray to it ends before. The defaults are
    round figures for a roof-mounted lidar stack, not those of a product.
    """

    range_m: float = Field(default=80.0, gt=0)  # from the sensor
    field_of_view_deg: float = Field(default=360.0, gt=0, le=360)  # centred on straight ahead
    sensor_ahead_m: float = 1.5  # of the rear axle
    occlusion: bool = True
    occluder_height_m: float = Field(default=1.0, ge=0)  # lower things hide nothing
    min_share: float = Field(default=0.1, ge=0, le=1)  # of a box's rays that must reach it
    latency_s: float = Field(default=0.1, ge=0)  # whole steps of 0.1 s
    position_noise_m: float = Field(default=0.1, ge=0)  # standard deviation along x and along y
    heading_noise_rad: float = Field(default=0.02, ge=0)
    velocity_noise_mps: float = Field(default=0.2, ge=0)  # along x and along y
    size_noise: float = Field(default=0.0, ge=0, lt=1)  # relative, length and width
    dropout: float = Field(default=0.02, ge=0, le=1)  # chance that a seen track is missed in a step
    light_range_m: float = Field(default=60.0, ge=0)


class IsolationConfig(Config):
    """A planner in a process of its own; a deadline or a memory limit asks for one."""

    process: bool = False
    deadline_s: float | None = Field(default=None, gt=0)  # of every plan, wall clock
    memory_mb: int | None = Field(default=None, gt=0)  # beyond what Python and drivewm take

    @property
    def is_on(self) -> bool:
        """Does a planner get its own process?"""
        return self.process or self.deadline_s is not None or self.memory_mb is not None


Range = tuple[float, float]


class AgentNoise(Config):
    """How reactive agents differ from seed to seed: factors on each agent's own IDM parameters,
    uniform between the two numbers. Seed 0 is the agents as they are.

    The ranges are round figures around one, not fitted to recorded drivers.
    """

    target_speed: Range = (0.8, 1.2)
    headway: Range = (0.6, 1.6)
    min_gap: Range = (0.6, 1.6)
    accel: Range = (0.6, 1.5)
    decel: Range = (0.7, 1.4)

    @field_validator("*")
    @classmethod
    def _ordered(cls, value: Range) -> Range:
        if not 0 < value[0] <= value[1]:
            raise ValueError("a range is two positive numbers, the smaller first")
        return value


class VehicleConfig(Config):
    """Figures of the ego car; those left out are the log's own."""

    length_m: float | None = Field(default=None, gt=0)
    width_m: float | None = Field(default=None, gt=0)
    height_m: float | None = Field(default=None, gt=0)
    rear_axle_to_center_m: float | None = Field(default=None, ge=0)
    wheelbase_m: float | None = Field(default=None, gt=0)


class SimConfig(Config):
    """One closed-loop run. The step is 0.1 s."""

    tracker: TrackerName = "lqr"
    agents: AgentsName = "replay"
    mode: ModeName | None = None  # None: the first of the planner's own that the scene can serve
    replan_interval_s: float | None = Field(default=None, gt=0)  # None: the planner's own
    duration_s: float | None = Field(default=None, gt=0)  # None: as long as the log
    vehicle: VehicleName | VehicleConfig | None = None  # the ego car; None: the log's own
    friction: float = Field(default=1.0, ge=0)  # of the road; 0 = no limit, as in nuPlan
    seed: int = Field(default=0, ge=0, lt=2**31)
    hang_limit_s: float = Field(default=60.0, gt=0)  # a call of the planner that lasts longer fails
    lqr: LqrConfig = LqrConfig()
    visible: VisibleConfig = VisibleConfig()
    isolation: IsolationConfig = IsolationConfig()
    agent_noise: AgentNoise = AgentNoise()
