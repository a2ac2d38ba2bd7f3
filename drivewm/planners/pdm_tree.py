"""The order in which a Shapely ``STRtree`` names what it finds. Shapes: n items.

PDM-Closed takes the first of equally near leads (boxes that overlap the ego are all 0 m away) in
the order of a tree query, so ties are decided by how GEOS packs the tree: nodes sorted by x into
vertical slices, each slice by y into parents of ten, level by level (GEOS ``TemplateSTRtree.h``).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

CAPACITY = 10


@njit(cache=True)
def tree_ranks(bounds: np.ndarray) -> np.ndarray:
    """Place [n] of each item, given by its bounds [n, 4], in the order a query visits them."""
    n = len(bounds)
    ranks = np.zeros(n, np.int64)
    boxes, items = bounds, np.arange(n)  # nodes of the present level, and the items below them
    first = np.arange(n + 1)  # node j holds items[first[j] : first[j + 1]]
    while len(first) > 2:
        order, groups = _packed(boxes)
        moved, parents = np.empty(n, np.int64), np.zeros(len(groups), np.int64)
        at = 0
        for g in range(len(groups) - 1):
            for node in order[groups[g] : groups[g + 1]]:
                for i in range(first[node], first[node + 1]):
                    moved[at] = items[i]
                    at += 1
            parents[g + 1] = at
        boxes = _joined(boxes, order, groups)
        items, first = moved, parents
    for i in range(n):
        ranks[items[i]] = i
    return ranks


@njit(cache=True)
def _joined(boxes: np.ndarray, order: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Bounds of the parents."""
    out = np.empty((len(groups) - 1, 4))
    for g in range(len(out)):
        box = boxes[order[groups[g]]].copy()
        for node in order[groups[g] : groups[g + 1]]:
            box[0], box[1] = min(box[0], boxes[node, 0]), min(box[1], boxes[node, 1])
            box[2], box[3] = max(box[2], boxes[node, 2]), max(box[3], boxes[node, 3])
        out[g] = box
    return out


@njit(cache=True)
def _packed(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in packed order [n] and where each parent's children begin [parents + 1]."""
    n = len(boxes)
    slices = math.ceil(math.sqrt(math.ceil(n / CAPACITY)))
    per_slice = math.ceil(n / slices) if slices > 0 else 1
    order = np.argsort(boxes[:, 0] + boxes[:, 2], kind="mergesort")
    height = boxes[:, 1] + boxes[:, 3]
    groups = [0]
    for begin in range(0, n, per_slice):
        end = min(begin + per_slice, n)
        part = order[begin:end].copy()
        order[begin:end] = part[np.argsort(height[part], kind="mergesort")]
        for child in range(begin, end, CAPACITY):
            groups.append(min(child + CAPACITY, end))
    return order, np.array(groups)
