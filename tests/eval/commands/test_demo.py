import pytest

from drivewm.cli import VERBS
from drivewm.config import compose
from drivewm.eval.commands import demo


@pytest.mark.parametrize("scale", ["full", "smoke"])
def test_the_demo_is_a_chain_of_documented_commands(tmp_path, scale):
    steps = demo.plan(tmp_path, compose("demo")[scale], seed=0)
    assert [s.verb for s in steps] == ["synth", "ingest", "train", "forecast", "score", "report"]
    assert all(s.verb in VERBS and s.seconds > 0 for s in steps)
    made = str(tmp_path / "fleet")
    assert made in steps[1].arguments and made in steps[2].arguments


def test_the_full_demo_fits_into_ten_minutes(tmp_path):
    assert sum(s.seconds for s in demo.plan(tmp_path, compose("demo")["full"], 0)) <= 600


@pytest.mark.slow
def test_the_smoke_demo_runs_from_nothing_to_a_report_and_again_at_once(tmp_path, capfd):
    from drivewm.cli import main

    arguments = ["demo", "-o", str(tmp_path / "demo"), "--scale", "smoke"]
    assert main(arguments) == 0
    assert (tmp_path / "demo" / "report.html").stat().st_size > 50_000
    assert "closed loop: mean score" in capfd.readouterr().out
    assert main(arguments) == 0  # every step finds its work done
