"""What luck alone would do to the lines of the ledgers."""

from helpers.course.results_page.luck import by_luck


def line(verdict, p):
    return {"verdict": verdict, "p": p}


def test_expected_number_and_familywise_level_are_those_of_the_lines_with_an_interval():
    claims = [line("reproduced", 0.5)] * 37 + [line("differs", 0.04), line("differs", 1e-6)]
    claims += [line("bound holds", 0.001), line("no power", 1e-9), line("reproduced", None)]
    text = by_luck([{"claims": claims[:20]}, {"claims": claims[20:]}])
    assert text.startswith("40 of the lines hold a figure of the paper's against ours by a 95% ")
    assert "up to 2.0 of them would differ" in text  # 40 × 0.05
    assert "with a probability of up to 87%" in text  # 1 − 0.95⁴⁰
    assert "2 do differ; 1 of these still do" in text  # 40 × 10⁻⁶ < 0.05 < 38 × 0.04


def test_runs_without_intervals_say_so():
    assert by_luck([{"claims": [line("reproduced", None)]}]).startswith("No line")
