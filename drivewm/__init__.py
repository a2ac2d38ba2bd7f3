"""drivewm: a world model for autonomous driving and a closed-loop evaluator."""

__version__ = "0.1.0"
