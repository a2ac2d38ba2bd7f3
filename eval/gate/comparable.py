"""Why two results cannot be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from drivewm.eval.gate.policy import Policy
from drivewm.eval.gate.runs import Run

# Of the simulation, may differ; how often each drive was planned stands in its row, and so does the
# default where nothing was set.
FREE = ("seed", "isolation.process", "replan_interval_s")
BUDGET = ("isolation.deadline_s", "isolation.memory_mb", "hang_limit_s")
NAMED = 3  # scenarios named in a reason


def refusals(baseline: Run, candidate: Run, policy: Policy) -> list[str]:
    """The reasons, empty where the two can be compared."""
    shared = sorted(set(baseline.infos) & set(candidate.infos))
    if not shared:
        return ["no scenario is in both results"]
    return [
        *_config(baseline.manifest, candidate.manifest),
        *_contents(baseline, candidate, shared),
        *_rows(baseline, candidate, policy),
        *_coverage(baseline, shared, policy),
    ]


def _config(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    old, new = before.get("config") or {}, after.get("config") or {}
    one, other = (sorted(config.get("given") or ()) for config in (old, new))
    if one != other:  # settings of a suite's scenarios that the command line replaced
        yield f"what the command line sets differs: {', '.join(one) or 'nothing'} and " + (
            ", ".join(other) or "nothing"
        )
    for part in ("sim", "score", "safety"):
        for name, one, other in _differences(old.get(part) or {}, new.get(part) or {}):
            if part == "sim" and name in FREE:
                continue
            what = f"{part}.{name}"
            if part == "sim" and name in BUDGET:
                what = f"the planner's budget ({what})"
            yield f"{what} differs: {_text(one)} and {_text(other)}"


def _differences(
    old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    for key in sorted({*old, *new}):
        one, other = old.get(key), new.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _differences(one, other, f"{prefix}{key}.")
        elif one != other:
            yield f"{prefix}{key}", one, other


def _contents(baseline: Run, candidate: Run, shared: list[str]) -> Iterator[str]:
    """The scenarios must be what they were."""
    known = True
    changed = []
    for name in shared:
        old, new = baseline.infos[name].content_hash, candidate.infos[name].content_hash
        known = known and old is not None and new is not None
        if old != new and old is not None and new is not None:
            changed.append(name)
    if changed:
        yield f"the content of {_names(changed)} changed (another hash)"
    if not known:  # results that say only what all their scenes together are
        one, other = ((run.manifest.get("fleet") or {}).get("content_hash")
                      for run in (baseline, candidate))  # fmt: skip
        if one != other:
            yield f"the scenes differ (fleet hash {_text(one)} and {_text(other)})"


def _rows(baseline: Run, candidate: Run, policy: Policy) -> Iterator[str]:
    """Of drives that both sides made: judged alike, driven alike."""
    found: dict[str, list[str]] = {}
    by_scenario = {name: drive for (name, _), drive in sorted(baseline.drives.items())
                   if not drive.failed}  # fmt: skip
    for (name, _), new in sorted(candidate.drives.items()):
        old = by_scenario.get(name)
        if old is None or new.failed:
            continue
        pairs = {
            "score": (f"{old.score_name} {old.score_version}",
                      f"{new.score_name} {new.score_version}"),
            **{key: (old.settings.get(key), new.settings.get(key)) for key in old.settings},
        }  # fmt: skip
        if policy.replan_interval == "judge":
            pairs.pop("replan_interval_s", None)
        for key, (one, other) in pairs.items():
            if one != other:
                text = f"{_label(key)} differs: {_text(one)} and {_text(other)}"
                names = found.setdefault(text, [])
                if name not in names:
                    names.append(name)
    for text, names in found.items():
        yield f"{text} (in {_names(names)})"


def _label(key: str) -> str:
    if key == "score":
        return "the score's version"
    return "the replan interval" if key == "replan_interval_s" else key


def _coverage(baseline: Run, shared: list[str], policy: Policy) -> Iterator[str]:
    share = len(shared) / len(baseline.infos)
    if share < policy.least_shared:
        yield (f"the candidate drove {len(shared)} of {len(baseline.infos)} scenarios of the "
               f"baseline; the policy wants {policy.least_shared:.0%}")  # fmt: skip


def _names(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _text(value: Any) -> str:
    return "none" if value is None else f"{value}"
