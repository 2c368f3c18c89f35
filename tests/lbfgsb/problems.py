"""The bound-constrained problems that minimisers are compared on, in float64.

`PROBLEMS` has the functions of Moré, Garbow and Hillstrom in two boxes each, the problems of Hock
and Schittkowski that have bounds and no other constraints, and others. Boxes are published ones or
those of one rule, `cutting_box`.
"""

import math

from . import bounded, curve_fits, few_variables
from .more_garbow_hillstrom import of_more_garbow_hillstrom
from .problem import Problem, in_cutting_box
from .residuals import squares

INF = math.inf

PROBLEMS = [
    *of_more_garbow_hillstrom(),
    Problem("HS1", squares(few_variables.rosenbrock), [-2.0, 1.0], [-INF, -1.5], INF, minimum=0),
    Problem("HS2", squares(few_variables.rosenbrock), [-2.0, 1.0], [-INF, 1.5], INF),
    Problem("HS3", bounded.hs3, [10.0, 1.0], [-INF, 0.0], INF, minimum=0),
    Problem("HS4", bounded.hs4, [1.125, 0.125], [1.0, 0.0], INF, minimum=8 / 3),
    Problem("HS5", bounded.hs5, [0.0, 0.0], [-1.5, -3.0], [4.0, 3.0], minimum=-1.91322295),
    Problem(
        "HS25", squares(curve_fits.gulf), [100.0, 12.5, 3.0], [0.1, 0.0, 0.0], [100.0, 25.6, 5.0]
    ),
    Problem("HS38", squares(few_variables.wood), [-3.0, -1.0, -3.0, -1.0], -10.0, 10.0, minimum=0),
    Problem("HS45", bounded.hs45, [2.0] * 5, 0.0, [1.0, 2.0, 3.0, 4.0, 5.0], minimum=1),
    Problem("HS110", bounded.hs110, [9.0] * 10, 2.001, 9.999, minimum=-45.77846971),
    in_cutting_box("S201, cut", bounded.s201, [8.0, 9.0], [5.0, 6.0]),
    in_cutting_box("S206, cut", bounded.s206, [-1.2, 1.0], [1.0, 1.0]),
    in_cutting_box("S209, cut", bounded.s209, [-10.0, 10.0], [1.0, 1.0]),
    in_cutting_box("S275, cut", bounded.hilbert, [-4.0, -2.0, -4 / 3, -1.0], [0.0] * 4),
    in_cutting_box("S282, cut", bounded.s282, [-1.2] + [0.0] * 8 + [0.5], [1.0] * 10),
    Problem(
        "S289", bounded.s289, [(-1) ** i * (1 + i / 30) for i in range(1, 31)], -3.0, 3.0, minimum=0
    ),
    Problem("S291", bounded.s290, [1.0] * 10, -INF, INF, minimum=0),
    Problem("S300", bounded.s300, [0.0] * 20, -INF, INF, minimum=-20),
    Problem("S303", bounded.s303, [0.1] * 20, -INF, INF, minimum=0),
    Problem("BIGGSB1", bounded.biggsb1, [0.0] * 25, 0.0, [0.9] * 24 + [INF]),
    Problem("sample [Z]", bounded.chain, [3.0] * 25, [1.0, -100.0] * 12 + [1.0], 100.0, minimum=0),
    Problem("HATFLDA", bounded.hatflda, [0.1] * 4, 1e-7, INF, minimum=0),
    Problem(
        "HATFLDB", bounded.hatflda, [0.1] * 4, 1e-7, [INF, 0.8, INF, INF], minimum=5.57280900e-3
    ),
    Problem("HATFLDC", bounded.hatfldc, [0.9] * 25, 0.0, 10.0, minimum=0),
    Problem("CVXBQP1", bounded.cvxbqp1, [0.5] * 30, 0.1, 10.0, minimum=0.045 * 465),
    Problem("CAMEL6", bounded.camel, [1.1, 1.1], [-3.0, -1.5], [3.0, 1.5]),
    Problem("EXPLIN", bounded.explin, [0.0] * 12, 0.0, 10.0),
    Problem(
        "torsion",
        bounded.torsion,
        [0.0] * bounded.SIDE**2,
        [-one for one in bounded.TO_RIM],
        bounded.TO_RIM,
    ),
    Problem("obstacle", bounded.obstacle, [1.0] * bounded.SIDE**2, bounded.BUMPS.tolist(), 2000.0),
    Problem("bearing", bounded.bearing, [0.1] * bounded.SIDE**2, 0.0, INF),
    Problem("ramp", bounded.ramp, [0.0], 0.0, 1000.0, minimum=-1000),
    Problem("slow ramp", bounded.slow_ramp, [0.0], 0.0, 1.0, minimum=-1e-3),
    Problem("late step", bounded.late_step, [0.0], 0.0, 1.0, minimum=-1 / (1 + math.exp(-8))),
]
