"""What a unit, or any other direction, of a representation responds to (section 3).

`activations` evaluates φ, `top_images` finds the images that go farthest in a direction, and
`coherence` measures whether these images belong together.
"""

from helpers.units.detectors import (
    average_precision,
    best_by_chance,
    chosen_detector,
    orientation_selectivity,
    principal_components,
    resampled_precision,
    roc_auc,
    scores,
    with_label,
)
from helpers.units.directions import (
    activations,
    dead_units,
    last_hidden,
    random_directions,
    random_rotation,
    top_images,
)
from helpers.units.purity import (
    coherence,
    label_entropy,
    label_purity,
    mean_similarity,
    orientation_histograms,
    permutation_p,
    probability_of_superiority,
)

__all__ = [
    "activations",
    "average_precision",
    "best_by_chance",
    "chosen_detector",
    "coherence",
    "dead_units",
    "label_entropy",
    "label_purity",
    "last_hidden",
    "mean_similarity",
    "orientation_histograms",
    "orientation_selectivity",
    "permutation_p",
    "principal_components",
    "probability_of_superiority",
    "random_directions",
    "random_rotation",
    "resampled_precision",
    "roc_auc",
    "scores",
    "top_images",
    "with_label",
]
