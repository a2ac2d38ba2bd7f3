"""Imported scenarios driven: the ego's own script, planners, the shared ALKS and NCAP files."""
# ruff: noqa: E501 (XML stays on its line)

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from drivewm.scenarios.osc.drive import drive
from drivewm.scenarios.osc.load import digest_of, load, load_text
from drivewm.scenarios.osc.nominal import checks_of, nominal_of, scripted_impact
from drivewm.scene import EgoColumn
from tests.scenarios.osc.files import (
    CAR,
    EGO,
    WALKER,
    after,
    by_entity,
    by_value,
    event,
    lane,
    private,
    speed,
    story,
    teleport,
    trigger,
    write,
    xodr,
    xosc,
)

END = trigger(after(8), tag="StopTrigger")


def two_cars(tmp_path, stories="", ahead="90", stop=END, parameters="", variables=""):
    """The ego at 10 m/s from s = 50, a car standing ahead in its lane."""
    init = private("Ego", teleport(lane()), speed("10")) + private("Car", teleport(lane(s=ahead)))
    return load(write(tmp_path, xosc(init, stories, stop, entities=EGO + CAR,
                                     parameters=parameters, variables=variables)))  # fmt: skip


def states(rollout, name):
    number = rollout.tracks.ids.index(name)
    return rollout.tracks.state[number]


def test_scripted_ego_hits_the_standing_car_when_and_where_it_must(tmp_path):
    found, outcome = drive(two_cars(tmp_path), "scripted")
    # ego's front: 1.4 + 2.5 m ahead of its rear axle; the car's rear: 1.1 m behind its own
    assert outcome.impact.time_s == pytest.approx((40 - 1.1 - 3.9) / 10, abs=1e-3)
    assert outcome.impact.ego_speed_mps == pytest.approx(10)
    assert outcome.impact.location_pct == pytest.approx(50, abs=1e-6)
    assert outcome.stopped_s == pytest.approx(8) and found.times_us[-1] - found.times_us[0] == 8e6


def test_planner_keeps_start_route_and_speed_and_replaces_the_script(tmp_path):
    body = story("Ego", event("stop", speed("0", "linear", "rate", "2"), trigger(after(1))))
    imported = two_cars(tmp_path, body, ahead="400")
    scripted, _ = drive(imported, "scripted")
    planned, outcome = drive(imported, "constant_velocity")
    assert scripted.ego[-1, EgoColumn.VX] == pytest.approx(0, abs=1e-9)
    assert planned.ego[-1, EgoColumn.VX] == pytest.approx(10, abs=1e-3)
    assert scripted.ego[0].tolist() == planned.ego[0].tolist()
    assert any("event 'stop'" in line for line in imported.ego.replaced)
    assert any(entry.what == "replaced" for entry in outcome.log)
    assert all(lane.speed_limit_mps == 10.0 for lane in imported.scene.map.lanes)


def test_others_react_to_the_planned_ego_not_to_the_scripted_one(tmp_path):
    near = by_entity('<RelativeDistanceCondition entityRef="Car" relativeDistanceType="longitudinal" '
                     'value="20" freespace="true" rule="lessThan"/>')  # fmt: skip
    body = story("Ego", event("stop", speed("0"), trigger(after(0.5))))
    body += story("Car", event("go", speed("5"), trigger(near))).replace('"story"', '"other"')
    imported = two_cars(tmp_path, body)
    _, scripted = drive(imported, "scripted")
    assert [e.element.split("::")[-1] for e in scripted.never] == ["go"]
    _, planned = drive(imported, "constant_velocity")
    fired = [e for e in planned.log if e.what == "fired" and e.element.endswith("go")]
    assert fired[0].time_s == pytest.approx((40 - 1.1 - 3.9 - 20) / 10, abs=0.02)


def test_variables_stop_the_run_a_second_after_the_collision(tmp_path):
    variables = '<VariableDeclarations><VariableDeclaration name="hit" variableType="boolean" value="false"/></VariableDeclarations>'
    touch = by_entity('<CollisionCondition><EntityRef entityRef="Car"/></CollisionCondition>')
    body = story(
        "Ego",
        event(
            "mark",
            '<GlobalAction><VariableAction variableRef="hit"><SetAction value="true"/></VariableAction></GlobalAction>',
            trigger(touch),
        ),
    )
    stop = trigger(
        by_value('<VariableCondition variableRef="hit" rule="equalTo" value="true"/>'),
        delay="1",
        tag="StopTrigger",
    )
    _, outcome = drive(two_cars(tmp_path, body, stop=stop, variables=variables), "scripted")
    assert outcome.stopped_s == pytest.approx(outcome.impact.time_s + 1, abs=0.03)


def test_the_loop_sets_the_known_variables_that_no_action_sets(tmp_path):
    variables = "".join(
        f'<VariableDeclaration name="{name}" variableType="{kind}" value="{value}"/>'
        for name, kind, value in (("collisionDetected", "boolean", "false"),
                                  ("egoSpeedReached", "double", "0"), ("mood", "double", "0"))
    )  # fmt: skip
    stop = trigger(
        by_value(
            '<VariableCondition variableRef="collisionDetected" rule="equalTo" value="true"/>'
        ),
        delay="1",
        tag="StopTrigger",
    )
    imported = two_cars(
        tmp_path, stop=stop, variables=f"<VariableDeclarations>{variables}</VariableDeclarations>"
    )
    _, outcome = drive(imported, "scripted")
    assert outcome.stopped_s == pytest.approx(outcome.impact.time_s + 1, abs=0.03)
    fired = {e.element.split(": ")[-1]: e.time_s for e in outcome.log if e.what == "fired"}
    assert fired["egoSpeedReached"] == 0.0 and "mood" not in fired


def test_a_walker_on_a_timed_trajectory_is_where_it_must_be(tmp_path):
    shape = "".join(
        f'<Vertex time="{t}"><Position>{lane(s="120", offset=o)}</Position></Vertex>'
        for t, o in ((0, "-4"), (4, "4"))
    )
    action = (
        '<PrivateAction><RoutingAction><FollowTrajectoryAction><TrajectoryRef><Trajectory name="t" '
        f'closed="false"><Shape><Polyline>{shape}</Polyline></Shape></Trajectory></TrajectoryRef>'
        '<TimeReference><Timing domainAbsoluteRelative="relative" scale="1" offset="0"/></TimeReference>'
        '<TrajectoryFollowingMode followingMode="position"/></FollowTrajectoryAction></RoutingAction></PrivateAction>'
    )
    init = private("Ego", teleport(lane())) + private(
        "Walker", teleport(lane(s="120", offset="-4"))
    )
    body = story("Walker", event("walk", action, trigger(after(1))))
    imported = load(write(tmp_path, xosc(init, body, END, entities=EGO + WALKER)))
    found, _ = drive(imported, "scripted")
    y = states(found, "Walker")[:, 1]
    assert y[10] == pytest.approx(-5.75, abs=0.03) and y[30] == pytest.approx(-1.75, abs=0.03)
    assert y[50] == pytest.approx(2.25, abs=0.03)


def test_lane_change_ends_in_the_middle_of_the_other_lane(tmp_path):
    action = (
        "<PrivateAction><LateralAction><LaneChangeAction><LaneChangeActionDynamics "
        'dynamicsShape="sinusoidal" dynamicsDimension="time" value="3"/><LaneChangeTarget>{}'
        "</LaneChangeTarget></LaneChangeAction></LateralAction></PrivateAction>"
    )
    for target in (
        '<AbsoluteTargetLane value="-2"/>',
        '<RelativeTargetLane entityRef="Car" value="-1"/>',
    ):
        body = story("Car", event("over", action.format(target), trigger(after(1))))
        init = private("Ego", teleport(lane())) + private(
            "Car", teleport(lane(s="90")), speed("10")
        )
        imported = load(write(tmp_path, xosc(init, body, END, entities=EGO + CAR)))
        found, _ = drive(imported, "scripted")
        car = states(found, "Car")
        y = car[:, 1] - 1.4 * np.sin(car[:, 3])  # of the rear axle
        assert y[9] == pytest.approx(-1.75) and y[25] == pytest.approx(-3.5, abs=0.02)
        assert y[60] == pytest.approx(-5.25, abs=1e-6)


@pytest.mark.parametrize(("lane_id", "y_m"), [(-1, -1.25), (1, 2.25)])
def test_lane_offsets_count_to_the_left_of_the_road(tmp_path, lane_id, y_m):
    action = (
        '<PrivateAction><LateralAction><LaneOffsetAction continuous="false"><LaneOffsetActionDynamics '
        'dynamicsShape="step"/><LaneOffsetTarget><AbsoluteTargetLaneOffset value="0.5"/></LaneOffsetTarget>'
        "</LaneOffsetAction></LateralAction></PrivateAction>"
    )
    body = story("Car", event("aside", action, trigger(after(1))))
    init = private("Ego", teleport(lane()))
    init += private("Car", teleport(lane(lane_id=lane_id, s="200")), speed("10"))
    found, _ = drive(load(write(tmp_path, xosc(init, body, END, entities=EGO + CAR))), "scripted")
    assert states(found, "Car")[30, 1] == pytest.approx(y_m, abs=1e-6)


def test_who_drives_backwards_along_a_trajectory_looks_forward(tmp_path):
    shape = "".join(f"<Vertex><Position>{lane(s=s)}</Position></Vertex>" for s in ("100", "20"))
    follow = (
        '<PrivateAction><RoutingAction><FollowTrajectoryAction><TrajectoryRef><Trajectory name="t" '
        f'closed="false"><Shape><Polyline>{shape}</Polyline></Shape></Trajectory></TrajectoryRef>'
        '<TimeReference><None/></TimeReference><TrajectoryFollowingMode followingMode="follow"/>'
        "</FollowTrajectoryAction></RoutingAction></PrivateAction>"
    )
    init = private("Ego", teleport(lane(s="100")), speed("-2"), follow)
    found, _ = drive(load(write(tmp_path, xosc(init, stop=END))), "scripted")
    assert found.ego[40, EgoColumn.X] == pytest.approx(92, abs=0.01)
    assert found.ego[40, EgoColumn.HEADING] == pytest.approx(0, abs=1e-6)
    assert found.ego[40, EgoColumn.VX] == pytest.approx(-2)


def test_friction_and_versions_of_1_0(tmp_path):
    road = (
        '<GlobalAction><EnvironmentAction><Environment name="wet"><TimeOfDay animation="false" '
        'dateTime="2020-01-01T12:00:00"/><Weather cloudState="rainy"><Sun intensity="1" azimuth="0" '
        'elevation="1"/></Weather><RoadCondition frictionScaleFactor="0.4"/></Environment>'
        "</EnvironmentAction></GlobalAction>"
    )
    init = road + private("Ego", teleport(lane()), speed("10"))
    text = xosc(init, stop=END).replace('revMinor="3"', 'revMinor="0"')
    text = text.replace('priority="parallel"', 'priority="overwrite"')
    imported = load(write(tmp_path, text))
    assert imported.sim["friction"] == 0.4 and imported.document.version == (1, 0)


def test_a_trigger_that_never_fires_is_reported(tmp_path):
    body = story("Car", event("late", speed("5"), trigger(after(100))))
    _, outcome = drive(two_cars(tmp_path, body), "scripted")
    assert [entry.element.split("::")[-1] for entry in outcome.never] == ["late"]


def test_the_same_scenario_from_its_text(tmp_path):
    imported = two_cars(tmp_path)
    again = load_text(imported.scene.scenario)
    assert again.digest == imported.digest
    assert np.array_equal(drive(again, "idm")[0].ego, drive(imported, "idm")[0].ego)


def test_digest_tells_values_and_files_apart(tmp_path):
    def imported(value=None, length=500.0):
        text = xosc(
            private("Ego", teleport(lane())),
            parameters='<ParameterDeclaration name="v" parameterType="double" value="3"/>',
        )
        return load(write(tmp_path, text, road=xodr(length)), value).digest

    assert imported() == imported() == digest_of(tmp_path / "scenario.xosc")
    assert len({imported(), imported({"v": "4"}), imported(length=600.0)}) == 3


def table():
    path = Path(__file__).parents[3] / "benchmarks" / "openscenario" / "run.py"
    spec = importlib.util.spec_from_file_location("openscenario_table", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_holds_every_file_of_the_issue(real_data):
    names = [file.stem for file in table().files_of(real_data / "openscenario")]
    assert sum(name.startswith("alks_") for name in names) == 15
    assert len(names) == 15 + 18 + 24 and not any("Variation" in name for name in names)


def alks_holds(file):
    _, outcome = drive(load(file), "scripted")
    assert outcome.status == "ok" and outcome.stopped_s is not None, file.name
    assert not outcome.never and not outcome.failed, file.name


def ncap_holds(file):
    """The nominal impact within 2 %; of the turning scenarios the speed alone."""
    imported = load(file)
    nominal = nominal_of(imported)
    impact = scripted_impact(imported, nominal)
    assert impact is not None, file.name
    for check in checks_of(imported, nominal, impact)[: None if nominal.is_exact else 1]:
        assert check.is_good, (file.name, check)
    return nominal.is_exact


@pytest.mark.parametrize(
    "name", ["4_2_3_crossing", "4_3_2_follow", "4_4_2_cut_in", "4_5_2_cut_out"]
)
def test_alks_files_run_with_their_own_ego(real_data, name):
    (file,) = (f for f in table().files_of(real_data / "openscenario")[:15] if name in f.name)
    alks_holds(file)


NCAP = (
    "CPNA_25_50kph", "CPFA_50_50kph", "CPNCO_50_50kph", "CBNAO_50_50kph", "CBFA_50_50kph",
    "CBLA_50_50kph", "CCRb_50kph", "CMRb_50kph", "CCFhos_50kph_50kph", "CCCscp_20kph_20kph_FS",
    "CMCscp_20kph_20kph_FS", "NCAP_AEB_VRU_CPNA-75_50kph_2023", "NCAP_AEB_VRU_CPRA_Cm_4kph_2023",
    "NCAP_AEB_VRU_CBNA-50_50kph_2023",
)  # fmt: skip


@pytest.mark.parametrize("name", NCAP)
def test_ncap_files_reproduce_their_nominal_impact_within_two_percent(real_data, name):
    (file,) = (f for f in table().files_of(real_data / "openscenario") if f.stem == name)
    assert ncap_holds(file)


@pytest.mark.slow
def test_every_shared_file_runs_and_every_nominal_impact_is_reproduced(real_data):
    files = table().files_of(real_data / "openscenario")
    for file in files[:15]:
        alks_holds(file)
    assert sum(ncap_holds(file) for file in files[15:]) >= 30


def test_planners_drive_an_ncap_file(real_data):
    (file,) = (f for f in table().files_of(real_data / "openscenario") if f.stem == "CPNA_25_50kph")
    _, blind = drive(load(file), "constant_velocity")
    _, careful = drive(load(file), "idm")
    assert blind.impact.ego_speed_mps * 3.6 == pytest.approx(50, abs=0.1)
    assert careful.impact is None or careful.impact.ego_speed_mps < blind.impact.ego_speed_mps - 2
