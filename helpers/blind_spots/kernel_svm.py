"""A support vector machine with a Gaussian kernel, as an ``nn.Sequential`` that can be attacked.

The smoothness assumption of section 4 is that of kernel methods: an image is answered like the
training images within a small radius. Here the radius stands in the formula.
"""

import torch
from torch import Tensor, nn

from helpers.data import Dataset


class RadialBasis(nn.Module):
    """Map points x (N, n) to exp(−γ ‖x − s_i‖²) for each centre s_i, shape (N, S).

    Parameters
    ----------
    centres : Tensor, shape (S, n)
        The points s_i.
    gamma : float
        γ; the value falls to 1/e at the distance 1/√γ.
    """

    def __init__(self, centres: Tensor, gamma: float):
        super().__init__()
        self.register_buffer("centres", centres)
        self.gamma = gamma

    def forward(self, x: Tensor) -> Tensor:
        """Return the kernel between each point and each centre."""
        return torch.exp(-self.gamma * squared_distances(x, self.centres))

    def extra_repr(self) -> str:
        """Return what ``repr`` shows of the layer."""
        count, width = self.centres.shape
        return f"{width} → {count} centres, gamma={self.gamma:.3g}"


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """Return ‖x_i − y_j‖² between points (N, n) and points (M, n), shape (N, M)."""
    products = x @ y.T
    return x.square().sum(1, keepdim=True) + y.square().sum(1) - 2 * products


def nearest_distance(inputs: Tensor, others: Tensor, allowed: Tensor | None = None) -> Tensor:
    """Return how far each image is from the nearest of some others, as a distortion.

    Parameters
    ----------
    inputs : Tensor, shape (N, ...)
        Images.
    others : Tensor, shape (M, ...)
        Images to measure to.
    allowed : Tensor, shape (N, M), bool, optional
        Which of the others count for which image; all by default.

    Returns
    -------
    Tensor, shape (N,)
        Root mean square over the pixels; inf where none is allowed.
    """
    squares = squared_distances(inputs.flatten(1), others.flatten(1)).clamp_min(0)
    if allowed is not None:
        squares = squares.masked_fill(~allowed, torch.inf)
    return (squares.amin(1) / inputs[0].numel()).sqrt()


def rbf_svm(dataset: Dataset, *, gamma: float | None = None, penalty: float = 10) -> nn.Sequential:
    """Train a support vector machine for each label against the rest.

    The decision function of each is Σ_i a_i exp(−γ ‖x − s_i‖²) + b over its support vectors s_i,
    so that all of them together are ``Flatten, RadialBasis, Linear``, exactly.

    Parameters
    ----------
    dataset : Dataset
        Training images, at most some thousands: the kernel between all pairs is kept in memory.
    gamma : float, optional
        γ; by default 1 / (n · variance of the pixels), which is scikit-learn's ``"scale"``.
    penalty : float
        C, the price of a training image on the wrong side of its margin.

    Returns
    -------
    nn.Sequential
        Maps images to the decision functions (N, K); in eval mode, on the device of the data.
    """
    from sklearn.svm import SVC

    x, labels = dataset.inputs.flatten(1).double().cpu(), dataset.labels.cpu()
    if gamma is None:
        gamma = 1 / (x.shape[1] * x.var(correction=0).item())
    kernel = RadialBasis(x, gamma)(x).numpy()
    classes = int(labels.max()) + 1
    weights = torch.zeros(classes, len(x), dtype=torch.double)
    biases = torch.zeros(classes, dtype=torch.double)
    for label in range(classes):
        machine = SVC(kernel="precomputed", C=penalty).fit(kernel, (labels == label).numpy())
        weights[label, machine.support_] = torch.as_tensor(machine.dual_coef_[0])
        biases[label] = machine.intercept_[0]
    support = weights.abs().sum(0) > 0  # a support vector of at least one machine
    model = nn.Sequential(
        nn.Flatten(),
        RadialBasis(x[support], gamma),
        nn.Linear(int(support.sum()), classes).double(),
    )
    with torch.no_grad():
        model[-1].weight.copy_(weights[:, support])
        model[-1].bias.copy_(biases)
    return model.to(dataset.inputs).eval().requires_grad_(False)
