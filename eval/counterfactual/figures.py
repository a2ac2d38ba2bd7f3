"""Pictures: a state with its branches, what truly follows beside what the model imagines.

Seen from above, driving direction up. Shapes: B branches, H + 1 frames, X, Y, Z cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from drivewm.eval.counterfactual import truth
from drivewm.eval.counterfactual.imagine import rows_of
from drivewm.eval.counterfactual.names import MODEL, PERCEIVED
from drivewm.eval.counterfactual.outcome import Outcome, outcome
from drivewm.eval.counterfactual.states import State, TruthConfig
from drivewm.eval.counterfactual.truth import StateTruth
from drivewm.eval.counterfactual.verdict import Ride
from drivewm.eval.forecast.checkpoints import features_of
from drivewm.logs.fleet import Fleet
from drivewm.models.grid import GridConfig
from drivewm.models.world_model import WorldModel
from drivewm.scene import VehicleParams
from drivewm.storage import atomic_file
from drivewm.training.clips import load_frames
from drivewm.viz import canvas
from drivewm.viz.occupancy import draw_occupancy, seen_from_above
from drivewm.viz.palette import LIGHT, Palette

SHOWN = 3  # states
SECONDS = (1, 2, 3)
GAP, HEAD, SIDE, BETWEEN, FOOT = 4, 40, 190, 18, 24
PANEL_PX = 112


def write(
    output: Path, fleet: Fleet, states: Sequence[State], config: TruthConfig, folder: Path,
    model: WorldModel,
) -> None:  # fmt: skip
    """``figures/<state>.png`` of a few states, evenly chosen."""
    picks = np.unique(np.linspace(0, len(states) - 1, 2 * SHOWN + 1).astype(int)[1::2])
    for state in (states[i] for i in picks):
        here = truth.load(folder, fleet, config, state)
        frames = load_frames(fleet, state.scene, model.config)
        said = rows_of(model, frames, features_of(model, frames), here)[MODEL, PERCEIVED]
        vehicle = fleet.info(state.scene).vehicle
        rides = [
            Ride(progress=float(p), comfort=float(c))
            for p, c in zip(here.verdict["progress"], here.verdict["comfort"])
        ]
        judged = outcome(said.seen, here.ego, rides, vehicle, config.grid)
        sheet = branches_sheet(here, said.seen.classes, judged, vehicle, config.grid)
        with atomic_file(output / "figures" / f"{state.name}.png") as partial:
            sheet.save(partial, format="PNG")


def branches_sheet(
    here: StateTruth,
    imagined: np.ndarray,  # uint8 [B, H + 1, X, Y, Z]
    judged: Outcome,
    vehicle: VehicleParams,
    grid: GridConfig,
    palette: Palette = LIGHT,
) -> Image.Image:
    """One line a branch: now, the true future, the imagined one."""
    px = max(1, round(PANEL_PX / grid.shape[1]))
    frames = [2 * s for s in SECONDS if 2 * s < here.occupancy.shape[1]]
    lines = [
        [_panel(here.occupancy[b, 0], px, vehicle, grid, palette)]
        + [_panel(here.occupancy[b, h], px, vehicle, grid, palette) for h in frames]
        + [_panel(imagined[b, h], px, vehicle, grid, palette) for h in frames]
        for b in range(len(here.names))
    ]
    width, height = lines[0][0].size
    places = [SIDE + c * (width + GAP) + BETWEEN * ((c > 0) + (c > len(frames)))
              for c in range(1 + 2 * len(frames))]  # fmt: skip
    size = (places[-1] + width + GAP, HEAD + len(lines) * (height + GAP) + FOOT)
    sheet = Image.new("RGB", size, palette.rgb("ground"))
    pen, font = ImageDraw.Draw(sheet), canvas.font(13)
    heads = ["now", *(f"true +{h / 2:g} s" for h in frames),
             *(f"model +{h / 2:g} s" for h in frames)]  # fmt: skip
    for x, head in zip(places, heads):
        pen.text((x + width // 2, HEAD - 12), head, fill=palette.rgb("text"), font=font,
                 anchor="mm")  # fmt: skip
    title = f"{here.state.scene}, keyframe {here.state.keyframe} ({here.state.kind})"
    pen.text((6, 6), title, fill=palette.rgb("text"), font=canvas.font(14))
    for b, line in enumerate(lines):
        y = HEAD + b * (height + GAP)
        pen.multiline_text((6, y + 4), _words(here, judged, b), font=font, spacing=5,
                           fill=palette.rgb("alarm" if here.bad[b] else "text"))  # fmt: skip
        for x, panel in zip(places, line):
            sheet.paste(panel, (x, y))
    foot = "red: truly collides or leaves the road. Score 0 to 1; the box is the ego."
    pen.text((6, size[1] - FOOT // 2), foot, fill=palette.rgb("muted"), font=canvas.font(12),
             anchor="lm")  # fmt: skip
    return sheet


def _words(here: StateTruth, judged: Outcome, b: int) -> str:
    verdict = here.verdict
    ends = [
        (verdict[name][b], word)
        for name, word in (("collision_s", "collides"), ("departure_s", "off road"))
        if np.isfinite(verdict[name][b])
    ]
    fate = "{1} at {0:.1f} s".format(*min(ends)) if ends else "nothing happens"
    return (
        f"{here.names[b].replace('_', ' ')}\n{fate}\n"
        f"score {verdict['score'][b]:.2f}, model {judged.score[b]:.2f}\n"
        f"p(collision) {judged.collision[b]:.2f}\np(off road) {judged.departure[b]:.2f}"
    )


def _panel(
    occupancy: np.ndarray, px: int, vehicle: VehicleParams, grid: GridConfig, palette: Palette
) -> Image.Image:
    """[X, Y, Z] from above with the ego's box."""
    picture = draw_occupancy(seen_from_above(occupancy), cell_px=px, palette=palette)
    middle, half = vehicle.rear_axle_to_center_m, (vehicle.length_m / 2, vehicle.width_m / 2)

    def place(x: float, y: float) -> tuple[float, float]:
        return (grid.y_max_m - y) / grid.cell_m * px, (grid.x_max_m - x) / grid.cell_m * px

    top, bottom = place(middle + half[0], half[1]), place(middle - half[0], -half[1])
    ImageDraw.Draw(picture).rectangle((*top, *bottom), outline=palette.rgb("ego"), width=2)
    return picture
