"""What a training run is made of; ``conf/train/*.yaml`` are presets."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from drivewm.config import Config
from drivewm.models.world_model import ModelConfig
from drivewm.training.forcing import forcing_of

StageName = Literal["pretrain", "encoder", "motion", "dynamics"]


class TrainConfig(Config):
    """Three stages: the encoder on single frames, then, on its kept features, velocities from short
    windows, and dynamics and heads on long ones."""

    model: ModelConfig = ModelConfig()
    seed: int = 0
    threads: int = Field(2, ge=1)
    perception_steps: int = Field(700, ge=0)
    perception_batch: int = Field(4, ge=1)  # frames
    motion_steps: int = Field(600, ge=0)
    motion_batch: int = Field(12, ge=1)  # windows of a few frames
    dynamics_steps: int = Field(250, ge=0)
    dynamics_batch: int = Field(4, ge=1)  # clips
    learning_rate: float = Field(2e-3, gt=0)
    warmup_steps: int = Field(30, ge=1)
    weight_decay: float = Field(0.01, ge=0)
    clip_norm: float = Field(1.0, gt=0)
    mirror: bool = True  # also train on left-right mirrored frames
    repaint: bool = False  # change colours and light of training pictures
    stages: tuple[StageName, ...] = ("encoder", "motion", "dynamics")  # in this order
    pretrain_steps: int = Field(400, ge=0)  # on video alone (training/pretrain.py)
    pretrain_batch: int = Field(4, ge=1)  # pairs of frames
    pretrain_known: float = Field(1.0, ge=0, le=1)  # share of scenes whose ego motion is told
    label_share: float = Field(1.0, gt=0, le=1)  # of the scenes, whose labels are used
    perception_mask: Literal["none", "camera"] = "none"  # voxels that count in the encoder stage
    lovasz_weight: float = Field(0.0, ge=0)
    depth_weight: float = Field(0.1, ge=0)  # with model.lift.lidar_depth
    camera_dropout: float = Field(0.0, ge=0, lt=1)  # chance of each camera to be taken away
    class_power: float = Field(0.5, ge=0, le=1)  # 0 = plain cross-entropy
    jaccard_weight: float = Field(1.0, ge=0)
    flow_weight: float = Field(0.5, ge=0)
    reward_weight: float = Field(0.5, ge=0)
    forcing: Literal["auto", "self", "suffix", "teacher"] = "auto"  # see training/forcing.py
    self_forcing_from: float = Field(0.5, ge=0, le=1)  # share of the steps, with forcing=suffix
    kl_weight: float = Field(0.1, ge=0)
    checkpoint_every: int = Field(100, ge=1)
    picture_every: int = Field(100, ge=1)
    head_weight: float = Field(1.0, ge=0)  # of the optional heads (model.heads)
    loss_scale: bool = False  # divide each loss by its running root mean square
    branches: str | None = None  # a folder of `drivewm branch`: windows with other actions
    branch_share: float = Field(0.5, ge=0, le=1)  # of the clips, where there are branches
    freeze_share: float = Field(0.0, ge=0, le=1)  # of motion windows in which movables stand
    end_windows: float = Field(0.0, ge=0, le=1)  # share of clips in which the drive ends
    end_weight: float = Field(1.0, gt=0)  # of the steps that end a drive, in the continue loss
    average_decay: float = Field(0.0, ge=0, lt=1)  # of the weights (EMA); 0: the last weights
    precision: Annotated[Literal["auto", "32", "bf16"], BeforeValidator(str)] = "32"
    accumulate: int = Field(1, ge=1)  # batches an optimiser step
    devices: int = Field(1, ge=1)  # processes on this machine, started by torchrun
    nodes: int = Field(1, ge=1)
    strategy: Literal["auto", "ddp", "fsdp"] = "auto"
    stream: bool = False  # read scenes when needed instead of holding all in memory
    workers: int = Field(0, ge=0)  # loader processes, with stream=true
    prefetch: int = Field(2, ge=1)  # batches each of them reads ahead
    pool_scenes: int = Field(8, ge=1)  # scenes mixed with each other, with stream=true
    start_from: str | None = None  # a run whose weights are the start, where they fit
    holdout_scenes: tuple[str, ...] = ()  # never trained on, whatever their split

    @model_validator(mode="after")
    def _in_order(self) -> TrainConfig:
        known = [name for name in get_args(StageName) if name in self.stages]
        if not self.stages or list(self.stages) != known:
            raise ValueError(
                f"stages are {', '.join(get_args(StageName))}, in this order, each once"
            )
        if self.branches is not None:
            self._check_branches()
        return self

    def _check_branches(self) -> None:
        """Of a branch only the past was seen, and its agents are known as occupancy alone."""
        if forcing_of(self.forcing, self.model.dynamics) != "self":
            raise ValueError("branches have no pictures to look at on the way: set forcing=self")
        if self.model.heads.agents:
            raise ValueError("branches have no boxes to learn from: set model.heads.agents=false")
