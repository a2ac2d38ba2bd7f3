import pytest
import torch


@pytest.fixture(scope="session")
def untrained_run(small_fleet, tmp_path_factory):
    """A published model as training starts with it, privileged: it is the ego-warp."""
    from drivewm.config import load
    from drivewm.models import checkpoint
    from drivewm.models.world_model import WorldModel
    from drivewm.training.config import TrainConfig

    config = load(TrainConfig, "train/smoke").model.model_copy(update={"encoder": "privileged"})
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("untrained") / "run"
    provenance = {"parameters": 1, "scenes": ["none"], "config": {}}
    checkpoint.save(folder, WorldModel(config), provenance, "an untrained model")
    return folder
