import math

import numpy as np
import pytest
import torch

from drivewm.models.grid import GridConfig
from drivewm.models.motion import groups_of_labels, look, side_by_side
from drivewm.training import frozen
from drivewm.training.frozen import freeze, since_each
from tests.models.hand import action, road_with_car

GRID = GridConfig(x_min_m=-25.6, x_max_m=25.6, y_min_m=-25.6, y_max_m=25.6, cell_m=0.8)


@pytest.fixture
def exact(monkeypatch):
    """Everything stands, is there from the start, and lies where it is."""
    monkeypatch.setattr(frozen, "WHOLE", 1.0)
    monkeypatch.setattr(frozen, "LATE", 0.0)
    monkeypatch.setattr(frozen, "JITTER_M", 0.0)
    monkeypatch.setattr(frozen, "JITTER_RAD", 0.0)


def overtaken(ego_m: float = 1.6, car_m: float = 4.0) -> tuple[torch.Tensor, torch.Tensor]:
    """A car that drives ``car_m`` a step while the ego drives ``ego_m``; planes [3, 2, X, Y]."""
    frames = [road_with_car(GRID, t * (car_m - ego_m), 3.2) for t in range(3)]
    labels = torch.from_numpy(np.stack(frames)).long()
    return groups_of_labels(labels).float(), torch.tensor([[ego_m, 0.0, 0.0]] * 2)


def side(shown: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """Vehicles of every frame in the last one, newest first; [3, X, Y]."""
    sight = look(None, torch.zeros(1, 6), shown[:1])
    for t, step in enumerate(steps):
        sight = look(sight, action(*step.tolist()), shown[t + 1 : t + 2])
    return side_by_side(sight, GRID)[0, ::3]


def test_since_each_frame_composes_the_steps():
    steps = torch.tensor([[2.0, 0.0, math.pi / 2], [3.0, 0.0, 0.0]])
    since = since_each(steps)
    expected = torch.tensor([[2.0, 3.0, math.pi / 2], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    torch.testing.assert_close(since, expected)


def test_a_car_that_drives_off_stands_when_frozen(exact):
    shown, steps = overtaken()
    apart = side(shown, steps)
    assert not (apart[0] * apart[2]).any()  # it has left where it was
    out = freeze(shown, steps, GRID, np.random.default_rng(0))
    still = side(out.shown, steps)
    torch.testing.assert_close(still[1], still[0], atol=1e-4, rtol=0)
    torch.testing.assert_close(still[2], still[0], atol=1e-4, rtol=0)
    torch.testing.assert_close(out.shown[-1], shown[-1])
    assert out.stands[-1].all() and not out.stands[0, :3].any()  # what the last frame cannot see


def test_the_other_side_of_the_line_moves_on(exact, monkeypatch):
    monkeypatch.setattr(frozen, "WHOLE", 0.0)
    shown, steps = overtaken()
    out = freeze(shown, steps, GRID, np.random.default_rng(3))
    assert 0 < out.stands[-1].float().mean() < 1
    kept = ~out.stands[:, None].expand_as(shown)
    torch.testing.assert_close(out.shown[kept], shown[kept])


def test_what_comes_into_view_late_is_there_in_the_last_frame(exact, monkeypatch):
    monkeypatch.setattr(frozen, "LATE", 1.0)
    shown, steps = overtaken()
    first = []
    for seed in range(20):
        out = freeze(shown, steps, GRID, np.random.default_rng(seed))
        torch.testing.assert_close(out.shown[-1], shown[-1])
        first.append(bool(out.shown[0].any()))
    assert True in first and False in first


def test_frozen_windows_are_a_matter_of_the_generator():
    shown, steps = overtaken()
    one, two = (freeze(shown, steps, GRID, np.random.default_rng(7)) for _ in range(2))
    assert torch.equal(one.shown, two.shown) and torch.equal(one.stands, two.stands)
