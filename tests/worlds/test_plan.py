"""Splits, policies and tiles of a planned fleet."""

from __future__ import annotations

from collections import Counter

import pytest

from drivewm.worlds.plan import CANVAS_M, TILE_M, UNSEEN_LAYOUT, compact, fleet_specs


@pytest.mark.parametrize("count", [1, 3, 6, 24, 30, 100])
def test_names_and_counts(count):
    planned = fleet_specs(count, 0)
    assert [p.name for p in planned] == [f"scene-{k + 2001:04d}" for k in range(count)]
    splits = Counter(p.split for p in planned)
    assert splits["train"] >= 1
    if 24 <= count <= 30:
        assert 4 <= splits["val"] <= 6
        assert splits["unseen_layout"] == 2


@pytest.mark.parametrize("seed", range(5))
def test_networks_never_serve_two_splits_and_one_layout_is_held_out(seed):
    planned = fleet_specs(60, seed)
    split_of = {}
    for p in planned:
        network = (p.spec.layout, p.spec.layout_seed)
        assert split_of.setdefault(network, p.split) == p.split
        assert (p.spec.layout == UNSEEN_LAYOUT) == (p.split == "unseen_layout")
    seeds = {s: {k[1] for k, v in split_of.items() if v == s} for s in ("train", "val")}
    assert not seeds["train"] & seeds["val"]
    assert len({p.spec.seed for p in planned}) == 60


@pytest.mark.parametrize("count", [12, 24, 30, 100])
def test_three_in_ten_training_scenes_are_not_careful_and_held_out_ones_are(count):
    planned = fleet_specs(count, 1)
    train = [p.spec.policy for p in planned if p.split == "train"]
    assert sum(policy != "careful" for policy in train) >= 0.3 * len(train)
    for p in planned:
        if p.split in ("val", "unseen_layout"):
            assert p.spec.policy == "careful"
        if p.split == "val_unsafe":
            assert p.spec.policy in ("perturbed", "reckless")


def test_each_network_has_its_own_tile_on_the_canvas():
    where = {}
    for p in fleet_specs(80, 0):
        width, height = CANVAS_M[p.spec.location]
        x, y = p.spec.origin_m
        assert TILE_M / 2 <= x <= width - TILE_M / 2 and TILE_M / 2 <= y <= height - TILE_M / 2
        network = (p.spec.layout, p.spec.layout_seed)
        assert where.setdefault((p.spec.location, x, y), network) == network


def test_tiles_grow_in_squares_from_the_corner():
    assert [compact(k, 3, 3) for k in range(4)] == [(0, 0), (1, 0), (0, 1), (1, 1)]


def test_same_seed_same_plan():
    assert fleet_specs(20, 4) == fleet_specs(20, 4)
    assert fleet_specs(20, 4) != fleet_specs(20, 5)
