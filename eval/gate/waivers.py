"""``waivers.yaml``: regressions that somebody answers for until a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from drivewm.errors import InputError
from drivewm.eval.gate.facts import SAFETY_RULES
from drivewm.scenarios.loading import Document, nearest, parse, read

REQUIRED = ("scenario", "reason", "owner", "expires")
KEYS = (*REQUIRED, "rule")


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """One entry. It holds through its day ``expires``."""

    scenario: str
    reason: str
    owner: str
    expires: date
    rule: str | None  # None: every safety rule
    where: str  # file:line

    def covers(self, scenario: str, rule: str) -> bool:
        """Is it about this rule in this scenario?"""
        return scenario == self.scenario and rule == (self.rule or rule)

    def has_expired(self, today: date) -> bool:
        return today > self.expires


def read_waivers(path: str | Path) -> tuple[Waiver, ...]:
    """The waivers of a file.

    Raises:
        InputError: malformed YAML, an entry without scenario, reason, owner or expiry, an unknown
            key or rule, no date, or two entries for one thing; with file and line.
    """
    return _waivers(read(path))


def of_text(text: str, file: str = "waivers.yaml") -> tuple[Waiver, ...]:
    """As ``read_waivers``, of a text."""
    return _waivers(parse(text, file))


def find(waivers: Sequence[Waiver], scenario: str, rule: str, today: date) -> Waiver | None:
    """The waiver that holds today for a rule in a scenario."""
    return next((w for w in waivers if w.covers(scenario, rule) and not w.has_expired(today)), None)


def _waivers(document: Document) -> tuple[Waiver, ...]:
    top = document.value
    place: tuple[str, ...] = ()
    entries = top
    if isinstance(top, dict):
        unknown = [key for key in top if key != "waivers"]
        if unknown:
            raise InputError(f"unknown key '{unknown[0]}'", file=_line(document, (unknown[0],)),
                             fix="write a list below 'waivers:'")  # fmt: skip
        entries, place = top.get("waivers") or [], ("waivers",)
    if not isinstance(entries, list):
        raise InputError("is not a list", file=_line(document, place), fix="write - scenario: ID")
    found = [_waiver(document, entry, (*place, n)) for n, entry in enumerate(entries)]
    seen: dict[tuple[str, str | None], Waiver] = {}
    for waiver in found:
        first = seen.setdefault((waiver.scenario, waiver.rule), waiver)
        if first is not waiver:
            raise InputError(f"'{waiver.scenario}' is waived twice (first at {first.where})",
                             file=waiver.where, fix="keep one")  # fmt: skip
    return tuple(found)


def _waiver(document: Document, entry: Any, place: tuple[str | int, ...]) -> Waiver:
    where = _line(document, place)
    if not isinstance(entry, dict):
        raise InputError("a waiver is not a mapping", file=where, fix="write scenario: ID")
    for key in entry:
        if key not in KEYS:
            raise InputError(f"unknown key '{key}'", file=_line(document, (*place, key)),
                             fix=_hint(key, KEYS))  # fmt: skip
    for key in REQUIRED:
        if entry.get(key) is None or not str(entry[key]).strip():
            raise InputError("a waiver needs it", file=where, field=key,
                             fix=f"write {', '.join(REQUIRED)}")  # fmt: skip
    rule = entry.get("rule")
    if rule is not None and rule not in SAFETY_RULES:
        raise InputError(f"no safety rule '{rule}'", file=_line(document, (*place, "rule")),
                         field="rule", fix=_hint(str(rule), SAFETY_RULES))  # fmt: skip
    return Waiver(
        scenario=str(entry["scenario"]), reason=str(entry["reason"]), owner=str(entry["owner"]),
        rule=rule, where=where,
        expires=day(str(entry["expires"]), _line(document, (*place, "expires")), "expires"),
    )  # fmt: skip


def _hint(word: str, known: Sequence[str]) -> str:
    near = nearest(word, known)
    return f"did you mean '{near}'?" if near else f"known: {', '.join(known)}"


def day(text: str, file: str | None, field: str) -> date:
    """A date written YYYY-MM-DD.

    Raises:
        InputError: it is none.
    """
    try:
        if len(text) != 10:
            raise ValueError("not of the form YYYY-MM-DD")
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"'{text}' is no date", file=file, field=field,
                         fix="write it as 2030-12-31") from error  # fmt: skip


def _line(document: Document, place: Sequence[str | int]) -> str:
    return f"{document.file}:{document.mark(place)[0]}"
