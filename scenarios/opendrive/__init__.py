"""ASAM OpenDRIVE 1.4 to 1.8 road networks, read into a model of their own and into a RoadMap."""

from drivewm.scenarios.opendrive.model import LaneKey
from drivewm.scenarios.opendrive.network import OpenDrive
from drivewm.scenarios.opendrive.places import Pose
from drivewm.scenarios.opendrive.projection import Projection
from drivewm.scenarios.opendrive.reader import read_opendrive
from drivewm.scenarios.opendrive.road_map import road_map
from drivewm.scenarios.opendrive.routes import LanePlace, Route

__all__ = [
    "LaneKey", "LanePlace", "OpenDrive", "Pose", "Projection", "Route", "read_opendrive",
    "road_map",
]  # fmt: skip
