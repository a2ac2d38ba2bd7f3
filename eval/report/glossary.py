"""The terms of the page in one sentence each."""

from __future__ import annotations

TERMS = (
    (
        "Score",
        "0 to 1 per scene: the product of the multipliers (no at-fault collision, drivable "
        "area, making progress) times the weighted mean of progress, time to collision and "
        "comfort; a row that failed counts as 0.",
    ),
    (
        "95 % interval",
        "Percentile bootstrap over scenes: how far the mean could move with other "
        "scenes of the same kind.",
    ),
    (
        "No at-fault collision",
        "1 when no contact was the ego's fault: it did not drive into "
        "something ahead or something standing. One touched object halves it.",
    ),
    ("Drivable area", "1 when no corner of the car went more than 0.3 m beyond the road."),
    ("Making progress", "1 when at least 20 % of the recorded drive was covered."),
    (
        "TTC",
        "Time to collision if everybody kept speed and heading; the sub-score is 1 when it "
        "always stays above 0.95 s.",
    ),
    (
        "Comfort",
        "1 when acceleration, jerk, yaw rate and yaw acceleration all stay within nuPlan's bounds.",
    ),
    ("Progress", "Distance along the route as a share of the recorded drive's, at most 1."),
    (
        "Not applicable (–)",
        "The source does not know what the measure needs. Its weight is left "
        "out; nothing is filled in.",
    ),
    (
        "Mode",
        "What a planner sees: privileged = true road users and map; sensor = cameras, own "
        "state and route only.",
    ),
    (
        "Agents",
        "replay = the others do what was recorded; reactive = vehicles follow their path "
        "and react to the ego (IDM).",
    ),
    ("Plan", "The trajectory the planner last answered, drawn ahead of the car."),
    (
        "mIoU",
        "Intersection over union of predicted and true occupancy, mean over the classes present.",
    ),
    (
        "Movable IoU",
        "The same over classes that can move: cars, trucks, buses, trailers, works "
        "vehicles, motorcycles, bicycles, pedestrians.",
    ),
    (
        "Ego mode",
        "Which ego motion the forecast is given: the recorded one (gt), a planner's, "
        "constant velocity (cv) or none.",
    ),
    (
        "Copy, ego-warp, cv-boxes",
        "Baselines: nothing changes; the scene is only shifted by the "
        "ego's motion; shifted, and boxes move on at constant velocity.",
    ),
)
