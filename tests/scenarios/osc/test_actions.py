"""Every action and condition of 1.0 to 1.3 that is read: what becomes of it, and that it runs."""
# ruff: noqa: E501 (XML stays on its line)

import pytest

from drivewm.errors import InputError
from drivewm.scenarios.osc.drive import drive
from drivewm.scenarios.osc.load import load
from drivewm.sim.script import model as m
from tests.scenarios.osc.files import (
    CAR,
    EGO,
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
    xosc,
)

DYNAMICS = 'dynamicsShape="cubic" dynamicsDimension="time" value="2"'
LIMITS = '<DynamicConstraints maxAcceleration="3" maxDeceleration="4" maxSpeed="20"/>'
WAY = (
    '<Route name="r" closed="false"><Waypoint routeStrategy="shortest"><Position>{}</Position></Waypoint>'
    '<Waypoint routeStrategy="fastest"><Position>{}</Position></Waypoint></Route>'
).format(lane(s="60"), lane(s="300"))
SIGNALS = (
    '<TrafficSignals><TrafficSignalController name="lights" delay="0"><Phase name="go" duration="2">'
    '<TrafficSignalState trafficSignalId="s1" state="green"/></Phase><Phase name="halt" duration="2">'
    '<TrafficSignalState trafficSignalId="s1" state="red"/></Phase></TrafficSignalController></TrafficSignals>'
)


def longitudinal(inner):
    return f"<PrivateAction><LongitudinalAction>{inner}</LongitudinalAction></PrivateAction>"


def lateral(inner):
    return f"<PrivateAction><LateralAction>{inner}</LateralAction></PrivateAction>"


def routing(inner):
    return f"<PrivateAction><RoutingAction>{inner}</RoutingAction></PrivateAction>"


def overall(inner):
    return f"<GlobalAction>{inner}</GlobalAction>"


def scenario(tmp_path, action=None, condition=None):
    """The ego and a car 30 m ahead, both at 10 m/s; the car acts after a second."""
    init = private("Ego", teleport(lane()), speed("10"))
    init += private("Car", teleport(lane(s="80")), speed("10"))
    start = trigger(condition or after(1))
    body = story("Car", event("go", action or speed("8"), start))
    stop = trigger(after(3), tag="StopTrigger")
    text = xosc(
        init, body, stop, entities=EGO + CAR,
        parameters='<ParameterDeclaration name="p" parameterType="double" value="3"/>',
        variables='<VariableDeclarations><VariableDeclaration name="v" variableType="double" value="1"/></VariableDeclarations>',
    ).replace('<LogicFile filepath="road.xodr"/>', f'<LogicFile filepath="road.xodr"/>{SIGNALS}')  # fmt: skip
    return load(write(tmp_path, text))


def first_event(imported):
    return imported.storyboard.stories[0].acts[0].groups[0].maneuvers[0].events[0]


ACTIONS = [
    (longitudinal(f'<SpeedAction><SpeedActionDynamics {DYNAMICS} followingMode="follow"/><SpeedActionTarget><RelativeTargetSpeed entityRef="Ego" value="0.5" speedTargetValueType="factor" continuous="false"/></SpeedActionTarget></SpeedAction>'), m.Speed),
    (longitudinal(f'<SpeedProfileAction followingMode="position">{LIMITS}<SpeedProfileEntry time="1" speed="12"/><SpeedProfileEntry time="1" speed="9"/></SpeedProfileAction>'), m.SpeedProfile),
    (longitudinal(f'<LongitudinalDistanceAction entityRef="Ego" timeGap="2" freespace="true" continuous="true" displacement="leadingReferencedEntity" coordinateSystem="lane">{LIMITS}</LongitudinalDistanceAction>'), m.LongitudinalDistance),
    (lateral(f'<LaneChangeAction targetLaneOffset="0.2"><LaneChangeActionDynamics {DYNAMICS}/><LaneChangeTarget><RelativeTargetLane entityRef="Car" value="-1"/></LaneChangeTarget></LaneChangeAction>'), m.LaneChange),
    (lateral('<LaneOffsetAction continuous="false"><LaneOffsetActionDynamics dynamicsShape="sinusoidal" maxLateralAcc="1"/><LaneOffsetTarget><RelativeTargetLaneOffset entityRef="Ego" value="0.5"/></LaneOffsetTarget></LaneOffsetAction>'), m.LaneOffset),
    (lateral(f'<LateralDistanceAction entityRef="Ego" distance="1" freespace="false" continuous="false" displacement="leftToReferencedEntity">{LIMITS}</LateralDistanceAction>'), m.LateralDistance),
    (f'<PrivateAction><SynchronizeAction masterEntityRef="Ego"><TargetPositionMaster>{lane(s="120")}</TargetPositionMaster><TargetPosition>{lane(s="150")}</TargetPosition><FinalSpeed><RelativeSpeedToMaster value="1" speedTargetValueType="delta"/></FinalSpeed></SynchronizeAction></PrivateAction>', m.Synchronize),
    (routing(f"<AssignRouteAction>{WAY}</AssignRouteAction>"), m.AssignRoute),
    (routing(f"<AcquirePositionAction><Position>{lane(s='200')}</Position></AcquirePositionAction>"), m.AcquirePosition),
    (teleport('<RelativeObjectPosition entityRef="Ego" dx="40" dy="0"/>'), m.Teleport),
    ('<PrivateAction><VisibilityAction graphics="true" traffic="true" sensors="false"/></PrivateAction>', m.Visibility),
    ('<PrivateAction><ControllerAction><ActivateControllerAction lateral="false" longitudinal="true"/></ControllerAction></PrivateAction>', m.ActivateController),
    ('<PrivateAction><ActivateControllerAction longitudinal="true"/></PrivateAction>', m.ActivateController),
    ('<PrivateAction><ControllerAction><AssignControllerAction><Controller name="x"/></AssignControllerAction></ControllerAction></PrivateAction>', m.UserDefined),
    ('<PrivateAction><AppearanceAction><LightStateAction><LightType><VehicleLight vehicleLightType="brakeLights"/></LightType><LightState mode="on"/></LightStateAction></AppearanceAction></PrivateAction>', m.Appearance),
    (overall('<EntityAction entityRef="Car"><DeleteEntityAction/></EntityAction>'), m.DeleteEntity),
    (overall(f'<EntityAction entityRef="Car"><AddEntityAction><Position>{lane()}</Position></AddEntityAction></EntityAction>'), m.AddEntity),
    (overall('<ParameterAction parameterRef="p"><SetAction value="4"/></ParameterAction>'), m.SetParameter),
    (overall('<ParameterAction parameterRef="p"><ModifyAction><Rule><AddValue value="2"/></Rule></ModifyAction></ParameterAction>'), m.ModifyParameter),
    (overall('<VariableAction variableRef="v"><ModifyAction><Rule><MultiplyByValue value="2"/></Rule></ModifyAction></VariableAction>'), m.ModifyVariable),
    (overall('<InfrastructureAction><TrafficSignalAction><TrafficSignalStateAction name="s1" state="red"/></TrafficSignalAction></InfrastructureAction>'), m.SetSignal),
    (overall('<InfrastructureAction><TrafficSignalAction><TrafficSignalControllerAction trafficSignalControllerRef="lights" phase="halt"/></TrafficSignalAction></InfrastructureAction>'), m.SetSignalPhase),
    (overall('<EnvironmentAction><Environment name="e"><RoadCondition frictionScaleFactor="0.5" wetness="moist"/></Environment></EnvironmentAction>'), m.Environment),
    ('<UserDefinedAction><CustomCommandAction type="beep">loud</CustomCommandAction></UserDefinedAction>', m.UserDefined),
]  # fmt: skip


@pytest.mark.parametrize(("action", "kind"), ACTIONS, ids=lambda x: getattr(x, "__name__", ""))
def test_action_is_read_and_runs(tmp_path, action, kind):
    imported = scenario(tmp_path, action)
    assert type(first_event(imported).actions[0]) is kind
    _, outcome = drive(imported, "scripted")
    assert outcome.status == "ok" and any(e.what == "fired" for e in outcome.log)
    assert not outcome.failed


CONDITIONS = [
    (by_entity('<EndOfRoadCondition duration="1"/>'), m.EndOfRoad),
    (by_entity('<OffroadCondition duration="1"/>'), m.Offroad),
    (by_entity('<CollisionCondition><ByType type="vehicle"/></CollisionCondition>'), m.Collision),
    (by_entity('<TimeHeadwayCondition entityRef="Car" value="9" freespace="false" alongRoute="true" rule="lessThan"/>'), m.TimeHeadway),
    (by_entity('<TimeToCollisionCondition value="9" freespace="true" rule="lessThan" relativeDistanceType="euclidianDistance"><TimeToCollisionConditionTarget><EntityRef entityRef="Car"/></TimeToCollisionConditionTarget></TimeToCollisionCondition>'), m.TimeToCollision),
    (by_entity(f'<TimeToCollisionCondition value="9" freespace="true" rule="lessThan"><TimeToCollisionConditionTarget><Position>{lane(s="90")}</Position></TimeToCollisionConditionTarget></TimeToCollisionCondition>'), m.TimeToCollision),
    (by_entity('<AccelerationCondition value="1" rule="lessThan" direction="longitudinal"/>'), m.Acceleration),
    (by_entity('<StandStillCondition duration="1"/>'), m.StandStill),
    (by_entity('<SpeedCondition value="1" rule="greaterOrEqual"/>'), m.SpeedIs),
    (by_entity('<RelativeSpeedCondition entityRef="Car" value="1" rule="notEqualTo"/>'), m.RelativeSpeed),
    (by_entity('<TraveledDistanceCondition value="5"/>'), m.TraveledDistance),
    (by_entity(f'<ReachPositionCondition tolerance="2"><Position>{lane(s="60")}</Position></ReachPositionCondition>'), m.ReachPosition),
    (by_entity(f'<DistanceCondition value="40" freespace="false" rule="lessThan"><Position>{lane(s="90")}</Position></DistanceCondition>'), m.Distance),
    (by_entity('<RelativeDistanceCondition entityRef="Car" relativeDistanceType="cartesianDistance" value="90" freespace="false" rule="lessThan"/>'), m.RelativeDistance),
    (by_entity('<RelativeClearanceCondition oppositeLanes="false" distanceForward="5" distanceBackward="5" freeSpace="true"><RelativeLaneRange from="-1" to="1"/></RelativeClearanceCondition>'), m.RelativeClearance),
    (by_entity('<AngleCondition angleType="heading" angle="0" angleTolerance="0.1"/>'), m.Angle),
    (by_entity('<RelativeAngleCondition angleType="heading" angle="0" angleTolerance="0.1" entityRef="Car"/>'), m.RelativeAngle),
    (by_value('<ParameterCondition parameterRef="p" rule="equalTo" value="3"/>'), m.Parameter),
    (by_value('<VariableCondition variableRef="v" rule="equalTo" value="1"/>'), m.Variable),
    (by_value('<UserDefinedValueCondition name="aeb" rule="equalTo" value="on"/>'), m.UserDefinedValue),
    (by_value('<TimeOfDayCondition rule="greaterThan" dateTime="1960-01-01T00:00:00"/>'), m.TimeOfDay),
    (by_value('<TrafficSignalCondition name="s1" state="green"/>'), m.SignalIs),
    (by_value('<TrafficSignalControllerCondition trafficSignalControllerRef="lights" phase="halt"/>'), m.SignalPhaseIs),
    (by_value('<StoryboardElementStateCondition storyboardElementType="act" storyboardElementRef="act" state="runningState"/>'), m.StoryboardElementState),
]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "kind"), CONDITIONS, ids=lambda x: getattr(x, "__name__", "")
)
def test_condition_is_read_and_runs(tmp_path, condition, kind):
    imported = scenario(tmp_path, condition=condition)
    assert type(first_event(imported).trigger.groups[0][0]) is kind
    assert drive(imported, "scripted")[1].status == "ok"


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (overall("<TrafficAction><TrafficSwarmAction/></TrafficAction>"), "traffic of its own"),
        (routing("<RandomRouteAction/>"), "not supported"),
        ("<PrivateAction><TrailerAction/></PrivateAction>", "not supported"),
        (longitudinal('<LongitudinalDistanceAction entityRef="Ego" freespace="true" continuous="true"/>'), "either a distance"),
        (lateral(f'<LaneChangeAction><LaneChangeActionDynamics {DYNAMICS}/><LaneChangeTarget><AbsoluteTargetLane value="-9"/></LaneChangeTarget></LaneChangeAction>'), "lane -9"),
    ],
)  # fmt: skip
def test_what_could_change_the_outcome_is_refused(tmp_path, action, told):
    with pytest.raises(InputError, match=rf"scenario.xosc:\d+.*{told}"):
        scenario(tmp_path, action)


def test_user_values_are_given_by_the_caller(tmp_path):
    imported = scenario(
        tmp_path,
        condition=by_value('<UserDefinedValueCondition name="aeb" rule="equalTo" value="on"/>'),
    )
    assert any("value 'aeb'" in note.text for note in imported.notes)
    again = load(imported.document.file, user_values={"aeb": "on"})
    _, without = drive(imported, "scripted")
    _, given = drive(again, "scripted")
    assert [e.what for e in given.log].count("fired") == 1 and without.never


def test_selections_stand_for_their_members(tmp_path):
    init = private("Ego", teleport(lane())) + private("all", speed("7"))
    init += private("Car", teleport(lane(s="80")))
    group = '<EntitySelection name="all"><Members><ByType objectType="vehicle"/></Members></EntitySelection>'
    body = story("all", event("go", speed("8"), trigger(after(1))))
    imported = load(write(tmp_path, xosc(init, body, entities=EGO + CAR + group)))
    assert imported.storyboard.stories[0].acts[0].groups[0].actors == ("Ego", "Car")
    assert imported.ego.speed_mps == 7.0


def test_the_ego_is_found_by_the_rule(tmp_path):
    def ego(first, second):
        entities = EGO.replace('"Ego"', f'"{first}"') + EGO.replace('"Ego"', f'"{second}"')
        init = private(first, teleport(lane())) + private(second, teleport(lane(s="90")))
        return load(write(tmp_path, xosc(init, entities=entities))).ego.name

    assert ego("Car", "EGO") == "EGO"
    assert ego("Car", "ego_vehicle") == "ego_vehicle"
    assert ego("Car", "hero") == "hero"
    assert ego("First", "Second") == "First"


def test_the_clock_counts_from_the_time_that_init_tells(tmp_path):
    clock = overall(
        '<EnvironmentAction><Environment name="e"><TimeOfDay animation="true" dateTime="2024-05-01T08:00:00"/></Environment></EnvironmentAction>'
    )
    late = by_value('<TimeOfDayCondition rule="greaterOrEqual" dateTime="2024-05-01T08:00:02"/>')
    body = story("Ego", event("go", speed("8"), trigger(late)))
    imported = load(
        write(
            tmp_path,
            xosc(
                clock + private("Ego", teleport(lane())), body, trigger(after(4), tag="StopTrigger")
            ),
        )
    )
    _, outcome = drive(imported, "scripted")
    (fired,) = (entry for entry in outcome.log if entry.what == "fired")
    assert fired.time_s == pytest.approx(2.0, abs=0.02)
