"""What every check does with an answer: how exact it has to be, and what is said if it is not."""

import pytest
import torch

from helpers.course.checks._report import (
    NotYetError,
    alike,
    copied,
    drawn,
    network_weight,
    number,
    one_number,
    seeded,
    tensor,
    where,
)


def told(function, *arguments, **options):
    """Return why an answer is not right yet, or "" if it is."""
    try:
        function(*arguments, **options)
    except NotYetError as why:
        return str(why)
    return ""


@pytest.mark.parametrize("expected", [-2000.0, 2000.0])
@pytest.mark.parametrize("off", [-0.98e-4, 0.0, 0.98e-4])
def test_a_number_may_be_off_by_a_ten_thousandth(expected, off):
    right = torch.tensor(expected)
    assert told(one_number, expected * (1 + off), right, {}, "it") == ""
    assert (told(one_number, expected * (1 + 1.1 * off), right, {}, "it") == "") == (off == 0)


def test_a_number_that_is_wrong_is_told_with_its_digits_and_its_reason():
    right, mistakes = torch.tensor(2.0), {"it is half": torch.tensor([1.0, torch.nan])}
    assert told(one_number, 1.0, right, mistakes, "it") == "it is half"
    assert told(one_number, torch.nan, right, mistakes, "it") == "it is half"
    assert told(one_number, 1.0002, right, mistakes, "it") == "it gives 1.0002, it should be 2.0000"
    assert told(one_number, 1 + 9e-5, right, mistakes, "it") == "it is half"
    said = told(one_number, 3.0, right, mistakes, "it", digits=1)
    assert said == "it gives 3.0, it should be 2.0"


@pytest.mark.parametrize(("options", "atol"), [({}, 1e-5), ({"atol": 1e-3}, 1e-3)])
def test_tensors_are_alike_to_a_ten_thousandth_and_a_bit(options, atol):
    expected = torch.tensor([0.0, 100.0, -100.0])
    for factor, same in ((0.98, True), (-0.98, True), (1.03, False), (-1.03, False)):
        for place in range(3):
            found = expected.double()
            found[place] += factor * (atol + 1e-4 * expected[place].abs().item())
            assert (told(alike, found, expected, {}, **options) == "") == same


def test_tensor_that_is_wrong_is_told_at_its_worst_place_or_with_its_reason():
    expected = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    found = torch.tensor([[1.0, 2.5], [3.0, 5.0]]).double()
    assert told(alike, found, expected, {}) == "at the worst place it gives 5, it should be 4"
    hole = torch.tensor([[1.0, torch.nan], [3.0, 5.0]]).double()
    assert told(alike, hole, expected, {}) == "at the worst place it gives nan, it should be 2"
    mistakes = {"other": expected + 1, "this": found, "hole": hole}
    assert told(alike, found, expected, mistakes) == "this"
    assert told(alike, hole, expected, mistakes) == "hole"
    near = found + 0.98 * (1e-5 + 1e-4 * found)
    far = found + 1.03 * (1e-5 + 1e-4 * found)
    assert told(alike, near, expected, mistakes) == "this"
    assert told(alike, far, expected, mistakes).startswith("at the worst place it gives")


def test_number_is_a_float_of_one_value():
    for value in (2, 2.0, torch.tensor(2), torch.tensor([[2.0]]), [2.0]):
        assert number(value, "it") == 2.0
        assert type(number(value, "it")) is float
    assert told(number, torch.tensor([1.0, 2.0]), "the share") == "the share is one number, not 2"
    assert told(number, "two", "the share") == "return the share as one number, not str"


def test_tensor_has_its_shape_and_leaves_the_graph():
    value = torch.ones(2, 3, requires_grad=True)
    found = tensor(value, (2, 3), "it")
    assert found.dtype == torch.float64
    assert not found.requires_grad
    assert told(tensor, value, (3, 2), "it") == "it should have shape (3, 2), not (2, 3)"
    assert told(tensor, [1.0], (1,), "it") == "return it as a tensor, not list"
    layer = torch.nn.Linear(3, 2)
    assert torch.equal(network_weight(layer, (2, 3)), layer.weight.detach().double())
    assert told(network_weight, value, (2, 3)) == "return the network, not Tensor"
    assert "the weights should have shape (3, 2)" in told(network_weight, layer, (3, 2))


def test_drawn_numbers_fill_the_range_and_follow_the_seed():
    numbers = torch.tensor([drawn(2, 6, seeded(seed)) for seed in range(200)])
    assert 2 <= numbers.min() < 2.2
    assert 5.8 < numbers.max() <= 6
    assert numbers.mean() == pytest.approx(4, abs=0.3)
    assert drawn(2, 6, seeded(3)) == numbers[3]


def test_a_copied_generator_goes_on_from_the_same_state_and_leaves_the_first_alone():
    generator = torch.Generator().manual_seed(4)
    torch.rand((), generator=generator)
    value = [torch.zeros(2)]
    twin, same = copied((generator, value))
    assert torch.equal(torch.rand(3, generator=twin), torch.rand(3, generator=generator))
    same[0] += 1
    assert value[0].tolist() == [0, 0]


def test_line_of_an_error_is_the_last_one_of_the_students_own():
    def answer():
        return helper()

    def helper():
        raise ZeroDivisionError

    for function, line in ((answer, "raise ZeroDivisionError"), (print, None)):
        with pytest.raises(ZeroDivisionError) as caught:
            answer()
        said = where(function, caught.value)
        number = helper.__code__.co_firstlineno + 1
        assert said == (f", in line {number} of your cell: {line}" if line else "")
