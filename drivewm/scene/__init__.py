"""Frozen dataclasses over arrays: the vocabulary of the whole library."""

from drivewm.scene.classes import MOVABLE, OccClass, ScoreType, classify
from drivewm.scene.columns import EgoColumn, LightStatus, SizeColumn, TrackColumn
from drivewm.scene.planner import CameraFrame, Observation, Planner, TrackSnapshot, Trajectory
from drivewm.scene.road_map import NO_MAP, Lane, RoadMap
from drivewm.scene.scene import Lights, Scene, Tracks
from drivewm.scene.vehicle import FUSION, PACIFICA, ZOE, VehicleParams

__all__ = [
    "FUSION",
    "MOVABLE",
    "NO_MAP",
    "PACIFICA",
    "ZOE",
    "CameraFrame",
    "EgoColumn",
    "Lane",
    "LightStatus",
    "Lights",
    "Observation",
    "OccClass",
    "Planner",
    "RoadMap",
    "Scene",
    "ScoreType",
    "SizeColumn",
    "TrackColumn",
    "TrackSnapshot",
    "Tracks",
    "Trajectory",
    "VehicleParams",
    "classify",
]
