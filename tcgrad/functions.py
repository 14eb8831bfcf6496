"""THE table of scalar functions: one row each, read by parser, calculus, emission, checker, manual and tests.

A row writes its derivatives in tcgrad's own language, over the parameters and ``y``, the function's own value
where that is shorter. Adding a function is adding a row.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any, Literal

from tcgrad.records import dataclass

Seam = Literal["kink", "jump", "smooth"]


@dataclass(frozen=True)
class Function:
    """One elementwise function.

    parameters: the names its derivatives use for the arguments.
    partials: the derivative by each parameter; None where it is not differentiable by it.
    numpy: the call in NumPy, ``{0}``, ``{1}`` standing for the arguments (each occurs once); empty with a gate.
    latex: the same in LaTeX.
    domain: for each parameter the open interval in which the function is smooth or at least defined.
    seam: how the branches of the function meet; None where it has only one.
    scipy: the name to import from ``scipy.special``, where NumPy has none.
    helper: the source of a function the emitted module defines, for what is no single NumPy call.
    orders: of a derivative of an abstract function, how often by each parameter; None for the others.
    inline: the call as one expression, where ``numpy`` is a helper or empty; an argument may occur repeatedly.
    parity: what stands before the value when the one argument turns its sign: 1 (even) or -1 (odd); 0 for the others.
    definition: the function through fewer others, in tcgrad's own language.
    is_rational: whether it takes rational numbers to rational ones.
    is_never_negative: whether every value is at least 0.
    overflows: whether it does for arguments that are not large.
    is_zero_at_zero: whether its value at 0 is 0, as that of every odd function is.
    gate: what its one argument is multiplied with, in tcgrad's own language: emitted code takes it for the function.
    """

    name: str
    parameters: tuple[str, ...]
    partials: tuple[str | None, ...]
    numpy: str
    latex: str
    domain: tuple[tuple[float, float], ...]
    seam: Seam | None = None
    scipy: str | None = None
    helper: str | None = None
    summary: str = ""
    orders: tuple[int, ...] | None = None
    inline: str | None = None
    parity: Literal[-1, 0, 1] = 0
    definition: str | None = None
    is_rational: bool = False
    is_never_negative: bool = False
    overflows: bool = False
    is_zero_at_zero: bool = False
    gate: str | None = None

    @property
    def arity(self) -> int:
        return len(self.parameters)

    @property
    def is_abstract(self) -> bool:
        return self.orders is not None

    def __repr__(self) -> str:
        return f"Function({self.name})"


def _row(
    name: str,
    derivative: str,
    numpy: str | None = None,
    *,
    latex: str | None = None,
    domain: tuple[float, float] = (-inf, inf),
    definition: str | None = None,
    summary: str | None = None,
    **columns: Any,
) -> Function:
    """A row of one argument ``a``; by default it is ``np.name`` and ``\\name``, and its definition sums it up."""
    columns.setdefault("is_zero_at_zero", columns.get("parity") == -1)
    return Function(
        name=name,
        parameters=("a",),
        partials=(derivative,),
        numpy=f"np.{name}({{0}})" if numpy is None else numpy,
        latex=latex or rf"\{name}\left({{0}}\right)",
        domain=(domain,),
        definition=definition,
        summary=summary or definition or "",
        **columns,
    )


def _operator(name: str) -> str:
    return rf"\operatorname{{{{{name}}}}}\left({{0}}\right)"


_SIGMOID = '''\
def _sigmoid(a):
    """1/(1 + exp(-a)), without overflow."""
    return np.exp(np.minimum(a, 0)) / (1 + np.exp(-np.abs(a)))
'''

_SOFTPLUS = '''\
def _softplus(a):
    """log(1 + exp(a)), without overflow; np.logaddexp takes many times as long for large arrays."""
    if np.size(a) < 256:
        return np.logaddexp(0, a)
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))
'''

_GELU_TANH = '''\
def _gelu_tanh(a):
    """a*(1 + tanh(sqrt(2/pi)*(a + 0.044715*a^3)))/2, as a*sigmoid(b)."""
    b = 1.5957691216057308 * (a + 0.044715 * a * a * a)
    e = np.exp(-np.abs(b))
    return a * np.where(b >= 0, 1, e) / (1 + e)
'''

_ELU = '''\
def _elu(a):
    """a where a > 0, else exp(a) - 1."""
    return np.where(a > 0, a, np.expm1(np.minimum(a, 0)))
'''

_LEAKY_RELU = '''\
def _leaky_relu(a, slope):
    """a where a > 0, else slope*a."""
    return np.where(a > 0, a, slope * a)
'''

_REAL = (-inf, inf)

_ROWS = (
    _row("exp", "y", is_never_negative=True, overflows=True, summary="the exponential"),
    _row("log", "1/a", domain=(0, inf), summary="the natural logarithm"),
    _row("log1p", "1/(1 + a)", latex=r"\log\left(1 + {0}\right)", domain=(-1, inf), is_zero_at_zero=True,
         definition="log(1 + a)"),
    _row("expm1", "exp(a)", latex=r"\left(\exp\left({0}\right) - 1\right)", overflows=True, is_zero_at_zero=True,
         definition="exp(a) - 1"),
    _row("sqrt", "1/(2*y)", latex=r"\sqrt{{{0}}}", domain=(0, inf), is_never_negative=True,
         is_zero_at_zero=True, summary="the square root"),
    _row("cbrt", "1/(3*y^2)", latex=r"\sqrt[3]{{{0}}}", parity=-1, definition="a^(1/3)", summary="the real cube root"),
    _row("sin", "cos(a)", parity=-1, summary="sine"),
    _row("cos", "-sin(a)", parity=1, summary="cosine"),
    _row("tan", "1 + y^2", parity=-1, definition="sin(a)/cos(a)", summary="tangent"),
    _row("asin", "1/sqrt(1 - a^2)", "np.arcsin({0})", latex=r"\arcsin\left({0}\right)", domain=(-1, 1),
         parity=-1, summary="inverse sine"),
    _row("acos", "-1/sqrt(1 - a^2)", "np.arccos({0})", latex=r"\arccos\left({0}\right)", domain=(-1, 1),
         is_never_negative=True, summary="inverse cosine"),
    _row("atan", "1/(1 + a^2)", "np.arctan({0})", latex=r"\arctan\left({0}\right)",
         parity=-1, summary="inverse tangent"),
    _row("sinh", "cosh(a)", parity=-1, overflows=True, definition="(exp(a) - exp(-a))/2", summary="hyperbolic sine"),
    _row("cosh", "sinh(a)", parity=1, is_never_negative=True, overflows=True, definition="(exp(a) + exp(-a))/2",
         summary="hyperbolic cosine"),
    _row("tanh", "1 - y^2", parity=-1, definition="2/(1 + exp(-2*a)) - 1", summary="hyperbolic tangent"),
    _row("asinh", "1/sqrt(1 + a^2)", "np.arcsinh({0})", latex=_operator("arsinh"),
         parity=-1, definition="log(a + sqrt(1 + a^2))", summary="inverse hyperbolic sine"),
    _row("acosh", "1/(sqrt(a - 1)*sqrt(a + 1))", "np.arccosh({0})", latex=_operator("arcosh"), domain=(1, inf),
         is_never_negative=True, definition="log(a + sqrt(a^2 - 1))", summary="inverse hyperbolic cosine"),
    _row("atanh", "1/(1 - a^2)", "np.arctanh({0})", latex=_operator("artanh"), domain=(-1, 1),
         parity=-1, definition="log((1 + a)/(1 - a))/2", summary="inverse hyperbolic tangent"),
    _row("sigmoid", "y*(1 - y)", "_sigmoid({0})", latex=_operator("sigmoid"), helper=_SIGMOID,
         inline="(1 + np.tanh({0} / 2)) / 2",
         is_never_negative=True, definition="1/(1 + exp(-a))"),
    _row("softplus", "sigmoid(a)", "_softplus({0})", latex=_operator("softplus"), helper=_SOFTPLUS,
         inline="np.logaddexp(0, {0})",
         is_never_negative=True, definition="log(1 + exp(a))"),
    _row("relu", "[a > 0]", "np.maximum({0}, 0)", latex=_operator("relu"),
         seam="kink", is_rational=True, is_never_negative=True, is_zero_at_zero=True,
         summary="max(a, 0), with derivative 0 at 0"),
    _row("gelu", "erfc(-a/sqrt(2))/2 + a*exp(-a^2/2)/sqrt(2*pi)", "", latex=_operator("gelu"),
         scipy="erfc", gate="erfc(-a/sqrt(2))/2", definition="a*(1 + erf(a/sqrt(2)))/2",
         inline="{0} * erfc(-{0} / np.sqrt(2)) / 2",
         is_zero_at_zero=True, summary="a*(1 + erf(a/sqrt(2)))/2, the exact form"),
    _row("gelu_tanh",
         "(1 + tanh(sqrt(2/pi)*(a + 0.044715*a^3)))/2"
         " + a*(1 - tanh(sqrt(2/pi)*(a + 0.044715*a^3))^2)*sqrt(2/pi)*(1 + 0.134145*a^2)/2",
         "_gelu_tanh({0})", latex=_operator("gelu_{{tanh}}"), helper=_GELU_TANH,
         inline="{0} * (1 + np.tanh(0.7978845608028654 * ({0} + 0.044715 * {0} ** 3))) / 2",
         is_zero_at_zero=True, summary="the tanh form of gelu"),
    _row("silu", "sigmoid(a) + y*(1 - sigmoid(a))", "", latex=_operator("silu"), gate="sigmoid(a)",
         inline="{0} * (1 + np.tanh({0} / 2)) / 2",
         is_zero_at_zero=True, definition="a/(1 + exp(-a))", summary="a*sigmoid(a)"),
    _row("elu", "where(a > 0, 1, exp(a))", "_elu({0})", latex=_operator("elu"), helper=_ELU,
         inline="np.where({0} > 0, {0}, np.expm1(np.minimum({0}, 0)))",
         seam="smooth", is_zero_at_zero=True, summary="a where a > 0, else exp(a) - 1"),
    _row("erf", "2*exp(-a^2)/sqrt(pi)", "erf({0})", latex=_operator("erf"), scipy="erf",
         parity=-1, summary="the error function"),
    _row("erfc", "-2*exp(-a^2)/sqrt(pi)", "erfc({0})", latex=_operator("erfc"), scipy="erfc",
         is_never_negative=True, definition="1 - erf(a)"),
    _row("lgamma", "digamma(a)", "gammaln({0})", latex=r"\log\Gamma\left({0}\right)", domain=(0, inf), scipy="gammaln",
         summary="the logarithm of the gamma function"),
    _row("digamma", "polygamma(1, a)", "digamma({0})", latex=r"\psi\left({0}\right)", domain=(0, inf), scipy="digamma",
         summary="the derivative of lgamma"),
    _row("abs", "sign(a)", latex=r"\left|{0}\right|",
         parity=1, seam="kink", is_rational=True, is_never_negative=True, is_zero_at_zero=True,
         summary="the absolute value, with derivative 0 at 0"),
    _row("sign", "0", latex=_operator("sign"), parity=-1, seam="jump", is_rational=True, summary="-1, 0 or 1"),
    _row("floor", "0", latex=r"\left\lfloor {0} \right\rfloor", seam="jump", is_rational=True,
         is_zero_at_zero=True, summary="rounded down"),
    _row("ceil", "0", latex=r"\left\lceil {0} \right\rceil", seam="jump", is_rational=True,
         is_zero_at_zero=True, summary="rounded up"),
    Function("max", ("a", "b"), ("[a >= b]", "[a < b]"), "np.maximum({0}, {1})", r"\max\left({0}, {1}\right)",
             (_REAL, _REAL), seam="kink", is_rational=True, summary="the larger; at a tie the gradient goes to a"),
    Function("min", ("a", "b"), ("[a <= b]", "[a > b]"), "np.minimum({0}, {1})", r"\min\left({0}, {1}\right)",
             (_REAL, _REAL), seam="kink", is_rational=True, summary="the smaller; at a tie the gradient goes to a"),
    Function("atan2", ("a", "b"), ("b/(a^2 + b^2)", "-a/(a^2 + b^2)"), "np.arctan2({0}, {1})",
             r"\operatorname{{atan2}}\left({0}, {1}\right)", (_REAL, _REAL), summary="the angle of the point (b, a)"),
    Function("leaky_relu", ("a", "slope"), ("where(a > 0, 1, slope)", "where(a > 0, 0, a)"), "_leaky_relu({0}, {1})",
             r"\operatorname{{leaky\_relu}}\left({0}, {1}\right)", (_REAL, _REAL), helper=_LEAKY_RELU,
             seam="kink", is_rational=True,
             summary="a where a > 0, else slope*a", inline="np.where({0} > 0, {0}, {1} * {0})"),
    Function("clip", ("a", "lo", "hi"),
             ("[lo <= a]*[a <= hi]", "[a < lo]*[lo <= hi]", "[max(a, lo) > hi]"),
             "np.clip({0}, {1}, {2})", r"\operatorname{{clip}}\left({0}, {1}, {2}\right)", (_REAL, _REAL, _REAL),
             seam="kink", is_rational=True, summary="min(max(a, lo), hi)"),
    Function("polygamma", ("n", "a"), (None, "polygamma(n + 1, a)"), "polygamma({0}, {1})",
             r"\psi^{{\left({0}\right)}}\left({1}\right)", ((0, inf), (0, inf)), scipy="polygamma",
             summary="the n-th derivative of digamma"),
)  # fmt: skip

FUNCTIONS: dict[str, Function] = {row.name: row for row in _ROWS}


def abstract(name: str, arity: int) -> Function:
    """A function of which nothing is known but its name: printed as ``f``, its derivatives as ``f'``."""
    parameters = tuple("abcdefgh"[:arity]) if arity <= 8 else tuple(f"a{n}" for n in range(arity))
    return Function(
        name=name,
        parameters=parameters,
        partials=("",) * arity,
        numpy="",
        latex="",
        domain=(_REAL,) * arity,
        summary="an abstract function",
        orders=(0,) * arity,
    )


def abstract_derivative(function: Function, parameter: int) -> Function:
    """The partial derivative of an abstract function by its ``parameter``-th argument.

    Of one argument it is named ``f'``, ``f''``; of several ``f'1``, ``f'12``: the arguments by number, in order.
    """
    orders = tuple(n + (k == parameter) for k, n in enumerate(function.orders or ()))
    base = function.name.partition("'")[0]
    numbers = "".join(str(k + 1) * n for k, n in enumerate(orders))
    name = base + "'" * sum(orders) if len(orders) == 1 else f"{base}'{numbers}"
    return replace(function, name=name, orders=orders)
