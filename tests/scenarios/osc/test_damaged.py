"""Damaged files are answered with file and line, never with a crash."""

import copy
import xml.etree.ElementTree as ET

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivewm.errors import InputError
from drivewm.scenarios.osc.load import load
from tests.scenarios.osc.files import (
    CAR,
    EGO,
    after,
    by_entity,
    event,
    lane,
    private,
    speed,
    story,
    teleport,
    trigger,
    xodr,
    xosc,
)

NEAR = by_entity(
    '<RelativeDistanceCondition entityRef="Car" relativeDistanceType="longitudinal" value="20" '
    'freespace="true" rule="lessThan"/>'
)
TEXT = xosc(
    private("Ego", teleport(lane()), speed("$v"))
    + private("Car", teleport('<RelativeLanePosition entityRef="Ego" dLane="0" ds="${$v*4}"/>')),
    story("Car", event("go", speed("5", "linear", "rate", "2"), trigger(NEAR))),
    trigger(after(5), tag="StopTrigger"),
    parameters='<ParameterDeclaration name="v" parameterType="double" value="10"/>',
    entities=EGO + CAR,
)
WORDS = ("", "-1", "0", "1e9", "nan", "abc", "$v", "${1/0}", "${", "true", "Ego", "$none", "\x7f")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from(["drop", "twice", "no attribute", "word", "turn round", "another name"]),
    place=st.integers(0, 10_000),
    word=st.sampled_from(WORDS),
)
def test_damage_is_named(tmp_path, kind, place, word):
    root = ET.fromstring(TEXT)
    parent = {child: node for node in root.iter() for child in node}
    node = list(parent)[place % len(parent)]
    if kind == "drop":
        parent[node].remove(node)
    elif kind == "twice":
        parent[node].append(copy.deepcopy(node))
    elif kind == "turn round":
        node[:] = list(node)[::-1]
    elif kind == "another name":
        node.tag = "Other"
    elif node.attrib:
        name = list(node.attrib)[place % len(node.attrib)]
        if kind == "word":
            node.set(name, word)
        else:
            del node.attrib[name]
    (tmp_path / "road.xodr").write_text(xodr())
    path = tmp_path / "damaged.xosc"
    path.write_bytes(ET.tostring(root))
    try:
        load(path)
    except InputError as error:
        assert ".xosc" in str(error) or ".xodr" in str(error), str(error)
