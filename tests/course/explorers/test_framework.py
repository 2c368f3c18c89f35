from torch import nn

from helpers.course.explorers import first_layer


def test_first_layer_shows_ten_units_of_the_network_chosen():
    networks = {
        name: nn.Sequential(nn.Flatten(), nn.Linear(784, units))
        for name, units in (("small", 25), ("large", 40))
    }
    shown = first_layer(networks)
    assert shown.message == "small: units 0 to 9 of 25"
    before = shown.image.value
    assert shown.set(first=10) == "small: units 10 to 19 of 25"
    assert shown.image.value != before
    assert shown.set(first=30) == "small: units 15 to 24 of 25"  # there are no ten more
    assert shown.controls["first"].max == 15
    assert shown.set(network="large") == "large: units 15 to 24 of 40"
    assert shown.set(first=30) == "large: units 30 to 39 of 40"
    assert shown.set(network="small") == "small: units 15 to 24 of 25"


def test_first_layer_has_no_slider_that_does_nothing():
    networks = {
        name: nn.Sequential(nn.Flatten(), nn.Linear(784, units))
        for name, units in (("ten", 10), ("more", 30))
    }
    shown = first_layer(networks)
    assert shown.controls["first"].layout.display == "none"
    shown.set(network="more")
    assert shown.controls["first"].layout.display is None
