import numpy as np
import pytest

from drivewm.measures.collision import find_contacts
from drivewm.measures.history import History
from drivewm.measures.injury import (
    InjuryConfig,
    injuries,
    occupant_risk,
    person_risk,
    worst_injury,
)
from drivewm.scene import ScoreType
from tests.measures import hand
from tests.measures.hand import cruise, scene_of, track

CONFIG = InjuryConfig()
CAR, PERSON, BIKE, CONE = (
    ScoreType.VEHICLE,
    ScoreType.PEDESTRIAN,
    ScoreType.BICYCLE,
    ScoreType.CONE,
)


def hurt(ego, *rows, config=CONFIG):
    history = History.of_scene(scene_of(ego, *rows))
    contacts = find_contacts(history, np.full(len(ego), -1, np.int8))
    return injuries(history, contacts, config)


def test_rear_ending_a_standing_car_at_10_mps_is_a_delta_v_of_5():
    (only,) = hurt(cruise(10.0), track(CAR, 40.0))
    assert only.impact_speed_mps == pytest.approx(10.0)
    assert only.delta_v_mps == pytest.approx(5.0)
    expected = 1 / (1 + np.exp(6.9540 - 0.1637 * 5.0 * 2.2369363))
    assert only.risk == pytest.approx(expected, rel=1e-6)
    assert only.severity == "minor"


def test_head_on_speeds_add_up():
    (only,) = hurt(cruise(15.0), track(CAR, 60.0, heading=np.pi, speed=15.0))
    assert only.impact_speed_mps == pytest.approx(30.0)
    assert only.delta_v_mps == pytest.approx(15.0)
    assert only.severity == "serious"  # 33.6 mph: MAIS 3+ 19 %, MAIS 5+ 3 %


def test_the_pedestrian_fatality_curve_reads_as_published():
    fatal = CONFIG.person_severe
    assert fatal.risk(50 / 3.6) == pytest.approx(0.0832, abs=1e-3)
    assert fatal.risk(50 / 3.6) > 2 * fatal.risk(40 / 3.6)
    assert fatal.risk(50 / 3.6) > 5 * fatal.risk(30 / 3.6)
    assert fatal.risk(76.7 / 3.6) == pytest.approx(0.5, abs=2e-3)


@pytest.mark.parametrize(
    ("kmh", "severity"), [(2, "none"), (20, "minor"), (40, "serious"), (60, "severe")]
)
def test_a_person_is_hurt_the_more_the_faster(kmh, severity):
    assert person_risk(kmh / 3.6, CONFIG)[1] == severity


@pytest.mark.parametrize(
    ("mph", "severity"), [(1, "none"), (15, "minor"), (35, "serious"), (45, "severe")]
)
def test_an_occupant_is_hurt_the_more_the_higher_the_delta_v(mph, severity):
    assert occupant_risk(mph / 2.2369363, CONFIG)[1] == severity


def test_risks_grow_with_speed():
    speeds = np.linspace(1.0, 40.0, 60)
    for risk in (person_risk, occupant_risk):
        assert (np.diff([risk(s, CONFIG)[0] for s in speeds]) > 0).all()


def test_a_pedestrian_who_walks_into_a_standing_car_is_not_hit_by_it():
    (only,) = hurt(cruise(0.0), track(PERSON, -28.5, 4.0, -np.pi / 2, 1.4))
    assert (only.risk, only.severity) == (0.0, "none")
    assert only.impact_speed_mps == pytest.approx(1.4)
    assert only.delta_v_mps == 0.0


def test_a_cyclists_own_speed_counts():
    (only,) = hurt(cruise(5.0), track(BIKE, 40.0, heading=np.pi, speed=5.0))
    assert only.impact_speed_mps == pytest.approx(10.0)
    assert only.risk == person_risk(10.0, CONFIG)[0]


def test_a_cone_hurts_nobody_and_a_barrier_does_not_give_way(monkeypatch):
    monkeypatch.setitem(hand.SIZES, ScoreType.BARRIER, (0.5, 2.0, 1.0))
    cone, barrier = hurt(cruise(10.0), track(CONE, 30.0), track(ScoreType.BARRIER, 60.0))
    assert (cone.delta_v_mps, cone.severity) == (0.0, "none")
    assert barrier.delta_v_mps == pytest.approx(10.0)


def test_the_worst_contact_is_the_one_that_hurts_most_not_the_first():
    found = hurt(cruise(10.0), track(CONE, 10.0), track(PERSON, 30.0), track(CAR, 60.0))
    assert [i.track for i in found] == [0, 1, 2]
    assert worst_injury(found).track == 1
    assert worst_injury([]) is None
