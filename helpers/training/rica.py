"""ICA with reconstruction cost (RICA), by which the network of chapter 12 learns without labels.

References
----------
Le, Karpenko, Ngiam and Ng, "ICA with reconstruction cost for efficient overcomplete feature
learning", 2011.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from helpers.data import load_or_make
from helpers.evaluation import forward
from helpers.models import L2Pool, Stage, build_quocnet, on_grid, signature

RICA_VERSION = 1  # of the method: kept checkpoints of another are not used


def reconstruction_cost(
    x: Tensor, weight: Tensor, grid: tuple[int, int], pool: L2Pool, sparsity: float
) -> Tensor:
    """Return the cost of a stage: Σ_p ‖W_pᵀ W_p x_p − x_p‖² + λ Σ_j sqrt(ε + H_j (W x)²).

    The first sum runs over the places p, the second over the pooled units j, H_j is the window
    of one; the mean over images is taken. Le et al. write it with separate matrices for W and Wᵀ.

    Parameters
    ----------
    x : Tensor, shape (places, N, D)
        What each place sees of each image.
    weight : Tensor, shape (places, maps, D)
        W_p.
    grid : (int, int)
        Rows and columns of places.
    pool : L2Pool
        The pooling.
    sparsity : float
        λ.

    Returns
    -------
    Tensor, shape ()
        The cost.
    """
    h = x @ weight.mT  # W x
    error = (h @ weight - x).square().sum()  # ‖Wᵀ W x − x‖²
    return (error + sparsity * pool(on_grid(h, grid)).sum()) / x.shape[1]


def whitening(patches: Tensor, count: int, softness: float) -> Tensor:
    """Return Z, shape (count, D): the main components of what the places see, made alike.

    Z x holds the `count` principal components of x, each divided by the root of its mean square
    plus `softness` times their average: at 0 all of them vary as much. Their mean square is 1 on
    average. Whitening is what the reconstruction cost expects, and it matters (Coates, Ng and Lee,
    "An analysis of single-layer networks in unsupervised feature learning", 2011); Le et al. do
    not mention it.

    Parameters
    ----------
    patches : Tensor, shape (places, N, D)
        What each place sees; all places count together.
    count : int
        Components, at most D.
    softness : float
        At least 0.
    """
    rows = patches.flatten(0, 1).double()
    energy, basis = torch.linalg.eigh(rows.T @ rows / len(rows))
    energy, basis = energy.flip(0)[:count].clamp_min(0), basis.flip(1)[:, :count]
    scale = (energy + softness * energy.mean()).clamp_min(1e-12).rsqrt()
    scale = scale / (energy * scale.square()).mean().sqrt().clamp_min(1e-6)
    return (scale[:, None] * basis.T).to(patches)


@dataclass(frozen=True)
class RicaRecipe:
    """How `pretrain_quocnet` trains; part of the key of a checkpoint.

    Attributes
    ----------
    epochs, batch_size : int
        Passes over the images for each stage, and images per step.
    learning_rate : float
        Adam's step size at the start; it falls to zero along a cosine.
    sparsity : tuple of float
        λ of `reconstruction_cost` for each stage; the last one serves all stages above.
    softness : float
        Of `whitening`.
    """

    epochs: int = 4
    batch_size: int = 50
    learning_rate: float = 1e-2
    sparsity: tuple[float, ...] = (1.0,)
    softness: float = 1.0


def pretrain_quocnet(
    model: nn.Sequential, images: Tensor, *, recipe: RicaRecipe, seed: int = 0, progress: str = ""
) -> list[list[float]]:
    """Train the network without labels, one stage after the other.

    The filters of a stage are W_p Z: Z whitens, the same at all places, and W_p minimises the
    reconstruction cost on what Z puts out. All W_p start as one random rotation, so that
    neighbours which are pooled begin alike; the training decides how they differ. With no epochs
    they stay random.

    Parameters
    ----------
    model : nn.Sequential
        What `build_quocnet` returned; trained in place.
    images : Tensor, shape (N, C, H, W)
        Images without labels.
    recipe : RicaRecipe
        Optimiser settings, λ and softness.
    seed : int
        Seed of the rotations and of the order of the images.
    progress : str
        Title of a progress bar; none by default.

    Returns
    -------
    list of list of float
        For each stage, the mean cost of every epoch.
    """
    generator = torch.Generator().manual_seed(seed)
    model[0].fit(images)
    x, costs = forward(model[0], images), []
    stages = [model[k : k + 3] for k in range(1, len(model), 3)]
    for number, (filters, pool, normalisation) in enumerate(stages, start=1):
        places, maps, _ = filters.weight.shape
        sparsity = recipe.sparsity[min(number, len(recipe.sparsity)) - 1]
        z = whitening(filters.patches(x[:: max(1, len(x) // 200)]), maps, recipe.softness)
        gaussian = torch.randn(maps, maps, generator=generator)
        rotation = torch.linalg.qr(gaussian)[0].to(x)
        weight = rotation.expand(places, maps, maps).clone().requires_grad_()
        optimizer = torch.optim.Adam([weight], lr=recipe.learning_rate)
        steps = max(1, recipe.epochs * math.ceil(len(x) / recipe.batch_size))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        title = f"{progress}, stage {number} of {len(stages)}"
        costs.append([])
        for _ in tqdm(range(recipe.epochs), desc=title, unit="epoch", disable=not progress):
            total = 0.0
            for rows in torch.randperm(len(x), generator=generator).split(recipe.batch_size):
                seen = filters.patches(x[rows.to(x.device)]) @ z.T
                cost = reconstruction_cost(seen, weight, filters.grid, pool, sparsity)
                optimizer.zero_grad()
                cost.backward()
                optimizer.step()
                schedule.step()
                total += cost.item() * len(rows)
            costs[-1].append(total / len(x))
        with torch.no_grad():
            filters.weight.copy_(weight @ z)
        pooled = forward(nn.Sequential(filters, pool), x)
        normalisation.fit(pooled)
        x = forward(normalisation, pooled)
    return costs


def trained_quocnet(
    images: Callable[[], Tensor],
    name: str,
    shape: tuple[int, int, int],
    stages: Sequence[Stage],
    *,
    recipe: RicaRecipe,
    seed: int = 0,
    keep: Path | None = None,
) -> nn.Sequential:
    """Return the network after `pretrain_quocnet`, from a checkpoint or trained now.

    Parameters
    ----------
    images : callable
        Returns the images, shape (N, *shape); called only where they are needed.
    name : str
        Says which images these are, all of it: part of the key of the checkpoint.
    shape : tuple of int
        Channels, height and width.
    stages, recipe, seed
        As for `build_quocnet` and `pretrain_quocnet`.
    keep : Path, optional
        Where a new checkpoint is kept; ``trained/`` in the data folder by default.

    Returns
    -------
    nn.Sequential
        φ, in eval mode.
    """
    model = build_quocnet(shape, stages)
    key = {
        "network": signature(model),
        "images": name,
        "seed": seed,
        "recipe": asdict(recipe),
        "version": RICA_VERSION,
    }

    def make(model: nn.Sequential) -> None:
        progress = f"pretraining on {name}"
        pretrain_quocnet(model, images(), recipe=recipe, seed=seed, progress=progress)

    return load_or_make(model, f"QuocNet.{name}.seed{seed}", key, make, keep=keep).eval()
