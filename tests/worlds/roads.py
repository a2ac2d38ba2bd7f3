"""A hand-made crossroads arm: two lanes in, one connector through a light, one lane out."""

import numpy as np
from shapely.geometry import Polygon, box

from drivewm.scene import Lane, RoadMap
from drivewm.sim.lights import LightProgram
from drivewm.worlds.map_expansion import Network

LEFT_M = np.array([0, 1.75])


def straight_lane(name: str, x0: float, x1: float, y: float, **more) -> Lane:
    """A lane 3.5 m wide along +x."""
    xs = np.arange(x0, x1 + 0.5)
    line = np.stack([xs, np.full(len(xs), y)], 1)
    return Lane(
        id=name,
        centerline=line,
        polygon=box(x0, y - 1.75, x1, y + 1.75),
        left_boundary=line + LEFT_M,
        right_boundary=line - LEFT_M,
        **more,
    )


def two_lanes_through_a_light(x0: float = 100.0, y0: float = 50.0, prefix: str = "") -> Network:
    """Lanes ``in0`` (y0) and ``in1`` (left of it) to x0+60; ``through`` to x0+80; ``out`` on."""
    p = prefix
    lanes = (
        straight_lane(
            p + "in0",
            x0,
            x0 + 60,
            y0,
            successors=(p + "through",),
            left_neighbor=p + "in1",
            roadblock_id=p + "block",
        ),
        straight_lane(
            p + "in1", x0, x0 + 60, y0 + 3.5, right_neighbor=p + "in0", roadblock_id=p + "block"
        ),
        straight_lane(
            p + "through",
            x0 + 60,
            x0 + 80,
            y0,
            is_connector=True,
            has_light=True,
            successors=(p + "out",),
            predecessors=(p + "in0",),
        ),
        straight_lane(p + "out", x0 + 80, x0 + 140, y0, predecessors=(p + "through",)),
    )
    island = [(x0 + 66, y0 - 6), (x0 + 70, y0 - 6), (x0 + 70, y0 - 4), (x0 + 66, y0 - 4)]
    drivable = Polygon(box(x0, y0 - 8, x0 + 140, y0 + 8).exterior, [island])
    shared = np.array([[x0, y0 + 1.75], [x0 + 60, y0 + 1.75]])
    opposite = np.array([[x0, y0 + 5.25], [x0 + 60, y0 + 5.25]])
    road = RoadMap(
        origin="map_expansion",
        lanes=lanes,
        drivable=(drivable,),
        intersections=(box(x0 + 60, y0 - 8, x0 + 80, y0 + 8),),
        crossings=(box(x0 + 81, y0 - 8, x0 + 84, y0 + 8),),
        walkways=(box(x0, y0 + 8, x0 + 140, y0 + 11),),
        stop_lines=(
            box(x0 + 58.5, y0 - 1.75, x0 + 59, y0 + 5.25),
            box(x0 + 85, y0 - 1.75, x0 + 85.5, y0 + 1.75),
        ),
        dividers=(shared, opposite),
    )
    lights = LightProgram(
        lane_ids=(p + "through",),
        stop_points=np.array([[x0 + 58.7, y0]]),
        group=np.zeros(1, np.int64),
        green_s=(10.0,),
    )
    return Network(road_map=road, lights=lights)
