"""What there is to do: tables, their rows, and the cells that make a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from drivewm.config import load
from drivewm.errors import InputError
from drivewm.logs.fleet import Fleet
from drivewm.seeds import generator
from drivewm.training.config import TrainConfig

HERE = Path(__file__).parent
ENCODER, TRAIN, JUDGES = "encoder", "train", ("forecast", "counterfactual")
_OF_ENCODER = (  # overrides that matter to the stages before dynamics
    "model.encoder", "model.pull", "model.lift", "model.query", "model.temporal", "model.channels",
    "model.grid", "perception_", "pretrain_", "label_share", "mirror", "repaint", "camera_dropout",
    "lovasz_weight", "depth_weight", "motion_", "model.motion_width", "learning_rate",
    "class_power", "jaccard_weight", "threads",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Row:
    """One training configuration of a table."""

    table: str
    name: str
    preset: str
    overrides: Mapping[str, Any]
    scenes: Mapping[str, Any] = field(default_factory=dict)
    pretrain: bool = False  # on video alone, before the encoder learns from labels
    data: str = "city"
    judges: tuple[str, ...] = ("forecast",)
    perception: bool = False  # judged as it perceives, without a dynamics stage
    branches: bool = False  # dynamics also learns from what other actions would have caused
    seeds: tuple[int, ...] = (0,)

    @property
    def last(self) -> str:
        """The training task whose run is judged."""
        return ENCODER if self.perception else TRAIN

    def arguments(self, task: str, seed: int) -> list[str]:
        """``key=value`` overrides of a run: the encoder's stages, or dynamics on top of them.

        Rows that differ in nothing of the encoder have the same encoder run.
        """
        values, stages = dict(self.overrides), ["dynamics"]
        if task == ENCODER:
            values = {k: v for k, v in values.items() if k.startswith(_OF_ENCODER)}
            stages = [*(["pretrain"] if self.pretrain else []), "encoder", "motion"]
        return [f"{k}={_text(v)}" for k, v in {**values, "stages": stages, "seed": seed}.items()]

    def problem(self) -> str | None:
        """Why this version cannot train the row, or None."""
        try:
            load(TrainConfig, f"train/{self.preset}", self.arguments(TRAIN, 0))
        except InputError as error:
            return str(error).splitlines()[0]
        return None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One piece of work: a training run, or a judgement of the runs of some seeds."""

    task: str  # encoder, train, forecast or counterfactual
    row: Row
    seeds: tuple[int, ...]

    @property
    def title(self) -> str:
        seeds = ",".join(map(str, self.seeds))
        return f"{self.task} {self.row.table} / {self.row.name} / seed {seeds}"


def read(path: Path | None = None) -> dict[str, Any]:
    """The YAML file of tables."""
    return yaml.safe_load((path or HERE / "tables.yaml").read_text(encoding="utf-8"))


def rows_of(plan: Mapping[str, Any], table: str) -> list[Row]:
    """The rows of one table."""
    base, about = plan["base"], plan["tables"][table]
    out = []
    for name, own in about["rows"].items():
        perception = about.get("perception", False)
        values = {**base["set"], **about.get("common", {}), **own}
        scenes, pretrain = values.pop("scenes", {}), values.pop("pretrain", False)
        branches = values.pop("branches", False)
        seeds = tuple(values.pop("seeds", about.get("seeds", plan["seeds"])))
        out.append(Row(
            table=table, name=name, preset=base["preset"], overrides=values, scenes=scenes,
            pretrain=pretrain, perception=perception, branches=branches, seeds=seeds,
            data=about.get("data", "city"), judges=tuple(about["judges"]),
        ))  # fmt: skip
    return out


def cells_of(plan: Mapping[str, Any], tables: Sequence[str]) -> list[Cell]:
    """Every cell, row by row: the training runs of all seeds, then what judges them together."""
    out = []
    for table in tables:
        for row in rows_of(plan, table):
            tasks = dict.fromkeys((ENCODER, row.last))
            out += [Cell(task=task, row=row, seeds=(s,)) for s in row.seeds for task in tasks]
            out += [Cell(task=judge, row=row, seeds=row.seeds) for judge in row.judges]
    return out


def held_out(fleet: Fleet, wanted: Mapping[str, Any]) -> list[str]:
    """Training scenes that a row leaves out, in the fleet's order."""
    import json

    train = [s for s in fleet.scenes if "train" in s.split]
    keep = {s.id for s in train}
    specs = {s.id: json.loads(s.world_spec or "{}") for s in train}
    if "layouts" in wanted:
        kinds = sorted({spec.get("layout", "") for spec in specs.values()})
        order = generator("layouts").permutation(len(kinds))[: wanted["layouts"]]
        chosen = [kinds[i] for i in order]
        keep &= {i for i, spec in specs.items() if spec.get("layout", "") in chosen}
    if "policies" in wanted:
        keep &= {i for i, spec in specs.items() if spec.get("policy") in wanted["policies"]}
    if "share" in wanted:
        order = generator("label share").permutation(len(train))
        keep &= {train[i].id for i in order[: max(1, round(wanted["share"] * len(train)))]}
    return [s.id for s in train if s.id not in keep]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_text, value)) + "]"
    return str(value)
