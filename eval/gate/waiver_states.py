"""What became of each waiver."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import date

from drivewm.eval.gate.findings import Finding, Flaky, WaiverState
from drivewm.eval.gate.waivers import Waiver


def needed(
    active: Sequence[Waiver], findings: Sequence[Finding], flaky: Sequence[Flaky]
) -> list[Waiver]:
    """Waivers without which something would fail, or could (a flaky scenario is counted)."""
    found = [finding.waiver for finding in findings if finding.waiver is not None]
    for item in flaky:
        if item.after_events > item.before_events or item.new_seeds:
            found += [waiver for waiver in active if waiver.covers(item.scenario, item.rule)]
    return found


def states(
    waivers: Sequence[Waiver], used: Sequence[Waiver], known: Sequence[str], today: date
) -> list[WaiverState]:
    """In the order of the file.

    Args:
        waivers: all.
        used: those that were needed.
        known: scenarios of either result.
        today: decides which have expired.
    """
    return [_state(waiver, waiver in used, known, today) for waiver in waivers]


def _state(waiver: Waiver, is_used: bool, known: Sequence[str], today: date) -> WaiverState:
    if waiver.has_expired(today):
        text = f"expired on {waiver.expires}; mend the regression, or renew it with its owner"
        return WaiverState(waiver=waiver, state="expired", text=text)
    if waiver.scenario not in known:
        near = difflib.get_close_matches(waiver.scenario, known, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        text = f"no scenario of that name in either result{hint}"
        return WaiverState(waiver=waiver, state="unknown", text=text)
    if is_used:
        return WaiverState(waiver=waiver, state="used", text=f"holds until {waiver.expires}")
    return WaiverState(waiver=waiver, state="unused", text="not needed; remove it")
