"""Static things: buildings, trees and walls from ``Solids``, and the traffic light posts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from drivewm.scene import LightStatus, OccClass
from drivewm.seeds import generator
from drivewm.worlds.actors import Solids
from drivewm.worlds.render import parts as P

if TYPE_CHECKING:
    from drivewm.worlds.world import World

LAMP_OFF = ((0.03, 0.004, 0.003), (0.03, 0.02, 0.002), (0.003, 0.025, 0.006))  # red, yellow, green
LAMP_ON = ((1.0, 0.05, 0.03), (1.0, 0.55, 0.04), (0.06, 1.0, 0.35))
LAMP_STATUS = (LightStatus.RED, LightStatus.YELLOW, LightStatus.GREEN)
STEEL = (0.1, 0.11, 0.12)


def solid_parts(solids: Solids, seed: int) -> np.ndarray:
    """Parts [B, PART_COLUMNS] of the solids; each lies inside its solid's box, except that a lone
    crown is an ellipsoid of its box's volume."""
    rows: list[list[float]] = []
    draws = generator("scenery", seed).random((len(solids.yaw_rad), 4))
    for index in range(len(solids.yaw_rad)):
        if solids.occ_class[index] == OccClass.VEGETATION:
            rows += _plant(solids, index, draws[index])
        else:
            rows += _structure(solids, index, draws[index])
    return P.as_array(rows)


def _structure(solids: Solids, index: int, draw: np.ndarray) -> list[list[float]]:
    size, center = solids.size_m[index], solids.center_m[index]
    facade = size[2] > 3.5 and min(size[0], size[1]) > 3.0
    color = P.linear(solids.color[index])
    slim = max(size[0], size[1]) < 0.6 and size[2] > 2.0
    material = P.FACADE if facade else P.LAMP_POST if slim and size[2] > 4.0 else P.PLAIN
    return [P.make_part(
        tuple(center), tuple(size / 2), color, yaw_rad=solids.yaw_rad[index],
        kind=P.CYLINDER_Z if slim else P.BOX, material=material,
        occ_class=int(solids.occ_class[index]), seed=draw[0],
    )]  # fmt: skip


def _plant(solids: Solids, index: int, draw: np.ndarray) -> list[list[float]]:
    """A tree (trunk and three leafy lobes), a hanging crown, or a hedge."""
    size, center = solids.size_m[index], solids.center_m[index]
    color = P.linear(solids.color[index])
    yaw, bottom = float(solids.yaw_rad[index]), center[2] - size[2] / 2
    if bottom > 0.5:
        half = size / 2 * (6 / np.pi) ** (1 / 3)
        return [P.make_part(tuple(center), tuple(half), color, yaw_rad=yaw, seed=draw[0],
                            kind=P.ELLIPSOID, material=P.FOLIAGE,
                            occ_class=OccClass.VEGETATION)]  # fmt: skip
    if size[2] < 2.2 or max(size[0], size[1]) > 3 * min(size[0], size[1]):
        return [P.make_part(tuple(center), tuple(size / 2), color, yaw_rad=yaw, seed=draw[0],
                            material=P.FOLIAGE, occ_class=OccClass.VEGETATION)]  # fmt: skip
    rows = []
    if max(size[0], size[1]) < 0.8:  # a trunk of its own
        return [P.make_part(tuple(center), tuple(size / 2), (0.06, 0.04, 0.025), yaw_rad=yaw,
                            kind=P.CYLINDER_Z, material=P.BARK, seed=draw[0],
                            occ_class=OccClass.VEGETATION)]  # fmt: skip
    crown_low = bottom + 0.3 * size[2]
    radius = min(0.22, 0.1 * size[0])
    middle = (bottom + crown_low) / 2 + 0.2
    rows.append(P.make_part(
        (center[0], center[1], middle), (radius, radius, middle - bottom), (0.06, 0.04, 0.025),
        kind=P.CYLINDER_Z, material=P.BARK, occ_class=OccClass.VEGETATION, seed=draw[0],
    ))  # fmt: skip
    return rows + _crown(center, size, color, crown_low, yaw, draw)


def _crown(
    center: np.ndarray,
    size: np.ndarray,
    color: tuple[float, float, float],
    low: float,
    yaw: float,
    draw: np.ndarray,
) -> list[list[float]]:
    """Three overlapping ellipsoids between ``low`` and the top of the box."""
    top = center[2] + size[2] / 2
    height, rows = top - low, []
    turn = yaw + 2 * np.pi * draw[1]
    lobes = ((0.0, 0.0, 0.55, 0.8, 0.45), (0.3, 0.0, 0.36, 0.62, 0.34), (0.3, 2.4, 0.42, 0.62, 0.3))
    for reach, angle, rise, wide, tall in lobes:
        x = center[0] + reach * 0.5 * size[0] * np.cos(turn + angle)
        y = center[1] + reach * 0.5 * size[1] * np.sin(turn + angle)
        radius = wide * 0.5 * min(size[0], size[1])
        shade = 0.85 + 0.3 * draw[2] + 0.1 * reach
        rows.append(P.make_part(
            (x, y, low + rise * height), (radius, radius, tall * height),
            (color[0] * shade, color[1] * shade, color[2] * shade), kind=P.ELLIPSOID,
            material=P.FOLIAGE, occ_class=OccClass.VEGETATION, seed=draw[3],
        ))  # fmt: skip
    return rows


@dataclass(frozen=True, kw_only=True)
class LightPosts:
    """Posts, arms and housings. ``lamp_rows`` [L, 6]: rows of ``parts`` of the red, yellow, green
    lamps over the lane and on the post; -1 where another connector already has the post."""

    parts: np.ndarray  # [B, PART_COLUMNS]
    lamp_rows: np.ndarray  # int [L, 6]

    def lit(self, light_status: np.ndarray) -> np.ndarray:
        """The parts with the lamps of ``light_status`` int8 [L] burning."""
        out = self.parts.copy()
        for rows, status in zip(self.lamp_rows, light_status):
            for lamp, row in enumerate(rows):
                if row < 0:
                    continue
                on = status == LAMP_STATUS[lamp % 3]
                out[row, P.R : P.B + 1] = LAMP_ON[lamp % 3] if on else LAMP_OFF[lamp % 3]
                out[row, P.EMIT] = 2.2 if on else 0.0
        return out


def light_posts(world: World, is_road: Callable[[float, float], bool]) -> LightPosts:
    """One post per stop point: at the road's right edge, a housing on it and one over the lane.

    ``is_road(x, y)`` tells whether a map point is drivable.
    """
    rows: list[list[float]] = []
    lamp_rows = np.full((len(world.lights.lane_ids), 6), -1)
    seen: list[np.ndarray] = []
    for index, lane_id in enumerate(world.lights.lane_ids):
        line = np.asarray(world.road_map.lane(lane_id).centerline)
        stop = np.asarray(world.lights.stop_points[index], float)
        if any(np.hypot(*(stop - other)) < 1.0 for other in seen):
            continue
        seen.append(stop)
        heading = float(np.arctan2(*(line[1] - line[0])[::-1]))
        lamp_rows[index] = _post(rows, stop, heading, is_road)
    return LightPosts(parts=P.as_array(rows), lamp_rows=lamp_rows)


def _post(
    rows: list[list[float]],
    stop: np.ndarray,
    heading: float,
    is_road: Callable[[float, float], bool],
) -> list[int]:
    forward = np.array([np.cos(heading), np.sin(heading)])
    right = np.array([forward[1], -forward[0]])
    base = stop + 1.2 * forward
    reach = next((d for d in np.arange(1.0, 14.0, 0.25) if not is_road(*(base + d * right))), 3.0)
    reach += 0.7
    foot = base + reach * right

    def add(point, z, half, color, kind=P.BOX, material=P.PLAIN):
        rows.append(P.make_part((point[0], point[1], z), half, color, yaw_rad=heading, kind=kind,
                                material=material, occ_class=OccClass.MANMADE))  # fmt: skip
        return len(rows) - 1

    add(foot, 2.95, (0.09, 0.09, 2.95), STEEL, P.CYLINDER_Z)
    add((base + foot) / 2, 5.75, (0.06, reach / 2, 0.06), STEEL)
    lamps: list[int] = []
    for point, z in ((base, 5.3), (foot, 3.0)):
        offset = 0.0 if z > 5 else 0.12
        house = point - offset * forward
        add(house, z, (0.14, 0.24, 0.62), (0.012, 0.012, 0.012))
        face = house - 0.16 * forward
        lamps += [
            add(face, z + dz, (0.05, 0.17, 0.17), LAMP_OFF[k], P.ELLIPSOID, P.LAMP)
            for k, dz in enumerate((0.4, 0.0, -0.4))
        ]
    return lamps
