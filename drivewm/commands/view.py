"""`drivewm view FLEET --scene ID -o out.webp|png`: a scene from above, with its cameras."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from drivewm.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from drivewm.logs.fleet import Fleet
    from drivewm.scene import Scene

FORMATS = (".webp", ".png")
SIZE_RANGE_PX = (64, 4096)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("fleet", help="fleet folder written by `drivewm ingest`")
    parser.add_argument("--scene", required=True, help="scene id (see `drivewm inspect FLEET`)")
    parser.add_argument("-o", "--output", required=True, help=".webp: whole scene, .png: one step")
    parser.add_argument("--step", type=int, default=0, help="step of a .png (10 Hz, default 0)")
    parser.add_argument("--fps", type=float, default=10.0, help="frames per second of a .webp")
    parser.add_argument("--size", type=int, default=640, help="width in pixels (default 640)")
    parser.add_argument("--span", type=float, default=100.0, help="metres shown (default 100)")
    parser.add_argument("--dark", action="store_true", help="dark colours")


def run(args: argparse.Namespace) -> int:
    output = Path(args.output)
    _check(args, output)

    from drivewm.logs.fleet import Fleet
    from drivewm.viz import animation

    fleet = Fleet.open(args.fleet)
    scene = fleet.scene(args.scene)
    if output.suffix.lower() == ".png":
        if not 0 <= args.step < scene.steps:
            raise InputError(
                f"scene {scene.id} has no step {args.step}",
                field="--step",
                fix=f"choose 0 to {scene.steps - 1}",
            )
        animation.write_png(output, next(_frames(fleet, scene, [args.step], args)))
    else:
        from drivewm.progress import track

        steps = track(range(scene.steps), f"drawing {scene.id}", total=scene.steps)
        animation.write_webp(output, _frames(fleet, scene, steps, args), fps=args.fps)
    print(output)
    return 0


def _check(args: argparse.Namespace, output: Path) -> None:
    if output.suffix.lower() not in FORMATS:
        raise InputError(
            f"cannot write '{output.suffix or output.name}' pictures",
            file=output,
            field="--output",
            fix="name it .webp (whole scene) or .png (one step)",
        )
    low, high = SIZE_RANGE_PX
    if not low <= args.size <= high:
        raise InputError(
            f"{args.size} px is out of range", field="--size", fix=f"choose {low} to {high}"
        )
    for name, value in (("--fps", args.fps), ("--span", args.span)):
        if not 0 < value < 1e4:
            raise InputError(f"{value} is out of range", field=name, fix="give a positive number")


def _frames(fleet: Fleet, scene: Scene, steps, args: argparse.Namespace) -> Iterator[Image.Image]:
    from drivewm.viz import bev, strip
    from drivewm.viz.palette import PALETTES

    palette = PALETTES["dark" if args.dark else "light"]
    cameras = _Cameras(fleet, scene.id)
    for step in steps:
        picture = bev.draw_scene(scene, step, size_px=args.size, span_m=args.span, palette=palette)
        if cameras.any:
            images = cameras.at(int(scene.times_us[step]))
            below = strip.camera_strip(images, width_px=args.size, palette=palette)
            picture = _stack(picture, below)
        yield picture


def _stack(above: Image.Image, below: Image.Image) -> Image.Image:
    from PIL import Image

    sheet = Image.new("RGB", (above.width, above.height + below.height))
    sheet.paste(above, (0, 0))
    sheet.paste(below, (0, above.height))
    return sheet


class _Cameras:
    """Pictures of the latest keyframe at a time; those whose file is absent are left out."""

    def __init__(self, fleet: Fleet, scene_id: str) -> None:
        import numpy as np

        self._fleet = fleet
        self._times_us = np.asarray(fleet.keyframes(scene_id).times_us)
        self._rows: dict[int, list] = {}
        for row in fleet.camera_rows(scene_id):
            if row.keyframe >= 0 and row.exists:
                self._rows.setdefault(row.keyframe, []).append(row)
        self._shown: tuple[int, dict[str, np.ndarray]] = (-1, {})
        self.any = bool(self._rows)

    def at(self, time_us: int) -> dict[str, np.ndarray]:
        keyframe = int((self._times_us <= time_us).sum()) - 1
        if keyframe != self._shown[0]:
            self._shown = (keyframe, self._read(keyframe))
        return self._shown[1]

    def _read(self, keyframe: int) -> dict[str, np.ndarray]:
        images = {}
        for row in self._rows.get(keyframe, []):
            try:
                images[row.channel] = self._fleet.image(row)
            except InputError:  # removed since the fleet was written
                continue
        return images
