"""Roadblocks that are worked out from neighbours and links."""

import numpy as np
from shapely.geometry import box

from drivewm.scene import Lane, RoadMap
from drivewm.scene.roadblocks import roadblocks_along, with_roadblocks


def lane(name, x0, x1, y, **more):
    low, high = min(x0, x1), max(x0, x1)
    return Lane(
        id=name, centerline=np.array([[x0, y], [x1, y]], float),
        polygon=box(low, y - 1.75, high, y + 1.75), **more,
    )  # fmt: skip


ROAD = RoadMap(
    origin="av2",
    lanes=(
        lane("slow", 0, 50, 0, left_neighbor="fast", successors=("c1",)),
        lane("fast", 0, 50, 3.5, left_neighbor="oncoming", right_neighbor="slow",
             successors=("c2",)),
        lane("oncoming", 50, 0, 7, left_neighbor="fast"),
        lane("c1", 50, 60, 0, is_connector=True, predecessors=("slow",), successors=("after",)),
        lane("c2", 50, 60, 3.5, is_connector=True, predecessors=("fast",), successors=("after",)),
        lane("after", 60, 90, 0),
    ),
)  # fmt: skip


def test_oncoming_neighbour_has_a_roadblock_of_its_own():
    blocks = {block.id: block.lane_ids for block in with_roadblocks(ROAD).roadblocks}
    assert blocks == {
        "rb-slow": ("slow", "fast"),
        "rb-oncoming": ("oncoming",),
        "rc-c1": ("c1", "c2"),
        "rb-after": ("after",),
    }


def test_roadblocks_along_lanes_are_those_of_the_map_each_once_in_a_row():
    driven = ("slow", "fast", "c2", "after")
    assert roadblocks_along(ROAD, driven) == ("rb-slow", "rc-c1", "rb-after")
    assert roadblocks_along(with_roadblocks(ROAD), driven) == ("rb-slow", "rc-c1", "rb-after")
    assert roadblocks_along(ROAD, ()) == ()
