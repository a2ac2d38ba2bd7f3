"""Small OpenSCENARIO and OpenDRIVE files for the tests."""
# ruff: noqa: E501 (XML stays on its line)

from __future__ import annotations

from pathlib import Path

HEADER = (
    '<FileHeader revMajor="1" revMinor="3" date="2026-01-01T00:00:00" author="t" description="d"/>'
)
EGO = """<ScenarioObject name="Ego"><Vehicle name="car" vehicleCategory="car"><BoundingBox>
<Center x="1.4" y="0" z="0.75"/><Dimensions width="2" length="5" height="1.5"/></BoundingBox>
<Performance maxSpeed="70" maxAcceleration="5" maxDeceleration="10"/><Axles>
<FrontAxle maxSteering="0.5" wheelDiameter="0.6" trackWidth="1.6" positionX="2.8" positionZ="0.3"/>
<RearAxle maxSteering="0" wheelDiameter="0.6" trackWidth="1.6" positionX="0" positionZ="0.3"/>
</Axles></Vehicle></ScenarioObject>"""
CAR = EGO.replace('name="Ego"', 'name="Car"')
WALKER = """<ScenarioObject name="Walker"><Pedestrian name="p" pedestrianCategory="pedestrian"
mass="80"><BoundingBox><Center x="0" y="0" z="0.9"/>
<Dimensions width="0.5" length="0.6" height="1.8"/></BoundingBox></Pedestrian></ScenarioObject>"""


def lane(
    road: str = "1", lane_id: int = -1, s: str = "50", offset: str = "0", more: str = ""
) -> str:
    """``<LanePosition>``."""
    return (
        f'<LanePosition roadId="{road}" laneId="{lane_id}" s="{s}" offset="{offset}">'
        f"{more}</LanePosition>"
    )


def teleport(position: str) -> str:
    return (
        f"<PrivateAction><TeleportAction><Position>{position}</Position></TeleportAction>"
        "</PrivateAction>"
    )


def speed(
    target: str = "10", shape: str = "step", dimension: str = "time", value: str = "0"
) -> str:
    """``<PrivateAction>`` with an absolute speed."""
    return (
        "<PrivateAction><LongitudinalAction><SpeedAction>"
        f'<SpeedActionDynamics dynamicsShape="{shape}" dynamicsDimension="{dimension}" '
        f'value="{value}"/><SpeedActionTarget><AbsoluteTargetSpeed value="{target}"/>'
        "</SpeedActionTarget></SpeedAction></LongitudinalAction></PrivateAction>"
    )


def private(entity: str, *actions: str) -> str:
    return f'<Private entityRef="{entity}">{"".join(actions)}</Private>'


def trigger(condition: str, edge: str = "none", delay: str = "0", tag: str = "StartTrigger") -> str:
    return (
        f'<{tag}><ConditionGroup><Condition name="c" delay="{delay}" conditionEdge="{edge}">'
        f"{condition}</Condition></ConditionGroup></{tag}>"
    )


def by_value(inner: str) -> str:
    return f"<ByValueCondition>{inner}</ByValueCondition>"


def by_entity(inner: str, entity: str = "Ego") -> str:
    return (
        '<ByEntityCondition><TriggeringEntities triggeringEntitiesRule="any">'
        f'<EntityRef entityRef="{entity}"/></TriggeringEntities><EntityCondition>{inner}'
        "</EntityCondition></ByEntityCondition>"
    )


def after(time_s: float) -> str:
    return by_value(f'<SimulationTimeCondition value="{time_s}" rule="greaterOrEqual"/>')


def event(name: str, action: str, start: str = "") -> str:
    return (
        f'<Event name="{name}" priority="parallel"><Action name="{name} action">{action}</Action>'
        f"{start}</Event>"
    )


def story(actor: str, *events: str, stop: str = "") -> str:
    return (
        '<Story name="story"><Act name="act"><ManeuverGroup name="group" maximumExecutionCount="1">'
        f'<Actors selectTriggeringEntities="false"><EntityRef entityRef="{actor}"/></Actors>'
        f'<Maneuver name="maneuver">{"".join(events)}</Maneuver></ManeuverGroup>{stop}</Act></Story>'
    )


def xosc(
    init: str = "", stories: str = "", stop: str = "", parameters: str = "", entities: str = EGO,
    catalogs: str = "", variables: str = "", road: str = "road.xodr", header: str = HEADER,
) -> str:  # fmt: skip
    """A scenario file."""
    logic = f'<LogicFile filepath="{road}"/>' if road else ""
    return f"""<?xml version="1.0"?>
<OpenSCENARIO>{header}
<ParameterDeclarations>{parameters}</ParameterDeclarations>
{variables}
<CatalogLocations>{catalogs}</CatalogLocations>
<RoadNetwork>{logic}</RoadNetwork>
<Entities>{entities}</Entities>
<Storyboard><Init><Actions>{init}</Actions></Init>{stories}{stop}</Storyboard>
</OpenSCENARIO>"""


STANDING = private("Ego", teleport(lane()))


def xodr(length: float = 500.0, lanes: int = 2, geometry: str = "<line/>") -> str:
    """A road along x from the origin: ``lanes`` of 3.5 m to each side (-1 and 1 innermost)."""

    def side(sign: int) -> str:
        ids = range(lanes, 0, -1) if sign > 0 else range(-1, -lanes - 1, -1)
        return "".join(
            f'<lane id="{i}" type="driving" level="false">'
            '<width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane>' for i in ids
        )  # fmt: skip

    return f"""<?xml version="1.0"?>
<OpenDRIVE><header revMajor="1" revMinor="6" name="" version="1" date="" north="0" south="0"
 east="0" west="0"/><road name="" length="{length}" id="1" junction="-1"><planView>
<geometry s="0" x="0" y="0" hdg="0" length="{length}">{geometry}</geometry></planView>
<lanes><laneSection s="0"><left>{side(1)}</left><center><lane id="0" type="none" level="false"/>
</center><right>{side(-1)}</right></laneSection></lanes></road></OpenDRIVE>"""


def write(folder: Path, text: str, name: str = "scenario.xosc", road: str | None = None) -> Path:
    """The scenario in a folder, with a straight road beside it."""
    (folder / "road.xodr").write_text(road or xodr())
    (folder / name).write_text(text)
    return folder / name
