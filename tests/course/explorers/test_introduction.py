from helpers.course.explorers import adversarial_digit


def test_adversarial_digit_is_seen_as_the_target_at_scale_one_only(brightest, digits):
    shown = adversarial_digit(brightest, digits)
    assert shown.message.startswith("target 0: the network sees a 0 (")  # (7 + 3) % 10
    assert shown.set(scale=0.9).startswith("target 0: the network sees a 7 (")
    assert shown.set(scale=0).endswith("distortion 0.000")
    assert shown.set(target=5, scale=1.05).startswith("target 5: the network sees a 5")


def test_adversarial_digit_shows_its_distortion(brightest, digits):
    # Two pixels meet halfway, each moved by an eighth: sqrt(2 / 8² / 36) = 0.029.
    shown = adversarial_digit(brightest, digits)
    assert shown.message.endswith("distortion 0.029")
    assert shown.set(scale=2).endswith("distortion 0.059")


def test_adversarial_digit_with_its_own_label_as_target_stays(brightest, digits):
    shown = adversarial_digit(brightest, digits)
    before = shown.image.value
    message = shown.set(image=1)
    assert message.startswith("target 0: the network sees a 0")
    assert message.endswith("distortion 0.000")
    assert shown.image.value != before
