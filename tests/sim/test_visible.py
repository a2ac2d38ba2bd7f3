"""Mode ``visible``: what one sensor must not show, and what it does to what it shows."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from drivewm.scene import Lights, LightStatus, ScoreType, Trajectory
from drivewm.sim.config import SimConfig, VisibleConfig
from drivewm.sim.loop import rollout
from drivewm.sim.traffic import reactive_traffic, replay_traffic
from drivewm.sim.visible import RAYS, ray_to_box, seen_shares
from tests.measures.hand import SIZES, cruise, scene_of, track

CAR = ScoreType.VEHICLE
CLEAN = {
    "latency_s": 0.0, "position_noise_m": 0.0, "heading_noise_rad": 0.0, "velocity_noise_mps": 0.0,
    "dropout": 0.0, "range_m": 80.0,
}  # fmt: skip
BUS = np.array([12.0, 2.6, 3.2])


class Watcher:
    """Drives straight on and remembers what it saw."""

    def reset(self, scenes):
        self.scenes, self.seen = scenes, []

    def plan(self, observation):
        self.seen.append(observation)
        times = np.arange(1, 41) * 0.1
        poses = observation.ego[:, None, :3].repeat(40, 1)
        poses[0, :, 0] += 9.0 * times
        return Trajectory(times_s=times, poses=poses)


def watch(scene, mode="visible", traffic=replay_traffic, seed=0, every_s=None, **changes):
    """Every observation of a drive of 2 s at 9 m/s from x = -30."""
    config = SimConfig(
        mode=mode, duration_s=2.0, seed=seed, replan_interval_s=every_s,
        visible=VisibleConfig(**(CLEAN | changes)),
    )  # fmt: skip
    planner = Watcher()
    drive = rollout(scene, planner, config, traffic(scene))
    assert (drive.status, drive.mode) == ("ok", mode)
    return planner


def places(planner, step=0):
    """(x, y) of what was shown at the step."""
    tracks = planner.seen[step].tracks
    return [tuple(row) for row in tracks.state[0][tracks.valid[0]][:, :2].round(6)]


def with_bus(*rows):
    """The first row is a bus."""
    scene = scene_of(cruise(9.0), *rows)
    scene.tracks.size_m[0] = BUS
    return scene


def test_a_car_fully_hidden_behind_a_bus_is_absent():
    scene = with_bus(track(CAR, 0.0), track(CAR, 20.0))
    assert places(watch(scene)) == [(0.0, 0.0)]
    assert places(watch(scene, "privileged")) == [(0.0, 0.0), (20.0, 0.0)]
    assert len(places(watch(scene, occlusion=False))) == 2


def test_a_car_that_looks_out_from_behind_a_bus_is_there():
    assert len(places(watch(with_bus(track(CAR, 0.0), track(CAR, 20.0, 3.5))))) == 2


def test_the_hidden_car_appears_when_the_ego_has_passed_the_bus():
    scene = with_bus(track(CAR, -10.0, 3.5), track(CAR, 12.0, 7.0))
    planner = watch(scene)
    assert len(places(planner, 0)) == 1
    assert len(places(planner, 19)) == 2


def test_a_cone_hides_nothing():
    scene = scene_of(cruise(9.0), track(ScoreType.CONE, -20.0), track(ScoreType.CONE, -10.0))
    assert len(places(watch(scene))) == 2
    assert len(places(watch(scene, occluder_height_m=0.0))) == 1


def test_behind_the_ego_is_absent_with_a_forward_view():
    scene = scene_of(cruise(9.0), track(CAR, -50.0), track(CAR, 0.0))
    assert len(places(watch(scene))) == 2
    assert places(watch(scene, field_of_view_deg=120.0)) == [(0.0, 0.0)]


def test_beyond_range_is_absent():
    scene = scene_of(cruise(9.0), track(CAR, 0.0), track(CAR, 100.0, 20.0))
    assert places(watch(scene)) == [(0.0, 0.0)]
    assert len(places(watch(scene, range_m=150.0))) == 2


def test_a_track_that_does_not_exist_yet_is_absent():
    scene = scene_of(cruise(9.0), track(CAR, 0.0))
    scene.tracks.valid[0, :10] = False
    planner = watch(scene)
    assert [len(places(planner, step)) for step in (0, 9, 10)] == [0, 0, 1]


def test_latency_shows_the_old_position():
    scene = scene_of(cruise(9.0), track(CAR, 0.0, speed=5.0))
    planner = watch(scene, latency_s=0.3)
    assert places(planner, 10) == [(3.5, 0.0)]
    assert places(planner, 1) == [(0.0, 0.0)]  # nothing is older than the start
    planner = watch(scene, latency_s=0.3, every_s=0.5)  # whatever the planner's own rhythm
    assert places(planner, 2) == [(3.5, 0.0)]


def test_latency_holds_for_lights_too():
    status = np.full((1, 151), LightStatus.GREEN, np.int8)
    status[:, 5:] = LightStatus.RED
    lights = Lights(lane_ids=("r1",), status=status)
    scene = scene_of(cruise(9.0, x0=60.0), lights=lights)
    planner = watch(scene, latency_s=0.2)
    reds = [len(seen.red_stop_points[0]) for seen in planner.seen]
    assert reds == [0] * 7 + [1] * 13


def test_lights_beyond_their_range_are_neither_red_nor_green():
    lights = Lights(lane_ids=("r1",), status=np.full((1, 151), LightStatus.RED, np.int8))
    far, near = scene_of(cruise(9.0), lights=lights), scene_of(cruise(9.0, x0=60.0), lights=lights)
    assert watch(far).seen[0].lights == ({},)
    assert len(watch(far).seen[0].red_stop_points[0]) == 0
    assert watch(near).seen[0].lights == ({"r1": LightStatus.RED},)
    assert watch(far, "privileged").seen[0].lights == ({"r1": LightStatus.RED},)


def test_ids_do_not_leak():
    """Rows are ordered by distance, hidden tracks leave no gap, and the start shows no track."""
    moving, standing = track(CAR, 40.0, 3.5, speed=-20.0), track(CAR, 30.0, -3.5)
    scene = scene_of(cruise(9.0), moving, standing, track(CAR, 200.0))
    planner = watch(scene)
    for seen in planner.seen:
        assert seen.tracks.state.shape == (1, 2, 6) and seen.tracks.valid.all()
        gaps = np.linalg.norm(seen.tracks.state[0, :, :2] - seen.ego[0, :2], axis=1)
        assert gaps[0] <= gaps[1]
    assert places(planner, 0)[0] == (30.0, -3.5)  # row 0 is another car later
    assert places(planner, 19)[0] == (2.0, 3.5)
    shown = planner.scenes[0]
    assert len(shown.tracks) == 0 and shown.lights.status is None and shown.world_spec is None
    assert shown.steps == 1 and shown.map.has_lane_graph


def test_the_map_and_the_route_are_shown():
    seen = watch(scene_of(cruise(9.0))).seen[0]
    assert seen.maps[0].has_lane_graph and len(seen.routes[0]) == 2
    assert seen.speed_limits_mps[0] == 13.4 and seen.cameras is None


def test_sensor_mode_shows_neither_track_nor_map_nor_light():
    class Cameras:
        def capture(self, ego, traffic):
            return {}

    planner, scene = Watcher(), scene_of(cruise(9.0), track(CAR, 0.0))
    rollout(scene, planner, SimConfig(duration_s=1.0), replay_traffic(scene), Cameras())
    seen = planner.seen[0]
    assert (seen.tracks, seen.maps, seen.lights, seen.red_stop_points) == (None,) * 4
    assert not planner.scenes[0].map.lanes


def test_noise_has_the_configured_size():
    rows = [track(CAR, 3.0 * i - 40.0, 20.0 + i % 2) for i in range(20)]
    planner = watch(scene_of(cruise(9.0), *rows), occlusion=False, position_noise_m=0.5)
    truth = np.array(sorted((3.0 * i - 40.0, 20.0 + i % 2) for i in range(20)))
    errors = []
    for step in range(20):
        shown = np.array(places(planner, step))
        gaps = np.linalg.norm(shown[:, None] - truth[None], axis=-1)
        errors += list(shown - truth[gaps.argmin(1)])
    assert np.std(errors) == pytest.approx(0.5, rel=0.15)


def test_misses_have_the_configured_rate():
    rows = [track(CAR, 3.0 * i - 40.0, 20.0) for i in range(20)]
    planner = watch(scene_of(cruise(9.0), *rows), occlusion=False, dropout=0.3)
    share = np.mean([len(places(planner, step)) for step in range(20)]) / 20
    assert share == pytest.approx(0.7, abs=0.08)
    assert not places(watch(scene_of(cruise(9.0), *rows), dropout=1.0))


NOISY = {"position_noise_m": 0.5, "velocity_noise_mps": 0.5, "heading_noise_rad": 0.1}


def test_draws_belong_to_seed_scene_track_and_step_alone():
    rows = [track(CAR, 0.0), track(CAR, 20.0, 3.5)]
    scene = scene_of(cruise(9.0), *rows)

    def shown(step, **given):
        return watch(scene, **(NOISY | {"size_noise": 0.1} | given)).seen[step].tracks

    first = shown(10)
    assert first.state.tobytes() == shown(10).state.tobytes()
    assert first.size_m.tobytes() == shown(10).size_m.tobytes()
    assert first.state.tobytes() == shown(2, every_s=0.5).state.tobytes()  # 2 = step 10
    assert first.state.tobytes() != shown(11).state.tobytes()
    assert first.state.tobytes() != shown(10, seed=1).state.tobytes()
    alone = scene_of(cruise(9.0), rows[0])
    assert watch(alone, **NOISY).seen[10].tracks.state[0, 0].tobytes() == (
        watch(scene, **NOISY).seen[10].tracks.state[0, 0].tobytes()
    )


def test_reactive_agents_are_seen_where_they_are():
    scene = scene_of(cruise(4.0), track(CAR, -45.0, speed=9.0))
    planner = watch(scene, traffic=reactive_traffic)
    assert len(places(planner, 19)) == 1


coordinate = st.floats(-40, 40)
box = st.tuples(
    coordinate, coordinate, st.floats(-4, 4), st.floats(0.3, 12.0), st.floats(0.3, 3.0)
)  # fmt: skip


def polygon(x, y, heading, length, width):
    shape = shapely.box(-length / 2, -width / 2, length / 2, width / 2)
    turned = shapely.affinity.rotate(shape, heading, origin=(0, 0), use_radians=True)
    return shapely.affinity.translate(turned, x, y)


@given(box, coordinate, coordinate, st.floats(-4, 4))
def test_a_ray_meets_a_box_where_shapely_says(given_box, ox, oy, angle):
    x, y, heading, length, width = given_box
    dx, dy = math.cos(angle), math.sin(angle)
    shape = polygon(*given_box)
    ray = shapely.LineString([(ox, oy), (ox + 300 * dx, oy + 300 * dy)])
    hit_m = ray_to_box(ox, oy, dx, dy, x, y, heading, length / 2, width / 2)
    origin = shapely.Point(ox, oy)
    if shape.buffer(-1e-6).intersects(ray):
        assert hit_m == pytest.approx(origin.distance(shape.intersection(ray)), abs=1e-4)
    elif not shape.buffer(1e-6).intersects(ray):
        assert hit_m == np.inf


def plain_shares(sensor, state, size, blocks, range_m, half_view_rad):
    """``seen_shares`` with Shapely."""
    shapes = [polygon(*s[[0, 1, 3]], *z[:2]) for s, z in zip(state, size)]
    eye, out = shapely.Point(sensor[:2]), []
    for n, shape in enumerate(shapes):
        bearing = math.atan2(state[n, 1] - sensor[1], state[n, 0] - sensor[0])
        corner = np.array(shape.exterior.coords)[:4] - sensor[:2]
        offs = [math.remainder(math.atan2(y, x) - bearing, math.tau) for x, y in corner]
        reached = 0
        for k in range(RAYS):
            low, high = min(0.0, *offs), max(0.0, *offs)
            angle = bearing + low + (k + 0.5) / RAYS * (high - low)
            if abs(math.remainder(angle - sensor[2], math.tau)) > half_view_rad:
                continue
            end = sensor[:2] + 300 * np.array([math.cos(angle), math.sin(angle)])
            own_m = eye.distance(shape.intersection(shapely.LineString([sensor[:2], end])))
            line = shapely.LineString([sensor[:2], sensor[:2] + (end - sensor[:2]) * own_m / 300])
            hidden = any(
                m != n and blocks[m] and not other.contains(eye) and other.intersects(line)
                for m, other in enumerate(shapes)
            )
            reached += own_m <= range_m and not hidden
        out.append(reached / RAYS)
    return np.array(out)


@given(st.integers(0, 10_000))
def test_shares_are_those_of_shapely(seed):
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 8))
    state = np.zeros((count, 6))
    state[:, :2] = random.uniform(-40, 40, (count, 2))
    state[:, 3] = random.uniform(-4, 4, count)
    size = np.tile(SIZES[CAR], (count, 1)) * random.uniform(0.5, 2.5, (count, 1))
    sensor = np.array([*random.uniform(-5, 5, 2), random.uniform(-3, 3)])
    if any(polygon(*s[[0, 1, 3]], *z[:2]).distance(shapely.Point(sensor[:2])) < 0.1
           for s, z in zip(state, size)):  # fmt: skip
        return
    blocks = random.random(count) < 0.8
    args = (blocks, 35.0, 1.0 + random.random())
    got = seen_shares(sensor, state, size, np.ones(count, bool), *args)
    expected = plain_shares(sensor, state, size, *args)
    assert np.abs(got - expected).max() <= 1 / RAYS + 1e-9  # a ray along an edge may go either way
    assert np.mean(got != expected) < 0.5


def test_the_sensor_sits_ahead_of_the_rear_axle():
    """From 60 m ahead the range ends beyond a car that the rear axle could not reach."""
    scene = scene_of(cruise(9.0), track(CAR, 100.0))
    assert not places(watch(scene))
    assert places(watch(scene, sensor_ahead_m=60.0))
