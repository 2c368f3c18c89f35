"""Helpers behind the notebooks on "Intriguing properties of neural networks" (arXiv 1312.6199)."""
