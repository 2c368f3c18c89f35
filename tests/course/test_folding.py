import ipywidgets

from helpers.course import plotting

VIEW = "application/vnd.jupyter.widget-view+json"


def shown(monkeypatch, fig):
    published = []
    monkeypatch.setattr(plotting, "display", lambda content, **rest: published.append(content))
    plotting.show(fig, "a square that is empty")
    return published[0]


def test_figure_with_a_label_is_folded_away_where_a_kernel_is_alive(monkeypatch):
    made = []
    accordion = ipywidgets.Accordion
    monkeypatch.setattr(
        ipywidgets,
        "Accordion",
        lambda *args, **rest: made.append(accordion(*args, **rest)) or made[0],
    )
    fig = plotting.figure(1, 1)
    fig.set_label("what is folded")
    content = shown(monkeypatch, fig)
    assert content[VIEW]["model_id"] == made[0].model_id
    assert made[0].selected_index is None  # closed
    assert made[0].get_title(0) == "what is folded"
    assert made[0].children[0].value == plotting.png(fig)
    assert content["image/png"]  # for pages without a kernel


def test_other_figures_are_not(monkeypatch):
    content = shown(monkeypatch, plotting.figure(1, 1))
    assert VIEW not in content
