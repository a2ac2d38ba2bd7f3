"""Scenarios as OpenSCENARIO XML 1.3 with OpenDRIVE, written through scenariogeneration."""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drivewm.errors import InputError
from drivewm.scenarios.opendrive.write import to_xodr
from drivewm.scene import Scene
from drivewm.sim.script import model as m
from drivewm.storage import atomic_file


def run_export(args: argparse.Namespace) -> int:
    """The sub-verb."""
    out = Path(args.out)
    if out.suffix != ".xosc":
        raise InputError("the file to write must end in .xosc", field="out")
    if args.scenario.endswith(".xosc"):
        from drivewm.scenarios.osc.load import load

        made: Any = load(args.scenario)
        friction = made.friction
    else:
        from drivewm.scenarios.build import build
        from drivewm.scenarios.catalogue import find
        from drivewm.scenarios.parameters import nth

        concrete = nth(find(args.scenario), args.index, args.method, args.seed)
        made, friction = build(concrete), float(concrete.sim.friction)
    notes = export(made.storyboard, made.scene, out, friction)
    print(f"{out}: written, with {out.with_suffix('.xodr').name} beside it")
    for note in notes:
        print(f"  not in the file: {note}")
    return 0


def export(
    storyboard: m.Storyboard, scene: Scene, out: str | Path, friction: float = 1.0
) -> tuple[str, ...]:
    """Writes ``out`` (.xosc) and the road beside it (.xodr).

    Args:
        storyboard: what happens.
        scene: its map, the ego's car, start and route, the duration.
        out: the file to write.
        friction: of the road.

    Returns:
        What OpenSCENARIO cannot say and is therefore left out.

    Raises:
        InputError: scenariogeneration is not installed, or something cannot be exported.
    """
    try:
        import scenariogeneration
    except ImportError:
        raise InputError("export needs scenariogeneration", field="osc",
                         fix="pip install 'drivewm[osc]'") from None  # fmt: skip
    del scenariogeneration
    from drivewm.scenarios.osc.export_scenario import scenario_out

    out = Path(out)
    road = out.with_suffix(".xodr")
    with _quiet():
        has_road = bool(scene.map.lanes)
        scenario, notes = scenario_out(storyboard, scene, road.name if has_road else "", friction)
        out.parent.mkdir(parents=True, exist_ok=True)
        if has_road:
            to_xodr(scene.map, road, out.stem)
        with atomic_file(out) as part:
            scenario.write_xml(str(part))
    return tuple(notes)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The library prints and warns about its own defaults."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
