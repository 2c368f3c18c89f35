"""Bounds on the distance D(x, l) from below: no smaller change can give an image the label l.

`exact_linear` is D itself, for softmax classifiers. `certified` follows from Lipschitz constants,
`lower_bounds` from linear bounds on one ball at a time, `smoothed_radii` from votes under noise.
"""

from helpers.bounds.crown import lower_bounds, parallel_lines
from helpers.bounds.exact import ExactDistance, exact_linear
from helpers.bounds.lipschitz import certified
from helpers.bounds.smoothing import smoothed_radii

__all__ = [
    "ExactDistance",
    "certified",
    "exact_linear",
    "lower_bounds",
    "parallel_lines",
    "smoothed_radii",
]
