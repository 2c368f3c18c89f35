"""The unsupervised network of Le et al. (2012) at a size for one machine.

`build` stacks three stages of the layers in `helpers.local_layers`; `pretrain` learns the filters,
stage by stage and without labels, at the cost that `helpers.rica` states; `pretrained` keeps what
was learnt.

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
from helpers.local_layers import Centre, ContrastNormalisation, L2Pool, LocalFilters
from helpers.rica import reconstruction_cost, whitening

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
    sparsity : tuple of float
        λ of `rica.reconstruction_cost` for each stage; the last one serves all stages above.
    softness : float
        Of `rica.whitening`.
    """

    epochs: int = 4
    batch_size: int = 50
    learning_rate: float = 1e-2
    sparsity: tuple[float, ...] = (1.0,)
    softness: float = 1.0


def build(shape: tuple[int, int, int], stages: Sequence[Stage]) -> nn.Sequential:
    """Build the network, its filters still empty: centring, then three modules for each stage.

    Contrast normalisation leaves the local mean in, unlike that of Le et al.: an L2-pooled unit can
    not tell a response from its negative, so a stage on top of signed values would lose what their
    signs say.

    Parameters
    ----------
    shape : tuple of int
        Channels, height and width of the images.
    stages : sequence of Stage
        The stages, from the image upwards.

    Returns
    -------
    nn.Sequential
        φ: maps images (N, C, H, W) to activations; in eval mode.

    Raises
    ------
    ValueError
        If a receptive field is larger than what is left of the image, or holds fewer values than
        there are maps.
    """
    layers: list[nn.Module] = [Centre(shape[0])]
    for stage in stages:
        filters = LocalFilters(shape, stage.maps, stage.size, stage.stride)
        pool = L2Pool(stage.pool, stage.pool_stride)
        layers += [filters, pool, ContrastNormalisation(subtract=False)]
        with torch.no_grad():
            shape = tuple(nn.Sequential(*layers[-3:])(torch.zeros(1, *shape)).shape[1:])
    return nn.Sequential(*layers).eval()


def pretrain(
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
        What `build` returned; trained in place.
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
    x, costs = through(model[0], images), []
    stages = [model[k : k + 3] for k in range(1, len(model), 3)]
    for number, (filters, pool, normalisation) in enumerate(stages, start=1):
        places, maps, _ = filters.weight.shape
        sparsity = recipe.sparsity[min(number, len(recipe.sparsity)) - 1]
        z = whitening(filters.squares(x[:: max(1, len(x) // 200)]), maps, recipe.softness)
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
                seen = filters.squares(x[rows.to(x.device)]) @ z.T
                cost = reconstruction_cost(seen, weight, filters.grid, pool, sparsity)
                optimizer.zero_grad()
                cost.backward()
                optimizer.step()
                schedule.step()
                total += cost.item() * len(rows)
            costs[-1].append(total / len(x))
        with torch.no_grad():
            filters.weight.copy_(weight @ z)
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
    model = build(shape, stages)
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
