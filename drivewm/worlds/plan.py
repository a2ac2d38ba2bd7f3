"""Plans a fleet: which networks, which drives through them, which split each belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from drivewm.seeds import derive_seed, generator
from drivewm.worlds.world import LayoutKind, Policy, Weather, WorldSpec

TILE_M = 300.0
CANVAS_M = {  # width, height of the nuScenes maps
    "boston-seaport": (2979.5, 2118.1),
    "singapore-onenorth": (1585.6, 2025.0),
    "singapore-queenstown": (3228.6, 3687.1),
    "singapore-hollandvillage": (2808.3, 2922.9),
}
UNSEEN_LAYOUT: LayoutKind = "roundabout"
SHARES = {"val": 1 / 8, "val_unsafe": 1 / 12, "unseen_layout": 1 / 14}  # the rest is train
SPLITS = ("train", *SHARES)
FIRST_SCENE = 2001  # four digits, as the devkit wants, and no number of a real scene
WEATHER: tuple[tuple[Weather, float], ...] = (
    ("day", 0.5), ("dusk", 0.17), ("night", 0.13), ("rain", 0.2),
)  # fmt: skip
TRAIN_POLICY: tuple[Policy, ...] = (
    "careful", "reckless", "careful", "perturbed", "careful", "reckless",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PlannedScene:
    """One scene of a fleet to be. ``split`` is one of ``SPLITS``; in ``val_unsafe`` the ego is
    driven badly, so that held-out collisions and departures occur."""

    name: str
    split: str
    spec: WorldSpec


def fleet_specs(n_scenes: int, seed: int) -> list[PlannedScene]:
    """The scenes of a fleet, in order, each on a road network of its own; one kind of layout is
    only in ``unseen_layout``. Small fleets have fewer splits, the smallest only ``train``."""
    counts = {"train": 0}
    for rank, (split, share) in enumerate(SHARES.items()):
        counts[split] = max(round(n_scenes * share), 1) if n_scenes >= 3 * (rank + 1) else 0
    if n_scenes >= 24:
        counts["val"] = max(counts["val"], 4)  # enough held-out scenes for an interval
    counts["train"] = n_scenes - sum(counts.values())
    tiles, planned = Tiles(), []
    for split, count in counts.items():
        for index in range(count):
            layout_seed = derive_seed("network", seed, split, index) % 2**31
            location, origin = tiles.next()
            planned.append((split, layout_of(split, index), layout_seed, location, origin, index))
    return [
        PlannedScene(name=f"scene-{FIRST_SCENE + k:04d}", split=row[0], spec=spec_of(seed, *row))
        for k, row in enumerate(planned)
    ]


def layout_of(split: str, network: int) -> LayoutKind:
    """Kinds take turns, each split starting with another one."""
    if split == "unseen_layout":
        return UNSEEN_LAYOUT
    kinds: list[LayoutKind] = [kind for kind in get_args(LayoutKind) if kind != UNSEEN_LAYOUT]
    return kinds[(network + (2 if split == "val" else 0)) % len(kinds)]


def spec_of(seed, split, kind, layout_seed, location, origin, index) -> WorldSpec:
    rng = generator("scene", seed, split, index)
    shares = np.array([share for _, share in WEATHER])
    weather = WEATHER[int(rng.choice(len(shares), p=shares))][0]
    policy: Policy = "careful"
    if split == "train":
        policy = TRAIN_POLICY[index % len(TRAIN_POLICY)]
    elif split == "val_unsafe":
        policy = ("reckless", "perturbed")[index % 2]
    return WorldSpec(
        seed=derive_seed("world", seed, split, index) % 2**31, layout=kind,
        layout_seed=layout_seed, location=location, origin_m=origin, weather=weather,
        policy=policy, density=round(float(rng.uniform(0.6, 1.4)), 2),
    )  # fmt: skip


class Tiles:
    """Hands out tiles row by row from each map's south-west corner, the maps taking turns."""

    def __init__(self) -> None:
        self._given = dict.fromkeys(CANVAS_M, 0)
        self._turn = 0

    def next(self) -> tuple[str, tuple[float, float]]:
        """(location, centre of the tile). When all maps are full, tiles are used again."""
        names = list(CANVAS_M)
        location = names[self._turn % len(names)]
        self._turn += 1
        columns, rows = (int(edge // TILE_M) for edge in CANVAS_M[location])
        k = self._given[location] % (columns * rows)
        self._given[location] += 1
        column, row = compact(k, columns, rows)
        return location, ((column + 0.5) * TILE_M, (row + 0.5) * TILE_M)


def compact(k: int, columns: int, rows: int) -> tuple[int, int]:
    """The k-th cell in order of growing squares from the south-west corner."""
    cells = [(c, r) for c in range(columns) for r in range(rows)]
    cells.sort(key=lambda cell: (max(cell), cell[1], cell[0]))
    return cells[k]
