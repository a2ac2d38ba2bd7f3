"""Which windows: every one, or a published nuScenes list as the rule that makes it.

* ``occworld-4219``: OccWorld's evaluation (arXiv 2311.16038, its traversing dataset): of each
  official validation scene of n keyframes the first n - 12 windows of 11 frames, 5 seen and 6
  forecast. 6,019 keyframes - 150 * 12 = 4,219.
* ``dome-150``: DOME's released evaluation (arXiv 2410.10429): the first window of each of those
  150 scenes.

A published name is given only to the whole list: with fewer scenes the rule is applied to those
that are there, and the name says how many they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from drivewm.errors import InputError
from drivewm.eval.forecast.windows import (
    Window,
    WindowList,
    check_fit,
    every_window,
    frame_times,
    read,
)
from drivewm.logs.fleet import Fleet

HISTORY, HORIZON = 5, 6  # frames, of both published lists
LEFT_OUT = 12  # keyframes of a scene at which OccWorld's list starts no window
PUBLISHED = {"occworld-4219": 4219, "dome-150": 150}
ALL = "all"

_VAL_RANGES = (
    (3, 3), (12, 18), (35, 36), (38, 39), (92, 110), (221, 221), (268, 278), (329, 332),
    (344, 346), (519, 524), (552, 565), (625, 627), (629, 630), (632, 638), (770, 771),
    (775, 775), (777, 778), (780, 784), (794, 800), (802, 802), (904, 917), (919, 931),
    (962, 963), (966, 969), (971, 972), (1059, 1073),
)  # fmt: skip


def official_validation() -> tuple[str, ...]:
    """Names of nuScenes' 150 validation scenes."""
    return tuple(f"scene-{n:04d}" for low, high in _VAL_RANGES for n in range(low, high + 1))


def choose(
    name: str,
    fleet: Fleet,
    scene_ids: Sequence[str],
    encoder: str,
    history: int,
    horizon: int,
    stride: int = 1,
) -> WindowList:
    """The windows of a preset or a file, each checked against the fleet.

    Args:
        name: ``all``, a key of PUBLISHED, or a window file.
        scene_ids: scenes of ``all``; the others name their own.
        history, horizon, stride: frames, of ``all``.

    Raises:
        InputError: there is none, or one does not fit the fleet.
    """
    if name in PUBLISHED:
        return published(name, fleet, encoder)
    if name == ALL:
        times = {i: frame_times(fleet, i, encoder) for i in scene_ids}
        found = [w for i, t in times.items() for w in every_window(i, t, history, horizon, stride)]
        if not found:
            raise InputError(
                f"no scene has {history + horizon} frames 0.5 s apart in a row: the window list "
                "is empty", file=fleet.path, field="--windows", fix="choose longer scenes",
            )  # fmt: skip
        return WindowList(name=ALL, windows=tuple(found))
    chosen = read(name)
    known = {info.id for info in fleet.scenes} & {w.scene for w in chosen.windows}
    times = {i: frame_times(fleet, i, encoder) for i in sorted(known)}
    _refuse_borrowed_name(chosen, Path(name))
    published_list = chosen.name in PUBLISHED
    check_fit(chosen.windows, times, fleet, name, gaps=published_list)
    return replace(chosen, published=published_list)


def published(name: str, fleet: Fleet, encoder: str) -> WindowList:
    """A published list on the validation scenes that the fleet holds.

    Raises:
        InputError: it holds none, or all 150 but not the published number of windows.
    """
    wanted = official_validation()
    there = [i for i in wanted if i in {s.id for s in fleet.scenes if s.source == "nuscenes"}]
    if not there:
        raise InputError(
            "the fleet holds no scene of nuScenes' official validation split", file=fleet.path,
            field="--windows", fix="use --windows all",
        )  # fmt: skip
    times = {i: frame_times(fleet, i, encoder) for i in there}
    found = by_rule(name, {i: len(t) for i, t in times.items()}, encoder != "privileged")
    if not found.windows:
        raise InputError(f"the rule of {name} gives no window: the list is empty",
                         file=fleet.path, field="--windows", fix="use --windows all")  # fmt: skip
    return found


def by_rule(name: str, frames: Mapping[str, int], keyframes: bool = True) -> WindowList:
    """The rule of a published list. It counts keyframes and does not look at the time between.

    Args:
        frames: scene id -> number of frames.
        keyframes: the frames are the recorded keyframes; others never make a published list.

    Raises:
        InputError: all 150 scenes are there and the number of windows is not the published one.
    """
    found = []
    for scene, number in frames.items():
        count = number - LEFT_OUT if name == "occworld-4219" else int(number >= HISTORY + HORIZON)
        found += [
            Window(scene=scene, keyframe=k + HISTORY - 1, history=HISTORY, horizon=HORIZON)
            for k in range(count)
        ]
    whole = keyframes and set(frames) == set(official_validation())
    if whole and len(found) != PUBLISHED[name]:
        raise InputError(
            f"all 150 validation scenes give {len(found)} windows, the published list has "
            f"{PUBLISHED[name]}", field="--windows", fix="a keyframe is missing: ingest again",
        )  # fmt: skip
    unit = "" if keyframes else ", frames every 0.5 s"
    rule = f"{name.split('-')[0]} rule on {len(frames)} of 150 scenes{unit}"
    return WindowList(name=name if whole else rule, windows=tuple(found), published=whole)


def _refuse_borrowed_name(chosen: WindowList, file: Path) -> None:
    if chosen.name in PUBLISHED and (
        len(chosen.windows) != PUBLISHED[chosen.name]
        or {w.scene for w in chosen.windows} != set(official_validation())
    ):
        raise InputError(
            f"'{chosen.name}' is a published list of {PUBLISHED[chosen.name]} windows, this one "
            f"has {len(chosen.windows)}", file=file, field="name", fix="give it another name",
        )  # fmt: skip
