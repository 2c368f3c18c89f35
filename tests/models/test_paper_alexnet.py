import torch
from torch import nn

from helpers.models import alexnet, weight_layers


def test_alexnet_has_the_papers_channels_and_the_preprocessing_first():
    model = alexnet()
    layers = weight_layers(model)
    assert [layer.out_channels for layer in layers[:5]] == [96, 256, 384, 384, 256]
    assert [layer.in_features for layer in layers[5:]] == [9216, 4096, 4096]
    assert type(model) is nn.Sequential
    assert not model.training
    white = model[0](torch.ones(1, 3, 2, 2))[0, :, 0, 0]
    torch.testing.assert_close(
        white, torch.tensor([0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225]), rtol=1e-6, atol=0
    )
