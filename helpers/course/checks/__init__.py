"""Automatic answers to the exercises: each prints *not attempted*, *not yet: why* or *passed*.

It returns this as a `Result`, too. Where ``COURSE_GRADE`` is set it also asks about inputs that no
student has seen, and raises for an answer that does not pass.
"""

from helpers.course.checks._report import exercise
from helpers.course.checks.adversarial_training import mixed_loss, part_of_the_way, renewed
from helpers.course.checks.blind_spots import nearest_border, none_found, radial_basis
from helpers.course.checks.cross_model import error_where_right, possible_of, share_of_target
from helpers.course.checks.cross_training_set import resampled_errors, stretched
from helpers.course.checks.discussion import ball_of_size, gradient_sign_step, smoothed_radius
from helpers.course.checks.formal_description import (
    middle_in_log_c,
    penalised_objective,
    step_in_the_box,
)
from helpers.course.checks.framework import error_rate, weight_decay
from helpers.course.checks.imagenet import difference_picture, from_pixels, pixel_distortion
from helpers.course.checks.introduction import distortion, noise_of_size, top_images
from helpers.course.checks.minimal_distortion import (
    accuracy_within,
    certified_distortion,
    lines_around_a_sigmoid,
)
from helpers.course.checks.quocnet import l2_pool, ranking, reconstruction_cost
from helpers.course.checks.spectral_analysis import (
    certified_radius,
    pooling_constant,
    wrap_around_norm,
)
from helpers.course.checks.units import counter_rotation, label_entropy, mean_similarity

__all__ = [
    "accuracy_within",
    "ball_of_size",
    "certified_distortion",
    "certified_radius",
    "counter_rotation",
    "difference_picture",
    "distortion",
    "error_rate",
    "error_where_right",
    "from_pixels",
    "gradient_sign_step",
    "l2_pool",
    "label_entropy",
    "lines_around_a_sigmoid",
    "mean_similarity",
    "middle_in_log_c",
    "mixed_loss",
    "nearest_border",
    "noise_of_size",
    "none_found",
    "part_of_the_way",
    "penalised_objective",
    "pixel_distortion",
    "pooling_constant",
    "possible_of",
    "radial_basis",
    "ranking",
    "reconstruction_cost",
    "renewed",
    "resampled_errors",
    "share_of_target",
    "smoothed_radius",
    "step_in_the_box",
    "stretched",
    "top_images",
    "weight_decay",
    "wrap_around_norm",
]

globals().update({name: exercise(globals()[name]) for name in __all__})
