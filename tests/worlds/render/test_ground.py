"""The ground raster against the polygons it was drawn from."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from drivewm.scene import NO_MAP, OccClass, RoadMap
from drivewm.worlds.render.ground import WHITE, YELLOW, rasterise
from drivewm.worlds.render.markings import road_paint
from tests.worlds.render.hand_built import ORIGIN_M, straight_road

corners = st.lists(
    st.tuples(st.floats(0, 60), st.floats(0, 60)), min_size=3, max_size=6, unique=True
)


@settings(max_examples=25, deadline=None)
@given(corners=corners)
def test_a_polygon_is_drivable_inside_and_terrain_outside(corners):
    polygon = Polygon(corners).convex_hull
    if polygon.geom_type != "Polygon" or polygon.area < 20:
        return
    tile = rasterise(RoadMap(origin="map_expansion", drivable=(polygon,)))
    points = np.random.default_rng(0).uniform(-2, 62, (400, 2))
    away = shapely.distance(shapely.points(points), polygon.boundary)
    clear = points[away > 0.15]
    want = np.where(
        shapely.contains_xy(polygon, clear), OccClass.DRIVEABLE_SURFACE, OccClass.TERRAIN
    )
    assert (tile.class_at(clear) == want).all()


def test_holes_are_left_out_and_islands_in_them_drawn():
    ring = Polygon([(0, 0), (40, 0), (40, 40), (0, 40)],
                   [[(10, 10), (30, 10), (30, 30), (10, 30)]])  # fmt: skip
    island = shapely.box(18, 18, 22, 22)
    tile = rasterise(RoadMap(origin="map_expansion", drivable=(ring, island)))
    classes = tile.class_at(np.array([[5, 5], [14, 14], [20, 20]]))
    assert classes.tolist() == [11, 14, 11]


def test_a_walkway_under_a_road_is_road():
    tile = rasterise(RoadMap(origin="map_expansion", drivable=(shapely.box(0, 0, 10, 10),),
                             walkways=(shapely.box(5, 0, 20, 10),)))  # fmt: skip
    assert tile.class_at(np.array([[7.0, 5.0], [15.0, 5.0]])).tolist() == [11, 13]


def test_no_map_is_terrain():
    assert rasterise(NO_MAP).class_at(np.array([[0.5, 0.5], [9e3, 9e3]])).tolist() == [14, 14]


def test_lines_between_and_beside_lanes():
    """Yellow between directions, dashes between lanes of one direction, white at the edges."""
    tile = rasterise(straight_road(with_scenery=False).road_map)
    white, yellow = tile.channel(WHITE), tile.channel(YELLOW)

    def share(channel, y, width=0.5):
        rows = (np.array([y - width / 2, y + width / 2]) + ORIGIN_M[1] - tile.y0_m) / tile.cell_m
        columns = (np.array([-60, 20]) + ORIGIN_M[0] - tile.x0_m) / tile.cell_m
        block = channel[int(rows[0]) : int(rows[1]) + 1, int(columns[0]) : int(columns[1])]
        return (block.max(0) > 128).mean()

    assert share(yellow, 0.0) == 1.0
    assert 0.2 < share(white, -3.5) < 0.5 and 0.2 < share(white, 3.5) < 0.5
    assert share(white, -6.8) == 1.0 and share(white, 6.8) == 1.0
    assert share(yellow, -3.5) == share(yellow, 6.8) == share(white, 1.75) == 0.0


def test_paint_of_crossing_and_stop_line():
    world = straight_road(with_scenery=False)
    white = shapely.union_all(road_paint(world.road_map).white)
    crossing, stop = world.road_map.crossings[0], world.road_map.stop_lines[0]
    assert 0.35 < white.intersection(crossing).area / crossing.area < 0.6
    yellow = shapely.union_all(road_paint(world.road_map).yellow)
    assert yellow.area > 10 and yellow.intersection(crossing).area < 1e-9
    assert white.intersection(stop).area / stop.area > 0.99


def test_a_large_map_stays_small_in_memory():
    wide = RoadMap(origin="map_expansion", drivable=(shapely.box(0, 0, 400, 400),))
    assert rasterise(wide).cells.nbytes < 40e6
