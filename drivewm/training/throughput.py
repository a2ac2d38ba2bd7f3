"""How fast a stage runs, and how much of the time it waits for data."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import lightning

from drivewm.storage import write_text
from drivewm.training.batches import Batch

FILE = "timing.json"  # of a run; wall-clock values live apart from everything that is reproducible


class Timed:
    """Batches of a loader; counts the seconds that the next one took to come."""

    def __init__(self, loader: Iterable[Batch]) -> None:
        self.loader, self.waited_s = loader, 0.0

    def __iter__(self) -> Iterator[Batch]:
        batches = iter(self.loader)
        while True:
            began = time.perf_counter()
            batch = next(batches, None)
            self.waited_s += time.perf_counter() - began
            if batch is None:
                return
            yield batch


class Throughput(lightning.Callback):
    """Logs samples a second and the share of time spent waiting for batches.

    The time before the first batch has been worked on (compilation, first reads) is left out.
    """

    def __init__(self, run: Path, stage: str, loader: Timed) -> None:
        self.path, self.stage, self.loader = run / FILE, stage, loader
        self.samples, self.began, self.waited_s = 0, 0.0, 0.0

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx) -> None:
        if not self.began:
            self.began, self.waited_s = time.perf_counter(), self.loader.waited_s
            return
        self.samples += len(batch["row"]) * trainer.world_size
        if trainer.global_step % 10 == 0:
            rate, share = self._measured()
            module.log_dict({"speed/samples_per_s": rate, "speed/data_wait_share": share})

    def _measured(self) -> tuple[float, float]:
        total_s = max(time.perf_counter() - self.began, 1e-9)
        return self.samples / total_s, (self.loader.waited_s - self.waited_s) / total_s

    def on_train_end(self, trainer, module) -> None:
        if not trainer.is_global_zero or not self.samples:
            return
        known = {}
        if self.path.exists():
            known = json.loads(self.path.read_text(encoding="utf-8"))
        rate, share = self._measured()
        known[self.stage] = {
            "samples": self.samples, "samples_per_s": round(rate, 3),
            "data_wait_share": round(share, 4),
            "device": str(trainer.strategy.root_device), "devices": trainer.world_size,
        }  # fmt: skip
        write_text(self.path, json.dumps(known, indent=2) + "\n")
