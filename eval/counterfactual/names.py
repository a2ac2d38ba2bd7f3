"""Names of the table's rows and of what they start from, in the order of the page."""

from __future__ import annotations

from drivewm.eval.forecast.names import BEST_OF_SAMPLES, MEAN_OF_SAMPLES

MODEL = "model"
BLIND = "action-blind"
PLACED = "action-blind, placed"
WARP = "ego-warp"
BOXES = "ego-warp+cv-boxes"
ACTIONS = "actions-only"
ORACLE = "true-future"
ROWS = (MODEL, MEAN_OF_SAMPLES, BEST_OF_SAMPLES, BLIND, PLACED, WARP, BOXES, ACTIONS, ORACLE)
PERCEIVED, TRUE, NONE = "perceived", "true", "none"
INPUTS = (PERCEIVED, TRUE, NONE)
OWN, ALL, LEARNED = "own", "all", "learned part"  # which action is another window's
SAYS = {
    MODEL: "the model, given each branch's actions",
    MEAN_OF_SAMPLES: "futures drawn from the model: their mean probability, and the mean of what "
    "each says of the outcome",
    BEST_OF_SAMPLES: "the one of them with the highest mIoU over a state's branches: it has looked "
    "at the truth, and can only be compared with other best-of-N",
    BLIND: "the same model, given the mean action of the state's branches in all of them",
    PLACED: "the same, its world then carried to where each branch's ego is",
    WARP: "what is there now, moved by the ego's motion (the untrained model)",
    BOXES: "the same, movable objects going on at their velocity",
    ACTIONS: "no world at all: nothing goes wrong, progress and comfort alone",
    ORACLE: "the outcome function on the true future occupancy: the ceiling",
}
