"""The order of GEOS' tree queries."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from shapely import STRtree
from shapely.affinity import rotate
from shapely.geometry import box

from drivewm.geometry.nearest import comes_before

places = st.tuples(st.floats(-6, 6), st.floats(-6, 6), st.floats(0, 180))


def _box(x, y, turn):
    return rotate(box(x - 2.4, y - 1, x + 2.4, y + 1), turn)


@given(others=st.lists(places, min_size=1, max_size=10, unique=True), own=places)
def test_up_to_ten_boxes_are_ranked_as_the_tree_does(others, own):
    boxes, own = [_box(*place) for place in others], _box(*own)
    best = 0
    for i, other in enumerate(boxes):
        a, b = np.array(other.bounds), np.array(boxes[best].bounds)
        if i and comes_before(other.distance(own), a, boxes[best].distance(own), b):
            best = i
    found = int(STRtree(boxes).nearest(own))
    # Other ties than overlaps (distance 0) are too rare for a rule.
    overlaps = boxes[best].distance(own) == 0.0
    assert best == found if overlaps else boxes[best].distance(own) == boxes[found].distance(own)
