"""The model card that is published beside the weights."""

from __future__ import annotations

from typing import Any

from drivewm.training.config import TrainConfig

_TEMPLATE = """# A drivewm world model

| | |
| --- | --- |
| encoder, dynamics | `{encoder}`, `{dynamics}` |
| parameters | {parameters:,} |
| grid | {grid} |
| trained on | {fleets} |
| scenes, frames | {scenes}, {frames} |
| steps (perception, dynamics) | {perception}, {dynamics_steps} |
| seed | {seed} |
| drivewm, torch | {drivewm}, {torch} |

**Intended use.** Forecasting of semantic occupancy and planning research in simulation, on
data like what it was trained on. Scores come from `drivewm forecast` and `drivewm score`; run them
on your own held-out scenes before you believe it.

**Limits.** Not a safety component. It has seen only the scenes above; other rigs, cities, weather
and behaviours are untested. Small objects beyond about 20 m are rarely seen at this size.
The licence of the data it was trained on applies to what you do with it: {licences}.
"""


def model_card(config: TrainConfig, provenance: dict[str, Any]) -> str:
    """Markdown text: what the model is, what it was trained on, what it is not for."""
    grid, model = config.model.grid, config.model
    x, y, z = grid.shape
    where = f"{x} x {y} x {z} cells of {grid.cell_m} m, x {grid.x_min_m}..{grid.x_max_m} m"
    return _TEMPLATE.format(
        encoder=model.encoder, dynamics=model.dynamics, parameters=provenance["parameters"],
        grid=where, fleets=", ".join(f"`{f['hash'][:12]}`" for f in provenance["fleets"]),
        scenes=len(provenance["scenes"]), frames=provenance["frames"],
        perception=config.perception_steps, dynamics_steps=config.dynamics_steps, seed=config.seed,
        drivewm=provenance["drivewm"], torch=provenance["torch"],
        licences=", ".join(provenance["licences"]) or "none stated",
    )  # fmt: skip
