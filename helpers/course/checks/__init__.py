"""Automatic answers to the exercises: each prints *not attempted*, *not yet: why* or *passed*.

It returns this as a `Result`, too. Where ``COURSE_GRADE`` is set it also asks about inputs that no
student has seen, and raises for an answer that does not pass.
"""

from helpers.course.checks._report import exercise
from helpers.course.checks.adversarial_training import (
    drawn_entries,
    mean_way,
    mixed_loss,
    one_pass,
    part_of_the_way,
    renewed,
)
from helpers.course.checks.blind_spots import nearest_border, none_found, radial_basis
from helpers.course.checks.cross_model import (
    error_where_right,
    noise_of_same_size,
    possible_of,
    row_of_errors,
    share_of_target,
    wrong_targets,
)
from helpers.course.checks.cross_training_set import (
    interval_of_draws,
    paired_draws,
    resampled_errors,
    stretched,
    widths,
)
from helpers.course.checks.discussion import (
    ball_of_size,
    gradient_sign_step,
    robust_pass,
    smoothed_radius,
    step_of_size,
    worst_in_ball,
)
from helpers.course.checks.formal_description import (
    descent,
    loss_and_slope,
    middle_in_log_c,
    penalised_objective,
    projected_step,
    search_of_c,
    step_in_the_box,
)
from helpers.course.checks.framework import error_rate, weight_decay
from helpers.course.checks.imagenet import difference_picture, from_pixels, pixel_distortion
from helpers.course.checks.introduction import distortion, noise_of_size, top_images
from helpers.course.checks.minimal_distortion import (
    accuracy_within,
    certified_distortion,
    lines_around_a_sigmoid,
    slopes_before,
    walk_back,
    walk_to_label,
)
from helpers.course.checks.quocnet import l2_pool, ranking, reconstruction_cost
from helpers.course.checks.spectral_analysis import (
    adjoint_of,
    certified_radius,
    pooling_constant,
    power_method,
    stretched_once,
    wrap_around_norm,
)
from helpers.course.checks.units import (
    best_images,
    counter_rotation,
    directions_of_length_1,
    label_entropy,
    mean_similarity,
    purity_of_rows,
    shuffled_p,
)

__all__ = [
    "accuracy_within",
    "adjoint_of",
    "ball_of_size",
    "best_images",
    "certified_distortion",
    "certified_radius",
    "counter_rotation",
    "descent",
    "difference_picture",
    "directions_of_length_1",
    "distortion",
    "drawn_entries",
    "error_rate",
    "error_where_right",
    "from_pixels",
    "gradient_sign_step",
    "interval_of_draws",
    "l2_pool",
    "label_entropy",
    "lines_around_a_sigmoid",
    "loss_and_slope",
    "mean_similarity",
    "mean_way",
    "middle_in_log_c",
    "mixed_loss",
    "nearest_border",
    "noise_of_same_size",
    "noise_of_size",
    "none_found",
    "one_pass",
    "paired_draws",
    "part_of_the_way",
    "penalised_objective",
    "pixel_distortion",
    "pooling_constant",
    "possible_of",
    "power_method",
    "projected_step",
    "purity_of_rows",
    "radial_basis",
    "ranking",
    "reconstruction_cost",
    "renewed",
    "resampled_errors",
    "robust_pass",
    "row_of_errors",
    "search_of_c",
    "share_of_target",
    "shuffled_p",
    "slopes_before",
    "smoothed_radius",
    "step_in_the_box",
    "step_of_size",
    "stretched",
    "stretched_once",
    "top_images",
    "walk_back",
    "walk_to_label",
    "weight_decay",
    "widths",
    "worst_in_ball",
    "wrap_around_norm",
    "wrong_targets",
]

globals().update({name: exercise(globals()[name]) for name in __all__})
