import pytest
import torch
from torch import nn

from helpers.models import ContrastNormalisation, build, weight_layers


def test_weight_layers_come_in_order_from_any_part():
    model = build("Conv")
    kinds = [type(layer) for layer in weight_layers(model)]
    assert kinds == [nn.Conv2d, nn.Conv2d, nn.Linear, nn.Linear]
    assert weight_layers(model[:3]) == [model[0]]


@pytest.mark.parametrize(("epsilon", "gamma"), [(0, 0.5), (-1, 1), (1, 0.4), (1, 1.1)])
def test_contrast_normalisation_outside_the_papers_range_is_refused(epsilon, gamma):
    with pytest.raises(ValueError, match=r"epsilon must be > 0 and gamma in \[0.5, 1\]"):
        ContrastNormalisation(epsilon, gamma)


def test_contrast_normalisation_is_its_formula_for_each_image():
    x = torch.tensor([[3.0, 4.0], [0.0, 1.0]])
    expected = torch.tensor([[3.0, 4.0], [0.0, 1.0]]) / torch.tensor([[26.0], [2.0]]) ** 0.75
    torch.testing.assert_close(ContrastNormalisation(1.0, 0.75)(x), expected)
