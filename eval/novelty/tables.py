"""``scores.parquet`` and what is made of it: how well each score tells each novelty.

AUROC: the probability that a frame with the novelty scores higher than a familiar one, ties half.
Intervals are of a Bayesian bootstrap over scenes; the frames of a scene, as recorded and changed,
have one weight. Shapes: R draws, M scenes, N frames.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.errors import InputError
from drivewm.eval.counterfactual.metrics import weighted_auc
from drivewm.eval.novelty import figures, text
from drivewm.eval.novelty.names import CHANCE, ID, KINDS, SCORES, UNKNOWN, WEATHER
from drivewm.seeds import generator
from drivewm.storage import atomic_file, write_text

ROWS, ABOUT, TABLE, FIGURES = "scores.parquet", "novelty.json", "table.md", "figures"
KNOWN = (ROWS, ABOUT, TABLE, FIGURES)
DRAWS = 1000
SCHEMA = pa.schema(
    [("run", pa.int32()), ("kind", pa.string()), ("what", pa.string()), ("scene", pa.string()),
     ("keyframe", pa.int32()), ("score", pa.string()), ("value", pa.float64())]
)  # fmt: skip


def lines_of(
    run: int, kind: str, what: str, scene: str, keyframe: int, scores: Mapping[str, float]
) -> list[dict[str, Any]]:
    """One line a score of a clip."""
    about = {"run": run, "kind": kind, "what": what, "scene": scene, "keyframe": keyframe}
    return [{**about, "score": name, "value": value} for name, value in scores.items()]


def check_output(output: Path) -> None:
    """Makes the folder now, so that no work is lost for want of a place.

    Raises:
        InputError: it holds something else.
    """
    found = [p.name for p in output.iterdir()] if output.is_dir() else []
    if any(name not in KNOWN and not name.startswith(".") for name in found):
        raise InputError("holds other files than an evaluation of novelty", file=output,
                         field="--output", fix="choose another folder")  # fmt: skip
    output.mkdir(parents=True, exist_ok=True)


def write(output: Path, rows: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> None:
    """``scores.parquet``; what it is of stands in its metadata."""
    table = pa.Table.from_pylist(list(rows), SCHEMA.with_metadata({"about": json.dumps(about)}))
    with atomic_file(output / ROWS) as partial:
        pq.write_table(table, partial, compression="zstd")


def write_tables(folder: str | Path) -> dict[str, Any]:
    """``novelty.json``, ``table.md`` and ``figures/auroc.png`` from the folder's scores.

    Raises:
        InputError: they are not there, or damaged.
    """
    folder = Path(folder)
    rows, about = _read(folder / ROWS)
    detected = detection(rows, about)
    content = {"about": about, "rows": detected}
    write_text(folder / ABOUT, json.dumps(content, indent=1) + "\n")
    write_text(folder / TABLE, text.markdown(content))
    figures.save(folder / FIGURES / "auroc.png", figures.auroc_sheet(detected))
    return content


def _read(path: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    try:
        about = json.loads((pq.read_schema(path).metadata or {})[b"about"])
        return pq.read_table(path, schema=SCHEMA).to_pylist(), about
    except FileNotFoundError as error:
        raise InputError("no novelty scores here", file=path, field="--tables",
                         fix="name a folder that `drivewm novelty` wrote") from error  # fmt: skip
    except (pa.ArrowInvalid, OSError, KeyError, ValueError) as error:
        said = " ".join(str(error).split())
        raise InputError(f"not readable ({said})", file=path,
                         fix="run `drivewm novelty` again") from error  # fmt: skip


def detection(rows: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a novelty and score: AUROC with its interval, the mean of the checkpoints'."""
    scenes = sorted({r["scene"] for r in rows})
    drawn = generator("bootstrap", "novelty", len(scenes)).dirichlet(np.ones(len(scenes)), DRAWS)
    weights = np.concatenate([np.ones((1, len(scenes))), drawn * len(scenes)])
    pairs = {(r["kind"], r["what"]) for r in rows if r["kind"] != ID}
    out = []
    for kind, what in sorted(pairs, key=lambda p: (KINDS.index(p[0]), p[1])):
        for score in SCORES:
            if score == CHANCE:
                continue
            mine = [r for r in rows if r["score"] == score and _counts(r, kind, what, about)]
            runs = sorted({r["run"] for r in mine})
            if not runs:
                continue
            each = [_auroc([r for r in mine if r["run"] == run], scenes, weights) for run in runs]
            novel = [r for r in mine if r["kind"] == kind]
            out.append(
                {"kind": kind, "what": what, "score": score,
                 "training": about["status"].get(f"{kind}|{what}", UNKNOWN),
                 **_figures(np.stack(each), len({r["scene"] for r in novel})),
                 "frames": len(novel) // len(runs), "scenes": len({r["scene"] for r in novel}),
                 "familiar_frames": (len(mine) - len(novel)) // len(runs)}
            )  # fmt: skip
        out.append({**out[-1], "score": CHANCE, **luck(out[-1])})
    return out


def luck(row: Mapping[str, Any]) -> dict[str, Any]:
    """What scores that know nothing reach with as many frames: 95 % of the draws lie in the
    interval. Frames of a scene are alike, so that luck is somewhat greater than it says."""
    novel, familiar = row["frames"], row["familiar_frames"]
    ranks = generator("luck", novel, familiar).random((DRAWS, novel + familiar)).argsort(1)
    places = ranks.argsort(1)[:, :novel].sum(1)
    drawn = (places - novel * (novel - 1) / 2) / max(novel * familiar, 1)
    low, high = (round(float(v), 6) for v in np.quantile(drawn, [0.025, 0.975]))
    return {"auroc": 0.5, "low": low, "high": high, "spread": None}


def _counts(row: Mapping[str, Any], kind: str, what: str, about: Mapping[str, Any]) -> bool:
    """Whether a line is of a novelty, or of the familiar frames that it is told from."""
    if row["kind"] == ID:  # a night is not told from nights
        return kind != WEATHER or about["weathers"].get(row["scene"]) != what
    return (row["kind"], row["what"]) == (kind, what)


def _auroc(
    rows: Sequence[Mapping[str, Any]], scenes: Sequence[str], weights: np.ndarray
) -> np.ndarray:  # [1 + R]
    place = {scene: m for m, scene in enumerate(scenes)}
    owner = np.array([place[r["scene"]] for r in rows])
    value = np.array([r["value"] for r in rows], float)
    novel = np.array([r["kind"] != ID for r in rows])
    return weighted_auc(value, novel, weights[:, owner])


def _figures(each: np.ndarray, scenes: int) -> dict[str, Any]:
    """Mean over checkpoints of [S, 1 + R], its interval and their spread."""
    mean = each.mean(0)
    drawn = mean[1:][np.isfinite(mean[1:])]
    low = high = None
    if scenes > 1 and len(drawn) and np.isfinite(mean[0]):
        low, high = (round(float(v), 6) for v in np.quantile(drawn, [0.025, 0.975]))
    spread = round(float(each[:, 0].std(ddof=1)), 6) if len(each) > 1 else None
    auroc = round(float(mean[0]), 6) if np.isfinite(mean[0]) else None
    return {"auroc": auroc, "low": low, "high": high, "spread": spread}
