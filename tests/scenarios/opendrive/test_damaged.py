"""A damaged file is read, with notes, or refused with one line; nothing else happens."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivewm.errors import InputError
from drivewm.scenarios.opendrive import read_opendrive, road_map
from drivewm.scene.road_graph import road_graph
from tests.scenarios.opendrive import maps

VALUES = ["", "nan", "-1", "0", "1", "2", "-7", "1e300", "1e-300", "-3.5", "1e5", "x", "start"]
LIGHT = (
    '<signals><signal id="5" s="98" t="-4" type="1000001" dynamic="yes" orientation="+"/>'
    '<signal id="6" s="96" t="0" type="294" dynamic="no" orientation="+"/></signals>'
    '<objects><object id="2" type="pole" s="20" t="-9" length="5" width="2.5">'
    '<repeat s="10" length="80" distance="20" tStart="5" tEnd="9"/></object></objects>'
)


@pytest.fixture(scope="module")
def texts(tmp_path_factory) -> list[str]:
    folder = tmp_path_factory.mktemp("good")
    made = []
    for make in (maps.s_curve, maps.widening, lambda at: maps.t_junction(at, light=LIGHT)):
        made.append(make(folder).file.read_text())
    return made


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_changed_values_and_lost_elements(texts, tmp_path, data) -> None:
    text = data.draw(st.sampled_from(texts))
    for _ in range(data.draw(st.integers(1, 3))):
        spots = list(re.finditer(r'(\w+)="([^"]*)"|<\w+[^<>]*/>', text))
        spot = spots[data.draw(st.integers(0, len(spots) - 1))]
        new = ""
        if spot.group(1):
            new = f'{spot.group(1)}="{data.draw(st.sampled_from(VALUES))}"'
        text = text[: spot.start()] + new + text[spot.end() :]
    path = tmp_path / "damaged.xodr"
    path.write_text(text)
    try:
        odr = read_opendrive(path)
    except InputError as error:
        assert str(path) in str(error)
        return
    if sum(road.length_m for road in odr.roads.values()) > 2000:
        return  # long roads take their time
    found = road_map(odr)
    assert np.isfinite(road_graph(found).line_xy).all()
    odr.project(50.0, 3.0, 0.5)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_named(texts, tmp_path, share: float) -> None:
    path = tmp_path / "short.xodr"
    path.write_text(texts[2][: int(share * len(texts[2]))])
    with pytest.raises(InputError, match="not well-formed XML"):
        read_opendrive(path)
