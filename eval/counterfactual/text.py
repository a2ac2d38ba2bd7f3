"""The tables as Markdown and as lines for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drivewm.eval.counterfactual.metrics import METRICS
from drivewm.eval.counterfactual.names import BOXES, PERCEIVED, SAYS, WARP

BLOCKS = {
    "Ranking of actions": ("tau", "tau_expected", "bad_auc", "bad_auc_within", "collision_auc",
                           "collision_auc_within", "ends_auc", "regret"),
    "What differs between branches": ("score_change", "occupied_change", "movable_change",
                                      "tau_closed_loop"),
    "Occupancy on branches": ("miou_1s", "miou_2s", "miou_3s", "movable_iou_1s", "movable_iou_2s",
                              "movable_iou_3s"),
    "Agents that react to the ego": ("reaction_iou", "reaction_error_m", "reaction_found",
                                     "reaction_shift"),
}  # fmt: skip
SHOWN = ("tau", "bad_auc", "collision_auc", "regret", "score_change", "movable_iou_3s",
         "reaction_iou", "reaction_shift")  # fmt: skip
HEAD = ("tau", "bad_auc", "collision_auc", "regret")


def markdown(content: dict[str, Any]) -> str:
    """The whole page of a counterfactual folder."""
    about = content["about"]
    parts = ["# Counterfactual\n", *_head(about)]
    for facts in content["facts"]:
        split = facts["split"]
        rows = [r for r in content["rows"] if r["split"] == split]
        parts += [f"\n## Split {split}\n", fact_line(facts) + "\n"]
        for title, names in BLOCKS.items():
            parts += [f"\n### {title}\n", *_table(rows, names)]
        gaps = [c for c in content["comparisons"] if c["split"] == split]
        parts += ["\n### Model minus the other rows, the same input\n", *_gaps(gaps)]
    parts += ["\n## Action-shuffle ratio\n",
              "Error with another window's actions over the error with the own ones.\n",
              *_shuffle(content["shuffle"])]  # fmt: skip
    parts += ["\n## Rows\n", *(f"- `{row}`: {says}" for row, says in SAYS.items())]
    return "\n".join(parts) + "\n"


def _head(about: dict[str, Any]) -> list[str]:
    config = about["config"]
    lines = [
        f"Checkpoints {', '.join(about['models'])} ({about['encoder']} + {about['dynamics']}, "
        f"{about['parameters']:,} parameters); true branches {about['truth']} of fleet "
        f"{about['fleet']}: {config['branches']} branches of {config['horizon'] / 2:g} s a state.",
        f"Intervals: {about['interval']}.",
    ]
    if len(about["models"]) > 1:
        lines.append(
            f"A figure is the mean over {len(about['models'])} checkpoints, ± their sample "
            "standard deviation; the interval covers states, not checkpoints."
        )
    if about.get("samples", 1) > 1:
        lines.append(f"{about['samples']} samples of each branch; all branches of a state share "
                     "the noise of a sample.")  # fmt: skip
    if about["judged_scenes_trained_on"]:
        lines.append(f"**Careful**: {len(about['judged_scenes_trained_on'])} of the scenes were "
                     "trained on.")  # fmt: skip
    return lines


def fact_line(facts: dict[str, Any]) -> str:
    """What the branches are like, in one line."""
    return (
        f"{facts['states']} states of {facts['scenes']} scenes, {facts['branches']} branches, "
        f"{facts['bad_share']:.0%} collide or leave the road ({facts['collision_share']:.0%} "
        f"collide); {facts['tied_states']} states whose true outcomes all tie are left out of tau; "
        f"regret of a random branch {facts['random_regret']:.3f}, of the true best 0; "
        f"{facts['reactive_agents']} reacting agents in {facts['reactive_states']} states."
    )


def _table(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> list[str]:
    heads = ["row", "input", *(METRICS[n].title for n in names)]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = [_cell(row[n], row[f"{n}_low"], row[f"{n}_high"], row.get(f"{n}_spread"))
                 for n in names]  # fmt: skip
        lines.append("| " + " | ".join([row["row"], row["input"], *cells]) + " |")
    return lines


def _cell(
    value: float | None, low: float | None, high: float | None, spread: float | None = None
) -> str:
    """A figure, the spread of the checkpoints and the interval, as far as known."""
    if value is None:
        return "–"
    text = f"{value:.3f}" + ("" if spread is None else f" ± {spread:.3f}")
    return text if low is None else f"{text} [{low:.3f}, {high:.3f}]"


def _gaps(gaps: Sequence[dict[str, Any]]) -> list[str]:
    heads = ["input", "against", *(METRICS[n].title for n in SHOWN)]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for source, against in dict.fromkeys((g["input"], g["against"]) for g in gaps):
        here = {g["metric"]: g for g in gaps if (g["input"], g["against"]) == (source, against)}
        cells = [_gap(here.get(n), METRICS[n].higher_is_better) for n in SHOWN]
        lines.append("| " + " | ".join([source, against, *cells]) + " |")
    return [*lines, "", "**bold**: the model is better and the interval excludes 0."]


def _gap(gap: dict[str, Any] | None, higher: bool) -> str:
    if gap is None:
        return "–"
    if gap["low"] is None:
        return f"{gap['difference']:+.3f}"
    text = f"{gap['difference']:+.3f} [{gap['low']:+.3f}, {gap['high']:+.3f}]"
    better = gap["low"] > 0 if higher else gap["high"] < 0
    return f"**{text}**" if better else text


def _shuffle(lines: Sequence[dict[str, Any]]) -> list[str]:
    heads = ["fleet", "row", "shuffled", "windows", "scenes", "NLL ratio", "movable error ratio"]
    out = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for s in lines:
        name = s["fleet"] + (" (trained on)" if s["trained_on"] else "")
        cells = [_cell(s[n], s[f"{n}_low"], s[f"{n}_high"]) for n in ("nll", "movable_error")]
        middle = [name, s["row"], s["shuffled"], str(s["windows"]), str(s["scenes"])]
        out.append("| " + " | ".join([*middle, *cells]) + " |")
    return out


def terminal(content: dict[str, Any]) -> str:
    """The most important figures as plain lines."""
    lines = []
    for facts in content["facts"]:
        rows = [r for r in content["rows"] if r["split"] == facts["split"]]
        lines += [f"{facts['split']}: {fact_line(facts)}"]
        lines.append(f"{'row':<22}{'input':<11}" + "".join(f"{n:>16}" for n in SHOWN))
        for row in rows:
            cells = [_short(row, n) for n in SHOWN]
            lines.append(f"{row['row']:<22}{row['input']:<11}" + "".join(f"{c:>16}" for c in cells))
    first = content["facts"][0]["split"]
    lines += [
        f"model - {c['against']}: {c['metric']} {c['difference']:+.3f} "
        f"[{c['low']:+.3f}, {c['high']:+.3f}]"
        for c in content["comparisons"]
        if (c["split"], c["input"]) == (first, PERCEIVED) and c["against"] in (WARP, BOXES)
        and c["metric"] in HEAD and c["low"] is not None
    ]  # fmt: skip
    for s in content["shuffle"]:
        lines.append(f"shuffle {s['fleet']} {s['row']} {s['shuffled']}: NLL x{s['nll']:.3f}")
    return "\n".join(lines)


def _short(row: dict[str, Any], name: str) -> str:
    """A figure with the spread of the checkpoints, for a line of text."""
    if row[name] is None:
        return "-"
    spread = row.get(f"{name}_spread")
    return f"{row[name]:.3f}" + ("" if spread is None else f" ±{spread:.3f}")
