"""How fast a stage runs, and how much of the time it waits for data."""

from __future__ import annotations

import json
import time
from pathlib import Path

import lightning

from drivewm.storage import write_text

FILE = "timing.json"  # of a run; wall-clock values live apart from everything that is reproducible


class Throughput(lightning.Callback):
    """Logs samples a second and the share of time spent waiting for the next batch.

    The first step (compilation, first reads) is left out of the totals. A step ends when its loss
    has been looked at, so a device has done its forward pass by then.
    """

    def __init__(self, run: Path, stage: str) -> None:
        self.path, self.stage = run / FILE, stage
        self.steps = self.samples = 0
        self.waited_s = self.worked_s = 0.0

    def on_train_start(self, trainer, module) -> None:
        self._ended = time.perf_counter()

    def on_train_batch_start(self, trainer, module, batch, batch_idx) -> None:
        self._began = time.perf_counter()

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx) -> None:
        now = time.perf_counter()
        waited_s, worked_s = self._began - self._ended, now - self._began
        self._ended = now
        self.steps += 1
        if self.steps == 1:
            return
        count = len(batch["row"]) * trainer.world_size
        self.samples += count
        self.waited_s += waited_s
        self.worked_s += worked_s
        if trainer.global_step % 10 == 0:
            module.log_dict({
                "speed/samples_per_s": count / (waited_s + worked_s),
                "speed/data_wait_share": waited_s / (waited_s + worked_s),
            })  # fmt: skip

    def on_train_end(self, trainer, module) -> None:
        total_s = self.waited_s + self.worked_s
        if not trainer.is_global_zero or not self.samples or total_s <= 0:
            return
        known = {}
        if self.path.exists():
            known = json.loads(self.path.read_text(encoding="utf-8"))
        known[self.stage] = {
            "batches": self.steps, "seconds": round(total_s, 3),
            "samples_per_s": round(self.samples / total_s, 3),
            "data_wait_share": round(self.waited_s / total_s, 4),
            "device": str(trainer.strategy.root_device), "devices": trainer.world_size,
        }  # fmt: skip
        write_text(self.path, json.dumps(known, indent=2) + "\n")
