"""A recipe that makes the paper's own table is likely; one that does not is not."""

import numpy as np
import pytest

from helpers.evaluation import count_log_likelihood, mean_log_likelihood, predicted_share
from helpers.studies.paper_tables import TABLE_1, TABLE_2, TABLE_3
from helpers.studies.recipe_scores import (
    BLOCKS,
    NETWORKS,
    SHARE_SPREAD,
    entries_of_other_tables,
    entries_of_table_4,
    score,
)


def like_the_paper(shift: float = 0.0, count: int = 1000) -> dict:
    """Return a run whose errors are the paper's, and `shift` per cent more where there is room."""

    def counts(percents, of):
        return [round(min(p + shift, 100) / 100 * of) for p in percents]

    return {
        **{b: {n: counts(rows[n], count) for n in NETWORKS} for b, rows in BLOCKS.items()},
        "noise": {block: counts(rows["noise"], 10_000) for block, rows in BLOCKS.items()},
        "distortion": {name: [TABLE_3[name][2], 0.02] for name in NETWORKS},
    }


def test_table_4_has_twelve_entries_six_of_noise_and_three_distortions():
    entries = entries_of_table_4([like_the_paper()], 1000, 10_000)
    assert len(entries) == len({entry.name for entry in entries}) == 21
    first = entries[0]
    assert (first.name, first.paper) == ("FC100-100-10 → FC123-456-10, minimal", 67)  # 26.2 %
    share = predicted_share(262, 1000, spread=SHARE_SPREAD)
    assert first.log_likelihood == pytest.approx(count_log_likelihood(67, 256, share))
    last = entries[-1]
    errors = (0.0247 / 16, 0.02 / 1000**0.5, 0.0007 * 2**0.5)
    assert last.log_likelihood == pytest.approx(mean_log_likelihood(0.058, 0.058, errors))


def test_the_papers_own_table_is_likely_and_others_are_not():
    right, wrong = (
        score(entries_of_table_4([like_the_paper(shift)], 1000, 10_000)) for shift in (0, 10)
    )
    assert right["p"] > 0.9
    assert wrong["p"] == 0
    assert right["log_likelihood"] > wrong["log_likelihood"] + 30
    total = sum(row[2] for row in right["entries"].values())
    assert right["log_likelihood"] == pytest.approx(total)


def test_p_is_uniform_for_tables_of_the_recipe_itself():
    generator = np.random.default_rng(1)
    entries = entries_of_table_4([like_the_paper()], 1000, 10_000)
    drawn = sum(entry.draw(generator) for entry in entries)
    again = sum(entry.draw(generator) for entry in entries)
    below = [(drawn <= total).mean() for total in again[:1000]]
    assert np.quantile(below, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.05)


def test_sets_that_differ_make_every_entry_less_certain():
    same = entries_of_table_4([like_the_paper()] * 3, 1000, 10_000)
    apart = entries_of_table_4([like_the_paper(s) for s in (-4, 0, 4)], 1000, 10_000)
    assert sum(apart[0].spread) < sum(same[0].spread)  # a + b


def test_other_tables_have_what_a_recipe_changes_and_no_distortion_of_table_3():
    names = list(TABLE_1)
    table = {
        "misread": {name: [round(4 * p) for p in TABLE_2[name]] for name in names},
        "distortion": {name: [TABLE_1[name][1], 0.02] for name in names[3:5]},
        "errors": {name: [0.0, TABLE_1[name][0] / 100] for name in names[3:5]},
    }
    halves = {name: [row[0] / 100, row[1] / 100] for name, row in TABLE_3.items()}
    entries = entries_of_other_tables([table], [halves], 400)
    assert len(entries) == 18 + 4 + 6
    assert not [entry for entry in entries if "Table 3" in entry.name and "dist" in entry.name]
    assert score(entries)["p"] > 0.9
    assert len(entries_of_other_tables([table] * 2, [halves] * 2, 400)) == 28
