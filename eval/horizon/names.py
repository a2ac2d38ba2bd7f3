"""Names of the rows and of what is read off a frame, in the order of the page."""

from __future__ import annotations

from dataclasses import dataclass

from drivewm.eval.forecast.names import BOXES, COPY, MODEL, WARP

LOG = "log"  # what truly happened
SAMPLE = "model, one sample"
ROWS = (MODEL, SAMPLE, COPY, WARP, BOXES)
SAME, POOL = "same", "pool"  # what a row is compared with


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """Something that drifts; distances are in its unit."""

    title: str
    unit: str
    of_agents: bool = False  # a frame holds as many values as agents, not one


QUANTITIES = {
    "classes": Quantity(title="class frequencies", unit="% of the grid"),
    "occupied": Quantity(title="occupied voxels", unit="% of the grid"),
    "mass": Quantity(title="occupied mass", unit="% of the grid"),
    "agents": Quantity(title="agents (connected movables)", unit="agents"),
    "speed": Quantity(title="speed of connected movables", unit="m/s", of_agents=True),
    "boxes": Quantity(title="agents (agent head)", unit="agents"),
    "box_speed": Quantity(title="speed of the agent head's boxes", unit="m/s", of_agents=True),
}
SAYS = {
    MODEL: "the likeliest future, imagined step by step without ever looking again",
    SAMPLE: "one future drawn from the model, of stochastic models only",
    COPY: "what was perceived at the start, for ever",
    WARP: "the same moved by the ego's motion; nothing moves by itself",
    BOXES: "the same, movables going on at their velocity",
}
