"""The 35 functions of Moré, Garbow and Hillstrom, each in two boxes.

The wide box holds the published minimiser. The other one cuts it off, by one rule for all of them,
set down before anything was run, see `cutting_box`.

References
----------
Moré, Garbow and Hillstrom, "Testing unconstrained optimization software", ACM Transactions on
Mathematical Software 7, 1981, for functions, starts and minima. SciPy's `least_squares` found the
minimisers, with those minima.
"""

from . import any_dimension, curve_fits, few_variables
from .problem import Problem, in_cutting_box
from .residuals import squares

PARABOLA = [i / 11 * (i / 11 - 1) for i in range(1, 11)]
RATES = [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5]
CURVED = [-0.0432, -0.0816, -0.1145, -0.141, -0.1599, -0.1699, -0.1691, -0.1552, -0.1254, -0.0754]
BANDED = [-0.4283, -0.4766, -0.5197, -0.5581, -0.5925, -0.6245, -0.6232, -0.6214, -0.6205, -0.5865]
BESIDE = [-0.5707, -0.6818, -0.7022, -0.7055, -0.7049, -0.7015, -0.6919, -0.6658, -0.596, -0.4164]
SLANTED = [1 - 0.1427 * i for i in range(1, 11)]  # the nearest of many minimisers
SLANTED_INSIDE = [1, *(1 - 0.1546 * i for i in range(2, 10)), 1]
WAVES = [0.0552, 0.0568, 0.0588, 0.061, 0.0636, 0.0668, 0.2082, 0.1644, 0.085, 0.0914]
PEAKS = [1.31, 0.4316, 0.6337, 0.5994, 0.7542, 0.9043, 1.366, 4.824, 2.399, 4.569, 5.675]

# name, start, published minimum, wide box (HS38 is that of wood), minimiser
FUNCTIONS = [
    ("rosenbrock", [-1.2, 1], 0, (-10, 10), [1, 1]),
    ("freudenstein_roth", [0.5, -2], 48.98425, (-20, 20), [11.41, -0.8968]),
    ("powell_badly_scaled", [0, 1], 0, (-10, 10), [1.098e-5, 9.106]),
    ("brown_badly_scaled", [1, 1], 0, (-1e7, 1e7), [1e6, 2e-6]),
    ("beale", [1, 1], 0, (-4.5, 4.5), [3, 0.5]),
    ("jennrich_sampson", [0.3, 0.4], None, (-1, 1), [0.2578, 0.2578]),
    ("helical_valley", [-1, 0, 0], 0, (-10, 10), None),  # it jumps where the rule puts a side
    ("bard", [1, 1, 1], 8.21487e-3, (0, 10), [0.08241, 1.133, 2.344]),
    ("gaussian", [0.4, 1, 0], 1.12793e-8, (-1, 2), [0.399, 1, 0]),
    ("meyer", [0.02, 4000, 250], None, (0, 1e5), [0.00561, 6181, 345.2]),
    ("gulf", [5, 2.5, 0.15], 0, (0.01, 100), [50, 25, 1.5]),
    ("box_three_dimensional", [0, 10, 20], 0, (-5, 25), [1, 10, 1]),
    ("powell_singular", [3, -1, 0, 1], 0, (-5, 5), [0] * 4),
    ("wood", [-3, -1, -3, -1], 0, None, [1] * 4),
    (
        "kowalik_osborne",
        [0.25, 0.39, 0.415, 0.39],
        3.07505e-4,
        (0, 10),
        [0.1928, 0.1913, 0.1231, 0.1361],
    ),
    ("brown_dennis", [25, 5, -5, -1], 85822.2, (-100, 100), [-11.59, 13.2, -0.4034, 0.2368]),
    (
        "osborne_1",
        [0.5, 1.5, -1, 0.01, 0.02],
        5.46489e-5,
        (-5, 5),
        [0.3754, 1.936, -1.465, 0.01287, 0.02212],
    ),
    ("biggs_exp6", [1, 2, 1, 1, 1, 1], None, (0, 20), [1, 10, 1, 5, 4, 3]),
    ("osborne_2", RATES, 4.01377e-2, (0, 10), PEAKS),
    ("watson", [0] * 6, 2.28767e-3, (-2, 2), [-0.01573, 1.012, -0.233, 1.26, -1.514, 0.993]),
    ("rosenbrock", [-1.2, 1] * 10, 0, (-10, 10), [1] * 20),
    ("powell_singular", [3, -1, 0, 1] * 5, 0, (-5, 5), [0] * 20),
    ("penalty_1", [1, 2, 3, 4], 2.24997e-5, (-10, 10), [0.25] * 4),
    ("penalty_2", [0.5] * 4, 9.37629e-6, (-1, 1), [0.2, 0.1913, 0.4801, 0.5188]),
    ("variably_dimensioned", [1 - i / 10 for i in range(1, 11)], 0, (-5, 5), [1] * 10),
    ("trigonometric", [0.1] * 10, None, (-1, 1), WAVES),
    ("brown_almost_linear", [0.5] * 10, 0, (-2, 2), [1] * 10),
    ("discrete_boundary_value", PARABOLA, 0, (-1, 1), CURVED),
    ("discrete_integral_equation", PARABOLA, 0, (-1, 1), CURVED),
    ("broyden_tridiagonal", [-1] * 10, 0, (-3, 3), BESIDE),
    ("broyden_banded", [-1] * 10, 0, (-3, 3), BANDED),
    ("linear_full_rank", [1] * 10, 10, (-5, 5), [-1] * 10),
    ("linear_rank_1", [1] * 10, 380 / 82, (-5, 5), SLANTED),
    ("linear_rank_1_zero", [1] * 10, 454 / 74, (-5, 5), SLANTED_INSIDE),
    (
        "chebyquad",
        [i / 9 for i in range(1, 9)],
        3.51687e-3,
        (0, 1),
        [0.04315, 0.1931, 0.2663, 0.5, 0.5, 0.7337, 0.8069, 0.9568],
    ),
]


def residuals(name: str):
    """Return the residuals of a function, from the module that has it."""
    places = (few_variables, curve_fits, any_dimension)
    return next(getattr(place, name) for place in places if hasattr(place, name))


def of_more_garbow_hillstrom() -> list[Problem]:
    """Return each function in the wide box, and in the one that cuts its minimiser off."""
    found = []
    for name, start, minimum, wide, minimiser in FUNCTIONS:
        function, start = squares(residuals(name)), [float(one) for one in start]
        title = f"{name} {len(start)}"
        if wide is not None:
            found.append(Problem(f"{title}, wide", function, start, *wide, minimum=minimum))
        if minimiser is not None:
            found.append(in_cutting_box(f"{title}, cut", function, start, minimiser))
    return found
