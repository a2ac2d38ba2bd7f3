"""nuPlan-style planner objects, written against nuPlan's interface and driven here."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import shapely

from drivewm.errors import InputError
from drivewm.planners import registry
from drivewm.planners.nuplan import NuplanPlanner, sampled, vocabulary
from drivewm.planners.nuplan_map import MapApi
from drivewm.planners.nuplan_objects import SemanticMapLayer, TrackedObjectType
from drivewm.planners.nuplan_types import (
    CarFootprint,
    DynamicCarState,
    EgoState,
    OrientedBox,
    Point2D,
    StateSE2,
    StateVector2D,
    TimePoint,
    VehicleParameters,
)
from drivewm.scene import Lane, Lights, LightStatus, RoadMap, ScoreType
from drivewm.sim.config import IsolationConfig, SimConfig
from drivewm.sim.loop import rollout
from drivewm.sim.traffic import replay_traffic
from tests.measures.hand import cruise, drive, golden_road, scene_of, track

CAR, CONE = ScoreType.VEHICLE, ScoreType.CONE
L = SemanticMapLayer


@dataclass
class Sampled:
    states: list

    def get_sampled_trajectory(self):
        return self.states


class Follower:
    """Follows the baselines of the route's roadblocks at a speed, stops for what stands ahead."""

    requires_scenario = False

    def __init__(self, speed=9.0):
        self.speed, self.inputs, self.starts = speed, [], []

    def name(self):
        return "follower"

    def observation_type(self):
        return None

    def initialize(self, initialization):
        self.starts.append(initialization)
        self.line = np.zeros((0, 2))
        api = initialization.map_api
        for name in initialization.route_roadblock_ids:
            block = api.get_map_object(name, L.ROADBLOCK)
            block = block or api.get_map_object(name, L.ROADBLOCK_CONNECTOR)
            path = block.interior_edges[0].baseline_path.discrete_path[len(self.line) > 0 :]
            self.line = np.concatenate([self.line, [pose.array for pose in path]])

    def compute_planner_trajectory(self, current_input):
        self.inputs.append(current_input)
        ego, observation = current_input.history.current_state
        way = shapely.LineString(self.line)
        at_m = way.project(shapely.Point(*ego.rear_axle.point))
        free_m = 1000.0
        for thing in observation.tracked_objects.get_agents():
            if ego.center.distance_to(thing.center) < 40 and abs(thing.center.y) < 1.5:
                free_m = min(free_m, thing.center.x - ego.center.x - 8.0)
        speed = min(self.speed, max(0.0, free_m / 2))
        states = []
        for k in range(41):
            place = way.interpolate(at_m + speed * 0.1 * k)
            states.append(
                EgoState.build_from_rear_axle(
                    StateSE2(place.x, place.y, 0.0), StateVector2D(speed, 0.0),
                    StateVector2D(0.0, 0.0), 0.0, TimePoint(ego.time_us + 100_000 * k),
                    ego.car_footprint.vehicle_parameters,
                )
            )  # fmt: skip
        return Sampled(states)


def run(planner, scene, **settings):
    return rollout(scene, NuplanPlanner(planner), SimConfig(**settings), replay_traffic(scene))


def red_scene():
    lights = Lights(lane_ids=("r1", "7"), status=np.full((2, 61), LightStatus.RED, np.int8))
    rows = track(CAR, 60.0, steps=61), track(CONE, 5.0, 3.0, steps=61)
    return scene_of(cruise(9.0, 61), *rows, lights=lights)


def test_it_follows_the_route_and_stops_behind_a_car():
    planner = Follower()
    done = run(planner, scene_of(cruise(9.0), track(CAR, 60.0)))
    assert (done.status, done.reason) == ("ok", None)
    assert 40.0 < done.ego[-1, 0] < 60.0 - 2.3 - 4.0
    assert done.plan_horizons_s[0][0] == 0.0 and done.plan_horizons_s[0][-1] == 4.0


def test_the_route_is_given_as_roadblocks():
    planner = Follower()
    run(planner, red_scene())
    (start,) = planner.starts
    blocks = [start.map_api.blocks[name] for name in start.route_roadblock_ids]
    lanes = [[lane.id for lane in block.interior_edges] for block in blocks]
    assert [row[0] for row in lanes] == ["r0", "r1", "r2"]
    assert tuple(start.mission_goal) == (600.0, 0.0, 0.0)
    assert start.map_api.map_name == "nowhere"


def test_what_it_is_called_with():
    planner = Follower()
    run(planner, red_scene())
    first, later = planner.inputs[0], planner.inputs[30]
    assert (first.iteration.index, later.iteration.index) == (0, 30)
    assert later.iteration.time_us - first.iteration.time_us == 3_000_000
    ego, seen = later.history.current_state
    assert ego.time_us == later.iteration.time_us
    assert ego.rear_axle.x == pytest.approx(-3.0, abs=0.1)
    assert ego.center.x - ego.rear_axle.x == pytest.approx(1.461)
    assert ego.dynamic_car_state.rear_axle_velocity_2d.x == pytest.approx(9.0, abs=0.1)
    assert ego.car_footprint.vehicle_parameters.wheel_base == 3.089
    assert [thing.tracked_object_type.name for thing in seen.tracked_objects] == [
        "VEHICLE", "TRAFFIC_CONE",
    ]  # fmt: skip
    car, cone = seen.tracked_objects
    assert (car.box.length, car.box.width) == (4.6, 1.9) and cone.velocity.magnitude() == 0
    assert [t.lane_connector_id for t in later.traffic_light_data] == ["r1", 7]
    assert later.traffic_light_data[0].status == LightStatus.RED


def test_the_history_is_two_seconds_at_10_hz_from_the_first_step_on():
    planner = Follower()
    run(planner, red_scene())
    for given in (planner.inputs[0], planner.inputs[30]):
        history = given.history
        assert len(history) == history.size == 21 and history.sample_interval == 0.1
        assert history.duration == pytest.approx(2.1)
        times = np.array([state.time_us for state in history.ego_states])
        np.testing.assert_array_equal(np.diff(times), 100_000)
        xs = [state.rear_axle.x for state in history.ego_states]
        np.testing.assert_allclose(np.diff(xs), 0.9, atol=0.02)
        assert len(history.observations) == 21


def test_replanning_less_often_does_not_change_the_history():
    planner = Follower()
    run(planner, red_scene(), replan_interval_s=0.5)
    xs = [state.rear_axle.x for state in planner.inputs[6].history.ego_states]
    np.testing.assert_allclose(np.diff(xs), 0.9, atol=0.02)


def test_visible_mode_reaches_the_planner_as_it_is():
    planner = Follower()
    run(planner, red_scene(), mode="visible")
    things = list(planner.inputs[0].history.current_state[1].tracked_objects)
    assert len(things) <= 2
    assert planner.inputs[0].traffic_light_data == []  # farther than 60 m
    assert not tokens(planner, 0) & tokens(planner, 1)  # nobody says who is who
    planner = Follower()
    run(planner, red_scene())
    assert tokens(planner, 0) == tokens(planner, 1) == {"track-0", "track-1"}


def tokens(planner, step):
    things = planner.inputs[step].history.current_state[1].tracked_objects
    return {thing.track_token for thing in things}


def test_by_the_registry_and_in_a_process_of_its_own():
    text = "nuplan:tests.planners.test_nuplan:Follower?speed=5"
    scene = red_scene()
    drives = []
    for isolation in (None, IsolationConfig(process=True)):
        planner = registry.create(text, isolation)
        assert planner.name == "follower"
        drives.append(rollout(scene, planner, SimConfig(), replay_traffic(scene)))
    assert drives[1].status == "ok"
    assert drives[0].ego.tobytes() == drives[1].ego.tobytes()


def test_by_file(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from tests.planners.test_nuplan import Follower as Base\nclass Mine(Base): pass\n"
    )
    assert registry.create(f"nuplan:{tmp_path}/mine.py?speed=3").name == "follower"


def test_what_cannot_be_served_is_refused():
    class Oracle(Follower):
        requires_scenario = True

    with pytest.raises(InputError, match="requires the scenario"):
        NuplanPlanner(Oracle())
    with pytest.raises(InputError, match=r"no method initialize\(\)"):
        NuplanPlanner(object())


def test_a_planner_that_raises_is_a_failed_drive():
    class Lost(Follower):
        def compute_planner_trajectory(self, current_input):
            return current_input.history.current_state[0].no_such_thing

    assert "no_such_thing" in run(Lost(), red_scene()).reason


def test_states_before_now_are_left_out():
    car = VehicleParameters(2.0, 4.0, 1.0, 1.5, 3.0, "x", "y")
    states = [
        EgoState.build_from_rear_axle(
            StateSE2(x, 0, 0), StateVector2D(0, 0), StateVector2D(0, 0), 0.0,
            TimePoint(1_000_000 * (1 + x)), car,
        )
        for x in range(4)
    ]  # fmt: skip
    answer = sampled(states, 2_000_000)
    np.testing.assert_allclose(answer.times_s, [0.0, 1.0, 2.0])
    np.testing.assert_allclose(answer.poses[0, :, 0], [1.0, 2.0, 3.0])


# -- the stand-ins


def test_boxes_and_footprints():
    box = OrientedBox(StateSE2(1.0, 2.0, math.pi / 2), 4.0, 2.0, 1.5)
    assert [tuple(np.round(tuple(c), 9)) for c in box.all_corners()] == [
        (0, 4), (0, 0), (2, 0), (2, 4),
    ]  # fmt: skip
    assert box.geometry.area == pytest.approx(8.0)
    car = VehicleParameters(2.3, 4.049, 1.127, 1.67, 3.089, "pacifica", "gen1", 1.8)
    footprint = CarFootprint(StateSE2(10.0, 0.0, 0.0), car)
    assert footprint.rear_axle.x == pytest.approx(10.0 - 1.461)
    assert footprint.oriented_box.length == pytest.approx(5.176)


def test_the_centre_moves_as_a_rigid_body():
    state = DynamicCarState(1.5, StateVector2D(10.0, 0.0), StateVector2D(1.0, 0.0), 0.2, 0.1)
    assert (state.center_velocity_2d.x, state.center_velocity_2d.y) == (10.0, pytest.approx(0.3))
    assert state.center_acceleration_2d.x == pytest.approx(1.0 + 1.5 * (0.04 + 0.1))
    assert state.speed == 10.0 and state.acceleration == 1.0


def test_kinds_equal_nuplans_own_by_name_and_value():
    class Foreign:
        name, value = "VEHICLE", 0

    assert Foreign() == TrackedObjectType.VEHICLE
    assert TrackedObjectType.VEHICLE != TrackedObjectType.EGO
    assert len({TrackedObjectType.VEHICLE, TrackedObjectType.VEHICLE}) == 1


def test_the_vocabulary_is_whole():
    words = vocabulary()
    assert words.StateSE2(1.0, 2.0, 3.0).heading == 3.0
    assert words.TrackedObjects([]).get_agents() == []


@pytest.fixture(scope="module")
def api():
    return MapApi(golden_road(), "nowhere")


def names(things):
    return [thing.id for thing in things]


def test_map_queries(api):
    here, middle, off = Point2D(50.0, 0.0), Point2D(110.0, 3.5), Point2D(50.0, 50.0)
    assert names(api.get_all_map_objects(here, L.LANE)) == ["r0"]
    assert names(api.get_all_map_objects(middle, L.LANE_CONNECTOR)) == ["l1"]
    assert api.get_one_map_object(here, L.LANE).id == "r0"
    assert api.get_one_map_object(off, L.LANE) is None
    assert api.is_in_layer(here, L.DRIVABLE_AREA) and not api.is_in_layer(off, L.DRIVABLE_AREA)
    assert api.is_in_layer(middle, L.INTERSECTION) and not api.is_in_layer(here, L.INTERSECTION)
    near = api.get_proximal_map_objects(here, 4.0, [L.LANE, L.LANE_CONNECTOR])
    assert names(near[L.LANE]) == ["r0", "l0"] and near[L.LANE_CONNECTOR] == []
    assert api.get_map_object("r1", L.LANE_CONNECTOR).id == "r1"
    assert api.get_map_object("r1", L.LANE) is None and api.get_map_object(None, L.LANE) is None
    assert api.get_distance_to_nearest_map_object(off, L.LANE) == ("o0", pytest.approx(41.25))
    assert api.get_distance_to_nearest_map_object(here, L.CROSSWALK) == (None, None)
    matrix = api.get_distances_matrix_to_nearest_map_object([here, off], L.DRIVABLE_AREA)
    np.testing.assert_allclose(matrix, [0.0, 41.25])
    assert set(api.get_available_map_objects()) >= {L.LANE, L.ROADBLOCK, L.STOP_LINE}
    api.initialize_all_layers()
    with pytest.raises(ValueError, match="no layer SPEED_BUMP"):
        api.get_all_map_objects(here, L.SPEED_BUMP)


def test_lanes_know_their_neighbours_in_the_graph(api):
    lane = api.get_map_object("r1", L.LANE_CONNECTOR)
    assert type(lane).__name__ == "NuPlanLaneConnector"
    assert names(lane.outgoing_edges) == ["r2"]
    assert lane.speed_limit_mps == 13.4 and lane.contains_point(Point2D(110.0, 0.0))
    assert lane.left_boundary is None and not lane.has_traffic_lights()
    assert lane.parent.id == lane.get_roadblock_id()
    assert lane in lane.parent.interior_edges and lane.index >= 1
    assert lane.oriented_distance(Point2D(110.0, 1.0)) == pytest.approx(1.0)
    assert lane.is_same_roadblock(lane)
    block = api.get_map_object(lane.get_roadblock_id(), L.ROADBLOCK_CONNECTOR)
    assert type(block).__name__ == "NuPlanRoadBlockConnector"
    assert block.intersection.is_signaled is False and block in block.intersection.interior_edges
    assert "r2" in names(block.outgoing_edges[0].interior_edges)


def test_neighbours_left_and_right():
    left = Lane(id="a", centerline=np.array([[0, 3.5], [9, 3.5]]),
                polygon=shapely.box(0, 1.75, 9, 5.25), right_neighbor="b")  # fmt: skip
    right = Lane(id="b", centerline=np.array([[0, 0], [9, 0]]),
                 polygon=shapely.box(0, -1.75, 9, 1.75), left_neighbor="a")  # fmt: skip
    lanes = MapApi(RoadMap(origin="hand", lanes=(left, right)), "here").lanes
    a, b = lanes["a"], lanes["b"]
    assert a.is_left_of(b) and b.is_right_of(a) and not b.is_left_of(a)
    assert a.is_adjacent_to(b) and a.is_same_roadblock(b)
    assert names(a.parallel_edges) == names(b.parallel_edges)


def test_a_baseline_knows_places_headings_and_curvature():
    angle = np.linspace(0, np.pi / 2, 60)
    arc = Lane(
        id="arc", polygon=shapely.box(0, 0, 20, 20), is_connector=True,
        centerline=np.stack([20 * np.sin(angle), 20 - 20 * np.cos(angle)], -1),
    )  # fmt: skip
    path = MapApi(RoadMap(origin="hand", lanes=(arc,)), "here").lanes["arc"].baseline_path
    assert path.length == pytest.approx(10 * np.pi, abs=0.01)
    assert path.discrete_path[0].heading == pytest.approx(0.0, abs=0.02)
    assert path.discrete_path[-1].heading == pytest.approx(np.pi / 2, abs=0.02)
    pose = path.get_nearest_pose_from_position(Point2D(20.0, 0.0))
    assert pose.heading == pytest.approx(np.pi / 4, abs=0.05)
    assert path.get_nearest_curvature_from_position(Point2D(20.0, 0.0)) == pytest.approx(0.05, 0.02)


def test_a_scene_without_lanes_has_an_empty_map_and_route():
    planner = Follower()
    planner.compute_planner_trajectory = lambda given: [
        EgoState.build_from_rear_axle(
            StateSE2(0, 0, 0), StateVector2D(0, 0), StateVector2D(0, 0), 0.0,
            TimePoint(given.iteration.time_us + us), given.history.ego_states[-1]
            .car_footprint.vehicle_parameters,
        )
        for us in (0, 4_000_000)
    ]  # fmt: skip
    scene = scene_of(drive(np.zeros(31), speed=0.0), road=golden_road(lanes=False))
    assert run(planner, scene).status == "ok"
    assert planner.starts[0].route_roadblock_ids == []
