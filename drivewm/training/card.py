"""The model card that is published beside the weights, and the scores that are put on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from drivewm.errors import InputError
from drivewm.models import checkpoint
from drivewm.storage import write_text
from drivewm.training.config import TrainConfig

_TEMPLATE = """# A drivewm world model

| | |
| --- | --- |
| encoder, dynamics | `{encoder}`, `{dynamics}` |
| heads | {heads} |
| parameters | {parameters:,} |
| grid | {grid} |
| trained on | {fleets} |
| scenes, frames | {scenes}, {frames} |
| training windows | {windows} |
| steps (perception, dynamics) | {perception}, {dynamics_steps} |
| precision, devices | {precision}, {devices} |
| seed | {seed} |
| drivewm, torch | {drivewm}, {torch} |

## Scores

{scores}

## Intended use

Forecasting of semantic occupancy and planning research in simulation, on data like what it was
trained on. Run `drivewm forecast` and `drivewm score` on your own held-out scenes before you
believe it.

## Limits

Not a safety component. It has seen only the scenes above; other rigs, cities, weather and
behaviours are untested. Small objects beyond about 20 m are rarely seen at this size.
The licence of the data it was trained on applies to what you do with it: {licences}.
"""
_UNSCORED = """None yet. `drivewm forecast RUN FLEET --split val -o RUN/forecast`, then
`drivewm card RUN --forecast RUN/forecast`, puts them here."""
_METRICS = {"iou": "IoU", "miou": "mIoU", "movable_iou": "movable IoU"}
_MODEL, _BASELINE, _SECONDS = "model", "ego-warp", (1.0, 2.0, 3.0)


def model_card(config: TrainConfig, provenance: dict[str, Any], scores: str | None = None) -> str:
    """Markdown text: what the model is, what it was trained on, what it is not for."""
    grid, model = config.model.grid, config.model
    x, y, z = grid.shape
    where = f"{x} x {y} x {z} cells of {grid.cell_m} m, x {grid.x_min_m}..{grid.x_max_m} m"
    windows = provenance.get("windows")
    return _TEMPLATE.format(
        encoder=model.encoder, dynamics=model.dynamics, parameters=provenance["parameters"],
        grid=where, fleets=", ".join(f"`{f['hash'][:12]}`" for f in provenance["fleets"]),
        scenes=len(provenance["scenes"]), frames=provenance["frames"],
        windows=f"{windows['count']}, `{windows['sha256'][:12]}`" if windows else "unknown",
        perception=config.perception_steps, dynamics_steps=config.dynamics_steps, seed=config.seed,
        heads=_heads(config), precision=config.precision, devices=config.devices * config.nodes,
        drivewm=provenance["drivewm"], torch=provenance["torch"], scores=scores or _UNSCORED,
        licences=", ".join(provenance["licences"]) or "none stated",
    )  # fmt: skip


def _heads(config: TrainConfig) -> str:
    heads, names = config.model.heads, ["occupancy", "flow", "reward", "continue"]
    names += [n for n in ("agents", "value", "ego_action") if getattr(heads, n)]
    return ", ".join(names + [f"ensemble of {heads.ensemble}"] * bool(heads.ensemble))


def put_scores(run: str | Path, forecast: str | Path) -> Path:
    """Writes the figures of a forecast folder, with their intervals, on the card of a run.

    Raises:
        InputError: no published model, or a forecast that is damaged or of other weights.
    """
    run = Path(run)
    facts, path = checkpoint.provenance(run), Path(forecast) / "forecast.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        about, rows = content["about"], content["rows"]
        weights = about["weights"]
        text = _scores(about, rows, content["comparisons"])
        config = TrainConfig.model_validate(facts["config"])
    except FileNotFoundError as error:
        raise InputError(
            "holds no forecast", file=forecast, fix="run `drivewm forecast`"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"not a forecast of this version ({error})", file=path,
                         fix="run `drivewm forecast` again") from error  # fmt: skip
    if checkpoint.digest(run) not in weights:
        raise InputError(
            "was made with other weights", file=path, field="about.weights",
            fix=f"drivewm forecast {run} ... -o {forecast}",
        )  # fmt: skip
    write_text(run / checkpoint.CARD, model_card(config, facts, text))
    return run / checkpoint.CARD


def _scores(about: dict[str, Any], rows: list[dict], comparisons: list[dict]) -> str:
    """A table of the model's figures and of what it is better than the plain ego warp by."""
    head = ["input", "metric", *(f"{s:g} s" for s in _SECONDS)]
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    for given in sorted({r["input"] for r in rows if r["row"] == _MODEL}):
        for metric, label in _METRICS.items():
            values = [_value(rows, given, metric, s) for s in _SECONDS]
            gains = [_gain(comparisons, given, metric, s) for s in _SECONDS]
            lines.append(" | ".join([given, label, *values]))
            lines.append(" | ".join([given, f"{label} - ego-warp", *gains]))
    overlap = about["judged_scenes_trained_on"]
    seen = f"**{len(overlap)} of the judged scenes were trained on.**" if overlap else (
        "No judged scene was trained on.")  # fmt: skip
    table = "\n".join(f"| {line} |" for line in lines)
    return (
        f"{about['windows']} windows `{about['windows_name']}` (`{about['windows_hash'][:12]}`) of "
        f"{about['scenes']} scenes of fleet `{about['fleet'][:12]}`, ego motion "
        f"`{about['ego_mode']}`. {seen}\nIn brackets: {about['interval']}.\n\n{table}"
    )


def _value(rows: list[dict], given: str, metric: str, seconds: float) -> str:
    for r in rows:
        at = (r["row"], r["input"], r["mask"], r["horizon_s"])
        if at == (_MODEL, given, "none", seconds) and r[metric] is not None:
            low, high = r["intervals"].get(metric, (None, None))
            return _bracketed(r[metric], low, high, sign="")
    return "-"


def _gain(comparisons: list[dict], given: str, metric: str, seconds: float) -> str:
    for c in comparisons:
        at = (c["against"], c["input"], c["mask"], c["metric"], c["horizon_s"])
        if at == (_BASELINE, given, "none", metric, seconds) and c["difference"] is not None:
            return _bracketed(c["difference"], c["low"], c["high"], sign="+")
    return "-"


def _bracketed(value: float, low: float | None, high: float | None, sign: str) -> str:
    text = f"{value:{sign}.3f}"
    return text if low is None or high is None else f"{text} [{low:{sign}.3f}, {high:{sign}.3f}]"
