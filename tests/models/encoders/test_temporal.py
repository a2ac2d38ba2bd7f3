import torch

from drivewm.models.encoders.base import Past
from drivewm.models.encoders.temporal import BevMemory, TemporalEncoder, aligned
from drivewm.models.grid import GridConfig
from tests.models.encoders.rigs import GRID, cameras, encoder_of


def fused(frames: int = 3) -> TemporalEncoder:
    encoder = encoder_of("pull", temporal={"frames": frames})
    assert isinstance(encoder, TemporalEncoder)
    return encoder


def spot(grid: GridConfig, x_m: float, y_m: float) -> torch.Tensor:
    """[1, 1, h, w] one lit cell of the half-resolution features."""
    features = torch.zeros(1, 1, grid.shape[0] // 2, grid.shape[1] // 2)
    cell = 2 * grid.cell_m
    features[0, 0, int((x_m - grid.x_min_m) / cell), int((y_m - grid.y_min_m) / cell)] = 1.0
    return features


def test_what_was_ahead_is_nearer_after_driving_on():
    """A spot in the cell of x = 16 m, and the ego drives on by four cells (12.8 m)."""
    motion, known = torch.tensor([[12.8, 0.0, 0.0]]), torch.ones(1, dtype=torch.bool)
    moved = aligned(spot(GRID, 16.1, 0.1), motion, known, GRID)
    torch.testing.assert_close(moved[:, :1], spot(GRID, 3.3, 0.1), atol=1e-5, rtol=0)
    assert moved[0, 1, 0].min() == 1.0 and moved[0, 1, -1].max() == 0.0  # ahead is news
    assert not aligned(spot(GRID, 16.1, 0.1), motion, ~known, GRID).any()


@torch.no_grad()
def test_untrained_it_is_the_encoder_of_single_frames():
    encoder, seen = fused(), cameras()
    past = Past(
        features=torch.rand(1, 2, 16, 16, 16), motion=torch.rand(1, 2, 3),
        known=torch.ones(1, 2, dtype=torch.bool),
    )  # fmt: skip
    assert torch.equal(encoder(seen, past), encoder.single(seen))


@torch.no_grad()
def test_the_memory_feeds_what_was_seen_moved_by_all_motions_since():
    encoder = fused()
    torch.nn.init.normal_(encoder.add.weight)
    frames = [cameras((0.1 * k, 1.2, -1.2)) for k in range(4)]
    steps = [torch.tensor([[2.0, 0.1 * k, 0.05]]) for k in range(4)]
    memory = BevMemory(encoder)
    answers = [memory.encode(f, steps[k] if k else None) for k, f in enumerate(frames)]
    singles = [encoder.single(f) for f in frames]
    from drivewm.models.warp import compose

    past = Past(
        features=torch.stack([singles[1], singles[2]], 1),
        motion=torch.stack([compose(steps[2], steps[3]), steps[3]], 1),
        known=torch.ones(1, 2, dtype=torch.bool),
    )
    torch.testing.assert_close(answers[3], encoder(frames[3], past))
    torch.testing.assert_close(answers[0], encoder(frames[0], None))
    again = memory.encode(frames[0], None)  # a new drive begins: nothing is remembered
    torch.testing.assert_close(again, answers[0])


@torch.no_grad()
def test_a_memory_of_a_plain_encoder_is_the_encoder():
    encoder = encoder_of("pull")
    assert torch.equal(BevMemory(encoder).encode(cameras(), None), encoder(cameras()))


def test_earlier_frames_teach_the_fusion_and_get_no_gradient():
    encoder = fused(2)
    torch.nn.init.normal_(encoder.add.weight)
    features = torch.rand(1, 1, 16, 16, 16, requires_grad=False)
    past = Past(
        features=features, motion=torch.zeros(1, 1, 3), known=torch.ones(1, 1, dtype=torch.bool)
    )
    encoder(cameras(), past).square().mean().backward()
    assert encoder.squeeze.weight.grad.abs().sum() > 0
