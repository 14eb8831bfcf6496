"""Comparisons are printed with as little on either side as can be, and sums and products of them as choices."""

from __future__ import annotations

import pytest
from tables import rows
from test_oracles import program_of

from tcgrad.notation.index import print_expr
from tcgrad.simplify import simplify
from tcgrad.simplify.rules.choices import with_choices_joined
from tcgrad.simplify.shown.polish import polish

HEADER = """
dims: {N: 5}
constants: {c: 1.5, d: -2}
inputs: {x: [N], z: [N], s: [], t: []}
equations:
"""

COMPARISONS = """
a difference: [s - t > 0] | [s > t]
a sum: [s + t > 0] | [s + t > 0]
a number on either side: [2*s + 1 > 5] | [s > 2]
its sign turned: [1 - s > 3] | [s < -2]
a number by itself: [s <= 6] | [s <= 6]
a quotient: [(s + 3)/6 >= 0] | [s >= -3]
relu below a positive number: [relu(s) <= 3] | [s <= 3]
relu above one: [relu(s) > 3] | [s > 3]
relu below a negative number: [relu(s) <= -3] | 0
relu not below 0: [relu(s) >= 0] | 1
relu below something: [relu(s) <= t] | [relu(s) <= t]
the smaller above what the other is above: [min(1, s) > -1] | [s > -1]
the smaller above what the other is not above: [min(1, s) > 2] | 0
the smaller below what the other is not below: [min(1, s) < 0] | [s < 0]
the larger above what the other is not above: [3 < max(s, 2)] | [s > 3]
of two unknown: [max(s, t) > 1] | [max(s, t) > 1]
a positive factor: [c*s > 0] | [s > 0]
a negative one: [d*s > 0] | [d*s > 0]
a minus: [-2*s*t > 0] | [s*t < 0]
a minus on the left alone: [-s >= t] | [s <= -t]
of an element: [-s > x[0]*z[0]] | [s < -x[0]*z[0]]
nothing on the left: [0 < s] | [s > 0]
of a constant: [-c > s] | [s < -c]
a minus on either side: [-s*t > -2*s] | [s*t < 2*s]
a minus on the right: [s > -t] | [s > -t]
an exponential: [exp(s) < 1] | [s < 0]
two exponentials: [exp(s) < exp(2*t)] | [s < 2*t]
its difference from 1: [0 > c*(exp(s/c) - 1)] | [s < 0]
"""

POSITIONS = """
a position with something added: [i + 1 >= 3] | [i >= 2]
one that is counted from the end: [N - 1 - i > 1] | [i < N - 2]
on either side: [2*i < i + 3] | [i < 3]
an index alone: [i <= N - 3] | [i <= N - 3]
a stride: [2*i > 3] | [2*i > 3]
"""

CHOICES = """
opposite brackets: [s >= t] + c*[s < t] | where(s >= t, 1, c)
the other way round: c*[t > s] + [s >= t] | where(s >= t, 1, c)
beside others: t + s*[s > 1] + [s <= 1] | t + where(s > 1, s, 1)
no opposites: [s > t] + c*[s < t] | [s > t] + c*[s < t]
a common factor: where(s > 1, t*s, t/s) | t*where(s > 1, s, 1/s)
its negative: where(s > 1, (s - t)*s, (t - s)/s) | (s - t)*where(s > 1, s, -1/s)
none: where(s > 1, t, s) | where(s > 1, t, s)
"""


def simplified(text):
    (statement,) = program_of(f"{HEADER}  - y = {text} + 0*s\n").statements
    return simplify(statement.body)


@pytest.mark.parametrize(("given", "shown"), rows(COMPARISONS))
def test_comparisons(given, shown):
    assert print_expr(polish(simplified(given))) == shown


@pytest.mark.parametrize(("given", "shown"), rows(POSITIONS))
def test_positions(given, shown):
    (statement,) = program_of(f"{HEADER}  - y[i] = {given}*x[i]\n").statements
    assert print_expr(polish(simplify(statement.body)), statement.free) == f"x[i]*{shown}"


@pytest.mark.parametrize(("given", "shown"), rows(CHOICES))
def test_choices(given, shown):
    assert simplify(with_choices_joined(simplified(given))) == simplified(shown)
