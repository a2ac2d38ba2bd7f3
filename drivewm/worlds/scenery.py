"""Buildings, walls, trees, hedges and poles along the roads. Shapes: M solids."""

from __future__ import annotations

import numpy as np
from shapely.geometry import LineString, Polygon
from shapely.ops import unary_union
from shapely.prepared import prep

from drivewm.geometry.boxes import corners
from drivewm.scene import OccClass
from drivewm.worlds.actors import Solids
from drivewm.worlds.layouts.network import Network, resample

FACADES = np.array(
    [[168, 92, 70], [196, 178, 150], [140, 140, 146], [205, 200, 190], [110, 118, 132],
     [186, 140, 96], [92, 84, 80], [214, 190, 160], [128, 148, 150], [160, 120, 130]]
)  # fmt: skip
GREENS = np.array([[62, 98, 44], [78, 112, 50], [52, 84, 48], [96, 118, 58], [70, 92, 36]])
BARK, METAL, CONCRETE = [92, 70, 50], [96, 100, 104], [150, 146, 138]


class _Collector:
    """Rows of solids, refused where they would stand on a road or sidewalk."""

    def __init__(self, kept_free, rng: np.random.Generator) -> None:
        self.rows: list[tuple] = []
        self.free, self.rng = prep(kept_free), rng
        self.taken: list[Polygon] = []

    def add(self, xy, yaw, size, bottom, occ, color, solid=True) -> bool:
        box = Polygon(corners(np.array([*xy, yaw]), np.array(size[0]), np.array(size[1])))
        if solid and self.free.intersects(box):
            return False
        shade = np.clip(np.asarray(color) + self.rng.normal(0, 7, 3), 0, 255)
        center = (*xy, bottom + size[2] / 2)
        self.rows.append((center, size, yaw, occ, shade.astype(np.uint8)))
        return True

    def add_alone(self, xy, yaw, size, occ, color) -> bool:
        """As ``add``, and not into another large solid."""
        box = Polygon(corners(np.array([*xy, yaw]), np.array(size[0]), np.array(size[1])))
        if any(box.intersects(other) for other in self.taken):
            return False
        if not self.add(xy, yaw, size, 0.0, occ, color):
            return False
        self.taken.append(box)
        return True


def build_scenery(network: Network, road, origin_m: np.ndarray, rng: np.random.Generator) -> Solids:
    """Solids of one world, in the map frame; never on drivable area or sidewalk."""
    outer = unary_union([Polygon(p.exterior) for p in getattr(road, "geoms", [road])])
    walk = outer.buffer(network.sidewalk_m)
    ends = unary_union(network.road_ends)
    out = _Collector(unary_union([walk.buffer(0.15), ends]), rng)
    setback = rng.uniform(3.5, 8.0)
    for line in _rings(walk.buffer(setback), ends):
        _buildings(out, line)
    for line in _rings(walk.buffer(0.6), ends):
        _poles(out, line)
    for line in _rings(walk.buffer(1.9), ends):
        _greenery(out, line)
    return _packed(out.rows, origin_m)


def _rings(area, ends) -> list[np.ndarray]:
    """Boundary lines of an area, at 1 m, cut at the ends of roads; land lies to the right."""
    lines = []
    for part in getattr(area, "geoms", [area]):
        cut = LineString(part.exterior.normalize().coords).difference(ends)
        for piece in getattr(cut, "geoms", [cut]):
            if piece.length > 6:
                lines.append(resample(np.array(piece.coords)))
    return lines


def _frame(line: np.ndarray, s: float, area_side: float = 1.0):
    k = min(int(s), len(line) - 2)
    tangent = line[k + 1] - line[k]
    tangent = tangent / np.hypot(*tangent)
    return line[k], tangent, np.array([-tangent[1], tangent[0]]) * area_side


def _buildings(out: _Collector, line: np.ndarray) -> None:
    rng, s = out.rng, out.rng.uniform(0, 6)
    while s < len(line) - 4:
        width, depth = rng.uniform(9, 22), rng.uniform(8, 15)
        height = rng.uniform(4, 10) if rng.random() < 0.5 else rng.uniform(10, 26)
        point, tangent, normal = _frame(line, s + width / 2)
        yaw = float(np.arctan2(tangent[1], tangent[0]))
        color = FACADES[int(rng.integers(len(FACADES)))]
        if rng.random() < 0.82:
            for side in (1, -1):  # the side that is land depends on the ring's direction
                center = point + side * normal * (depth / 2 + rng.uniform(0.2, 2.5))
                if out.add_alone(center, yaw, (width, depth, height), OccClass.MANMADE, color):
                    break
        elif rng.random() < 0.6:
            out.add_alone(point, yaw, (width * 0.8, 0.3, rng.uniform(1.6, 2.4)), OccClass.MANMADE,
                          CONCRETE)  # fmt: skip
        s += width + rng.uniform(0.5, 7)


def _poles(out: _Collector, line: np.ndarray) -> None:
    rng, s = out.rng, out.rng.uniform(4, 20)
    while s < len(line) - 3:
        point, tangent, _ = _frame(line, s)
        yaw = float(np.arctan2(tangent[1], tangent[0]))
        out.add(point, yaw, (0.22, 0.22, rng.uniform(5.5, 8)), 0.0, OccClass.MANMADE, METAL)
        s += rng.uniform(22, 32)


def _greenery(out: _Collector, line: np.ndarray) -> None:
    rng, s = out.rng, out.rng.uniform(0, 10)
    while s < len(line) - 3:
        point, tangent, _ = _frame(line, s)
        yaw = float(np.arctan2(tangent[1], tangent[0])) + rng.normal(0, 0.1)
        green = GREENS[int(rng.integers(len(GREENS)))]
        if rng.random() < 0.6:
            _tree(out, point, yaw, green)
            s += rng.uniform(6, 15)
        elif rng.random() < 0.6:
            long = rng.uniform(4, 10)
            out.add(point, yaw, (long, 0.8, rng.uniform(0.7, 1.4)), 0.0, OccClass.VEGETATION, green)
            s += long + rng.uniform(1, 5)
        else:
            s += rng.uniform(5, 14)


def _tree(out: _Collector, point: np.ndarray, yaw: float, green: np.ndarray) -> None:
    """A trunk and two crown boxes; crowns may reach over the sidewalk, above people's heads."""
    rng = out.rng
    trunk, crown = rng.uniform(2.4, 3.2), rng.uniform(2.0, 3.6)
    if out.add(point, yaw, (0.35, 0.35, trunk), 0.0, OccClass.VEGETATION, BARK):
        veg = OccClass.VEGETATION
        out.add(point, yaw, (crown, crown, crown * 0.7), trunk, veg, green, solid=False)
        top = (crown * 0.65, crown * 0.65, crown * 0.45)
        out.add(point, yaw + 0.5, top, trunk + crown * 0.7, veg, green + 8, solid=False)


def _packed(rows: list[tuple], origin_m: np.ndarray) -> Solids:
    center = np.array([r[0] for r in rows], float).reshape(-1, 3)
    center[:, :2] += origin_m
    return Solids(
        center_m=center, size_m=np.array([r[1] for r in rows], float).reshape(-1, 3),
        yaw_rad=np.array([r[2] for r in rows], float),
        occ_class=np.array([r[3] for r in rows], np.int8),
        color=np.array([r[4] for r in rows], np.uint8).reshape(-1, 3),
    )  # fmt: skip
