"""Nominal impacts of the Euro NCAP files: where and how fast an ego that does nothing is hit.

The files tell them by their parameters (``ImpactLocation``, ``Overlap``, ``Ego_speed_kph``) or, in
the files of 2023, by name (``CBNA-50``). The turning scenarios compute their meeting point with
approximations of their own (a series for the clothoid, a side slip of the car's middle): for
those the speed alone is nominal, and ``location_pct`` tells what the protocol aims at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from drivewm.scenarios.osc.drive import SCRIPTED, drive
from drivewm.scenarios.osc.impact import Impact, first_impact
from drivewm.scenarios.osc.load import Imported

TARGETS = ("VRU", "Target", "GVT")
TURNING = ("CPTA", "CCFtap", "CMFtap", "CBTA")
BY_NAME = re.compile(r"(?:C[BP][A-Za-z]+)[-_](\d\d)_\d+kph")
WITHIN_PCT = 2.0


@dataclass(frozen=True, kw_only=True)
class Nominal:
    """What a file defines; None: not defined. Locations as in ``Impact``."""

    speed_kph: float
    location_pct: float | None = None
    is_exact: bool = True  # False: the file's own formulas only come near the location
    reference_m: float = 0.0  # of the target's impact point ahead of its reference point
    front_on_other_m: float | None = None
    behind_front_m: float | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """One figure: nominal, driven, and the difference in percent (of the ego's width for places
    across it, of the nominal figure for others)."""

    what: str
    nominal: float
    driven: float
    off_pct: float

    @property
    def is_good(self) -> bool:
        return abs(self.off_pct) <= WITHIN_PCT


def nominal_of(imported: Imported) -> Nominal | None:
    """The nominal impact of a Euro NCAP file; None for others."""
    document = imported.document
    p, name = document.parameters, Path(imported.scene.id).name
    target = next((n for n in TARGETS if n in document.entities.all), None)
    if target is None or "Ego_speed_kph" not in p:
        return None
    speed, width = float(p["Ego_speed_kph"]), imported.ego.vehicle.width_m
    reference = float(p.get("VRU_collisionPointOffset", 0.0))
    if "ImpactSide" in p:  # straight crossing paths
        if float(p.get("Target_motorcyclist", 0)):
            length = float(p["Ego_length"])
            return Nominal(speed_kph=speed, behind_front_m=0.1 * length)
        return Nominal(speed_kph=speed, front_on_other_m=float(p["Target_length"]) / 4)
    if any(word in name or word in document.file.stem for word in TURNING):
        aimed = 50.0 if target == "VRU" else None
        return Nominal(speed_kph=speed, location_pct=aimed, is_exact=False, reference_m=reference)
    if "CCFhol" in document.file.stem:
        return Nominal(speed_kph=speed)
    found = _location(p, name, width)
    if found is not None and float(p.get("VRU_trajectoryOrientation", 1)) < 0:
        found = 100.0 - found  # counted from the side that the pedestrian comes from
    return Nominal(speed_kph=speed, location_pct=found, reference_m=reference)


def _location(p, name: str, width: float) -> float | None:
    if "ImpactLocation" in p:
        return float(p["ImpactLocation"])
    if "_GVT_offset" in p:  # car to car: an overlap of the widths
        return 50.0 + 100.0 * float(p["_GVT_offset"]) / width
    if "Overlap" in p:
        return float(p["Overlap"])
    told = BY_NAME.search(name)
    return float(told.group(1)) if told else (50.0 if "CCFhos" in name else None)


def scripted_impact(imported: Imported, nominal: Nominal) -> Impact | None:
    """The first contact of the ego with the script's own actions."""
    rollout, _ = drive(imported, SCRIPTED)
    references = {
        name: (ahead + (nominal.reference_m if name in TARGETS else 0.0), left)
        for name, (ahead, left) in imported.references.items()
    }
    return first_impact(rollout, references)


def checks_of(imported: Imported, nominal: Nominal, impact: Impact) -> list[Check]:
    """Everything that is nominal, against the drive."""
    driven_kph = impact.ego_speed_mps * 3.6
    rows = [_relative("speed km/h", nominal.speed_kph, driven_kph)]
    if nominal.location_pct is not None:
        off = impact.location_pct - nominal.location_pct
        rows.append(Check(what="location % of width", nominal=nominal.location_pct,
                          driven=impact.location_pct, off_pct=off))  # fmt: skip
    if nominal.front_on_other_m is not None:
        rows.append(_relative("m behind the other's front", nominal.front_on_other_m,
                              impact.front_on_other_m))  # fmt: skip
    if nominal.behind_front_m is not None:
        rows.append(_relative("m behind the ego's front", nominal.behind_front_m,
                              impact.contact_behind_front_m))  # fmt: skip
    return rows


def _relative(what: str, nominal: float, driven: float) -> Check:
    return Check(what=what, nominal=nominal, driven=driven,
                 off_pct=100.0 * (driven - nominal) / nominal)  # fmt: skip
