import numpy as np
import pytest
from shapely.geometry import box

from drivewm.planners.pdm_route import centreline, correct_route, lanes_of
from drivewm.scene import RoadMap
from drivewm.scene.road_graph import road_graph
from drivewm.scene.road_map import Lane, Roadblock


def lane(name, block, x0, x1, y, after=(), before=(), bend=0.0):
    xs = np.linspace(x0, x1, 11)
    ys = y + bend * np.sin(np.pi * (xs - x0) / (x1 - x0))
    return Lane(
        id=name, centerline=np.stack([xs, ys], -1), polygon=box(x0, y - 1.75, x1, y + 1.75),
        successors=after, predecessors=before, roadblock_id=block,
    )  # fmt: skip


def block(name, lanes, after=(), before=(), x0=0.0, x1=1.0, connector=False, low=-1.75, high=1.75):
    return Roadblock(
        id=name, lane_ids=lanes, polygon=box(x0, low, x1, high), is_connector=connector,
        successors=after, predecessors=before,
    )  # fmt: skip


def road():
    """A -> C -> B -> D -> E along y = 0; from A a long and a short connector lead to B."""
    lanes = (
        lane("a", "A", 0, 50, 0, ("long", "short")),
        lane("b", "B", 70, 120, 0, ("d",)), lane("e", "E", 140, 200, 0),
        lane("long", "C", 50, 70, 0, ("b",), bend=6.0), lane("short", "C", 50, 70, 0, ("b",)),
        lane("d", "D", 120, 140, 0, ("e",)),
    )  # fmt: skip
    blocks = (
        block("A", ("a",), ("C",), (), 0, 50), block("B", ("b",), ("D",), ("C",), 70, 120),
        block("E", ("e",), (), ("D",), 140, 200),
        block("C", ("long", "short"), ("B",), ("A",), 50, 70, True),
        block("D", ("d",), ("E",), ("B",), 120, 140, True),
    )  # fmt: skip
    road_map = RoadMap(origin="map_expansion", lanes=lanes, roadblocks=blocks)
    return road_graph(road_map), {b.id: i for i, b in enumerate(blocks)}


GRAPH, ROW = road()


def corrected(route: str, x: float, y: float = 0.0, heading: float = 0.0) -> str:
    names = {row: name for name, row in ROW.items()}
    rows = correct_route(GRAPH, [ROW[name] for name in route], np.array([x, y, heading]))
    return "".join(names[row] for row in rows)


@pytest.mark.parametrize(
    "route, x, expected",
    [
        ("ACBDE", 20.0, "ACBDE"),
        ("AACCB", 20.0, "ACB"),  # repeated names
        ("ABE", 20.0, "ACBDE"),  # missing connectors
        ("BDE", 20.0, "ACBDE"),  # ego before the route's begin: a way to it
        ("A", 100.0, "A"),  # ego beyond, no way back to the route
        ("", 100.0, "B"),  # no route: where the ego is
    ],
)
def test_routes_are_mended(route, x, expected):
    assert corrected(route, x) == expected


def test_an_ego_against_the_traffic_or_off_the_road_still_gets_a_route():
    assert corrected("ACB", 20.0, 0.5, np.pi) == "ACB"
    assert corrected("ACB", 20.0, 40.0) == "ACB"


def test_the_route_ends_before_it_crosses_itself():
    crossing = block("X", (), ("A",), ("E",), 55, 65, True, -20, 20)
    lanes = (lane("a", "A", 0, 50, 0),)
    blocks = (
        block("A", ("a",), ("C",), ("X",), 0, 50),
        block("C", (), ("X",), ("A",), 50, 70, True),
        crossing,
    )
    graph = road_graph(RoadMap(origin="map_expansion", lanes=lanes, roadblocks=blocks))
    assert correct_route(graph, [0, 1, 2], np.array([20.0, 0, 0])) == [0, 1]


def test_the_centreline_takes_the_shorter_connector_and_repeats_the_joints():
    rows = [ROW[name] for name in "ACBDE"]
    path = centreline(GRAPH, rows, 0)
    assert len(path) == 5 * 11
    np.testing.assert_allclose(path[:, 1], 0.0, atol=1e-9)
    assert lanes_of(GRAPH, rows) == [0, 3, 4, 1, 5, 2]


def test_without_a_way_to_the_end_the_deepest_lane_is_the_goal():
    path = centreline(GRAPH, [ROW["A"], ROW["C"], ROW["E"]], 0)  # B is not allowed
    assert path[-1, 0] == pytest.approx(70.0)
