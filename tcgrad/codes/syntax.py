"""TC2xx: the syntax of equations."""

from __future__ import annotations

from tcgrad.codes.code import Code


def _equation(equation: str) -> str:
    """A spec around one equation."""
    return f"inputs: {{x: [3], y: [3], a: [3, 3], s: []}}\nequations:\n  - {equation}\n"


CODES: tuple[Code, ...] = (
    Code(
        "TC201",
        "a character that has no meaning in an equation",
        "Equations are made of names, numbers, + - * / // % ^ **, comparisons, brackets, commas and `=`. Mathematical "
        "signs are written in ASCII: `*` for a dot, `<=` for the sign of less or equal, `^2` for a raised 2.",
        _equation("r[i] = x[i]·y[i]"),
        _equation("r[i] = x[i]*y[i]"),
    ),
    Code(
        "TC202",
        "an operator is missing",
        "Multiplication is always written, since `ab` and `a(b)` mean other things: a name, and a function's value. "
        "The argument of a function stands in parentheses, and indices are separated by commas.",
        _equation("r[i] = 2x[i]"),
        _equation("r[i] = 2*x[i]"),
    ),
    Code(
        "TC203",
        "brackets do not match",
        "Every bracket is closed by one of its own kind. The message shows where it was opened.",
        _equation('"r[i] = (x[i] + y[i]"'),
        _equation('"r[i] = (x[i] + y[i])"'),
    ),
    Code(
        "TC204",
        "this is not an equation",
        "An equation is `NAME[indices] = expression`, or `NAME = expression` for a scalar: one tensor on the left, one "
        "`=`, and everything else on the right. `==` compares, inside of Iverson brackets.",
        _equation("2*r[i] = x[i]"),
        _equation("r[i] = x[i]/2"),
    ),
    Code(
        "TC205",
        "an expression is expected here",
        "An operator stands between two expressions; something is missing here, or one sign is too many.",
        _equation('"r[i] = x[i]*"'),
        _equation('"r[i] = x[i]*y[i]"'),
    ),
    Code(
        "TC206",
        "a number that cannot be read",
        "Numbers are written as 1000, 0.5 or 1e-3, and kept exactly. A number is 0, or between 1e-300 and 1e300 in "
        "magnitude, of at most 400 characters.",
        _equation("r[i] = 1e999*x[i]"),
        _equation("r[i] = 1e99*x[i]"),
    ),
    Code(
        "TC207",
        "an expression is nested too deeply",
        "Parentheses, brackets, signs and powers nest at most 64 deep. A formula that needs more is easier to read "
        "when its inner parts are tensors of their own, defined in equations before.",
        _equation(f"'r[i] = {'(' * 70}x[i]{')' * 70}'"),
        _equation("r[i] = (x[i])"),
    ),
    Code(
        "TC208",
        "square brackets in the wrong place",
        "Only tensors have components. All indices of one stand in one pair of square brackets, and a scalar has none. "
        "An expression is given components by defining a tensor first.",
        _equation("r[i] = a[i][i]"),
        _equation("r[i] = a[i,i]"),
    ),
    Code(
        "TC209",
        "a sum or another reduction is not written in full",
        "A reduction names its indices in square brackets and has its body in parentheses: `sum[i,j](...)`, "
        "`max[i](...)`. `max(a, b)` is the larger of two.",
        _equation("r = sum(x[i])"),
        _equation("r = sum[i](x[i])"),
    ),
    Code(
        "TC210",
        "a comparison outside of an Iverson bracket, or a bracket without one",
        "A comparison stands in an Iverson bracket, which is 1 where it holds and else 0, or first in `where(...)`. "
        "Equality is written `==`.",
        _equation("'r[i] = x[i] > 0'"),
        _equation("'r[i] = [x[i] > 0]'"),
    ),
    Code(
        "TC211",
        "too many indices",
        "An equation has at most 30 different indices, and 15 of them on the left: its derivatives have more. One that "
        "needs more is easier to read when parts of it are tensors of their own, defined in equations before.",
        _equation(f"r = {'*'.join(f'x[i{n}]*x[i{n}]' for n in range(31))}"),
        _equation(f"r = {'*'.join(f'x[i{n}]*x[i{n}]' for n in range(3))}"),
    ),
)
