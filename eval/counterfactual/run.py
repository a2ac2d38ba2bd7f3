"""A counterfactual evaluation: true branches, what each row says of them, tables, pictures."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import drivewm
from drivewm import progress
from drivewm.errors import InputError
from drivewm.eval.counterfactual import figures, results, shuffle, truth
from drivewm.eval.counterfactual.imagine import Said, rows_of
from drivewm.eval.counterfactual.measure import state_sums
from drivewm.eval.counterfactual.names import ACTIONS, MODEL, NONE, ORACLE, PERCEIVED, TRUE
from drivewm.eval.counterfactual.outcome import Seen, certain, mean_outcome, outcome
from drivewm.eval.counterfactual.states import State, TruthConfig
from drivewm.eval.counterfactual.truth import StateTruth
from drivewm.eval.counterfactual.verdict import Ride
from drivewm.eval.forecast.checkpoints import features_of, load_all
from drivewm.logs.fleet import Fleet
from drivewm.models import checkpoint
from drivewm.models.world_model import WorldModel
from drivewm.scene import VehicleParams
from drivewm.storage import write_npz, write_text
from drivewm.training.clips import Frames, load_frames

VERSION = 2  # of what is measured; parts of another one are made again
PARTS, BRANCHES = ".parts", "truth"
OUTCOME = ("collision", "departure", "bad", "score", "decided", "collision_s", "departure_s")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a table is of, beside the checkpoints and the fleet."""

    splits: tuple[str, ...] | None = None  # None: every one that was not trained on
    states: int = 20  # per split
    branches: int = 8
    inputs: tuple[str, ...] = (PERCEIVED, TRUE)  # what imagination starts from
    samples: int = 1  # futures drawn from stochastic models, beside the likeliest
    seed: int = 0
    workers: int = 1
    threads: int = 2
    truth: str | None = None  # folder of the true branches; None: in the output folder
    shuffle: tuple[str, ...] = ()  # fleets whose logs' actions are shuffled, beside the fleet
    shuffle_windows: int = 200  # per fleet


def counterfactual(
    runs: Sequence[str | Path], fleet: Fleet, output: str | Path, options: Options
) -> dict[str, Any]:
    """Judges the checkpoints on true branches and writes the folder.

    Returns:
        the content of ``counterfactual.json``.

    Raises:
        InputError: a checkpoint, the fleet, a split or the folder is not usable.
    """
    torch.set_num_threads(options.threads)
    output = Path(output)
    results.check_output(output)
    models = load_all(runs)
    config = truth_config(fleet, runs, models[0], options)
    folder = Path(options.truth) if options.truth else output / BRANCHES
    states = truth.make_truth(fleet, config, folder, options.workers)
    samples = options.samples if models[0].dynamics.stochastic else 1
    parts = [output / PARTS / _key(run, fleet, config, samples, options.inputs) for run in runs]
    for model, place in zip(models, parts):
        _imagine_all(model, fleet, states, config, folder, place, samples, options.inputs)
    truths = [truth.load(folder, fleet, config, s) for s in states]
    results.write_rows(output, states, truths, parts)
    shuffled = _shuffled(models, runs, [fleet.path, *options.shuffle], parts[0], options)
    results.write_shuffled(output, shuffled)
    figures.write(output, fleet, states, config, folder, models[0])
    return results.write_tables(output, _about(runs, fleet, models[0], config, states, samples))


def _shuffled(
    models: Sequence[WorldModel], runs: Sequence[str | Path], fleets: Sequence[str], place: Path,
    options: Options,
) -> list[dict[str, Any]]:  # fmt: skip
    """The windows with shuffled actions of every fleet; what was made before is read."""
    seen, rows = _seen_by(runs), []
    digests = [checkpoint.digest(run) for run in runs]
    for path in fleets:
        fleet = Fleet.open(path)
        asked = [digests, fleet.content_hash, options.seed, options.shuffle_windows, VERSION]
        name = hashlib.blake2b(json.dumps(asked).encode(), digest_size=10).hexdigest()
        kept = place / f"shuffle-{name}.json"
        if not kept.exists():
            made = shuffle.shuffle_rows(models, fleet, seen, options)
            write_text(kept, json.dumps(made))
        rows += json.loads(kept.read_text(encoding="utf-8"))
    return rows


def truth_config(
    fleet: Fleet, runs: Sequence[str | Path], model: WorldModel, options: Options
) -> TruthConfig:
    """The configuration of the true branches.

    Raises:
        InputError: no split is left, a number is out of range, or there are fewer than 8 branches.
    """
    if options.branches < 8 or options.branches > 20:
        raise InputError(f"is {options.branches}", field="--branches", fix="take 8 to 20")
    splits = options.splits
    if splits is None:
        seen = _seen_by(runs)
        known = dict.fromkeys(info.split for info in fleet.scenes if info.world_spec)
        splits = tuple(
            s for s in known if not any(i.id in seen for i in fleet.scenes if i.split == s)
        )
        if not splits:
            raise InputError(
                "every split with synthetic worlds was trained on, or none has any",
                file=fleet.path, field="--splits",
                fix="name the splits, or use a fleet made by `drivewm synth`",
            )  # fmt: skip
    return TruthConfig(
        splits=splits, states=options.states, branches=options.branches,
        history=model.config.observed_steps, horizon=model.config.imagined_steps,
        seed=options.seed, grid=model.config.grid,
    )  # fmt: skip


def _seen_by(runs: Sequence[str | Path]) -> set[str]:
    return {str(s) for run in runs for s in checkpoint.provenance(run)["scenes"]}


def _key(
    run: str | Path, fleet: Fleet, config: TruthConfig, samples: int, inputs: Sequence[str]
) -> str:
    content = f"{checkpoint.digest(run)} {truth.key_of(fleet, config)} {VERSION}"
    content += f" {samples}" if samples > 1 else ""
    content += f" {','.join(inputs)}"
    return hashlib.blake2b(content.encode(), digest_size=10).hexdigest()


def _imagine_all(
    model: WorldModel, fleet: Fleet, states: list[State], config: TruthConfig, folder: Path,
    place: Path, samples: int, inputs: Sequence[str],
) -> None:  # fmt: skip
    """Writes the part of every state that has none yet."""
    left = [s for s in states if not readable(place / f"{s.name}.npz")]
    bar = progress.bar("states", total=len(left))
    held: tuple[str, Frames, torch.Tensor] | None = None
    for state in sorted(left, key=lambda s: (s.scene, s.keyframe)):
        if held is None or held[0] != state.scene:
            frames = load_frames(fleet, state.scene, model.config)
            held = (state.scene, frames, features_of(model, frames))
        here = truth.load(folder, fleet, config, state)
        said: dict[tuple[str, str], Said] = dict(
            rows_of(model, held[1], held[2], here, samples, inputs)
        )
        seen = certain(here.occupancy, here.flow, config.grid)
        said[ORACLE, NONE] = Said(seen=seen)
        vehicle = fleet.info(state.scene).vehicle
        content: dict[str, np.ndarray] = {}
        for key, row in said.items():
            content |= _measured(key, row, here, vehicle, config)
        content |= _measured((ACTIONS, NONE), Said(seen=_nothing(seen)), here, vehicle, config)
        write_npz(place / f"{state.name}.npz", content, level=1)
        bar.update()
    bar.close()


def readable(path: Path) -> bool:
    """Whether a part is there and whole."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return False


def _nothing(seen: Seen) -> Seen:
    """A world in which there is nothing to hit and no road to leave."""
    empty = {name: np.zeros_like(value) for name, value in vars(seen).items()}
    return Seen(**{**empty, "classes": np.full_like(seen.classes, 17)})


def _measured(
    key: tuple[str, str], said: Said, here: StateTruth, vehicle: VehicleParams, config: TruthConfig
) -> dict[str, np.ndarray]:
    each = [outcome(seen, here.ego, rides_of(here), vehicle, config.grid)
            for seen in said.drawn or (said.seen,)]  # fmt: skip
    judged = mean_outcome(each)
    kept = {name: np.asarray(getattr(judged, name), float) for name in OUTCOME}
    kept["ends"] = np.full(len(here.names), np.nan) if said.ends is None else said.ends
    kept |= state_sums(said.seen, judged, here, config.grid)
    return {f"{key[0]}|{key[1]}|{name}": value for name, value in kept.items()}


def rides_of(here: StateTruth) -> list[Ride]:
    """What each branch's actions are worth by themselves."""
    verdict = here.verdict
    return [
        Ride(progress=float(p), comfort=float(c))
        for p, c in zip(verdict["progress"], verdict["comfort"])
    ]


def _about(
    runs: Sequence[str | Path], fleet: Fleet, model: WorldModel, config: TruthConfig,
    states: list[State], samples: int,
) -> dict[str, Any]:  # fmt: skip
    """What the table is of."""
    seen = _seen_by(runs)
    return {
        "drivewm": drivewm.__version__, "models": [Path(run).name for run in runs],
        "weights": [checkpoint.digest(run) for run in runs], "fleet": fleet.content_hash,
        "encoder": model.config.encoder, "dynamics": model.config.dynamics,
        "parameters": checkpoint.provenance(runs[0])["parameters"],
        "truth": truth.key_of(fleet, config),
        "config": json.loads(config.model_dump_json()),
        "scenes": len({s.scene for s in states}),
        "judged_scenes_trained_on": sorted({s.scene for s in states} & seen),
        "interval": "95 %, Bayesian bootstrap over states, paired, 1000 draws",
        "row_shown": [MODEL, PERCEIVED], "samples": samples,
    }  # fmt: skip
