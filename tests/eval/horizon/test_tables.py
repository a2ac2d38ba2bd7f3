"""Hand-made readings: how far each row drifts is known."""

import json

import numpy as np
import pytest

from drivewm import cli
from drivewm.errors import InputError
from drivewm.eval.horizon import store
from drivewm.eval.horizon.reading import Reading
from drivewm.eval.horizon.run import check_output, write_tables
from drivewm.eval.horizon.store import NOBODY, POOL_ROW
from drivewm.scene import OccClass

SCENES, STEPS = 8, 20
ABOUT = {
    "drivewm": "0", "models": ["a"], "weights": ["0"], "fleet": "0", "encoder": "pull",
    "dynamics": "rssm", "windows": SCENES, "scenes": SCENES, "seconds": STEPS / 2,
    "log_s": [5.0, 10.0], "judged_scenes_trained_on": [], "ego": "e", "reference": "r",
    "interval": "i", "log_range": "l",
}  # fmt: skip


def reading(occupied: float, agents: int, speed: float, mass: bool = True) -> Reading:
    shares = np.zeros(18)
    shares[OccClass.DRIVEABLE_SURFACE], shares[OccClass.FREE] = occupied, 1 - occupied
    return Reading(
        shares=shares, mass=occupied if mass else None, speeds_mps=np.full(agents, speed)
    )


def write(folder, logged: int = STEPS, drift: float = 0.01) -> None:
    """Logs of 30 to 44 % occupied and 2 to 9 agents at 5 m/s; the model loses ``drift`` of the
    grid a step, copy nothing, and ego-warp has no agent that moves."""
    lines = []
    for s in range(SCENES):
        base, name = 0.30 + 0.02 * s, f"s{s}"
        same = reading(base, 2 + s, 5.0)
        lines += store.lines_of(NOBODY, "log", name, 3, [same] * (logged + 1))
        lines += store.lines_of(NOBODY, POOL_ROW, name, -1, [same] * (logged + 4))
        falling = [reading(base - drift * h, 2 + s, 5.0) for h in range(STEPS + 1)]
        lines += store.lines_of(0, "model", name, 3, falling)
        lines += store.lines_of(0, "copy", name, 3, [same] * (STEPS + 1))
        still = [reading(base, 2 + s, 0.0, mass=False) for _ in range(STEPS + 1)]
        lines += store.lines_of(0, "ego-warp", name, 3, still)
    folder.mkdir(parents=True, exist_ok=True)
    store.write(folder / store.FRAMES, lines, ABOUT)


def rows_of(content, row: str, quantity: str) -> dict[float, dict]:
    return {
        r["horizon_s"]: r
        for r in content["rows"]
        if (r["row"], r["quantity"]) == (row, quantity)
    }  # fmt: skip


def left_after(content, row: str, quantity: str):
    return next(
        d["after_s"] for d in content["divergence"] if (d["row"], d["quantity"]) == (row, quantity)
    )


def test_a_world_that_loses_a_percent_a_step_is_as_many_percent_away(tmp_path):
    write(tmp_path, drift=0.0105)
    content = write_tables(tmp_path)
    found = rows_of(content, "model", "occupied")
    for seconds in (0.0, 1.0, 5.0, 10.0):
        assert found[seconds]["distance"] == pytest.approx(2.1 * seconds, abs=1e-6)
        assert found[seconds]["low"] == pytest.approx(2.1 * seconds, abs=1e-6)
        assert found[seconds]["reference"] == "same"
    copy = rows_of(content, "copy", "occupied")
    assert all(r["distance"] == 0.0 for r in copy.values())
    assert left_after(content, "copy", "occupied") is None
    limit = found[5.0]["log_range"]
    assert left_after(content, "model", "occupied") == pytest.approx(
        next(h / 2 for h in range(STEPS + 1) if 1.05 * h > limit)
    )


def test_who_moves_nothing_has_left_at_once_and_has_no_mass_to_compare(tmp_path):
    write(tmp_path)
    content = write_tables(tmp_path)
    assert left_after(content, "ego-warp", "speed") == 0.0
    assert rows_of(content, "ego-warp", "speed")[1.0]["distance"] == pytest.approx(5.0)
    assert not rows_of(content, "ego-warp", "mass") and rows_of(content, "copy", "mass")
    assert not rows_of(content, "model", "boxes")
    gap = next(
        c for c in content["comparisons"]
        if (c["against"], c["quantity"], c["horizon_s"]) == ("copy", "occupied", 10.0)
    )  # fmt: skip
    assert gap["difference"] == pytest.approx(20.0)


def test_after_the_logs_have_ended_all_their_frames_are_the_reference(tmp_path):
    write(tmp_path, logged=6, drift=0.0)
    content = write_tables(tmp_path)
    found = rows_of(content, "model", "occupied")
    assert [found[h]["reference"] for h in (0.0, 3.0, 3.5, 10.0)] == [
        "same",
        "same",
        "pool",
        "pool",
    ]
    assert found[10.0]["distance"] == pytest.approx(0.0, abs=1e-6)
    assert found[3.0]["logged_windows"] == SCENES and found[3.5]["logged_windows"] == 0


def test_the_page_and_the_picture_are_made_and_tables_can_be_made_again(tmp_path, capsys):
    write(tmp_path)
    content = write_tables(tmp_path)
    before = (tmp_path / "horizon.json").read_bytes()
    assert json.loads(before) == content
    assert cli.main(["horizon", "--tables", str(tmp_path)]) == 0
    assert (tmp_path / "horizon.json").read_bytes() == before
    out = capsys.readouterr().out
    assert "class frequencies" in out and "> 10 s" in out
    assert "How long a row stays" in (tmp_path / "table.md").read_text()
    assert (tmp_path / "figures" / "drift.png").stat().st_size > 5000


def test_what_is_wrong_is_one_line(tmp_path, capsys):
    for arguments, says in (
        (["run", "-o", "x"], "needs RUN ... FLEET -o FOLDER"),
        (["--tables", "x", "-o", "y"], "[--tables] stands alone"),
        (["--tables", str(tmp_path)], "no long forecasts here"),
    ):
        assert cli.main(["horizon", *arguments]) == 2
        message = capsys.readouterr().err
        assert says in message and message.count("\n") == 1
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        check_output(tmp_path)
    (tmp_path / store.FRAMES).write_bytes(b"broken")
    with pytest.raises(InputError, match="not readable"):
        write_tables(tmp_path)
