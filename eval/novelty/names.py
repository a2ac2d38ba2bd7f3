"""Kinds of novelty and the scores that may tell them, in the order of the page."""

from __future__ import annotations

OBJECT, WEATHER, LAYOUT, CAMERA = "object", "weather", "layout", "camera"
KINDS = (OBJECT, WEATHER, LAYOUT, CAMERA)
ID = "familiar"  # as recorded, of held-out scenes: what is to be told from the rest
CHANCE = "chance"
ENSEMBLE = ("disagreement", "disagreement, peak")  # of models with an ensemble head only
SCORES = {
    "disagreement": "mutual information of the ensemble's members, mean over the grid",
    "disagreement, peak": "the same over the hundredth of the columns where it is highest",
    "entropy": "entropy of the perceived occupancy, mean over the grid",
    "entropy, peak": "the same over the hundredth of the columns where it is highest",
    "surprise": "negative log-likelihood of what is perceived now under what was imagined 0.5 s "
    "ago, on cells that were on the grid then",
    "surprise, peak": "the same over the hundredth of the columns where it is highest",
    "latent surprise": "the dynamics' own loss of having foreseen the latent",
    CHANCE: "what luck gives: 95 % of random scores of so many frames lie in the interval",
}
SEEN, UNSEEN, UNKNOWN = "seen", "unseen", "not known"  # whether training held the novelty
