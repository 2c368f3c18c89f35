import math

import pytest
import torch

from helpers.attack import Adversarial
from helpers.attack.c_search import C_STEP, FIRST_C, LARGEST_C, SMALLEST_C, Search


def start(*margins):
    margin = torch.tensor(margins).double()
    return Search.start(torch.full((len(margin), 1), 0.5).double(), margin)


def tried(search, rows, c, margin, *, pixel=0.6, converged=True):
    """Tell the search what a minimisation at c found: an image of this pixel with this margin."""
    ones = torch.ones_like(rows)
    pixels = torch.full_like(search.best_margin[rows], pixel)
    c, margin = c.to(pixels), margin.to(pixels)
    found = Adversarial(
        adversarial=pixels[:, None],
        targets=ones,
        success=margin > 0,
        distortion=(pixels - 0.5).abs(),
        c=c,
        converged=ones.bool() & converged,
        iterations=2 * ones,
        evaluations=3 * ones,
    )
    search.update(rows, found, margin)


def run(search, margin_at, tolerance=0.01, limit=60):
    """Search with margin_at(c, rows) until no row is left; return how often c was tried."""
    for count in range(limit):
        rows = search.unfinished(tolerance)
        if len(rows) == 0:
            return count
        c = search.next_c(rows)
        tried(search, rows, c, margin_at(c, rows))
    raise AssertionError("the search did not end")


def test_images_that_have_the_target_are_finished_from_the_start():
    search = start(0.3, -1.0, 0.0, math.nan)
    assert search.unfinished(0.01).tolist() == [1, 2, 3]
    assert search.best_c[0] == math.inf
    assert search.best_c[1:].isnan().all()
    assert search.converged.tolist() == [True, False, False, False]
    assert search.iterations.tolist() == search.evaluations.tolist() == [0] * 4


@pytest.mark.parametrize("slope", [0.02, 1.0, 40.0])
def test_search_ends_with_the_largest_c_in_its_bracket(slope):
    roots = torch.tensor([3e-6, 0.04, 1.0, 7.7, 5e5]).double()

    def margin_at(c, rows):
        return -slope * (c / roots[rows]).log() + 1e-3 * slope

    search = start(*[-1.0] * 5)
    assert run(search, margin_at) <= 15
    largest = roots * math.exp(1e-3)
    assert (search.success_c <= largest).all()
    assert (search.failure_c >= largest).all()
    assert (search.failure_c <= search.success_c * 1.01).all()


@pytest.mark.parametrize("steepness", [1e-3, 1e3])
def test_margin_that_jumps_or_bends_only_takes_longer(steepness):
    root = 0.0123

    def margin_at(c, rows):
        distance = (c / root).log()
        return torch.where(distance > 0, -1.0, -steepness * distance + 1e-9)

    search = start(-1.0)
    assert run(search, margin_at) <= 25
    assert search.success_c.item() <= root <= search.failure_c.item()


def test_c_goes_by_tens_until_there_is_a_bracket():
    search, rows = start(-1.0, -1.0), torch.arange(2)
    assert search.next_c(rows).tolist() == [FIRST_C] * 2
    tried(search, rows, torch.full((2,), FIRST_C).double(), torch.tensor([1.0, -1.0]).double())
    assert search.next_c(rows).tolist() == [FIRST_C * C_STEP, FIRST_C / C_STEP]


def bracketed(margin_low, margin_high):
    search, row = start(-1.0), torch.tensor([0])
    for c, margin in ((1.0, margin_low), (100.0, margin_high)):
        tried(search, row, torch.tensor([c]).double(), torch.tensor([margin]).double())
    return search


@pytest.mark.parametrize(
    ("margins", "share"),
    [((1.0, -1.0), 0.5), ((1.0, -3.0), 0.25), ((1e9, -1.0), 0.9), ((1.0, -1e9), 0.1)],
)
def test_within_a_bracket_c_is_the_root_in_log_c_and_then_the_middle(margins, share):
    search, row = bracketed(*margins), torch.tensor([0])
    assert search.next_c(row).item() == pytest.approx(100**share)
    assert search.next_c(row).item() == pytest.approx(10)
    assert search.next_c(row).item() == pytest.approx(100**share)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_search_gives_up_where_no_c_fails_or_succeeds(dtype):
    search = Search.start(torch.zeros(2, 1, dtype=dtype), torch.full((2,), -1, dtype=dtype))
    assert run(search, lambda c, rows: torch.where(rows == 0, -1.0, 1.0)) == 9  # 1 to 1e±8
    assert search.success_c[0] == 0
    assert search.failure_c[0].item() == pytest.approx(SMALLEST_C)
    assert search.success_c[1].item() == pytest.approx(LARGEST_C)
    assert search.failure_c[1] == math.inf


def test_margins_that_are_not_numbers_are_failures():
    search = start(-1.0)
    run(search, lambda c, rows: torch.full_like(c, math.nan))
    assert search.best_c.isnan().all()
    assert torch.equal(search.best, search.inputs)


def test_closest_success_is_kept_and_before_it_the_largest_margin():
    search, row = start(-1.0), torch.tensor([0])
    path = [  # c, margin, pixel: what is best then
        (1.0, -2.0, 0.7, 0.5),
        (0.1, -0.5, 0.9, 0.9),
        (0.2, -0.7, 0.6, 0.9),
        (0.01, 0.3, 1.0, 1.0),
        (0.02, 0.4, 0.8, 0.8),
        (0.03, 0.9, 0.9, 0.8),
        (0.04, -0.1, 0.55, 0.8),
    ]
    for c, margin, pixel, best in path:
        at = torch.tensor([c], dtype=torch.double), torch.tensor([margin])
        tried(search, row, *at, pixel=pixel, converged=pixel == best)
        assert search.best.item() == best
    assert search.best_c.item() == 0.02
    assert search.converged.item()
    assert search.iterations.item() == 2 * len(path)
    assert search.evaluations.item() == 3 * len(path)


def test_only_the_rows_that_were_tried_change():
    search = start(-1.0, -1.0, -1.0)
    tried(search, torch.tensor([2, 0]), torch.tensor([1.0, 2.0]), torch.tensor([0.5, -0.5]))
    assert search.success_c.tolist() == [0, 0, 1]
    assert search.failure_c.tolist() == [2, math.inf, math.inf]
    assert search.iterations.tolist() == [2, 0, 2]
    assert search.best.flatten().tolist() == [0.6, 0.5, 0.6]
