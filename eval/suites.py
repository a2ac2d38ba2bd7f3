"""Which planners on which scenes: the cells of a results table."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from drivewm.errors import InputError
from drivewm.eval.drives import Job
from drivewm.logs.fleet import SceneInfo
from drivewm.planners import registry

_LABEL = re.compile(r"^([A-Za-z][\w.-]*)=(?=[^=])")


def label_planners(texts: Sequence[str]) -> dict[str, str]:
    """Label -> planner text, in order. ``LABEL=planner`` names one; else the planner's own name.

    Planners are built once here, so that a bad one is known before the first drive.

    Raises:
        InputError: a planner cannot be built, or two have one label.
    """
    labelled: dict[str, str] = {}
    for text in texts:
        match = _LABEL.match(text.partition("?")[0])
        spec = text[match.end() :] if match else text
        planner = registry.create(spec)
        label = match.group(1) if match else _own_name(planner, spec)
        if label in labelled:
            raise InputError(f"two planners are called '{label}'", field="planner",
                             fix=f"name them: first={labelled[label]} second={spec}")  # fmt: skip
        labelled[label] = spec
    return labelled


def _own_name(planner: object, spec: str) -> str:
    stem = Path(registry.parse(spec).target.partition(":")[0]).stem
    name = str(getattr(planner, "name", None) or stem)
    return re.sub(r"[^\w.-]+", "_", name).lstrip(".") or "planner"


def jobs_of(labelled: dict[str, str], scenes: Sequence[SceneInfo]) -> list[Job]:
    """All cells, scene by scene, so that a scene is read once for all planners."""
    return [
        Job(
            label=label,
            planner=text,
            scene_id=info.id,
            source=info.source,
            split=info.split,
            location=info.location,
        )
        for info in scenes
        for label, text in labelled.items()
    ]


def source_digest(text: str) -> str | None:
    """Hash of what a planner is beside its text: its file where it is given by path, and what it
    calls its ``fingerprint`` (a model's weights). An edited or retrained planner is another run."""
    parts = []
    path = Path(registry.parse(text).target.partition(":")[0])
    if path.suffix == ".py" and path.is_file():
        parts.append(path.read_bytes())
    own = getattr(registry.create(text), "fingerprint", None)
    if own is not None:
        parts.append(str(own).encode())
    return hashlib.blake2b(b"\0".join(parts), digest_size=8).hexdigest() if parts else None
