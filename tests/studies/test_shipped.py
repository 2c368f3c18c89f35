import pytest

from helpers import data, models, training
from helpers.studies import pool_comparison, quocnet, shipped


def test_shipped_are_all_networks_of_the_tables_and_the_studies(tiny, monkeypatch):
    asked = []

    def noted(name, dataset=None, *, seed=0, decay_form="half", keep):
        assert keep == data.SHIPPED
        asked.append((name, getattr(dataset, "name", None), seed, decay_form))

    class Task:
        def network(self, keep):
            noted("QuocNet", keep=keep)

    monkeypatch.setattr(data, "digits", lambda split: tiny if split == "train" else None)
    monkeypatch.setattr(training, "trained", noted)
    monkeypatch.setattr(pool_comparison, "finalist", noted)
    monkeypatch.setattr(quocnet, "detection_task", lambda name: Task())
    shipped.make_shipped()
    assert len(set(asked)) == len(asked)
    softmax = ("FC10(1e-4)", "FC10(1e-2)", "FC10(1)")
    thirds = training.cross_training_set(tiny).values()
    assert set(asked) == {
        *((name, "rows", 0, "half") for name in models.ARCHITECTURES),
        *((name, "rows", 0, "per unit") for name in softmax),
        *((name, part.name, seed, "half") for name, part, seed in thirds),
        *((name, "rows", 0, "half") for name in (pool_comparison.BASELINE, pool_comparison.BEST)),
        ("QuocNet", None, 0, "half"),
    }


@pytest.mark.parametrize("name", list(models.ARCHITECTURES))
def test_shipped_network_is_found_and_not_trained(name, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    for work in ("train", "fit_readout", "pretrain_autoencoder"):
        monkeypatch.setattr(f"helpers.training.zoo.{work}", lambda *a, **k: pytest.fail("trained"))
    training.trained(name)
