"""What to know of recorded logs before reading a score made on them (docs/real-logs.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

SLOW_HZ = 2.5  # boxes recorded more rarely are interpolated across longer gaps than a plan's step
LANELESS = ("drivable_png", "none")  # map origins without lanes

_INTERPOLATED = (
    "boxes at 2 Hz: in between they are interpolated, so that agents' acceleration and jerk are "
    "artefacts; ego motion is derived from poses over about a second, so that the recorded drive "
    "passes comfort without proof"
)
_NO_LANES = (
    "no lane graph: driving direction is not applicable, fault of lateral contacts is unknown, "
    "progress is along the recorded path"
)
_OWN = {
    "nuscenes": (),
    "scenarionet": (
        "successors, neighbours, connector areas and intersections are worked out from lane shapes",
    ),
    "av2": (
        "ego poses jitter by a centimetre every 0.2 s: derived accelerations carry about 0.3 m/s2",
        "the ego's box is a round figure in the data, its rear axle that of the car's data sheet",
    ),
}
_NO_SIGNALS = "no traffic lights and no speed limits: terms on them are not applicable"


def caveats_of(infos: Iterable[Any]) -> list[str]:
    """Lines ``source: what to know``, each once, in order of the scenes.

    Args:
        infos: rows of a fleet's scenes table (``SceneInfo``). Scenes of a synthetic world and of
            sources that are not known here have nothing to be told.
    """
    lines: dict[str, None] = {}
    for info in infos:
        source = getattr(info, "source", "")
        if source not in _OWN or getattr(info, "world_spec", None) is not None:
            continue
        told = [*_OWN[source], _NO_SIGNALS]
        if getattr(info, "map_origin", None) in LANELESS:
            told.insert(0, _NO_LANES)
        if getattr(info, "native_rate_hz", SLOW_HZ) < SLOW_HZ:
            told.insert(0, _INTERPOLATED)
        lines.update(dict.fromkeys(f"{source}: {line}" for line in told))
    return list(lines)
