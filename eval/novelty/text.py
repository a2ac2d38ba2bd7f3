"""The table of novelty detection as Markdown and as lines for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drivewm.eval.novelty.names import SCORES

Row = Mapping[str, Any]


def markdown(content: Mapping[str, Any]) -> str:
    """The whole page of a folder."""
    rows = content["rows"]
    pairs = list(dict.fromkeys((r["kind"], r["what"]) for r in rows))
    heads = ["score"] + [f"{kind}: {what}" for kind, what in pairs]
    lines = ["# Novelty\n", *(f"* {line}" for line in facts(content["about"])), "\n## AUROC\n",
             "| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]  # fmt: skip
    by_pair = [{r["score"]: r for r in rows if (r["kind"], r["what"]) == p} for p in pairs]
    for title, field in (("*in training*", "training"), ("*frames*", "frames"),
                         ("*of scenes*", "scenes")):  # fmt: skip
        shown = [str(next(iter(found.values()))[field]) for found in by_pair]
        lines.append("| " + " | ".join([title, *shown]) + " |")
    for score in SCORES:
        if any(score in found for found in by_pair):
            shown = [cell(found[score]) if score in found else "-" for found in by_pair]
            lines.append("| " + " | ".join([score, *shown]) + " |")
    lines += ["\n**bold**: the interval lies above 0.5.", "\n## Scores\n",
              *(f"- `{name}`: {says}" for name, says in SCORES.items())]  # fmt: skip
    return "\n".join(lines) + "\n"


def facts(about: Row) -> list[str]:
    """What the table is of."""
    lines = [
        f"checkpoints {', '.join(about['models'])} ({about['encoder']} + {about['dynamics']}, "
        f"ensemble of {about['ensemble']})",
        f"familiar: {len(about['scenes'])} held-out scenes as recorded; novel: the same drives "
        "with one thing changed",
        f"intervals: {about['interval']}",
    ]
    if about["trained_weathers"] is not None:
        lines.append(f"trained on weather {', '.join(about['trained_weathers'])}; layouts "
                     f"{', '.join(about['trained_layouts'])}")  # fmt: skip
    else:
        lines.append("what training held is not known: the fleet lacks the training scenes")
    if about["camera_dropout"]:
        lines.append(f"trained with cameras taken away ({about['camera_dropout']:g}): a black "
                     "camera is not wholly new")  # fmt: skip
    return lines + [f"left out: {reason}" for reason in about["left_out"]]


def cell(row: Row) -> str:
    """AUROC, spread over checkpoints and interval; bold where it is above luck."""
    if row["auroc"] is None:
        return "-"
    text = f"{row['auroc']:.3f}"
    text += "" if row["spread"] is None else f" ± {row['spread']:.3f}"
    if row["low"] is None:
        return text
    text += f" [{row['low']:.3f}, {row['high']:.3f}]"
    return f"**{text}**" if row["low"] > 0.5 else text


def terminal(content: Mapping[str, Any]) -> str:
    """One line a novelty and score."""
    lines = facts(content["about"])
    rows: Sequence[Row] = content["rows"]
    for kind, what in dict.fromkeys((r["kind"], r["what"]) for r in rows):
        here = [r for r in rows if (r["kind"], r["what"]) == (kind, what)]
        lines.append(f"{kind} {what} ({here[0]['training']} in training): {here[0]['frames']} "
                     f"frames of {here[0]['scenes']} scenes")  # fmt: skip
        lines += [f"  {r['score']:<20} {cell(r).replace('**', '')}" for r in here]
    return "\n".join(lines)
