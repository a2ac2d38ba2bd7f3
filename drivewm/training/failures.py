"""Names the batch that a failure happened on: NaN, infinity, memory that ran out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from drivewm.errors import InputError

Names = Callable[[Sequence[int]], str]
_CPU_MEMORY = ("can't allocate memory", "not enough memory", "Cannot allocate memory")


class Witness:
    """Remembers the rows under way and turns failures into messages that name them."""

    def __init__(self, names: Names | None) -> None:
        self._names = names
        self._rows: list[int] = []
        self._step = 0

    def sees(self, rows: Tensor | None, step: int) -> None:
        """Takes note of a batch's rows [B] before it is worked on."""
        self._rows = [] if rows is None else [int(r) for r in rows]
        self._step = step

    @property
    def where(self) -> str:
        """The scenes and keyframes of the batch under way."""
        return self._names(self._rows) if self._names and self._rows else "unknown"

    def check(self, losses: dict[str, Tensor]) -> None:
        """
        Raises:
            InputError: a loss is not finite; the loss, the step and the batch are named.
        """
        values = torch.stack([v.detach().float() for v in losses.values()])
        fine = torch.isfinite(values)
        if bool(fine.all()):
            return
        bad = [f"{n} = {float(v):g}" for n, v, ok in zip(losses, values, fine) if not ok]
        self._not_a_number(f"the loss is not finite ({', '.join(bad)})")

    def check_gradient(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """
        Raises:
            InputError: a gradient is not finite though the loss was.
        """
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not gradients:
            return
        norms = torch.stack(torch._foreach_norm(gradients))
        if not bool(torch.isfinite(norms).all()):
            self._not_a_number("a gradient is not finite")

    def _not_a_number(self, problem: str) -> None:
        raise InputError(
            f"{problem} in step {self._step}", field=f"batch: {self.where}",
            fix="look at these frames; a lower learning_rate or precision=32 may help",
        )  # fmt: skip

    @contextmanager
    def naming_memory(self) -> Iterator[None]:
        """Running out of memory inside becomes an InputError that names the batch."""
        try:
            yield
        except (MemoryError, torch.OutOfMemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not _is_memory(error):
                raise
            first = str(error).split("\n")[0][:160] or "out of memory"
            raise InputError(
                f"memory ran out in step {self._step} ({first})", field=f"batch: {self.where}",
                fix="use a smaller batch with a larger accumulate, precision=bf16, or a smaller "
                "grid",
            ) from error  # fmt: skip


def _is_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or any(t in str(error) for t in _CPU_MEMORY)
