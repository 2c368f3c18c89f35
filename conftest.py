"""Settings for every test session: smallest scale, no network."""

import os

import pytest

os.environ.setdefault("COURSE_SCALE", "ci")
os.environ.setdefault("COURSE_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two processes run side by side


def pytest_collection_modifyitems(items):
    import torch

    if torch.cuda.is_available():
        return
    skip = pytest.mark.skip(reason="no CUDA device on this machine")
    for item in items:
        if "gpu" in item.keywords:
            item.add_marker(skip)
