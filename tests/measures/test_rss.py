from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from drivewm.measures.collision import find_contacts
from drivewm.measures.history import History
from drivewm.measures.rss import RssConfig, even_route, params_of, rss
from drivewm.measures.rss_kernels import (
    on_route,
    safe_lateral_m,
    safe_same_direction_m,
    stopping_m,
)
from drivewm.scene import ScoreType
from tests.measures.hand import cruise, drive, scene_of, track, tracks_of

CAR, PERSON = ScoreType.VEHICLE, ScoreType.PEDESTRIAN
FRONT_M = 1.461 + 2.588
CONFIG = RssConfig()
PARAMS = params_of(CONFIG)


def measured(ego, *rows, route=None, config=CONFIG):
    scene = scene_of(ego, *rows, route=route)
    history = History.of_scene(scene)
    contacts = find_contacts(history, np.full(len(ego), -1, np.int8))
    return rss(history, scene.route, contacts, config)


def test_the_safe_distance_is_the_papers_formula():
    found = safe_same_direction_m(20.0, 15.0, 1.0, 3.5, 4.0, 8.0)
    assert found == pytest.approx(20 + 1.75 + 23.5**2 / 8 - 15**2 / 16)
    assert safe_same_direction_m(5.0, 30.0, 1.0, 3.5, 4.0, 8.0) == 0.0


def test_the_lateral_safe_distance_of_two_that_keep_straight():
    own = 0.1 + 0.2**2 / 1.6  # 1 s of 0.2 m/s2, then braked with 0.8
    others = 0.4 + 0.4**2 / 1.6  # 2 s
    assert safe_lateral_m(0.0, 0.0, False, PARAMS) == pytest.approx(0.1 + own + others)


def test_cars_that_part_need_only_the_margin():
    assert safe_lateral_m(-3.0, -3.0, False, PARAMS) == pytest.approx(CONFIG.lateral_margin_m)


@given(st.floats(0, 40), st.floats(0, 40))
def test_keeping_the_safe_distance_the_worst_case_ends_without_a_touch(rear, front):
    """The rear one accelerates through its response, then brakes least; the front brakes most."""
    gap = safe_same_direction_m(rear, front, 1.0, 3.5, 4.0, 8.0)
    at = np.linspace(0, 30, 3001)
    speed = np.where(at < 1.0, rear + 3.5 * at, np.maximum(rear + 3.5 - 4.0 * (at - 1.0), 0.0))
    way = np.concatenate([[0], np.cumsum((speed[1:] + speed[:-1]) / 2) * 0.01])
    stop = np.minimum(at, front / 8.0)
    lead = front * stop - 4.0 * stop**2
    assert (gap + lead - way)[-1] >= -0.02


def test_stopping_adds_nothing_for_a_speed_that_points_away():
    assert stopping_m(-3.0, 1.0, 0.2, 0.8) == pytest.approx(-2.9)


def test_the_margin_is_the_gap_less_the_safe_distance():
    found = measured(cruise(10.0), track(CAR, -30 + FRONT_M + 2.3 + 40.0, speed=10.0))
    safe = 10 + 1.75 + 13.5**2 / 8 - 100 / 16
    assert found.longitudinal_margin_m == pytest.approx(np.full(151, 40.0 - safe), abs=1e-6)
    assert not found.longitudinal.any() and not found.lateral.any()
    assert (found.longitudinal_track == 0).all()


def test_tailgating_is_a_longitudinal_violation():
    found = measured(cruise(10.0), track(CAR, -30 + FRONT_M + 2.3 + 8.0, speed=10.0))
    assert found.longitudinal.all() and not found.lateral.any()
    assert (found.longitudinal_margin_m < 0).all()


def test_being_tailgated_is_not_the_egos_violation():
    found = measured(cruise(10.0), track(CAR, -30 + 1.461 - 2.588 - 2.3 - 3.0, speed=10.0))
    assert not found.longitudinal.any() and not found.lateral.any()


def test_a_car_beside_at_a_lanes_width_is_safe():
    found = measured(cruise(10.0), track(CAR, -30.0, 3.5, speed=10.0))
    gap = 3.5 - (2.297 + 1.9) / 2
    assert found.lateral_margin_m == pytest.approx(np.full(151, gap - 0.7250), abs=1e-3)
    assert not found.longitudinal.any() and not found.lateral.any()


def test_passing_too_close_beside_is_a_lateral_violation():
    found = measured(cruise(10.0), track(CAR, 20.0, 2.5, speed=4.0))
    assert found.lateral.any() and not found.longitudinal.any()
    assert found.lateral_margin_m.min() == pytest.approx(2.5 - 2.0985 - 0.725, abs=1e-3)


def test_a_parked_car_stays_where_it_is():
    found = measured(cruise(10.0), track(CAR, 40.0, 2.5), track(CAR, -40.0, -2.5))
    own = 0.1 + 0.2**2 / 1.6
    assert not found.lateral.any() and not found.longitudinal.any()
    assert found.lateral_margin_m.min() == pytest.approx(2.5 - 2.0985 - 0.1 - own, abs=1e-3)


def test_cutting_in_before_a_faster_car_is_a_lateral_violation():
    steps = np.arange(151)
    ego = drive(-30 + 1.0 * steps, np.clip(0.1 * (steps - 30), 0, 3.5), speed=10.0)
    ego[30:65, 2] = np.arctan2(1.0, 10.0)
    found = measured(ego, track(CAR, -45.0, 3.5, speed=10.0))
    assert found.lateral.any() and not found.longitudinal.any()  # no duty to the one behind
    assert np.flatnonzero(found.lateral)[0] >= 30


def test_an_oncoming_car_in_the_own_lane_is_a_longitudinal_violation():
    found = measured(cruise(10.0), track(CAR, 80.0, 0.0, np.pi, 10.0))
    mine = 10 + 1.75 + 13.5**2 / 6
    others = 20 + 7 + 17.0**2 / 8
    gap = 80 - 2.3 - (-30 + FRONT_M) - 20.0 * 0.1 * np.arange(151)
    early = gap > mine + others + 2
    assert found.longitudinal_margin_m[early] == pytest.approx(gap[early] - mine - others, abs=0.1)
    assert found.longitudinal[(gap > 0) & (gap < mine + others)].all()


def test_an_oncoming_car_in_its_own_lane_is_safe():
    found = measured(cruise(10.0), track(CAR, 100.0, 3.5, np.pi, 10.0))
    assert not found.longitudinal.any() and not found.lateral.any()


def test_crossing_traffic_and_pedestrians_are_not_looked_at():
    found = measured(
        cruise(10.0), track(CAR, 40.0, -30.0, np.pi / 2, 5.0), track(PERSON, 20.0, 1.5)
    )
    assert np.isinf(found.longitudinal_margin_m).all() and np.isinf(found.lateral_margin_m).all()


def test_a_standing_ego_violates_nothing():
    found = measured(cruise(0.0), track(CAR, -30 + FRONT_M + 2.3 + 1.0))
    assert not found.longitudinal.any()


def bend(radius_m=40.0, until_rad=2.5):
    angle = np.linspace(0, until_rad, 26)
    return np.stack([radius_m * np.sin(angle), radius_m * (1 - np.cos(angle))], -1)


def test_in_a_bend_the_lead_is_found_along_the_route():
    angle = 10.0 / 40.0 * 0.1 * np.arange(60)
    ego = drive(40 * np.sin(angle), 40 * (1 - np.cos(angle)), angle, 10.0)
    kind, state = track(CAR, 0.0, steps=60)
    ahead = angle + 20.0 / 40.0
    state[:, 0], state[:, 1], state[:, 3] = 40 * np.sin(ahead), 40 * (1 - np.cos(ahead)), ahead
    state[:, 4], state[:, 5] = 10 * np.cos(ahead), 10 * np.sin(ahead)
    found = measured(ego, (kind, state), route=bend())
    safe = 10 + 1.75 + 13.5**2 / 8 - 100 / 16
    gap = 20.0 - 1.461 - 2.588 - 2.3
    middle = slice(5, 55)
    assert found.longitudinal_margin_m[middle] == pytest.approx(gap - safe, abs=0.8)
    assert found.longitudinal[middle].all() and not found.lateral.any()


@given(st.floats(-3, 40), st.floats(-8, 60))
def test_places_are_projected_on_the_route_as_shapely_does(x, y):
    route = even_route(bend())
    line = LineString(route.points)
    place = Point(x, y)
    arc = line.project(place)
    if not 1e-3 < arc < line.length - 1e-3 or line.distance(place) > 15:
        return
    index = int(np.argmin(np.linalg.norm(route.points - [x, y], axis=1)))
    out = np.empty(3)
    on_route(route, x, y, index, out)
    assert abs(out[1]) == pytest.approx(line.distance(place), abs=1e-6)
    assert out[0] == pytest.approx(arc, abs=0.02)


def test_a_route_without_length_has_no_rss():
    assert measured(cruise(5.0), route=np.zeros((1, 2))) is None
    assert even_route(np.zeros((3, 2))) is None


# --- against plain loops


def half_extents(slant, size):
    cos, sin = abs(np.cos(slant)), abs(np.sin(slant))
    return (size[0] * cos + size[1] * sin) / 2, (size[0] * sin + size[1] * cos) / 2


def on_line(route, x, y):
    """(arc length, offset, heading) by Shapely; places lie beside the line, not beyond its ends."""
    arc = LineString(route.points).project(Point(x, y))
    at = route.spacing_m * np.arange(len(route.points))
    near = np.stack([np.interp(arc, at, route.points[:, k]) for k in (0, 1)])
    i = min(int(arc / route.spacing_m), len(route.points) - 2)
    ux, uy = route.points[i + 1] - route.points[i]
    side = np.sign(ux * (y - route.points[i, 1]) - uy * (x - route.points[i, 0]))
    return arc, side * np.hypot(*(near - [x, y])), np.interp(arc, at, route.heading)


def stop_m(speed, response, accel, brake):
    after = speed + response * accel
    return speed * response + accel * response**2 / 2 + max(after, 0.0) ** 2 / (2 * brake)


def plain_margins(history, line, config):
    """Distances above the safe ones by the rules as written in the docs; [2, T]."""
    route, tracks = even_route(line), history.tracks
    out, bad = np.full((2, len(history.ego)), np.inf), np.zeros((2, len(history.ego)), bool)
    ego_size = (history.vehicle.length_m, history.vehicle.width_m)
    for t, (x, y, heading) in enumerate(history.centres):
        arc, offset, along = on_line(route, x, y)
        speed = history.ego[t, 3]
        v, u = speed * np.cos(heading - along), speed * np.sin(heading - along)
        mine = half_extents(heading - along, ego_size)
        for n in range(len(tracks)):
            ox, oy, _, o_heading, o_vx, o_vy = tracks.state[n, t]
            o_arc, o_offset, o_along = on_line(route, ox, oy)
            slant = o_heading - o_along
            if abs(np.sin(slant)) > np.sin(np.radians(15)) or abs(o_offset) > 20:
                continue
            pace = o_vx * np.cos(o_heading) + o_vy * np.sin(o_heading)
            ov, ou = pace * np.cos(slant), pace * np.sin(slant)
            its = half_extents(slant, tracks.size_m[n])
            gaps = abs(o_arc - arc) - mine[0] - its[0], abs(o_offset - offset) - mine[1] - its[1]
            ahead, toward = o_arc >= arc, np.sign(o_offset - offset)
            c, meets = config, ov * v < 0 and ov * (1 if o_arc >= arc else -1) < 0
            if meets:
                safe = stop_m(abs(v), c.response_ego_s, c.accel_max_mps2, c.brake_min_correct_mps2)
                safe += stop_m(abs(ov), c.response_other_s, c.accel_max_mps2, c.brake_min_mps2)
            else:
                rear, front = (v, ov) if ahead else (ov, v)
                response = c.response_ego_s if ahead else c.response_other_s
                safe = stop_m(max(rear, 0), response, c.accel_max_mps2, c.brake_min_mps2)
                safe = max(0.0, safe - max(front, 0) ** 2 / (2 * c.brake_max_mps2))
            across = (c.lateral_accel_max_mps2, c.lateral_brake_min_mps2)
            wide = stop_m(u * toward, c.response_ego_s, *across)
            wide += stop_m(-ou * toward, c.response_other_s, *across)
            room = gaps[0] - safe, gaps[1] - c.lateral_margin_m - max(0.0, wide)
            danger, in_way = max(room) < 0, gaps[1] < 0
            if room[1] < 0 and (ahead or meets) and (in_way or not danger):
                out[0, t] = min(out[0, t], room[0])
            if room[0] < 0 and not (in_way and danger):
                out[1, t] = min(out[1, t], room[1])
            bad[0, t] |= danger and in_way and (ahead or meets)
            bad[1, t] |= danger and not in_way
    return out, bad


@pytest.mark.parametrize("seed", range(4))
def test_the_kernel_follows_the_rules_written_as_plain_loops(seed):
    rng = np.random.default_rng(seed)
    line, steps = bend(60.0, 2.5), 40

    def along(start_rad, speed, offset, wobble):
        at = start_rad + speed / 60.0 * 0.1 * np.arange(steps)
        radius, turn = 60.0 - offset, wobble * np.sin(0.2 * np.arange(steps))
        heading = at + turn + (np.pi if speed < 0 else 0.0)
        return radius * np.sin(at), 60.0 - radius * np.cos(at), heading

    x, y, heading = along(0.6, 9.0, 0.0, 0.05)
    ego = drive(x, y, heading, 9.0)
    rows = []
    for _ in range(8):
        speed = rng.choice([-8.0, 5.0, 9.0, 13.0])
        kind, state = track(CAR, 0.0, steps=steps)
        place = along(rng.uniform(0.8, 1.4), speed, rng.uniform(-5, 5), 0.1)
        state[:, 0], state[:, 1], state[:, 3] = place
        state[:, 4], state[:, 5] = abs(speed) * np.cos(place[2]), abs(speed) * np.sin(place[2])
        rows.append((kind, state))
    history = History.of_scene(scene_of(ego, *rows, route=line))
    apart = np.full(len(tracks_of(*rows, steps=steps)), steps)  # contacts do not end a pair here
    contacts = find_contacts(history, np.full(steps, -1, np.int8))
    contacts = replace(contacts, first_step=apart)
    found = rss(history, line, contacts, CONFIG)
    margins, bad = plain_margins(history, line, CONFIG)
    assert np.isfinite(margins).any(axis=1).all() and bad.any()
    for mine, expected in (
        (found.longitudinal_margin_m, margins[0]), (found.lateral_margin_m, margins[1]),
    ):  # fmt: skip
        assert (np.isfinite(mine) == np.isfinite(expected)).all()
        near = np.isfinite(expected)
        assert mine[near] == pytest.approx(expected[near], abs=0.05)
    assert (found.longitudinal == bad[0]).all() and (found.lateral == bad[1]).all()
