"""The choice of recipes: by likelihood, two of different names."""

import pytest

from helpers.studies import recipes

ROWS = [
    {"name": "a", "attack": "tight", "log_likelihood": -9.0},
    {"name": "b", "attack": "tight", "log_likelihood": -5.0},
    {"name": "b", "attack": "coarse", "log_likelihood": -4.0},
    {"name": "c", "attack": "coarse", "log_likelihood": -7.0},
]


def test_best_two_are_the_likeliest_of_two_names():
    assert recipes.best_two(ROWS) == [("b", "coarse"), ("c", "coarse")]
    assert recipes.best_two([]) == []


def test_every_candidate_is_another_and_the_courses_is_among_them():
    assert len(set(recipes.CANDIDATES.values())) == len(recipes.CANDIDATES)
    assert recipes.CANDIDATES[recipes.OURS] == recipes.COURSE_RECIPE


def test_recipes_are_judged_by_seeds_that_chose_nothing():
    assert not set(recipes.SETS) & set(recipes.NEW_SETS)
    assert len(recipes.SETS) == len(recipes.NEW_SETS) == 5


@pytest.mark.usefixtures("own_folder")
def test_screen_and_finals_score_what_was_measured(tiny, monkeypatch):
    monkeypatch.setattr(recipes, "CANDIDATES", {"one": recipes.Candidate("sparse", epochs=1)})
    monkeypatch.setattr(recipes, "LINE_UP_IMAGES", 6)
    monkeypatch.setattr(recipes, "FINAL_IMAGES", 6)
    rows = list(recipes.line_up(tiny, tiny))
    assert [(row["name"], row["attack"]) for row in rows] == [("one", "tight"), ("one", "coarse")]
    (final,) = recipes.on_trial([("one", "tight")], tiny, tiny, runs=(0,))
    assert final["runs"] == rows[0]["runs"]
    assert final["log_likelihood"] == pytest.approx(rows[0]["log_likelihood"])
