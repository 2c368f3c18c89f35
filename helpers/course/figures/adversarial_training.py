"""The figures of chapter 9: how far a pool's entries go, and how well training with pools does."""

from collections.abc import Mapping, Sequence

from matplotlib.ticker import MaxNLocator
from torch import Tensor

from helpers.course import plotting
from helpers.course.plotting import Figure
from helpers.evaluation import Estimate


def distances_gone(
    whole: Tensor, gone: Mapping[str, Tensor], across: Mapping[str, Tensor]
) -> Figure:
    """Draw how far each image goes towards the border, against the length of its whole way.

    Parameters
    ----------
    whole : Tensor, shape (N,)
        ‖r‖ of each image's closest adversarial image.
    gone : mapping of str to Tensor, shape (N,)
        For each kind of way, how far each image went.
    across : mapping of str to Tensor, shape (N,), bool
        Which images crossed the border on it: they are circled.
    """
    fig = plotting.figure(7.5, 3.4)
    ax = plotting.axes(fig)
    for kind, distances in gone.items():
        ax.plot(whole, distances, ".", markersize=4, label=f"half of the {kind} way")
    for kind, distances in gone.items():
        crosses = across[kind]
        ax.plot(whole[crosses], distances[crosses], "o", mfc="none", markersize=6, color="black")
    ax.plot([], [], "o", mfc="none", color="black", label="crosses the border")
    ax.axline((0, 0), slope=1, color="grey", linewidth=0.8, linestyle="--", label="the whole way")
    ax.set(xlabel="length of the whole way, ‖r‖", ylabel="distance gone")
    ax.set(xlim=(0, None), ylim=(0, 1.05 * max(float(d.max()) for d in gone.values())))
    ax.legend(fontsize=9, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


def learning_curves(curves: Mapping[str, Sequence[float]], *, epochs: int) -> Figure:
    """Draw the errors of trainings that are under way.

    Parameters
    ----------
    curves : mapping of str to sequence of float
        For each training the held-out error in percent after each epoch so far, at least one.
    epochs : int
        Where the trainings end.
    """
    fig = plotting.figure(7, 2.8)
    ax = plotting.axes(fig)
    for name, errors in curves.items():
        ax.plot(range(1, len(errors) + 1), errors, marker=".", label=name)
    least = min(min(errors) for errors in curves.values())
    ax.set(xlabel="epoch", ylabel="held-out error in %", xlim=(0.5, epochs + 0.5))
    ax.set_ylim(0.8 * least, 2 * least + 0.5)  # first epochs may lie above
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(fontsize=9, loc="upper right")
    return fig


def screening(
    cells: Sequence[Sequence[Mapping[str, float]]], *, rows: Sequence[str], columns: Sequence[str]
) -> Figure:
    """Draw held-out errors and cross-entropies of many settings as two tables in colours.

    Parameters
    ----------
    cells : sequence of sequence of mapping
        For each row and column the ``"error"``, a share, and the ``"loss"``.
    rows, columns : sequence of str
        Their names.
    """
    fig = plotting.figure(10, 3.2)
    left, right = plotting.axes(fig, 1, 2)[0]
    plotting.heatmap(
        [[100 * cell["error"] for cell in row] for row in cells],
        ax=left,
        rows=rows,
        columns=columns,
        xlabel="how far the entries go",
        ylabel="pools of",
        title="held-out error in %",
        number="{:.2f}",
    )
    plotting.heatmap(
        [[cell["loss"] for cell in row] for row in cells],
        ax=right,
        rows=rows,
        columns=columns,
        xlabel="how far the entries go",
        ylabel="",
        title="held-out cross-entropy",
        number="{:.3f}",
    )
    return fig


def finalists(
    errors: Mapping[str, Sequence[float]],
    differences: Mapping[str, Estimate],
    *,
    paper: Mapping[str, float],
) -> Figure:
    """Draw the test errors of each method's seeds, and the paired differences of methods.

    Parameters
    ----------
    errors : mapping of str to sequence of float
        For each method, the test error of each seed in percent.
    differences : mapping of str to Estimate
        Named differences in points, with their intervals.
    paper : mapping of str to float
        The paper's test errors in percent, of some of the methods.
    """
    fig = plotting.figure(10, 3.3)
    left, right = plotting.axes(fig, 1, 2)[0]
    places = {name: row for row, name in enumerate(errors)}
    seeds = [(error, places[name]) for name, values in errors.items() for error in values]
    left.plot(*zip(*seeds, strict=True), "o", alpha=0.6, color="#0072B2", label="a seed")
    means = [sum(values) / len(values) for values in errors.values()]
    left.plot(means, range(len(means)), "|", markersize=18, color="black", label="mean")
    stated = [places[name] for name in paper]
    left.plot(list(paper.values()), stated, "x", color="#D55E00", label="paper")
    left.set_yticks(range(len(errors)), list(errors))
    left.invert_yaxis()
    left.set(xlabel="test error in %")
    left.legend(fontsize=8)

    for row, gap in enumerate(differences.values()):
        right.plot([gap.low, gap.high], [row, row], color="#0072B2")
        right.plot(gap.value, row, "o", color="#0072B2")
    right.set_yticks(range(len(differences)), list(differences), fontsize=9)
    right.invert_yaxis()
    right.axvline(0, color="black", linewidth=0.8)
    right.set(xlabel="difference in points, 95 %")
    return fig
