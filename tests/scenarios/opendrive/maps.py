"""Hand-written networks that several tests drive on."""

from __future__ import annotations

from math import pi
from pathlib import Path

import numpy as np
from scipy.integrate import trapezoid

from drivewm.scenarios.opendrive import OpenDrive
from tests.scenarios.opendrive.files import (
    geometry,
    lane,
    link,
    network,
    road,
    section,
    straight,
    to_junction,
    to_road,
)


def s_curve(tmp_path: Path, rule: str = "RHT") -> OpenDrive:
    """Line, spiral, arc, spiral back and line, each joined to the end of the one before."""
    curves = [
        ("<line/>", 50.0, 0.0, 0.0), ('<spiral curvStart="0" curvEnd="0.02"/>', 40.0, 0.0, 0.02),
        ('<arc curvature="0.02"/>', 60.0, 0.02, 0.02),
        ('<spiral curvStart="0.02" curvEnd="-0.02"/>', 60.0, 0.02, -0.02),
        ("<line/>", 30.0, 0.0, 0.0),
    ]  # fmt: skip
    return network(tmp_path, road(*chain(curves), rule=rule))


def chain(curves) -> tuple[str, float]:
    """Geometries one after the other, and their length."""
    s = x = y = hdg = 0.0
    parts = []
    for kind, length, k0, k1 in curves:
        parts.append(geometry(kind, length, s, x, y, hdg))
        fine = np.linspace(0, length, 20001)
        angle = hdg + k0 * fine + 0.5 * (k1 - k0) / length * fine**2
        x += float(trapezoid(np.cos(angle), fine))
        y += float(trapezoid(np.sin(angle), fine))
        s, hdg = s + length, float(angle[-1])
    return "".join(parts), s


def widening(tmp_path: Path) -> OpenDrive:
    """300 m, three sections: one lane; a second one opens on the right; two lanes."""
    grow = 'sOffset="0" a="0" b="0" c="0.00105" d="-0.000007"'  # 0 to 3.5 m over 100 m, no slope
    sections = section([lane(-1, link=link("successor", -1))], 0.0)
    more = 'sOffset="0" a="3.5" b="0" c="0" d="0"'
    both = link("predecessor", -1) + link("successor", -1)
    sections += section(
        [lane(-1, more, link=both), lane(-2, grow, link=link("successor", -2))], 100.0
    )
    ends = [lane(-i, link=link("predecessor", -i)) for i in (1, 2)]
    return network(tmp_path, straight(300.0, sections=sections + section(ends, 200.0)))


def t_junction(
    tmp_path: Path, links: str | None = None, extra: str = "", light: str = ""
) -> OpenDrive:
    """Roads 1 (west), 2 (east) and 3 (south) meet; connectors 10 (straight on, west to east) and
    11 (right turn, west to south). Road 3 leads south, away from the junction."""
    sides = {"left": [lane(1)]}
    west = road(
        geometry("<line/>", 100.0), 100.0, name="1", link=to_junction("successor", "7"),
        sections=section([lane(-1)], **sides), extra=light,
    )  # fmt: skip
    east = road(
        geometry("<line/>", 100.0, x=120.0), 100.0, name="2",
        link=to_junction("predecessor", "7"), sections=section([lane(-1)], **sides),
    )  # fmt: skip
    south = road(
        geometry("<line/>", 80.0, x=110.0, y=-10.0, hdg=-pi / 2), 80.0, name="3",
        link=to_junction("predecessor", "7"), sections=section([lane(-1)], **sides),
    )  # fmt: skip
    one = [lane(-1, link=link("predecessor", -1) + link("successor", -1))]
    on = road(
        geometry("<line/>", 20.0, x=100.0), 20.0, name="10", junction="7",
        link=to_road("predecessor", "1", "end") + to_road("successor", "2", "start"),
        sections=section(one),
    )  # fmt: skip
    turn = road(
        geometry('<arc curvature="-0.1"/>', 5 * pi, x=100.0), 5 * pi, name="11", junction="7",
        link=to_road("predecessor", "1", "end") + to_road("successor", "3", "start"),
        sections=section(one),
    )  # fmt: skip
    if links is None:
        links = "".join(
            f'<connection id="{i}" incomingRoad="1" connectingRoad="{10 + i}" '
            f'contactPoint="start"><laneLink from="-1" to="-1"/></connection>'
            for i in (0, 1)
        )
    junction = f'<junction id="7" name="T">{links}</junction>'
    return network(tmp_path, west, east, south, on, turn, junction, extra)
