"""AlexNet in the shape of the paper's Table 5, without trained weights."""

from torch import nn

from helpers.models.layers import Standardise
from helpers.models.seeding import seeded


def alexnet(*, seed: int = 0) -> nn.Sequential:
    """Build AlexNet in the shape of the paper's Table 5, with the preprocessing as first module.

    The paper's network was split over two GPUs in places; its Table 5 is not, and neither is
    this. Torchvision's, of another shape but with trained weights, is what
    `helpers.models.classifier` returns for ``"alexnet"``.

    Parameters
    ----------
    seed : int
        Seed of the random weights; the global random state is left as it was.

    Returns
    -------
    nn.Sequential
        Maps images (N, 3, 224, 224) with pixels in [0, 1] to logits (N, 1000); in eval mode.

    References
    ----------
    Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural
    networks", 2012.
    """
    with seeded(seed):
        model = nn.Sequential(
            Standardise((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
            *[nn.Conv2d(3, 96, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)],
            *[nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)],
            *[nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()],
            *[nn.Conv2d(384, 384, 3, padding=1), nn.ReLU()],
            *[nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)],
            *[nn.AdaptiveAvgPool2d(6), nn.Flatten(), nn.Dropout()],
            *[nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout()],
            *[nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000)],
        )
    return model.eval()
