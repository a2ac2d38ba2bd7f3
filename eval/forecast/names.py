"""Names of the table's rows, of what they start from and of the masks, in the order of the page."""

from __future__ import annotations

MODEL, COPY, WARP, BOXES, PRIOR = "model", "copy", "ego-warp", "ego-warp+cv-boxes", "map-prior"
MEAN_OF_SAMPLES, BEST_OF_SAMPLES = "model, mean of samples", "model, best of samples"
ROWS = (MODEL, MEAN_OF_SAMPLES, BEST_OF_SAMPLES, COPY, WARP, BOXES, PRIOR)
PERCEIVED, TRUE, MAP = "perceived", "true", "map"
INPUTS = (PERCEIVED, MAP, TRUE)
MASKS = ("none", "overlap", "camera", "lidar")
