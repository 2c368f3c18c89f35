"""Helpers behind the notebooks on "Intriguing properties of neural networks" (arXiv 1312.6199).

The rooms, in the paper's order; each face, ``helpers/ROOM/__init__.py``, says what is in it.

========================  =======  =============================================================
room                      section  what for
========================  =======  =============================================================
`helpers.data`                     images, and the checkpoints and results that are kept
`helpers.models`          2        the networks of the paper's tables
`helpers.training`        2        how they were trained
`helpers.units`           3        what units and other directions of a representation respond to
`helpers.blind_spots`     4        the space around an image: slices and samples
`helpers.lbfgsb`          4.1      the box-constrained L-BFGS solver, for many problems at once
`helpers.attack`          4.1      the attack: the smallest change that gives another label
`helpers.evaluation`      4.2      errors, distortions, noise, and transfer as in Tables 2 and 4
`helpers.spectral`        4.3      operator norms of layers, and Lipschitz constants
`helpers.bounds`          4.3      how far away adversarial images must be, proved
`helpers.studies`         4, 5     experiments that train many networks
`helpers.course`                   session, ledger, checks, explorers and figures of the notebooks
========================  =======  =============================================================

Imports run one way: course → studies → units, bounds, blind_spots → training, spectral, attack →
models, evaluation → data, lbfgsb. Three commands stand above them all: ``python -m
helpers.reproduce`` runs the chapters, ``python -m helpers.badges`` prepares a fork, ``python -m
helpers.classroom`` hands out, grades and publishes.
"""
