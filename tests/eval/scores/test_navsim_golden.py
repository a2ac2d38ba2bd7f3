"""The reference's golden tables on a hand-made road, equal to the printed digits.

Lanes 3.5 m wide at y = 0, 3.5 (same direction) and 7 (opposite), intersection x in [100, 130]; the
ego's rear axle at the origin, 8 m/s; the reference plan goes straight on; plans of eight poses.
"""

import numpy as np
import pytest

from drivewm.eval.scores.navsim import score_plan
from drivewm.measures.proposals import NAVSIM_V1, NAVSIM_V2, ProposalEnvironment
from drivewm.measures.proposals_environment import layers_near, red_lights, track_boxes
from drivewm.measures.proposals_line import line
from drivewm.scene import PACIFICA, ScoreType
from drivewm.scene.roadblocks import with_roadblocks
from drivewm.sim.batch_lqr import simulate
from drivewm.sim.plan_poses import absolute_poses, past_states
from tests.measures.hand import START_US, golden_road, track, tracks_of

OBSERVED = 51
TIMES = np.arange(0, 4.25, 0.5)
ROUTE = {"r0", "r1", "r2", "l0", "l1", "l2"}
PAST_US = START_US + np.array([-1_500_000, -1_000_000, -500_000, 0])
V2 = ("no_at_fault_collision", "drivable_area", "driving_direction", "traffic_light", "progress",
      "ttc", "lane_keeping", "comfort")  # fmt: skip
V1 = ("no_at_fault_collision", "drivable_area", "progress", "ttc", "comfort", "driving_direction")


def ego():
    out = np.zeros(11)
    out[3] = 8.0
    return out


def environment(*rows, version=2):
    road = with_roadblocks(golden_road())
    tracks = tracks_of(*rows, steps=OBSERVED)
    past = np.zeros((4, 11))
    past[:, 0], past[:, 3] = 8.0 * np.array([-1.5, -1.0, -0.5, 0.0]), 8.0
    return ProposalEnvironment(
        areas=layers_near(road, PACIFICA.rear_axle_to_center_m, 0.0, ROUTE).areas(),
        centreline=line(np.concatenate([road.lane(n).centerline for n in ("r0", "r1", "r2")])),
        tracks=track_boxes(tracks.state, tracks.valid, tracks.size_m, tracks.score_type),
        lights=red_lights(road, (), None, ROUTE, OBSERVED),
        history=past_states(past, PAST_US) if version == 2 else np.zeros((0, 11)),
        length_m=PACIFICA.length_m,
        width_m=PACIFICA.width_m,
        rear_axle_to_center_m=PACIFICA.rear_axle_to_center_m,
    )


def along(x):
    return np.stack([x, np.zeros(9), np.zeros(9)], -1)[1:]


def straight(speed, accel=0.0):
    return along(np.maximum.accumulate(speed * TIMES + accel * TIMES**2 / 2))


def aside(metres):
    """To a lateral offset within 2 s, by a cubic step."""
    share = np.clip(TIMES / 2, 0, 1)
    x, y = 8 * TIMES, metres * (3 * share**2 - 2 * share**3)
    heading = np.arctan2(np.gradient(y, 0.5), np.gradient(x, 0.5))
    return np.stack([x, y, heading], -1)[1:]


def vehicle(x, y=0.0, speed=0.0, drift=0.0):
    kind, state = track(ScoreType.VEHICLE, x, y, speed=speed, steps=OBSERVED)
    state[:, 1] += drift * 0.1 * np.arange(OBSERVED)
    state[:, 5] = drift
    return kind, state


def cone(x):
    return track(ScoreType.CONE, x, steps=OBSERVED)


STILL = np.zeros((8, 3))
KEEP = straight(8.0)
V2_TABLE = {  # plan, tracks -> NC DAC DDC TLC EP TTC LK HC score
    "free road": (KEEP, (), (1, 1, 1, 1, 1, 1, 1, 1), 1),
    "stopped lead": (KEEP, (vehicle(20),), (0, 1, 1, 1, 1, 0, 1, 1), 0),
    "slow lead": (KEEP, (vehicle(12, speed=3),), (0, 1, 1, 1, 1, 0, 1, 1), 0),
    "cone in lane": (KEEP, (cone(20),), (0.5, 1, 1, 1, 1, 0, 1, 1), 0.321429),
    "rear-ended": (KEEP, (vehicle(-15, speed=14),), (1, 1, 1, 1, 1, 0, 1, 1), 0.642857),
    "side swipe": (
        KEEP,
        (vehicle(0, 3.5, speed=8, drift=-1),),
        (1, 1, 1, 1, 1, 0, 1, 1),
        0.642857,
    ),
    "leave road": (aside(-3), (), (1, 0, 0, 1, 0.993037, 1, 0, 1), 0),
    "lane change": (aside(3.5), (), (1, 1, 1, 1, 0.990618, 1, 0, 1), 0.853792),
    "into opposite lane": (aside(7), (), (1, 0, 0, 1, 0.966151, 1, 0, 1), 0),
    "offset held": (aside(0.8), (), (1, 1, 1, 1, 0.999491, 1, 0, 1), 0.856961),
    "hard brake": (straight(8, -6), (), (1, 1, 1, 1, 0.285663, 1, 1, 0), 0.602022),
    "hard accel": (straight(8, 5), (), (1, 1, 1, 1, 1, 1, 1, 0), 0.857143),
    "stand still": (STILL, (), (1, 1, 1, 1, 0.273847, 1, 1, 0), 0.597802),
}
V1_TABLE = {  # plan, tracks -> NC DAC EP TTC C DDC PDMS
    "free road": (KEEP, (), (1, 1, 1, 1, 1, 1), 1),
    "stopped lead": (KEEP, (vehicle(20),), (0, 1, 0, 0, 1, 1), 0),
    "cone in lane": (KEEP, (cone(20),), (0.5, 1, 1, 0, 1, 1), 0.291667),
    "rear-ended": (KEEP, (vehicle(-15, speed=14),), (1, 1, 1, 0, 1, 1), 0.583333),
    "leave road": (aside(-3), (), (1, 0, 0, 1, 1, 0), 0),
    "lane change": (aside(3.5), (), (1, 1, 0.990618, 1, 1, 1), 0.996091),
    "hard brake": (straight(8, -6), (), (1, 1, 0.285663, 1, 0, 1), 0.535693),
    "hard accel": (straight(8, 5), (), (1, 1, 1, 1, 0, 1), 0.833333),
    "stand still": (STILL, (), (1, 1, 0.273847, 1, 0, 1), 0.530769),
    "half speed": (straight(4), (), (1, 1, 0.636763, 1, 1, 1), 0.848651),
}


def judged(plan, tracks, rules, version):
    placed = absolute_poses(np.stack([KEEP, plan]), 0.5, ego(), START_US)
    states = simulate(placed, ego(), PACIFICA.wheelbase_m)
    return score_plan(states[1], states[0], environment(*tracks, version=version), rules)


@pytest.mark.parametrize("name", V2_TABLE)
def test_navsim_v2_table(name):
    plan, tracks, terms, score = V2_TABLE[name]
    found = judged(plan, tracks, NAVSIM_V2, 2)
    assert [round(found.terms[term], 6) for term in V2] == list(terms)
    assert round(found.score, 6) == score == round(found.epdms(None), 6)


@pytest.mark.parametrize("name", V1_TABLE)
def test_navsim_v1_table(name):
    plan, tracks, terms, score = V1_TABLE[name]
    found = judged(plan, tracks, NAVSIM_V1, 1)
    assert [round(found.terms[term], 6) for term in V1] == list(terms)
    assert round(found.score, 6) == score
