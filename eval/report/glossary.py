"""The terms of the page in one sentence each."""

from __future__ import annotations

TERMS = (
    (
        "Score",
        "0 to 1 per drive: the product of the multipliers (such as no at-fault collision, drivable "
        "area) times the weighted mean of the others (such as progress, time to collision, "
        "comfort); what was used stands under “Weights used”. A drive that failed counts as 0.",
    ),
    (
        "95 % interval",
        "Percentile bootstrap over scenes, each with all its seeds and moments: how far the mean "
        "could move with other scenes of the same kind. None from a single scene.",
    ),
    (
        "No at-fault collision",
        "1 when no contact was the ego's fault: it did not drive into "
        "something ahead or something standing. One touched object halves it.",
    ),
    ("Drivable area", "1 when no corner of the car went more than 0.3 m beyond the road."),
    (
        "Driving direction",
        "1 unless the car's middle moved 2 m (half) or 6 m (nothing) against its lane within a "
        "second; NAVSIM: off its route.",
    ),
    ("Traffic lights", "1 when no lane was entered against a red light."),
    (
        "Speed limit",
        "Falls with how long and how far the limit was exceeded; 0 at 2.23 m/s on average.",
    ),
    (
        "Lane keeping",
        "1 unless the car was more than 0.5 m beside the lane's middle for 2 s outside "
        "intersections.",
    ),
    (
        "Extended comfort",
        "1 when two successive plans ask for nearly the same motion where they overlap.",
    ),
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
    (
        "Seed",
        "0: reactive agents as they are. Another: each is a driver of other headway, gap, speed, "
        "acceleration and braking.",
    ),
    (
        "RSS margin",
        "Distance beyond what Responsibility-Sensitive Safety asks for; negative: too near.",
    ),
    ("DRAC", "Deceleration that would just avoid running into who is ahead."),
    (
        "Motion sickness dose",
        "ISO 2631-1: acceleration weighted for what makes people sick, summed over the drive.",
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
