"""Predicted boxes as tracks: frames, doubles, and who is who over time."""

import numpy as np
import torch

from drivewm.models.heads.agents import AGENT_CLASSES
from drivewm.models.heads.decode import decode, join
from drivewm.scene import OccClass, ScoreType

CAR, TRUCK, WALKER = (
    AGENT_CLASSES.index(c) for c in (OccClass.CAR, OccClass.TRUCK, OccClass.PEDESTRIAN)
)
EGO = np.array([100.0, 50.0, np.pi / 2])  # looks along +y of the map


def boxes(*rows: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float32).reshape(-1, 9)


def test_a_box_comes_into_the_map_frame_with_its_velocity_and_type():
    seen = boxes((10.0, 2.0, 0.3, 4.5, 1.9, 1.6, 5.0, 1.0, 0.9))
    agents = decode(seen, torch.tensor([WALKER]), EGO, 0.3)
    np.testing.assert_allclose(
        agents.state[0], [98.0, 60.0, 0.8, np.pi / 2 + 0.3, -1.0, 5.0], atol=1e-5
    )
    assert agents.score_type[0] == ScoreType.PEDESTRIAN
    shown = agents.snapshot()
    assert shown.state.shape == (1, 1, 6) and shown.valid.all()


def test_unsure_boxes_and_doubles_are_dropped_the_surer_stays():
    seen = boxes(
        (10.0, 0.0, 0.0, 4.5, 1.9, 1.6, 0.0, 0.0, 0.6), (10.5, 0.3, 0.0, 7.0, 2.5, 2.8, 0, 0, 0.8),
        (10.0, 5.0, 0.0, 4.5, 1.9, 1.6, 0.0, 0.0, 0.2),
    )  # fmt: skip
    agents = decode(seen, torch.tensor([CAR, TRUCK, CAR]), EGO, 0.3)
    assert len(agents) == 1 and agents.occ_class[0] == OccClass.TRUCK


def test_nobody_is_an_empty_snapshot():
    agents = decode(boxes((0.0,) * 8 + (0.1,)), torch.tensor([CAR]), EGO, 0.3)
    assert agents.snapshot().state.shape == (1, 0, 6)
    assert len(join([agents], np.array([0]))) == 0


def test_crossing_agents_keep_their_tracks_and_kinds_do_not_mix():
    """Two cars that pass each other at 8 m/s, and a walker beside them who vanishes."""
    instants = []
    for t in range(4):
        x = 4.0 * t
        rows = [
            (x, 1.0, 0.0, 4.5, 1.9, 1.6, 8.0, 0.0, 0.9),
            (12.0 - x, -1.0, np.pi, 4.5, 1.9, 1.6, -8.0, 0.0, 0.8),
        ]
        kinds = [CAR, CAR]
        if t == 0:
            rows.append((4.0, 1.5, 0.0, 0.6, 0.6, 1.8, 0.0, 0.0, 0.7))
            kinds.append(WALKER)
        order = [1, 0, 2][: len(rows)] if t % 2 else list(range(len(rows)))
        instants.append(
            decode(boxes(*(rows[i] for i in order)), torch.tensor([kinds[i] for i in order]),
                   np.zeros(3), 0.3)
        )  # fmt: skip
    tracks = join(instants, np.arange(4) * 500_000)
    assert len(tracks) == 3 and tracks.valid.sum() == 9
    np.testing.assert_allclose(tracks.state[0, :, 0], [0.0, 4.0, 8.0, 12.0], atol=1e-5)
    np.testing.assert_allclose(tracks.state[1, :, 0], [12.0, 8.0, 4.0, 0.0], atol=1e-5)
    assert tracks.valid[2].tolist() == [True, False, False, False]
    assert tracks.occ_class.tolist() == [OccClass.CAR, OccClass.CAR, OccClass.PEDESTRIAN]
