"""Random programs of masks: what is worked out for pairs of positions, and what of it is left out, kept or weighted.

Masks are brackets, deltas, what is left of 1 without them and comparisons of data; beside them stand functions of both
positions, of one, and polynomials. Every program is valid.
"""

from __future__ import annotations

import random

HEAD = """\
dims: {N: 5}
inputs:
  x: [N]
  z: [N]
  p: {shape: [N], sample: positive}
  s: [N, N]
  w: [N, N]
  e: [2*N]
  y: {shape: [N], dtype: int}
indices: {i: N, j: N, k: N, m: N, n: N}
equations:
"""

MASKS = (  # of two indices of the same range
    *("[{i} != {j}]", "[{i} < {j}]", "[{i} <= {j}]", "(1 - [{i} < {j}])", "[{i} + {j} < N]", "[{i}%2 == {j}%2]"),
    *("(1 - delta[{i},{j}])", "(delta[{i},{j}] - 1)", "(1 - 2*delta[{i},{j}])", "delta[{i},{j}]"),
    *("(2 - delta[{i},{j}])", "(1 - delta[{i},y[{j}]])", "(1 - delta[{j},y[{i}]])", "(2 - delta[{i},y[{j}]])"),
    *("delta[{i},y[{j}]]", "delta[{i},{j}]*delta[{j},y[{i}]]"),
    *("(1 - delta[{i},0])", "(1 - delta[{j},N-1])", "(1 - delta[{i},2])^2", "[{i} < N - 1]", "[{j} >= 1]"),
    *("(1 - delta[{i},({j}+1)%N])", "(1 - delta[{i}+1,{j}])", "(1 - delta[{i},N-1-{j}])"),
    *("[y[{i}] == y[{j}]]", "(1 - [y[{i}] == y[{j}]])", "[x[{i}] > z[{j}]]", "[s[{i},{j}] > 0]"),
)
CONDITIONS = ("{i} < 2", "{i} != {j}", "x[{i}] > 0", "z[{j}] > x[{i}]", "y[{i}] == {j}")
PAIRS = (  # functions of two positions
    *("exp(s[{i},{j}])", "exp(-(x[{i}] - x[{j}])^2)", "1/(1 + (x[{i}] - x[{j}])^2)", "sigmoid(s[{i},{j}])"),
    *("softplus(x[{i}]*z[{j}])", "max(0, 1 + s[{i},{j}] - s[{j},{i}])", "log(1 + exp(s[{i},{j}]))"),
    *("sqrt(p[{i}] + p[{j}])", "exp(s[{i},{j}]/2)*x[{j}]", "tanh(w[{i},m]*w[{j},m])", "p[{i}]*p[{j}]"),
    *("s[{i},{j}]", "(x[{i}] - z[{j}])^2", "w[{i},m]*w[m,{j}]", "e[{i}+{j}]", "max[n](w[n,{j}])*x[{i}]"),
)
NUMBERS = ("2", "-1", "0.5", "{i}", "N", "({i} + 1)", "(N - {i})", "x[{i}]", "z[{j}]", "x[N-1-{i}]", "w[y[{i}],{j}]")
FUNCTIONS = ("sin", "tanh", "sigmoid", "relu", "abs", "softplus", "cos")
FORMS = (  # of masks {a}, {b} and {c}, of functions of pairs {f}, {g} and {h}, and of any term {t}
    ("o[i,j] = 1[i]*1[j]*{a}*{f}",),
    ("L = sum[i](log(2 + (sum[j]({a}*{f}))^2))",),
    ("L = sum[i,j]({a}*{f})",),
    ("o[i] = 1[i]*sum[j]({a}*{f}*{g})",),
    ("o[j] = z[j]*sum[i]({a}*{f})",),
    ("q[i,j] = 1[i]*1[j]*{a}*{f}", "L = sum[i,j](q[i,j]*{b}*{g})"),
    ("g[i] = 1[i]*sum[j]({a}*{f})", "L = sum[i,j]({b}*(g[i] - g[j])^2*{g})"),
    ("o[i] = 1[i]*sum[j,k]({a}*{c}*{f}*{h})",),
    ("P[i,j] = 1[i]*1[j]*{a}*exp(s[i,j])", "Q[i,j] = P[i,j]/(1 + sum[k](abs(P[i,k])))", "L = sum[i,j](Q[i,j]*{f})"),
    ("o[i,j] = 1[i]*1[j]*({t})",),
    ("L = sum[i,j](({t})^2)",),
    ("o[i] = 1[i]*sum[j]({t})",),
    ("o[j,i] = 1[i]*1[j]*tanh({t})",),
)


def masked_spec(number: int) -> str:
    """A valid spec, always the same one for a number."""
    chosen = random.Random(number)
    parts = {
        "a": _masks(chosen, "i", "j"),
        "b": _masks(chosen, "i", "j"),
        "c": _masks(chosen, "j", "k"),
        "f": chosen.choice(PAIRS).format(i="i", j="j"),
        "g": chosen.choice(PAIRS).format(i="j", j="i"),
        "h": chosen.choice(PAIRS).format(i="j", j="k"),
        "t": _term(chosen, chosen.choice((2, 2, 3))),
    }
    return HEAD + "".join(f"  - '{equation.format(**parts)}'\n" for equation in chosen.choice(FORMS))


def _masks(chosen: random.Random, i: str, j: str) -> str:
    return "*".join(chosen.choice(MASKS).format(i=i, j=j) for _ in range(chosen.choice((1, 1, 2))))


def _term(chosen: random.Random, depth: int) -> str:
    """Products and sums of masks, functions and numbers, in which ``i`` and ``j`` are free."""
    if not depth:
        return chosen.choice(chosen.choice((PAIRS, NUMBERS, MASKS))).format(i="i", j="j")
    first, second = _term(chosen, depth - 1), _term(chosen, depth - 1)
    form = chosen.choices(
        ("({a} + {b})", "({a} - {b})", "{a}*{b}", "{f}({a})", "({a})^2", "where({c}, {a}, {b})", "({a})/(1 + ({b})^2)"),
        (4, 3, 8, 2, 1, 1, 1),
    )[0]
    condition = chosen.choice(CONDITIONS).format(i="i", j="j")
    return form.format(a=first, b=second, f=chosen.choice(FUNCTIONS), c=condition)
