"""Every check is asked under a seed of its own, and prints one line."""

import pytest
import torch

pytest.register_assert_rewrite("tests.course.checks.shared")


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.fixture
def says(capsys):
    """Return what a check prints about an answer, which has to be one line."""

    def says(check, answer):
        check(answer)
        printed = capsys.readouterr()
        assert printed.err == ""
        assert printed.out.count("\n") == 1
        return printed.out.strip()

    return says
