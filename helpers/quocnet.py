"""The unsupervised network of Le et al. (2012) at a size for one machine.

`build` stacks three stages of the layers in `helpers.local_layers`; `pretrain` learns the filters,
stage by stage and without labels; `pretrained` keeps what was learnt.

References
----------
Le, Ranzato, Monga, Devin, Chen, Corrado, Dean and Ng, "Building high-level features using large
scale unsupervised learning", arXiv 1112.6209.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from helpers.checkpoints import load_or_make
from helpers.local_layers import ContrastNormalisation, L2Pool, LocalFilters, Whitening

VERSION = 1  # of the method: kept checkpoints of another are not used


@dataclass(frozen=True)
class Stage:
    """The shape of one stage.

    Attributes
    ----------
    maps : int
        Filters at each place.
    size, stride : int
        Width of the receptive fields, and the distance from one place to the next.
    pool, pool_stride : int
        The same of L2 pooling.
    """

    maps: int
    size: int
    stride: int
    pool: int
    pool_stride: int


@dataclass(frozen=True)
class RicaRecipe:
    """How `pretrain` trains; part of the key of a checkpoint.

    Attributes
    ----------
    epochs, batch_size : int
        Passes over the images for each stage, and images per step.
    learning_rate : float
        Adam's step size at the start; it falls to zero along a cosine.
    sparsity : float
        λ of `reconstruction_cost`.
    """

    epochs: int = 4
    batch_size: int = 50
    learning_rate: float = 3e-3
    sparsity: float = 0.3


def build(
    shape: tuple[int, int, int],
    stages: Sequence[Stage],
    *,
    softness: float = 3.0,
    subtract: bool = False,
    seed: int = 0,
) -> nn.Sequential:
    """Build the network without training: whitening, then three modules for each stage.

    Parameters
    ----------
    shape : tuple of int
        Channels, height and width of the images.
    stages : sequence of Stage
        The stages, from the image upwards.
    softness : float
        Of `Whitening`.
    subtract : bool
        Whether contrast normalisation takes the local mean out, as in Le et al. An L2-pooled
        unit can not tell a response from its negative, so a stage on top of signed values loses
        what their signs say: here it cost much of the detector's precision.
    seed : int
        Seed of the random filters.

    Returns
    -------
    nn.Sequential
        φ: maps images (N, C, H, W) to activations; in eval mode.

    Raises
    ------
    ValueError
        If a receptive field is larger than what is left of the image.
    """
    generator = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = [Whitening(shape[0], softness)]
    for stage in stages:
        filters = LocalFilters(shape, stage.maps, stage.size, stage.stride)
        filters.start(generator)
        pool = L2Pool(stage.pool, stage.pool_stride)
        layers += [filters, pool, ContrastNormalisation(subtract=subtract)]
        with torch.no_grad():
            shape = tuple(nn.Sequential(*layers[-3:])(torch.zeros(1, *shape)).shape[1:])
    return nn.Sequential(*layers).eval()


def reconstruction_cost(x: Tensor, filters: LocalFilters, pool: L2Pool, sparsity: float) -> Tensor:
    """Return the cost of a stage: ‖Wᵀ W x − x‖² + λ Σ_j sqrt(ε + H_j (W x)²), mean over images.

    The sum runs over the pooled units, H_j the window of one. Le et al. write it with separate
    matrices for W and Wᵀ, and train all stages at once.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W)
        What the stage sees.
    filters, pool
        The stage.
    sparsity : float
        λ.

    Returns
    -------
    Tensor, shape ()
        The cost.

    References
    ----------
    Le, Karpenko, Ngiam and Ng, "ICA with reconstruction cost for efficient overcomplete feature
    learning", 2011.
    """
    h = filters(x)
    error = (filters.transposed(h) - x).square().sum()
    return (error + sparsity * pool(h).sum()) / len(x)


def pretrain(
    model: nn.Sequential, images: Tensor, *, recipe: RicaRecipe, seed: int = 0, progress: str = ""
) -> list[list[float]]:
    """Train the network without labels, one stage after the other.

    Parameters
    ----------
    model : nn.Sequential
        What `build` returned; trained in place.
    images : Tensor, shape (N, C, H, W)
        Images without labels.
    recipe : RicaRecipe
        Optimiser settings and λ.
    seed : int
        Seed of the order of the images.
    progress : str
        Title of a progress bar; none by default.

    Returns
    -------
    list of list of float
        For each stage, the mean cost of every epoch.
    """
    generator = torch.Generator().manual_seed(seed)
    model[0].fit(images)
    x, costs = through(model[0], images), []
    stages = [model[k : k + 3] for k in range(1, len(model), 3)]
    for number, (filters, pool, normalisation) in enumerate(stages, start=1):
        optimizer = torch.optim.Adam([filters.weight], lr=recipe.learning_rate)
        steps = recipe.epochs * math.ceil(len(x) / recipe.batch_size)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(steps, 1))
        title = f"{progress}, stage {number} of {len(stages)}"
        costs.append([])
        for _ in tqdm(range(recipe.epochs), desc=title, unit="epoch", disable=not progress):
            total = 0.0
            for rows in torch.randperm(len(x), generator=generator).split(recipe.batch_size):
                cost = reconstruction_cost(x[rows], filters, pool, recipe.sparsity)
                optimizer.zero_grad()
                cost.backward()
                optimizer.step()
                schedule.step()
                total += cost.item() * len(rows)
            costs[-1].append(total / len(x))
        pooled = through(nn.Sequential(filters, pool), x)
        normalisation.fit(pooled)
        x = through(normalisation, pooled)
    return costs


def pretrained(
    images: Callable[[], Tensor],
    name: str,
    shape: tuple[int, int, int],
    stages: Sequence[Stage],
    *,
    recipe: RicaRecipe,
    seed: int = 0,
    keep: Path | None = None,
) -> nn.Sequential:
    """Return the network after `pretrain`, from a checkpoint or trained now.

    Parameters
    ----------
    images : callable
        Returns the images, shape (N, *shape); called only where they are needed.
    name : str
        Says which images these are, all of it: part of the key of the checkpoint.
    shape : tuple of int
        Channels, height and width.
    stages, recipe, seed
        As for `build` and `pretrain`.
    keep : Path, optional
        Where a new checkpoint is kept; ``trained/`` in the data folder by default.

    Returns
    -------
    nn.Sequential
        φ, in eval mode.
    """
    model = build(shape, stages, seed=seed)
    key = {
        "network": repr(model),
        "images": name,
        "seed": seed,
        "recipe": asdict(recipe),
        "version": VERSION,
    }

    def make(model: nn.Sequential) -> None:
        progress = f"pretraining on {name}"
        pretrain(model, images(), recipe=recipe, seed=seed, progress=progress)

    return load_or_make(model, f"QuocNet.{name}.seed{seed}", key, make, keep=keep).eval()


def through(module: nn.Module, x: Tensor, *, batch_size: int = 500) -> Tensor:
    """Return what a module makes of `x`, `batch_size` at a time and without gradients."""
    with torch.no_grad():
        return torch.cat([module(batch) for batch in x.split(batch_size)])
