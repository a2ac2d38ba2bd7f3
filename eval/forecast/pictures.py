"""Which windows are shown, and the files they become: ``frames.npz`` and ``figures/``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from drivewm.eval.forecast import figures
from drivewm.eval.forecast.truth import SceneTruth, WindowTruth
from drivewm.eval.forecast.windows import STEP_S, Window, WindowList
from drivewm.logs.fleet import Fleet
from drivewm.models.world_model import ModelConfig
from drivewm.storage import write_npz
from drivewm.viz.occupancy import seen_from_above

SHOWN = 6  # windows


class Pictures:
    """Keeps a few windows, evenly chosen, and the errors of all."""

    def __init__(self, chosen: WindowList, config: ModelConfig) -> None:
        longest = max(w.horizon for w in chosen.windows)
        usable = [w for w in sorted(chosen.windows) if w.horizon == longest]
        picks = np.unique(np.linspace(0, len(usable) - 1, 2 * SHOWN + 1).astype(int)[1::2])
        self._wanted = {usable[i] for i in picks}
        self._config, self._horizon = config, longest
        self._kept: list[tuple[Window, np.ndarray, dict[str, np.ndarray], Any]] = []
        self._errors = figures.ErrorMaps()

    def part(
        self,
        window: Window,
        scene: SceneTruth,
        truth: WindowTruth,
        forecasts: Mapping[str, np.ndarray],  # row -> uint8 [H + 1, X, Y, Z], the model first
    ) -> dict[str, np.ndarray]:
        """What is kept of a window, as arrays: where each row is wrong, and of a window that is
        shown the frames themselves."""
        out = {
            f"wrong|{row}": np.packbits(figures.wrong_columns(predicted, truth.occupancy))
            for row, predicted in forecasts.items()
        }
        if window in self._wanted:
            out["true"] = truth.occupancy
            out |= {f"made|{row}": predicted for row, predicted in forecasts.items()}
            images = scene.frames.images
            if images is not None:
                out["seen"] = images[window.keyframe]
        return out

    def add(self, window: Window, part: Mapping[str, np.ndarray]) -> None:
        """Takes what ``part`` kept."""
        shape = (window.horizon + 1, *self._config.grid.shape[:2])
        for name, bits in part.items():
            kind, _, row = name.partition("|")
            if kind == "wrong":
                wrong = np.unpackbits(bits, count=int(np.prod(shape))).reshape(shape)
                self._errors.add(row, wrong.astype(bool))
        if "true" in part:
            made = {n.partition("|")[2]: v for n, v in part.items() if n.startswith("made|")}
            self._kept.append((window, part["true"], made, part.get("seen")))

    def write(self, folder: Path, fleet: Fleet) -> None:
        """Writes the archive that the report reads, and the PNGs."""
        grid, kept = self._config.grid, self._kept
        content: dict[str, Any] = {
            "scene_id": np.array([w.scene for w, *_ in kept]),
            "keyframe": np.array([w.keyframe for w, *_ in kept]),
            "true_bev": np.stack([seen_from_above(true) for _, true, _, _ in kept]),
            "predicted_bev": np.stack(
                [seen_from_above(next(iter(made.values()))) for _, _, made, _ in kept]
            ),
            "extent_m": np.array(grid.extent_m),
            "horizon_s": np.arange(self._horizon + 1) * STEP_S,
        }
        if all(seen is not None for *_, seen in kept):
            content["cameras"] = np.stack([seen for *_, seen in kept])
        write_npz(folder / "frames.npz", content)
        for window, true, made, seen in kept:
            cameras = None if seen is None else _by_channel(fleet, window.scene, seen)
            name = f"{window.scene}-{window.keyframe:03d}.png"
            strip = figures.filmstrip(window, true, made, grid, cameras)
            figures.save(folder / "figures" / name, strip)
        figures.save(folder / "figures" / "errors.png", self._errors.draw(grid))


def _by_channel(fleet: Fleet, scene_id: str, seen: np.ndarray) -> dict[str, np.ndarray]:
    channels = sorted({row.channel for row in fleet.camera_rows(scene_id) if row.keyframe >= 0})
    return dict(zip(channels, seen))
