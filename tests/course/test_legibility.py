"""Contrast is that of the Web Content Accessibility Guidelines, and ink is what is read best."""

import pytest

from helpers.course.legibility import contrast, ink


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [
        ("black", "white", 21.0),
        ("#777777", "white", 4.478),  # the grey that just fails
        ("#767676", "white", 4.542),  # and the one that just passes
        ("#FF0000", "white", 3.998),
        ("#00FF00", "white", 1.372),
        ("#0000FF", "white", 8.592),
        ("#FF0000", "black", 5.252),
        ("#0A0A0A", "black", 1 + 10 / 255 / 12.92 / 0.05),  # linear up to 0.04045
        ("#141414", "black", 1 + ((20 / 255 + 0.055) / 1.055) ** 2.4 / 0.05),
        ((0.2, 0.4, 0.6), (0.2, 0.4, 0.6), 1.0),
    ],
)
def test_contrast_is_that_of_the_guidelines(first, second, ratio):
    assert contrast(first, second) == pytest.approx(ratio, abs=5e-4)
    assert contrast(second, first) == contrast(first, second)


@pytest.mark.parametrize(
    ("background", "text"),
    [("white", "black"), ("#FFFF00", "black"), ("#777777", "black"), ("#707070", "white")],
)
def test_ink_is_black_or_white_whichever_is_read_better(background, text):
    assert ink(background) == text
