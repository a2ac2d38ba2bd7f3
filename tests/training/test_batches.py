import numpy as np
import torch

from drivewm.models.encoders.projection import pull_weights, voxel_points
from drivewm.models.grid import GridConfig
from drivewm.training.batches import mirrored

GRID = GridConfig(x_max_m=38.4, y_min_m=-25.6, y_max_m=25.6, cell_m=1.6)


def test_a_mirrored_rig_sees_the_mirrored_voxel_at_the_mirrored_pixel():
    rng = np.random.default_rng(0)
    pose = np.eye(4)
    pose[:3, :3] = np.array([[0.6, 0, 0.8], [-0.8, 0, 0.6], [0, -1, 0]])
    pose[:3, 3] = [1.0, 0.4, 1.5]
    frame = {
        "occupancy": torch.from_numpy(rng.integers(0, 18, (32, 32, 4), dtype=np.uint8)),
        "images": torch.from_numpy(rng.integers(0, 255, (1, 3, 64, 112), dtype=np.uint8)),
        "intrinsics": torch.tensor([[[90.0, 0, 50.0], [0, 90.0, 30.0], [0, 0, 1.0]]]),
        "ego_from_camera": torch.from_numpy(pose).float()[None],
        "present": torch.ones(1, dtype=torch.bool),
    }
    twin = mirrored(frame)
    assert torch.equal(twin["occupancy"].flip(1), frame["occupancy"])

    def seen(one):  # what each voxel reads from the red channel, at full resolution
        points = voxel_points(GRID, (0.0, 1.6))
        row, column, weight = pull_weights(
            points, one["intrinsics"].numpy(), one["ego_from_camera"].numpy(), (64, 112), 1,
            one["present"].numpy(),
        )  # fmt: skip
        red = one["images"][0, 0].numpy().ravel().astype(float)
        out = np.bincount(row, weight * red[column], minlength=len(points))
        return out.reshape(32, 32, 2)

    ours, theirs = seen(frame), seen(twin)
    assert (ours > 0).sum() > 50
    np.testing.assert_allclose(theirs[:, ::-1], ours, atol=0.05)
