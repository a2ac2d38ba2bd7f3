"""Parts of an observation as the kernels want them. Shapes: L lights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivewm.scene import LightStatus, Observation


def light_statuses(observation: Observation, i: int, lane_ids: Sequence[str]) -> np.ndarray:
    """Status of the named lights in scene ``i``, UNKNOWN where none is seen; int8 [L]."""
    known = observation.lights[i] if observation.lights else {}
    return np.array([known.get(name, LightStatus.UNKNOWN) for name in lane_ids], np.int8)
