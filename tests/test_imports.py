"""Dependencies point one way: which module of the package may import which other."""

import ast
from pathlib import Path

import pytest

HELPERS = Path(__file__).resolve().parents[1] / "helpers"
MODULES = sorted(path.relative_to(HELPERS).as_posix() for path in HELPERS.rglob("*.py"))

CORE = {
    "adversarial",
    "attack",
    "bounds",
    "c_search",
    "chunks",
    "cifar",
    "closest",
    "coherence",
    "data",
    "density",
    "detectors",
    "evaluation",
    "fourier",
    "gradient_attacks",
    "gram",
    "jacobians",
    "intervals",
    "kernels",
    "lanczos",
    "layer_attacks",
    "lbfgsb",
    "linearised",
    "lipschitz",
    "losses",
    "models",
    "relaxation",
    "robustness",
    "sections",
    "smoothing",
    "spectral",
    "transfer",
    "units",
}
ALLOWED = {  # a module may import these of the package, and no others
    "__init__": set(),
    "badges": {"data"},
    # the core: no module of it knows the notebook's session (course), a figure or a widget
    "adversarial": set(),
    "attack": {"adversarial", "c_search", "chunks", "evaluation", "lbfgsb", "losses"},
    "bounds": {"evaluation", "lipschitz"},
    "c_search": {"adversarial", "evaluation"},
    "chunks": set(),
    "cifar": {"data"},
    "closest": {"adversarial", "chunks", "evaluation", "losses"},
    "coherence": set(),
    "data": {"downloads"},
    "density": {"adversarial", "bounds", "closest", "evaluation", "losses", "sections"},
    "evaluation": set(),
    "fourier": set(),
    "gradient_attacks": set(),
    "gram": set(),
    "jacobians": {"evaluation"},
    "intervals": set(),
    "kernels": {"data"},
    "lanczos": set(),
    "layer_attacks": {"attack", "linearised", "losses"},
    "lbfgsb": set(),
    "linearised": {"evaluation", "losses"},
    "lipschitz": {"models", "spectral"},
    "losses": set(),
    "models": set(),
    "detectors": {"autoencoder", "data", "evaluation"},
    "faces": {"data", "photographs"},
    "local_layers": set(),
    "relaxation": {"bounds"},
    "rica": {"local_layers"},
    "sections": {"evaluation", "losses"},
    "smoothing": {"evaluation", "intervals"},
    "spectral": {"fourier", "gram", "lanczos"},
    "transfer": {"data", "evaluation"},
    "units": {"evaluation"},
    # colour
    "colour": {"cifar", "data", "imagenet", "photo_network", "photographs", "pictures"},
    "downloads": set(),
    "imagenet": {"data", "downloads", "models"},
    "photo_network": {"checkpoints", "models", "photographs"},
    "photographs": {"data"},
    "pictures": {"data", "downloads"},
    # weights, and what makes them
    "adversarial_training": {
        "checkpoints",
        "data",
        "evaluation",
        "gradient_attacks",
        "models",
        "pools",
        "training",
    },
    "autoencoder": {"data", "descent"},
    "checkpoints": {"data"},
    "descent": {"data", "evaluation", "models"},
    "robustness": {"data", "descent", "gradient_attacks"},
    "pool_study": {
        "adversarial_training",
        "attack",
        "checkpoints",
        "closest",
        "data",
        "evaluation",
        "intervals",
        "lipschitz",
        "pools",
        "training",
        "transfer",
    },
    "pools": {"data", "layer_attacks", "training"},
    "quocnet": {"checkpoints", "local_layers", "rica"},
    "regularisation": {
        "attack",
        "bounds",
        "checkpoints",
        "data",
        "evaluation",
        "lipschitz",
        "models",
        "training",
    },
    "training": {
        "autoencoder",
        "checkpoints",
        "data",
        "descent",
        "models",
    },
    # what the notebooks stand on
    "detection": {"checkpoints", "cifar", "data", "detectors", "faces", "quocnet"},
    "attacked": {"adversarial", "attack", "checkpoints", "closest", "data", "evaluation", "losses"},
    "checks": CORE,
    "claims": {"course", "data"},
    "course": {"data"},
    "overview": {"claims", "course"},
    "plotting": set(),
    "readme": {"claims", "data", "overview", "timings"},
    "reproduce": {"claims", "course", "data", "readme", "timings"},
    "explorers": {"colour", "pictures", "plotting", "widgets"} | CORE,
    "timings": {"claims", "course", "data"},
    "widgets": {"plotting"},
}


def imported(source: str) -> set[str]:
    """Return the modules of the package that a module's source imports, wherever it does."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, ["helpers" if node.level else "", node.module]))
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("helpers.")}
    return found


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import helpers.attack as a, torch", {"attack"}),
        ("from helpers import data, plotting", {"data", "plotting"}),
        ("from helpers.lbfgsb import Result", {"lbfgsb"}),
        ("from . import units", {"units"}),
        ("def f():\n    from .course import setup", {"course"}),
        ("import helpers_of_others.data, os", set()),
    ],
)
def test_every_way_to_import_is_seen(source, modules):
    assert imported(source) == modules


@pytest.mark.parametrize("path", MODULES)
def test_module_imports_only_what_it_may(path):
    module = path.removesuffix(".py").split("/")[0]  # a folder is one module
    assert module in ALLOWED, f"helpers/{path} is new: say in ALLOWED what it may import"
    source = (HELPERS / path).read_text(encoding="utf-8")
    forbidden = imported(source) - ALLOWED[module] - {module}
    assert not forbidden, (
        f"helpers/{path} imports {', '.join(sorted(forbidden))}; "
        f"it may import {', '.join(sorted(ALLOWED[module])) or 'no other helper'}"
    )
