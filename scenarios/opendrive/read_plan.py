"""``<planView>`` and the profiles along s, from XML to curves."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from drivewm.scenarios.opendrive.curves import Arc, Cubic, Curve, Line, Spiral, poly3
from drivewm.scenarios.opendrive.model import Note
from drivewm.scenarios.opendrive.plan_view import Piece, PlanView, joint_gap
from drivewm.scenarios.opendrive.profiles import Cubics, cubics
from drivewm.scenarios.xml_files import Node

MAX_LENGTH_M = 1e6
MAX_TURN_RAD = 200.0  # of one curve
MAX_COORDINATE_M = 1e9
MAX_COEFFICIENT = 1e9
TINY_M = 1e-9  # a shorter geometry is no curve
GAP_M = 0.05  # between pieces; wider ones are named
GAP_RAD = 0.02
LENGTH_SHARE = 0.01  # by which a paramPoly3 may be longer or shorter than it says


def read_plan(road: Node, notes: list[Note]) -> PlanView:
    """The reference line.

    Raises:
        InputError: there is none, or a piece's geometry is unknown or out of bounds.
    """
    pieces = []
    for node in road.one("planView").all("geometry"):
        piece = _piece(node, notes)
        if piece is not None:
            pieces.append(piece)
    if not pieces:
        raise road.error("has no <geometry> of positive length in its planView", field="planView")
    pieces.sort(key=lambda piece: piece.s_m)
    if pieces[0].s_m > GAP_M:
        said = f"the first geometry starts at s = {pieces[0].s_m:g} m; it is followed back to 0"
        notes.append(Note(pieces[0].line, said))
    for before, after in pairwise(pieces):
        gap_m, turn_rad = joint_gap(before, after)
        if gap_m > GAP_M or turn_rad > GAP_RAD:
            said = (
                f"geometry at s = {after.s_m:g} m starts {gap_m:.2f} m and {turn_rad:.3f} rad off"
            )
            notes.append(Note(after.line, f"{said} the end of the one before"))
    return PlanView(tuple(pieces))


def _piece(node: Node, notes: list[Note]) -> Piece | None:
    s, x, y, heading, length = (node.number(k) for k in ("s", "x", "y", "hdg", "length"))
    if length < 0 or length > MAX_LENGTH_M:
        raise node.error(f"has length {length:g} m; 0 to {MAX_LENGTH_M:g} is read", field="length")
    if not -TINY_M <= s <= MAX_LENGTH_M:
        raise node.error(f"starts at s = {s:g} m; 0 to {MAX_LENGTH_M:g} is read", field="s")
    if max(abs(x), abs(y)) > MAX_COORDINATE_M:
        raise node.error(f"lies at ({x:g}, {y:g}) m, beyond {MAX_COORDINATE_M:g}")
    if length < TINY_M:
        notes.append(Note(node.line, f"geometry of length {length:g} m is left out"))
        node.skip()
        return None
    shapes = [child for child in node.all() if child.tag in _CURVES]
    if len(shapes) != 1:
        names = ", ".join(child.tag for child in node.children) or "nothing"
        known = ", ".join(_CURVES)
        raise node.error(f"holds {names}; one of {known} is needed")
    curve = _CURVES[shapes[0].tag](shapes[0], length, notes)
    return Piece(s_m=s, x_m=x, y_m=y, heading_rad=heading, length_m=length, curve=curve,
                 line=node.line)  # fmt: skip


def _line(node: Node, length_m: float, notes: list[Note]) -> Curve:
    return Line()


def _arc(node: Node, length_m: float, notes: list[Note]) -> Curve:
    curvature = node.number("curvature")
    _check_turn(node, abs(curvature) * length_m)
    return Arc(curvature)


def _spiral(node: Node, length_m: float, notes: list[Note]) -> Curve:
    spiral = Spiral(node.number("curvStart"), node.number("curvEnd"), length_m)
    _check_turn(node, spiral.turned_rad)
    return spiral


def _check_turn(node: Node, turned_rad: float) -> None:
    if turned_rad > MAX_TURN_RAD:
        raise node.error(f"turns by {turned_rad:g} rad; up to {MAX_TURN_RAD:g} is read")


def _poly3(node: Node, length_m: float, notes: list[Note]) -> Curve:
    a, b, c, d = (node.number(name) for name in "abcd")
    return poly3(a, b, c, d, length_m)


def _param_poly3(node: Node, length_m: float, notes: list[Note]) -> Curve:
    u = tuple(node.number(name) for name in ("aU", "bU", "cU", "dU"))
    v = tuple(node.number(name) for name in ("aV", "bV", "cV", "dV"))
    kind = node.get("pRange")
    if kind is None:
        notes.append(Note(node.line, "paramPoly3 without pRange is read as normalized"))
        kind = "normalized"
    if kind not in ("normalized", "arcLength"):
        raise node.error(f'has pRange="{kind}"', field="pRange", fix="normalized or arcLength")
    end = 1.0 if kind == "normalized" else length_m
    curve = Cubic(u, v, end, length_m, is_scaled=True)  # type: ignore[arg-type]
    arc_m = curve.arc_length_m
    if not math.isfinite(arc_m) or arc_m <= 0:
        raise node.error("has no extent: its arc length is not positive")
    if abs(arc_m - length_m) > LENGTH_SHARE * length_m + 0.01:
        said = f"paramPoly3 is {arc_m:.2f} m long, not {length_m:.2f} m; s is spread evenly over it"
        notes.append(Note(node.line, said))
    return curve


_CURVES: dict[str, Callable[[Node, float, list[Note]], Curve]] = {
    "line": _line, "arc": _arc, "spiral": _spiral, "poly3": _poly3, "paramPoly3": _param_poly3,
}  # fmt: skip


def read_cubics(nodes: list[Node], start: str = "s", base_m: float = 0.0) -> Cubics:
    """Cubic pieces a, b, c, d; ``start`` names the attribute that their s, from ``base_m`` on."""
    rows = []
    for node in nodes:
        row = (base_m + node.number(start), *(node.number(name) for name in "abcd"))
        if max(map(abs, row)) > MAX_COEFFICIENT:
            raise node.error(f"has a coefficient beyond {MAX_COEFFICIENT:g}")
        rows.append(row)
    return cubics(rows)  # type: ignore[arg-type]
