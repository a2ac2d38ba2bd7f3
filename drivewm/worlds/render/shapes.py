"""What actors look like: each is composed of a few parts that fill its annotated box.

Templates are in the box's own frame (x forward, origin at the box centre) and depend only on id,
category and size, so they are made once per actor and moved every frame.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from drivewm.scene import OccClass, TrackColumn
from drivewm.worlds.actors import Actors
from drivewm.worlds.render import parts as P

Color = tuple[float, float, float]
TIRE: Color = (0.012, 0.012, 0.014)
SKIN: tuple[Color, ...] = ((0.55, 0.34, 0.24), (0.38, 0.22, 0.14), (0.2, 0.11, 0.07))
PAINTS = np.array(
    [[236, 236, 234], [205, 208, 212], [150, 155, 160], [70, 74, 80], [28, 29, 32], [236, 236, 234],
     [34, 62, 120], [22, 36, 70], [150, 28, 30], [110, 20, 24], [70, 90, 76], [196, 178, 150],
     [205, 208, 212], [28, 29, 32], [190, 120, 40], [90, 130, 160]]
)  # fmt: skip
CLOTHES = np.array(
    [[40, 44, 60], [120, 30, 36], [200, 196, 188], [30, 74, 110], [70, 84, 60], [220, 170, 60],
     [90, 60, 100], [26, 26, 30], [60, 110, 110], [180, 90, 60]]
)  # fmt: skip


class _Template:
    """Collects parts given as fractions of the annotated box: x, y in -0.5..0.5, z in 0..1."""

    def __init__(self, actor_id: str, size_m: np.ndarray, occ_class: int) -> None:
        self.size, self.occ_class, self.rows = size_m, occ_class, []  # type: ignore[var-annotated]
        digest = hashlib.blake2b(actor_id.encode(), digest_size=8).digest()
        self.draws = [byte / 256.0 for byte in digest]  # eight numbers in [0, 1)

    def pick(self, table: np.ndarray, draw: int) -> Color:
        return P.linear(table[int(self.draws[draw] * len(table))])

    def add(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        z: tuple[float, float],
        color: Color,
        kind: int = P.BOX,
        material: int = P.PLAIN,
        taper: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> None:
        low = np.array([x[0], y[0], z[0] - 0.5]) * self.size
        high = np.array([x[1], y[1], z[1] - 0.5]) * self.size
        center, half = (low + high) / 2, (high - low) / 2
        self.rows.append(P.make_part(
            (center[0], center[1], center[2]), (half[0], half[1], half[2]), color, kind=kind,
            taper=taper, material=material, occ_class=self.occ_class, seed=self.draws[7],
        ))  # fmt: skip

    def wheel(self, x_m: float, radius_m: float, side: int, thickness_m: float = 0.22) -> None:
        """A wheel whose outer face lies in the box's side; ``x_m`` from the box centre."""
        length, width, height = self.size
        y = (0.5 - thickness_m / width, 0.497)
        self.add(
            ((x_m - radius_m) / length, (x_m + radius_m) / length),
            y if side > 0 else (-y[1], -y[0]), (0.0, 2 * radius_m / height), TIRE,
            P.CYLINDER_Y, P.RUBBER,
        )  # fmt: skip

    def wheels(self, xs_m: tuple[float, ...], radius_m: float) -> None:
        for x_m in xs_m:
            for side in (-1, 1):
                self.wheel(x_m, radius_m, side)


def _car(t: _Template) -> None:
    """Body, glazed cabin and four wheels: saloon, hatchback or tall estate, by id."""
    length, _, height = t.size
    paint = t.pick(PAINTS, 0)
    style = t.draws[1]
    rear, slope, belt, hood = (-0.45, 0.22, 0.57, 0.29) if style < 0.4 else (
        (-0.49, 0.1, 0.56, 0.30) if style < 0.75 else (-0.495, 0.05, 0.54, 0.33)
    )  # fmt: skip
    radius = min(0.34, 0.23 * height)
    bottom = 0.55 * radius / height
    t.add((-0.5, 0.5), (-0.5, 0.5), (bottom, belt), paint, P.SLANTED, P.PAINT, (0.05, 0.02, 0.03))
    t.add((rear, hood), (-0.485, 0.485), (belt, 1.0), paint, P.SLANTED, P.CABIN,
          (0.42, slope, 0.16))  # fmt: skip
    t.wheels((-0.29 * length, 0.30 * length), radius)


def _truck(t: _Template) -> None:
    """Cab in front of a cargo box; short ones are pick-ups."""
    length, _, height = t.size
    paint = t.pick(PAINTS, 0)
    radius = min(0.5, 0.2 * height)
    floor = 1.2 * radius / height
    if length < 6.2 and height < 2.3:  # pick-up
        t.add((-0.5, 0.5), (-0.5, 0.5), (floor, 0.56), paint, P.SLANTED, P.PAINT, (0.03, 0.0, 0.02))
        t.add((-0.22, 0.26), (-0.48, 0.48), (0.56, 1.0), paint, P.SLANTED, P.CABIN,
              (0.3, 0.08, 0.12))  # fmt: skip
        t.add((-0.5, -0.23), (-0.47, 0.47), (0.56, 0.74), paint, P.BOX, P.PLAIN)
    else:
        cab = 0.5 - min(0.3, 2.1 / length)
        cargo = P.linear(PAINTS[int(t.draws[2] * 3)])
        t.add((cab, 0.5), (-0.49, 0.49), (floor * 0.6, 0.88), paint, P.SLANTED, P.TRUCK_CAB,
              (0.12, 0.0, 0.04))  # fmt: skip
        t.add((-0.5, cab - 0.012), (-0.5, 0.5), (floor, 1.0), cargo, P.BOX, P.CARGO)
        t.add((-0.48, cab), (-0.3, 0.3), (floor * 0.6, floor), TIRE)
    t.wheels((-0.32 * length, 0.36 * length), radius)


def _bus(t: _Template) -> None:
    length, _, height = t.size
    radius = min(0.5, 0.17 * height)
    t.add((-0.5, 0.5), (-0.5, 0.5), (0.09, 1.0), t.pick(PAINTS[6:], 0), P.SLANTED, P.BUS_BODY,
          (0.02, 0.01, 0.03))  # fmt: skip
    t.wheels((-0.28 * length, 0.33 * length), radius)


def _trailer(t: _Template) -> None:
    length, _, height = t.size
    radius = min(0.48, 0.18 * height)
    floor = 1.6 * radius / height
    t.add((-0.5, 0.5), (-0.5, 0.5), (floor, 1.0), t.pick(PAINTS[:4], 0), P.BOX, P.CARGO)
    t.add((0.25, 0.3), (-0.4, 0.4), (0.0, floor), TIRE)
    t.wheels((-0.38 * length, -0.25 * length), radius)


def _works(t: _Template) -> None:
    """An excavator-like machine: tracks, house, cab, raised arm."""
    yellow = (0.75, 0.42, 0.03)
    for y in ((-0.5, -0.26), (0.26, 0.5)):
        t.add((-0.5, 0.42), y, (0.0, 0.3), TIRE, P.SLANTED, P.PLAIN, (0.1, 0.1, 0.0))
    t.add((-0.5, 0.25), (-0.5, 0.5), (0.3, 0.72), yellow)
    t.add((-0.36, 0.2), (-0.5, 0.12), (0.72, 1.0), yellow, P.SLANTED, P.CABIN, (0.1, 0.0, 0.06))
    t.add((0.0, 0.44), (0.18, 0.4), (0.72, 1.0), yellow, P.SLANTED, P.PLAIN, (0.1, 0.3, 0.0))
    t.add((0.34, 0.44), (0.18, 0.4), (0.3, 0.72), yellow)
    t.add((0.3, 0.5), (-0.1, 0.5), (0.04, 0.34), (0.1, 0.09, 0.08), P.SLANTED)


def _rider(t: _Template, z0: float) -> None:
    """Legs, torso, arms, rucksack and helmet of a person sitting on two wheels."""
    coat, skin = t.pick(CLOTHES, 2), SKIN[int(t.draws[3] * 3)]
    bag, helmet = t.pick(CLOTHES, 5), t.pick(PAINTS, 6)
    t.add((-0.16, 0.14), (-0.36, 0.36), (z0 - 0.3, z0 + 0.03), t.pick(CLOTHES, 4), material=P.CLOTH)
    t.add((-0.2, 0.14), (-0.44, 0.44), (z0 + 0.03, 0.86), coat, P.SLANTED, P.CLOTH,
          (0.15, 0.0, 0.16))  # fmt: skip
    t.add((-0.36, -0.2), (-0.34, 0.34), (z0 + 0.12, 0.88), bag, P.SLANTED, P.CLOTH, (0, 0.2, 0.1))
    for y in ((-0.5, -0.34), (0.34, 0.5)):
        t.add((0.0, 0.34), y, (0.6, 0.78), coat, P.SLANTED, P.CLOTH, (0.3, 0.0, 0.0))
    t.add((-0.1, 0.14), (-0.24, 0.24), (0.83, 0.97), skin, P.ELLIPSOID)
    t.add((-0.14, 0.14), (-0.28, 0.28), (0.88, 1.0), helmet, P.SLANTED, P.PLAIN, (0.25, 0.15, 0.2))


def _two_wheeler(t: _Template, motor: bool) -> None:
    length, width, height = t.size
    frame = t.pick(PAINTS[6:], 0)
    ridden = height > 1.25
    top = 0.66 if ridden else 1.0  # handlebar height
    radius = min(0.33 if motor else 0.35, 0.24 * length, 0.4 * height)
    thick = 0.18 if motor else 0.09
    for x0, x1 in ((-0.5, -0.5 + 2 * radius / length), (0.5 - 2 * radius / length, 0.5)):
        t.add((x0, x1), (-thick / 2 / width, thick / 2 / width), (0.0, 2 * radius / height),
              TIRE, P.CYLINDER_Y, P.RUBBER)  # fmt: skip
    body = (0.2, 0.3) if motor else (0.06, 0.1)
    low = radius / height
    t.add((-0.3, 0.26), (-body[0], body[0]), (low, low + 0.45 * (top - low)), frame,
          P.SLANTED, P.PLAIN, (0.2, 0.2, 0.1))  # fmt: skip
    t.add((-0.34, 0.0), (-body[1], body[1]), (low + 0.45 * (top - low), low + 0.65 * (top - low)),
          TIRE)  # fmt: skip
    t.add((0.2, 0.3), (-body[0] / 2, body[0] / 2), (low, top), frame)
    t.add((0.2, 0.3), (-0.5, 0.5), (top - 0.06, top), TIRE)
    if not ridden:
        t.add((-0.42, -0.1), (-0.16, 0.16), (top - 0.12, top - 0.02), TIRE)  # saddle and rack
    if ridden and motor:  # windscreen and top case
        t.add((0.14, 0.46), (-0.34, 0.34), (low + 0.08, 0.82), frame, P.SLANTED, P.PLAIN,
              (0.5, 0.0, 0.2))  # fmt: skip
        t.add((-0.5, -0.3), (-0.4, 0.4), (0.46, 0.76), TIRE)
    elif ridden:  # basket and panniers
        t.add((0.24, 0.48), (-0.34, 0.34), (0.46, 0.74), (0.12, 0.09, 0.06))
        t.add((-0.48, -0.24), (-0.42, 0.42), (0.3, 0.6), t.pick(CLOTHES, 6), material=P.CLOTH)
    if ridden:
        _rider(t, 0.5)


def _pedestrian(t: _Template) -> None:
    """Legs in stride, coat, arms and head, within the annotated box."""
    coat, trousers = t.pick(CLOTHES, 0), t.pick(CLOTHES, 1)
    skin = SKIN[int(t.draws[2] * 3)]
    stride = 0.1 + 0.3 * t.draws[3]
    t.add((-0.49, 0.02), (-0.42, -0.03), (0.0, 0.48), trousers, P.SLANTED, P.CLOTH,
          (0.0, 0.4 * stride, 0.0))  # fmt: skip
    t.add((-0.02, 0.49), (0.03, 0.42), (0.0, 0.48), trousers, P.SLANTED, P.CLOTH,
          (0.4 * stride, 0.0, 0.0))  # fmt: skip
    t.add((-0.43, 0.43), (-0.43, 0.43), (0.4, 0.86), coat, P.SLANTED, P.CLOTH, (0.06, 0.06, 0.05))
    t.add((-0.49, 0.2), (-0.5, -0.38), (0.38, 0.84), coat, P.SLANTED, P.CLOTH, (0.0, 0.2, 0.0))
    t.add((-0.2, 0.49), (0.38, 0.5), (0.38, 0.84), coat, P.SLANTED, P.CLOTH, (0.2, 0.0, 0.0))
    t.add((-0.31, 0.31), (-0.3, 0.3), (0.82, 1.0), skin, P.ELLIPSOID)
    hair = P.linear((60, 44, 30) if t.draws[4] < 0.6 else (24, 20, 18))
    t.add((-0.33, 0.24), (-0.32, 0.32), (0.89, 1.0), hair, P.ELLIPSOID)


def _cone(t: _Template) -> None:
    """A base plate and shrinking cylinders with white bands."""
    orange, white = (0.85, 0.16, 0.02), (0.75, 0.75, 0.75)
    t.add((-0.5, 0.5), (-0.5, 0.5), (0.0, 0.07), orange)
    for k, color in enumerate((orange, white, orange, white, orange)):
        r = 0.46 - 0.04 * k
        t.add((-r, r), (-r, r), (0.07 + 0.186 * k, 0.07 + 0.186 * (k + 1)), color, P.CYLINDER_Z)


def _barrier(t: _Template) -> None:
    """A water-filled barrier (red and white) or a concrete one, by id."""
    t.add((-0.5, 0.5), (-0.5, 0.5), (0.0, 0.3), (0.5, 0.5, 0.48), P.BOX, P.STRIPES)
    t.add((-0.45, 0.45), (-0.5, 0.5), (0.3, 1.0), (0.5, 0.5, 0.48), P.SLANTED, P.STRIPES,
          (0.06, 0.06, 0.2))  # fmt: skip


def _generic(t: _Template) -> None:
    t.add((-0.5, 0.5), (-0.5, 0.5), (0.0, 1.0), t.pick(PAINTS, 0), P.SLANTED, P.PLAIN,
          (0.05, 0.05, 0.05))  # fmt: skip


_BUILDERS: dict[int, Callable[[_Template], None]] = {
    OccClass.CAR: _car, OccClass.TRUCK: _truck, OccClass.BUS: _bus, OccClass.TRAILER: _trailer,
    OccClass.CONSTRUCTION_VEHICLE: _works, OccClass.PEDESTRIAN: _pedestrian,
    OccClass.TRAFFIC_CONE: _cone, OccClass.BARRIER: _barrier,
    OccClass.BICYCLE: lambda t: _two_wheeler(t, False),
    OccClass.MOTORCYCLE: lambda t: _two_wheeler(t, True),
}  # fmt: skip


def template(actor_id: str, occ_class: int, size_m: np.ndarray) -> np.ndarray:
    """Parts [B, PART_COLUMNS] of one actor in its box frame; every part lies inside the box."""
    builder = _Template(actor_id, np.asarray(size_m, float), occ_class)
    _BUILDERS.get(occ_class, _generic)(builder)
    return P.as_array(builder.rows)


class Wardrobe:
    """Templates by actor, made once. Not shared between threads."""

    def __init__(self) -> None:
        self._templates: dict[tuple[str, int, bytes], np.ndarray] = {}

    def dress(self, actors: Actors) -> np.ndarray:
        """Parts of all valid actors in the map frame; OWNER is the actor's index."""
        chosen, owners = [], []
        for index in np.flatnonzero(actors.valid):
            size = np.asarray(actors.size_m[index], float)
            key = (actors.ids[index], int(actors.occ_class[index]), size.tobytes())
            if key not in self._templates:
                self._templates[key] = template(*key[:2], size)
            chosen.append(self._templates[key])
            owners.append(np.full(len(chosen[-1]), index))
        if not chosen:
            return P.as_array([])
        return _placed(np.concatenate(chosen), np.concatenate(owners), actors.state)


def _placed(rows: np.ndarray, owner: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Moves template rows to the poses ``state`` [N, 6] of their owners."""
    poses = state[owner]
    cos, sin = np.cos(poses[:, TrackColumn.HEADING]), np.sin(poses[:, TrackColumn.HEADING])
    out = rows.copy()
    out[:, P.X] = poses[:, TrackColumn.X] + cos * rows[:, P.X] - sin * rows[:, P.Y]
    out[:, P.Y] = poses[:, TrackColumn.Y] + sin * rows[:, P.X] + cos * rows[:, P.Y]
    out[:, P.Z] = poses[:, TrackColumn.Z] + rows[:, P.Z]
    out[:, P.COS], out[:, P.SIN], out[:, P.OWNER] = cos, sin, owner
    return out
