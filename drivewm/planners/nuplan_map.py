"""A road map behind the query methods of nuPlan's ``AbstractMap`` (common/maps/abstract_map.py).

Vector layers only: there is no raster. What a source does not know is None (boundaries, limits).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from shapely.strtree import STRtree

from drivewm.planners.nuplan_map_objects import (
    Area,
    Intersection,
    MapObject,
    NuPlanLane,
    NuPlanLaneConnector,
    NuPlanRoadBlock,
    NuPlanRoadBlockConnector,
    StopLine,
)
from drivewm.planners.nuplan_objects import SemanticMapLayer as Layer
from drivewm.scene import RoadMap
from drivewm.scene.roadblocks import with_roadblocks


class MapApi:
    """What a nuPlan-style planner knows as ``map_api``.

    Args:
        road_map: of the scene; roadblocks are derived where it has none.
        name: of the place.
    """

    def __init__(self, road_map: RoadMap, name: str) -> None:
        self.road_map, self.map_name = with_roadblocks(road_map), name
        self.lanes: dict[str, NuPlanLane] = {}
        for lane in self.road_map.lanes:
            if not lane.is_bike:
                kind = NuPlanLaneConnector if lane.is_connector else NuPlanLane
                self.lanes[lane.id] = kind(lane, self)
        self.blocks: dict[str, NuPlanRoadBlock] = {}
        for block in self.road_map.roadblocks:
            of_block = NuPlanRoadBlockConnector if block.is_connector else NuPlanRoadBlock
            self.blocks[block.id] = of_block(block, self)
        self.stop_lines = [
            StopLine(f"stop-{i}", shape) for i, shape in enumerate(self.road_map.stop_lines)
        ]
        self._trees: dict[Layer, STRtree] = {}

    @cached_property
    def _layers(self) -> dict[Layer, list[MapObject]]:
        lanes, blocks, known = self.lanes.values(), self.blocks.values(), self.road_map
        return {
            Layer.LANE: [x for x in lanes if not x.is_connector],
            Layer.LANE_CONNECTOR: [x for x in lanes if x.is_connector],
            Layer.ROADBLOCK: [x for x in blocks if not x.is_connector],
            Layer.ROADBLOCK_CONNECTOR: [x for x in blocks if x.is_connector],
            Layer.STOP_LINE: list(self.stop_lines),
            Layer.INTERSECTION: [
                Intersection(f"intersection-{i}", shape, self)
                for i, shape in enumerate(known.intersections)
            ],
            Layer.CROSSWALK: _areas("crosswalk", known.crossings),
            Layer.WALKWAYS: _areas("walkway", known.walkways),
            Layer.CARPARK_AREA: _areas("carpark", known.carparks),
            Layer.DRIVABLE_AREA: _areas("drivable", known.drivable),
        }

    def lane_of(self, lane_id: str) -> NuPlanLane | None:
        """The lane of that id, if it is one for cars."""
        return self.lanes.get(lane_id)

    def get_available_map_objects(self) -> list[Layer]:
        """Layers that can be asked for objects."""
        return list(self._layers)

    def initialize_all_layers(self) -> None:
        """Builds every spatial index now."""
        for layer in self._layers:
            self._tree(layer)

    def get_all_map_objects(self, point: Any, layer: int) -> list[MapObject]:
        """Objects of the layer that contain the point."""
        place = shapely.Point(point.x, point.y)
        found = sorted(self._tree(layer).query(place, predicate="intersects"))
        return [self._objects(layer)[i] for i in found]

    def get_one_map_object(self, point: Any, layer: int) -> MapObject | None:
        """The object that contains the point.

        Raises:
            AssertionError: several do.
        """
        found = self.get_all_map_objects(point, layer)
        assert len(found) <= 1, f"{len(found)} objects contain the point"
        return found[0] if found else None

    def is_in_layer(self, point: Any, layer: int) -> bool:
        """Does an object of the layer contain the point?"""
        return bool(self.get_all_map_objects(point, layer))

    def get_proximal_map_objects(
        self, point: Any, radius: float, layers: Sequence[int]
    ) -> dict[Layer, list[MapObject]]:
        """Objects of each layer that meet the square of half side ``radius`` around the point."""
        patch = shapely.box(point.x - radius, point.y - radius, point.x + radius, point.y + radius)
        return {
            Layer(int(layer)): [
                self._objects(layer)[i]
                for i in sorted(self._tree(layer).query(patch, predicate="intersects"))
            ]
            for layer in layers
        }

    def get_map_object(self, object_id: str, layer: int) -> MapObject | None:
        """The object of that id, None if the layer has none."""
        if object_id is None:
            return None
        found = (thing for thing in self._objects(layer) if thing.id == str(object_id))
        return next(found, None)

    def _get_roadblock(self, object_id: str) -> MapObject | None:
        return self.get_map_object(object_id, Layer.ROADBLOCK)

    def _get_roadblock_connector(self, object_id: str) -> MapObject | None:
        return self.get_map_object(object_id, Layer.ROADBLOCK_CONNECTOR)

    def get_distance_to_nearest_map_object(
        self, point: Any, layer: int
    ) -> tuple[str | None, float | None]:
        """Id of the nearest object and its distance in metres; (None, None) in an empty layer."""
        if not self._objects(layer):
            return None, None
        place = shapely.Point(point.x, point.y)
        thing = self._objects(layer)[int(self._tree(layer).nearest(place))]
        return thing.id, float(thing.polygon.distance(place))

    def get_distances_matrix_to_nearest_map_object(
        self, points: Sequence[Any], layer: int
    ) -> np.ndarray | None:
        """[points] metres to the nearest object of the layer; None in an empty layer."""
        if not self._objects(layer):
            return None
        return np.array([self.get_distance_to_nearest_map_object(p, layer)[1] for p in points])

    def _objects(self, layer: int) -> list[MapObject]:
        """Objects of a layer.

        Raises:
            ValueError: there is no such layer here.
        """
        try:
            return self._layers[Layer(int(layer))]
        except KeyError as error:
            raise ValueError(f"the map has no layer {Layer(int(layer)).name}") from error

    def _tree(self, layer: int) -> STRtree:
        key = Layer(int(layer))
        if key not in self._trees:
            self._trees[key] = STRtree([thing.polygon for thing in self._objects(layer)])
        return self._trees[key]


def _areas(kind: str, shapes: Sequence[Any]) -> list[MapObject]:
    return [Area(f"{kind}-{i}", shape) for i, shape in enumerate(shapes)]
