"""Lines around sigmoids: valid against dense sampling, exact where they can be."""

import pytest
import torch

from helpers.bounds import parallel_lines
from helpers.bounds.crown import enclosures, reach_of

from .examples import network


def test_lines_enclose_the_sigmoid_and_touch_it():
    ends = torch.tensor([-9.0, -3.0, -1.0, -1e-7, 0.0, 1e-7, 0.5, 2.0, 8.0], dtype=torch.double)
    low, high = (end.flatten() for end in torch.meshgrid(ends, ends, indexing="ij"))
    low, high = low[low <= high], high[low <= high]
    tilt, lowest, highest = parallel_lines(low, high)
    shares = torch.linspace(0, 1, 5001, dtype=torch.double)[:, None]
    y = low + shares * (high - low)
    above, below = tilt * y + highest - y.sigmoid(), y.sigmoid() - tilt * y - lowest
    assert above.min() > -1e-12
    assert below.min() > -1e-12
    assert above.amin(0).max() < 1e-6  # no room is given away
    assert below.amin(0).max() < 1e-6
    assert tilt.isfinite().all()
    wide = high - low > 0.1
    chord = (high.sigmoid() - low.sigmoid()) / (high - low)
    torch.testing.assert_close(tilt[wide], chord[wide])


@pytest.mark.parametrize("widths", [(4, 6, 3), (5, 6, 7, 4), (3, 8, 5, 6, 3)])
@pytest.mark.parametrize("radius", [0.0, 0.05, 0.5, 3.0])
def test_enclosure_holds_at_a_hundred_thousand_points(widths, radius):
    model = network(*widths).double()
    generator = torch.Generator().manual_seed(2)
    x = torch.rand(1, widths[0], generator=generator, dtype=torch.double)
    *_, (centre, slope, spread) = enclosures(model, x, torch.tensor([radius], dtype=torch.double))
    reach = radius * slope.norm(dim=2) + spread.abs().sum(2)
    r = torch.randn(100_000, widths[0], generator=generator, dtype=torch.double)
    r *= radius / r.norm(dim=1, keepdim=True)
    r[::2] *= torch.rand(len(r[::2]), 1, generator=generator, dtype=torch.double)
    with torch.no_grad():
        values = model(x + r)
    assert ((values - centre).abs() <= reach + 1e-9).all()


def test_enclosure_of_a_point_is_the_network_there():
    model = network(5, 6, 7, 4).double()
    x = torch.rand(3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    *_, (centre, _, spread) = enclosures(model, x, torch.zeros(3, dtype=torch.double))
    assert torch.allclose(centre, model(x))
    assert spread.abs().max() < 1e-12


def test_a_sigmoid_adds_half_the_width_of_its_lines():
    model = network(4, 6, 3).double()
    x, radius = torch.rand(2, 4).double(), torch.full((2,), 0.7, dtype=torch.double)
    with torch.no_grad():
        (centre, slope, _), (_, _, spread) = enclosures(model, x, radius)
        reach = 0.7 * slope.norm(dim=2)
        _, lowest, highest = parallel_lines(centre - reach, centre + reach)
        expected = model[-1].weight * ((highest - lowest) / 2)[:, None]
    torch.testing.assert_close(spread, expected)


def test_reach_is_that_of_the_farthest_point_and_the_largest_errors():
    slope, spread = (
        torch.tensor([[[3.0, 4.0], [0.0, 0.0]]]),
        torch.tensor([[[1.0, -2.0], [0.0, 5.0]]]),
    )
    assert reach_of(slope, spread, torch.tensor([2.0])).tolist() == [[2 * 5 + 3, 5]]


def test_lines_of_a_point_are_its_tangent():
    y = torch.linspace(-7, 7, 57, dtype=torch.double)
    tilt, lowest, highest = parallel_lines(y, y)
    torch.testing.assert_close(tilt, y.sigmoid() * (1 - y.sigmoid()))
    torch.testing.assert_close(tilt * y + lowest, y.sigmoid())
    torch.testing.assert_close(tilt * y + highest, y.sigmoid())


def test_no_chord_is_steeper_than_the_sigmoid_however_short():
    high = torch.logspace(-18, -6, 200, dtype=torch.double)
    tilt, lowest, highest = parallel_lines(0 * high, high)
    assert tilt.max() <= 0.25
    assert (lowest - 0.5).abs().max() < 1e-12
    assert (highest - 0.5).abs().max() < 1e-12
