"""Small OpenDRIVE files written by hand for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drivewm.scenarios.opendrive import OpenDrive, read_opendrive

HEADER = '<header revMajor="1" revMinor="7" name="test"/>'


def geometry(kind: str, length: float, s=0.0, x=0.0, y=0.0, hdg=0.0) -> str:
    at = f's="{s!r}" x="{x!r}" y="{y!r}" hdg="{hdg!r}" length="{length!r}"'
    return f"<geometry {at}>{kind}</geometry>"


def lane(number: int, width="3.5", kind="driving", link="", more="") -> str:
    """A lane; the width is one number or the attributes of a <width>."""
    shape = width if "=" in width else f'sOffset="0" a="{width}" b="0" c="0" d="0"'
    inner = f"<width {shape}/>" if number else ""
    return f'<lane id="{number}" type="{kind}"><link>{link}</link>{inner}{more}</lane>'


def section(lanes: Sequence[str], s=0.0, left: Sequence[str] = (), more: str = "") -> str:
    sides = f"<left>{''.join(left)}</left>" if left else ""
    centre = f"<center>{lane(0, kind='none')}</center>"
    right = f"<right>{''.join(lanes)}</right>" if lanes else ""
    return f'<laneSection s="{s!r}" {more}>{sides}{centre}{right}</laneSection>'


def road(
    plan: str, length: float, sections: str = "", name="1", junction="-1", rule="RHT",
    link="", offset="", extra="",
) -> str:  # fmt: skip
    sections = sections or section([lane(-1), lane(-2)], left=[lane(1)])
    return (
        f'<road id="{name}" length="{length!r}" junction="{junction}" rule="{rule}">\n'
        f"<link>{link}</link>\n<planView>{plan}</planView>\n"
        f"<lanes>{offset}{sections}</lanes>\n{extra}</road>\n"
    )


def straight(length=100.0, **more) -> str:
    return road(geometry("<line/>", length), length, **more)


def network(tmp_path: Path, *parts: str, header: str = HEADER) -> OpenDrive:
    path = tmp_path / "roads.xodr"
    path.write_text(f"<OpenDRIVE>\n{header}\n{''.join(parts)}</OpenDRIVE>")
    return read_opendrive(path)


def link(name: str, number: int) -> str:
    """A lane link, predecessor or successor."""
    return f'<{name} id="{number}"/>'


def to_road(name: str, other: str, contact: str) -> str:
    return f'<{name} elementType="road" elementId="{other}" contactPoint="{contact}"/>'


def to_junction(name: str, other: str) -> str:
    return f'<{name} elementType="junction" elementId="{other}"/>'


def notes(odr: OpenDrive) -> str:
    return "\n".join(str(note) for note in odr.notes)
