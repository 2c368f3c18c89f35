"""The figures of chapter 2: the weights of softmax classifiers as pictures."""

from collections.abc import Mapping

from torch import Tensor

from helpers.course import plotting
from helpers.course.plotting import Figure


def softmax_templates(weights: Mapping[str, Tensor]) -> Figure:
    """Draw the weights of softmax classifiers, a row for each classifier, a column for each label.

    The deepest colours of a picture begin where only one of its weights in two hundred lies beyond.

    Parameters
    ----------
    weights : mapping of str to Tensor, shape (K, H, W)
        The weights of each label, by the name of the classifier.
    """
    count = len(next(iter(weights.values())))
    fig = plotting.figure(0.95 * count, 1.13 * len(weights))
    grid = plotting.axes(fig, len(weights), count)
    for axes, (name, templates) in zip(grid, weights.items(), strict=True):
        for ax, template in zip(axes, templates, strict=True):
            limit = template.abs().quantile(0.995).item()
            plotting.difference(template, ax=ax, limit=limit)
        axes[0].set_ylabel(name, rotation=0, ha="right", va="center")
    for label, ax in enumerate(grid[0]):
        ax.set_title(str(label), fontsize=10)
    return fig
