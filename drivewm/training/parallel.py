"""Several devices: who this process is, and what several devices need. One process a device.

The processes are started by ``torchrun`` (or SLURM through it); this library starts none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from drivewm.errors import InputError
from drivewm.training.config import TrainConfig

LOST_S = 1800.0  # a file of another process that does not come for so long will not come


def shard() -> tuple[int, int]:
    """(rank, ranks) of this process as torchrun says; (0, 1) where nothing does."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


def check(config: TrainConfig) -> tuple[int, int]:
    """(rank, ranks), after checking that they are as configured.

    Raises:
        InputError: another number of processes runs, or the batches cannot be shared evenly.
    """
    rank, ranks = shard()
    wanted = config.devices * config.nodes
    if ranks != wanted:
        raise InputError(
            f"processes that run: {ranks}, devices x nodes: {wanted}", field="devices",
            fix=f"torchrun --nproc-per-node {config.devices} -m drivewm.cli train ..."
            if wanted > 1 else f"set devices={ranks}",
        )  # fmt: skip
    for name in ("perception_batch", "dynamics_batch"):
        if getattr(config, name) % ranks:
            raise InputError(
                f"{getattr(config, name)} rows cannot be shared by {ranks} devices", field=name,
                fix="use a multiple of the number of devices",
            )  # fmt: skip
    if config.strategy == "fsdp" and config.average_decay:
        raise InputError(
            "sharded weights are not averaged", field="average_decay",
            fix="set average_decay=0 or strategy=ddp",
        )  # fmt: skip
    return rank, ranks


def wait_for(paths: Iterable[Path], lost_s: float = LOST_S) -> None:
    """Returns when every file is there; other processes write them.

    Raises:
        TimeoutError: one did not come for ``lost_s`` seconds.
    """
    for path in paths:
        began = time.monotonic()
        while not path.exists():
            if time.monotonic() - began > lost_s:
                raise TimeoutError(f"{path} was not written by another process")
            time.sleep(0.2)
