"""A small planner: follows the route, and stops for whatever is in the way."""

from lane_follower.planner import LaneFollower

__all__ = ["LaneFollower"]
