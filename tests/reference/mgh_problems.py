"""The problems of More, Garbow, Hillstrom 1981 (ACM TOMS 7, pages 17-41), written from the paper by number of problem.

Each is a function of x that returns its residuals f_1, ..., f_m; the objective is the sum of their squares. Numbers
are mpmath's, constants are doubles as those of the program.
"""
from mpmath import atan, cos, exp, fabs, log, mp, mpf, pi, sin, sqrt

mp.dps = 80


def constants(text):
    return [mpf(float(word)) for word in text.split()]


def freudenstein_roth(x):  # 2
    return [-13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1], -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1]]


def powell_badly_scaled(x):  # 3
    return [10000 * x[0] * x[1] - 1, exp(-x[0]) + exp(-x[1]) - mpf(1.0001)]


def brown_badly_scaled(x):  # 4
    return [x[0] - 1000000, x[1] - mpf(2e-6), x[0] * x[1] - 2]


def jennrich_sampson(x, m=10):  # 6
    return [2 + 2 * i - (exp(i * x[0]) + exp(i * x[1])) for i in range(1, m + 1)]


def helical_valley(x):  # 7
    theta = atan(x[1] / x[0]) / (2 * pi)
    if x[0] < 0:
        theta += mpf(1) / 2
    return [10 * (x[2] - 10 * theta), 10 * (sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]]


BARD = constants(".14 .18 .22 .25 .29 .32 .35 .39 .37 .58 .73 .96 1.34 2.10 4.39")


def bard(x):  # 8
    return [y - (x[0] + u / ((16 - u) * x[1] + min(u, 16 - u) * x[2])) for u, y in enumerate(BARD, 1)]


GAUSSIAN = constants(".0009 .0044 .0175 .0540 .1295 .2420 .3521 .3989 .3521 .2420 .1295 .0540 .0175 .0044 .0009")


def gaussian(x):  # 9
    return [x[0] * exp(-x[1] * (mpf(8 - i) / 2 - x[2]) ** 2 / 2) - y for i, y in enumerate(GAUSSIAN, 1)]


MEYER = constants("34780 28610 23650 19630 16370 13720 11540 9744 8261 7030 6005 5147 4427 3820 3307 2872")


def meyer(x):  # 10
    return [x[0] * exp(x[1] / (45 + 5 * i + x[2])) - y for i, y in enumerate(MEYER, 1)]


def gulf(x, m=99):  # 11, where the paper's "y_i m i x_2" stands for y_i - x_2
    result = []
    for i in range(1, m + 1):
        t = mpf(i) / 100
        y = 25 + (-50 * log(t)) ** (mpf(2) / 3)
        result.append(exp(-fabs(y - x[1]) ** x[2] / x[0]) - t)
    return result


def box_3d(x, m=10):  # 12
    ts = [mpf(i) / 10 for i in range(1, m + 1)]
    return [exp(-t * x[0]) - exp(-t * x[1]) - x[2] * (exp(-t) - exp(-10 * t)) for t in ts]


def powell_singular(x):  # 13 and 22
    result = []
    for a, b, c, d in zip(x[0::4], x[1::4], x[2::4], x[3::4]):
        result += [a + 10 * b, sqrt(mpf(5)) * (c - d), (b - 2 * c) ** 2, sqrt(mpf(10)) * (a - d) ** 2]
    return result


def wood(x):  # 14
    return [10 * (x[1] - x[0] ** 2), 1 - x[0], sqrt(mpf(90)) * (x[3] - x[2] ** 2), 1 - x[2],
            sqrt(mpf(10)) * (x[1] + x[3] - 2), (x[1] - x[3]) / sqrt(mpf(10))]


KOWALIK_Y = constants(".1957 .1947 .1735 .1600 .0844 .0627 .0456 .0342 .0323 .0235 .0246")
KOWALIK_U = constants("4 2 1 .5 .25 .167 .125 .1 .0833 .0714 .0625")


def kowalik_osborne(x):  # 15
    return [y - x[0] * (u * u + u * x[1]) / (u * u + u * x[2] + x[3]) for u, y in zip(KOWALIK_U, KOWALIK_Y)]


def brown_dennis(x, m=20):  # 16
    ts = [mpf(i) / 5 for i in range(1, m + 1)]
    return [(x[0] + t * x[1] - exp(t)) ** 2 + (x[2] + x[3] * sin(t) - cos(t)) ** 2 for t in ts]


OSBORNE_1 = constants(""".844 .908 .932 .936 .925 .908 .881 .850 .818 .784 .751 .718 .685 .658 .628 .603 .580 .558 .538
    .522 .506 .490 .478 .467 .457 .448 .438 .431 .424 .420 .414 .411 .406""")


def osborne_1(x):  # 17
    return [y - (x[0] + x[1] * exp(-10 * i * x[3]) + x[2] * exp(-10 * i * x[4])) for i, y in enumerate(OSBORNE_1)]


def biggs_exp6(x, m=13):  # 18
    ts = [mpf(i) / 10 for i in range(1, m + 1)]
    return [x[2] * exp(-t * x[0]) - x[3] * exp(-t * x[1]) + x[5] * exp(-t * x[4])
            - (exp(-t) - 5 * exp(-10 * t) + 3 * exp(-4 * t)) for t in ts]


OSBORNE_2 = constants("""1.366 1.191 1.112 1.013 .991 .885 .831 .847 .786 .725 .746 .679 .608 .655 .616 .606 .602 .626
    .651 .724 .649 .649 .694 .644 .624 .661 .612 .558 .533 .495 .500 .423 .395 .375 .372 .391 .396 .405 .428 .429 .523
    .562 .607 .653 .672 .708 .633 .668 .645 .632 .591 .559 .597 .625 .739 .710 .729 .720 .636 .581 .428 .292 .162 .098
    .054""")


def osborne_2(x):  # 19
    result = []
    for i, y in enumerate(OSBORNE_2):
        t = mpf(i) / 10
        bells = sum(x[k] * exp(-(t - x[k + 7]) ** 2 * x[k + 4]) for k in (1, 2, 3))
        result.append(y - (x[0] * exp(-t * x[4]) + bells))
    return result


def watson(x):  # 20
    result = []
    for i in range(1, 30):
        t = mpf(i) / 29
        result.append(sum(j * x[j] * t ** (j - 1) for j in range(1, len(x)))
                      - sum(x[j] * t ** j for j in range(len(x))) ** 2 - 1)
    return result + [x[0], x[1] - x[0] ** 2 - 1]


def penalty_1(x):  # 23
    return [sqrt(mpf(1e-5)) * (v - 1) for v in x] + [sum(v * v for v in x) - mpf(1) / 4]


def penalty_2(x):  # 24
    n, a = len(x), sqrt(mpf(1e-5))
    e = [exp(v / 10) for v in x]
    y = [exp(mpf(i) / 10) + exp(mpf(i - 1) / 10) for i in range(1, n + 1)]
    return ([x[0] - mpf(0.2)] + [a * (e[i] + e[i - 1] - y[i]) for i in range(1, n)]
            + [a * (e[i] - exp(-mpf(1) / 10)) for i in range(1, n)]
            + [sum((n - j) * x[j] ** 2 for j in range(n)) - 1])


def variably_dimensioned(x):  # 25
    s = sum(j * (v - 1) for j, v in enumerate(x, 1))
    return [v - 1 for v in x] + [s, s ** 2]


def trigonometric(x):  # 26
    return [len(x) - sum(cos(v) for v in x) + i * (1 - cos(x[i - 1])) - sin(x[i - 1]) for i in range(1, len(x) + 1)]


def brown_almost_linear(x):  # 27
    n, product = len(x), mpf(1)
    for v in x:
        product *= v
    return [x[i] + sum(x) - (n + 1) for i in range(n - 1)] + [product - 1]


def discrete_boundary_value(x):  # 28
    n = len(x)
    h, around = mpf(1) / (n + 1), [mpf(0)] + list(x) + [mpf(0)]
    return [2 * around[i] - around[i - 1] - around[i + 1] + h ** 2 * (around[i] + i * h + 1) ** 3 / 2
            for i in range(1, n + 1)]


def discrete_integral_equation(x):  # 29
    n = len(x)
    h = mpf(1) / (n + 1)
    t = [i * h for i in range(n + 1)]
    cube = [0] + [(x[j - 1] + t[j] + 1) ** 3 for j in range(1, n + 1)]
    return [x[i - 1] + h * ((1 - t[i]) * sum(t[j] * cube[j] for j in range(1, i + 1))
                            + t[i] * sum((1 - t[j]) * cube[j] for j in range(i + 1, n + 1))) / 2
            for i in range(1, n + 1)]


def broyden_tridiagonal(x):  # 30
    around = [mpf(0)] + list(x) + [mpf(0)]
    return [(3 - 2 * around[i]) * around[i] - around[i - 1] - 2 * around[i + 1] + 1 for i in range(1, len(x) + 1)]


def broyden_banded(x):  # 31
    n = len(x)
    return [x[i] * (2 + 5 * x[i] ** 2) + 1
            - sum(x[j] * (1 + x[j]) for j in range(max(0, i - 5), min(n, i + 2)) if j != i) for i in range(n)]


def linear_full_rank(x, m=None):  # 32
    n, m = len(x), m or len(x)
    return [(x[i] if i < n else 0) - mpf(2) / m * sum(x) - 1 for i in range(m)]


def linear_rank_1(x, m=None):  # 33
    return [i * sum(j * v for j, v in enumerate(x, 1)) - 1 for i in range(1, (m or len(x)) + 1)]


def linear_rank_1_zero(x, m=None):  # 34
    n, m = len(x), m or len(x)
    s = sum(j * x[j - 1] for j in range(2, n))
    return [mpf(-1)] + [(i - 1) * s - 1 for i in range(2, m)] + [mpf(-1)]


def chebyquad(x, m=None):  # 35; T_i of [0, 1]: T_i(2 x - 1)
    n, m, result = len(x), m or len(x), []
    before, now = [mpf(1)] * n, [2 * v - 1 for v in x]
    for i in range(1, m + 1):
        result.append(sum(now) / n + (mpf(1) / (i * i - 1) if i % 2 == 0 else 0))
        before, now = now, [2 * (2 * v - 1) * p - q for v, p, q in zip(x, now, before)]
    return result
