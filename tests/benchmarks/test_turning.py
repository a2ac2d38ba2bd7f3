"""The turning Euro NCAP files: our engine hits the middle where the meeting point is right."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from drivewm.scenarios.osc.load import load

HERE = Path(__file__).parents[2] / "benchmarks" / "openscenario"
NEARSIDE = "ncap/OpenSCENARIO/NCAP/AEB_VRU_2023/Variations/NCAP_AEB_VRU_CPTAno-50_10kph_2023.xosc"


def test_the_engine_hits_the_middle_with_a_meeting_point_that_is_right(real_data, monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    import turning

    file = real_data / "openscenario" / NEARSIDE
    turn = turning.turn_of(load(file))
    as_it_is = turning.driven_pct(file)
    assert as_it_is == pytest.approx(18.0, abs=0.5)  # what the file's own formulas lead to
    assert turning.place_by_geometry(turn) == pytest.approx(as_it_is, abs=0.2)
    right = {"_VRU_syncS": f"{turning.meeting_point_m(turn):.6f}"}
    assert turning.driven_pct(file, right) == pytest.approx(50.0, abs=0.5)
    sys.modules.pop("turning")
