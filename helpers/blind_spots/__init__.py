"""The space around an image (section 4): its planes and lines, and what chance finds there.

The paper calls adversarial images blind spots, rare and yet dense. Slices show the labels around an
image, sampling counts how often noise meets another label, and a kernel machine shows a classifier
that is smooth in the way that the paper expected networks to be.
"""

from helpers.blind_spots.kernel_svm import nearest_distance, rbf_svm
from helpers.blind_spots.sampling import (
    count_changes,
    empty_radius,
    nearest_change,
    noise_hits,
    thickness,
)
from helpers.blind_spots.slices import (
    blend,
    linearised_distance,
    margins_along,
    plane,
    random_rms_directions,
    unit_rms,
)

__all__ = [
    "blend",
    "count_changes",
    "empty_radius",
    "linearised_distance",
    "margins_along",
    "nearest_change",
    "nearest_distance",
    "noise_hits",
    "plane",
    "random_rms_directions",
    "rbf_svm",
    "thickness",
    "unit_rms",
]
