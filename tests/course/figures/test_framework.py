import numpy as np
import torch

from helpers.course.figures import framework as figures


def test_templates_have_a_row_a_classifier_and_a_column_a_label():
    random = torch.Generator().manual_seed(0)
    weights = {name: torch.randn(3, 5, 5, generator=random) for name in ("weak", "strong")}
    fig = figures.softmax_templates(weights)
    assert [ax.get_ylabel() for ax in fig.axes] == ["weak", "", "", "strong", "", ""]
    assert [ax.get_title() for ax in fig.axes] == ["0", "1", "2", "", "", ""]
    for ax, template in zip(fig.axes, torch.cat(list(weights.values())), strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), template)
        low, high = ax.images[0].get_clim()
        assert low == -high
        np.testing.assert_allclose(high, np.quantile(np.abs(template.numpy()), 0.995), rtol=1e-5)
