"""An explanation as text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from drivewm.eval.explain import Cause, Explanation, Moment
from drivewm.eval.scores.navsim_config import EPDMS

OF_TERMS = {  # what the value of a term's moment is
    "no_at_fault_collision": ("collision, delta-v", "m/s"),
    "drivable_area": ("margin to the edge", "m"),
    "driving_direction": ("along the lane", "m"),
    "speed_limit": ("above the limit", "m/s"),
    "ttc": ("time to collision", "s"),
    "lane_keeping": ("off the lane's middle", "m"),
    "comfort": ("share of its bound", ""),
    "extended_comfort": ("unlike the plan before, share of its bound", ""),
    "traffic_light": ("on a red connector", ""),
    "progress": ("share of the reference drive's", ""),
    "making_progress": ("share of the reference drive's", ""),
}


def as_text(found: Explanation) -> str:
    """A headline, a table of the terms by what they cost, and the safety figures that are known."""
    return "\n".join(_lines(found))


def _lines(found: Explanation) -> Iterator[str]:
    row = found.row
    where = f"{found.cell.planner} in {found.cell.scene_id}, seed {found.cell.seed}"
    yield (f"{where}: {row['score_name']} {row['score']:.4f}, "
           f"{1 - row['score']:.4f} lost")  # fmt: skip
    if row["status"] != "ok":
        yield f"  the drive failed and scores 0: {row['reason']}"
        return
    yield from _table([cause for cause in found.causes if cause.share.lost > 0])
    fine = [cause.share.term for cause in found.causes if cause.share.lost <= 0]
    if fine:
        yield f"  nothing lost by: {', '.join(fine)}"
    if row["score_name"] == EPDMS:
        yield (
            "  The score is the mean over a frame pair of stage 1 times stage 2, not the product "
            "and mean of the averaged terms above, which sets it apart from them by "
            f"{abs(found.rest):.4f}; moments are of the plan now."
        )
    elif abs(found.rest) > 1e-6:
        yield f"  {found.rest:.4f} is not explained by the terms (the score is more than that)"
    if found.nearest_harm is not None:
        yield f"  nearest to harm: {moment_text(found.nearest_harm)}"
    if row["fault_unknown"]:
        yield f"  {row['fault_unknown']} lateral contacts of unknown fault (no lane graph)"
    yield from _safety(found)


def _table(causes: list[Cause]) -> Iterator[str]:
    if not causes:
        yield "  no term lost a point"
        return
    lines = [("term", "value", "cost", "score if perfect", "worst moment")]
    for cause in causes:
        share = cause.share
        name = share.term if share.weight is None else f"{share.term} (weight {share.weight:g})"
        moment = "-" if cause.moment is None else moment_text(cause.moment)
        lines.append(
            (name, f"{share.value:.3f}", f"{share.lost:.4f}", f"{share.if_perfect:.4f}", moment)
        )
    widths = [max(len(line[c]) for line in lines) for c in range(5)]
    for line in lines:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()


def moment_text(moment: Moment, id_length: int = 64) -> str:
    """``ttc_s 0.40 s at 3.2 s against vehicle.car 17``; a longer track id is cut."""
    what, unit = OF_TERMS.get(moment.metric, (moment.metric, moment.unit))
    value = "" if moment.value is None else f" {moment.value:.2f} {unit}".rstrip()
    against = ""
    if moment.track_id is not None:
        name = moment.track_id
        short = name if len(name) <= id_length else name[:id_length] + "..."
        against = f" against {moment.category or 'road user'} {short}"
    return f"{what}{value} at {moment.time_s:.1f} s{against}"


def _safety(found: Explanation) -> Iterator[str]:
    known = {
        name: value
        for name, value in found.safety.items()
        if value is not None and name not in found.cell._fields and not name.endswith("_track")
    }
    if known:
        shown = [f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in known.items()]
        yield "  safety: " + ", ".join(shown)
