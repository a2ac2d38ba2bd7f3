"""What a model was trained on: only what training lacked is novel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drivewm.eval.novelty.names import SEEN, UNKNOWN, UNSEEN
from drivewm.logs.fleet import Fleet, SceneInfo
from drivewm.worlds.world import WorldSpec


@dataclass(frozen=True, kw_only=True)
class Trained:
    """Conditions of the training scenes; None: the fleet does not hold them."""

    weathers: tuple[str, ...] | None
    layouts: tuple[str, ...] | None
    classes: tuple[int, ...] | None  # OccClass of annotated objects


def trained_conditions(fleet: Fleet, scenes: Iterable[str]) -> Trained:
    """What the training scenes among the fleet's show."""
    wanted = set(scenes)
    specs = [spec_of(info) for info in fleet.scenes if info.id in wanted]
    known = [spec for spec in specs if spec is not None]
    if not known or len(specs) < len(wanted):
        return Trained(weathers=None, layouts=None, classes=None)
    classes: set[int] = set()
    for scene_id in sorted(wanted):
        classes |= {int(c) for c in fleet.scene(scene_id).tracks.occ_class}
    return Trained(
        weathers=tuple(sorted({s.weather for s in known})),
        layouts=tuple(sorted({s.layout for s in known})), classes=tuple(sorted(classes)),
    )  # fmt: skip


def spec_of(info: SceneInfo) -> WorldSpec | None:
    """The spec of a synthetic scene."""
    return None if info.world_spec is None else WorldSpec.model_validate_json(info.world_spec)


def whether(value: object, among: tuple | None) -> str:
    """Whether training held it."""
    if among is None:
        return UNKNOWN
    return SEEN if value in among else UNSEEN
