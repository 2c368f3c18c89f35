"""The numbers in the paper's tables (section 4.2): errors, distortions, noise, and their intervals.

`predict` gives a network's answers and `error_rate` the share of wrong ones. `distortion` measures
a change; `amplify` and `rescale_to_mean` stretch it, `gaussian_noise` and `noise_like` draw one at
random. `transfer_table` shows examples made for one network to all others: Tables 2 and 4.
`bootstrap` and `binomial_interval` say how sure a number is, `share_gap` and `mean_gap` whether two
samples can be of the same thing.
"""

from helpers.evaluation.comparisons import (
    Equivalence,
    crossed_difference,
    equivalence,
    holm,
    mean_gap,
    p_of_gap,
    share_gap,
)
from helpers.evaluation.likelihood import (
    count_log_likelihood,
    mean_log_likelihood,
    network_spread,
    predicted_share,
)
from helpers.evaluation.perturbations import (
    amplify,
    distortion,
    gaussian_noise,
    noise_like,
    per_image,
    rescale_to_mean,
)
from helpers.evaluation.predictions import error_rate, forward, logits, number_of_classes, predict
from helpers.evaluation.statistics import (
    Estimate,
    binomial_interval,
    bootstrap,
    grim_consistent,
    paired_difference,
    rank_correlation,
    upper_confidence_limit,
)
from helpers.evaluation.transfer import Transfer, transfer_table
from helpers.evaluation.validation import check_device, check_fit, check_model, check_targets

__all__ = [
    "Equivalence",
    "Estimate",
    "Transfer",
    "amplify",
    "binomial_interval",
    "bootstrap",
    "check_device",
    "check_fit",
    "check_model",
    "check_targets",
    "count_log_likelihood",
    "crossed_difference",
    "distortion",
    "equivalence",
    "error_rate",
    "forward",
    "gaussian_noise",
    "grim_consistent",
    "holm",
    "logits",
    "mean_gap",
    "mean_log_likelihood",
    "network_spread",
    "noise_like",
    "number_of_classes",
    "p_of_gap",
    "paired_difference",
    "per_image",
    "predict",
    "predicted_share",
    "rank_correlation",
    "rescale_to_mean",
    "share_gap",
    "transfer_table",
    "upper_confidence_limit",
]
