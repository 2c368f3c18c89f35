"""Bounds on the distance D(x, l) from below: no smaller change can give an image the label l.

`exact_linear` is D itself, for softmax classifiers. `certified` follows from Lipschitz constants,
`certified_locally` from lines and parabolas in one ball at a time, `smoothed_radii` from votes
under noise; `lower_bounds` picks the ways that fit a network.
"""

from helpers.bounds.crown import parallel_lines
from helpers.bounds.exact import ExactDistance, exact_linear
from helpers.bounds.lipschitz import certified
from helpers.bounds.local import certified_locally, lower_bounds
from helpers.bounds.smoothing import smoothed_radii

__all__ = [
    "ExactDistance",
    "certified",
    "certified_locally",
    "exact_linear",
    "lower_bounds",
    "parallel_lines",
    "smoothed_radii",
]
