"""What is made of a map is made once while the map is at hand."""

from drivewm.scene.once import once_per_map
from drivewm.scene.road_map import RoadMap


def test_the_last_two_maps_are_remembered_by_identity():
    made = []

    @once_per_map
    def name_of(road_map):
        made.append(road_map.origin)
        return [road_map.origin]

    one, two, three = (RoadMap(origin=name) for name in ("a", "a", "b"))
    assert name_of(one) is name_of(one) and name_of(two) is not name_of(one)
    assert made == ["a", "a"]
    name_of(three)
    assert name_of(two) == ["a"] and made == ["a", "a", "b"]
    name_of(one)
    assert made == ["a", "a", "b", "a"]
