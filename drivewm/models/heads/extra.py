"""The optional heads of a model behind one module. Shapes: B batch, h, w state cells."""

from __future__ import annotations

from torch import Tensor, nn

from drivewm.errors import InputError
from drivewm.models.grid import GridConfig
from drivewm.models.heads.agents import AgentHead, AgentMaps
from drivewm.models.heads.config import HeadsConfig
from drivewm.models.heads.contact import ContactTerm
from drivewm.models.heads.ensemble import Ensemble, disagreement
from drivewm.models.heads.value import EgoActionHead, ValueHead


class ExtraHeads(nn.Module):
    """What ``HeadsConfig`` asks for; a head that is not there is None."""

    def __init__(self, channels: int, grid: GridConfig, config: HeadsConfig) -> None:
        super().__init__()
        self.config = config
        self.agents = AgentHead(channels, grid, config) if config.agents else None
        self.value = ValueHead(channels) if config.value else None
        self.ego_action = EgoActionHead(channels, config) if config.ego_action else None
        self.ensemble = Ensemble(channels, config.ensemble) if config.ensemble else None
        self.contact = ContactTerm(grid) if config.outcome == "contact" else None

    def agent_maps(self, features: Tensor, probability: Tensor, flow: Tensor) -> AgentMaps:
        """Centres and boxes at one instant, seen or imagined (shapes: ``AgentHead.forward``)."""
        return _there(self.agents, "agents")(features, probability, flow)

    def agent_boxes(self, maps: AgentMaps) -> tuple[Tensor, Tensor]:
        """[B, M, 9] boxes and int64 [B, M] classes, see ``AgentHead.boxes``."""
        return _there(self.agents, "agents").boxes(maps)

    def expected_return(self, features: Tensor) -> Tensor:
        """Discounted return [B] of the recorded policy from a latent [B, C, h, w] on."""
        head = _there(self.value, "value")
        return head.mean(head(features))

    def ego_motion(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Motions [B, M, H, 3] of the ego from now on, and the chance [B, M] of each mode."""
        motion, logits = _there(self.ego_action, "ego_action")(features)
        return motion, logits.softmax(1)

    def novelty(self, features: Tensor) -> Tensor:
        """Disagreement of the ensemble, nats a cell; [B, h, w]."""
        return disagreement(_there(self.ensemble, "ensemble")(features))


def _there(head: nn.Module | None, name: str):
    """
    Raises:
        InputError: the model was made without this head.
    """
    if head is None:
        raise InputError(
            f"the model has no head '{name}'", field=f"model.heads.{name}",
            fix=f"train one with --set model.heads.{name}="
            + ("5" if name == "ensemble" else "true"),
        )  # fmt: skip
    return head
