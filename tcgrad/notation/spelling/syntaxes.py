"""How formulas are spelt: one record for each way of writing, all read by the same printer."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from tcgrad.functions import Function
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.notation.spelling.latex_names import (
    USUAL,
    Spelling,
    latex_between,
    latex_function,
    latex_name,
    latex_positions,
)
from tcgrad.records import dataclass, replace


@dataclass(frozen=True)
class Syntax:
    """The spellings that formulas are put together from.

    fraction: a numerator over a denominator that needs no parentheses; None: infix ``/``.
    power: an exponent that needs no parentheses, on its base; None: infix ``^``.
    call: a function applied to its arguments.
    reduction: an operator over indices, applied to a body, with the limits of others.
    limit: the range of indices, from 0 up to a size.
    derived: the derivative operator applied to a body, which is given as it is and as an operand, by a component.
    closed_quotients: a whole quotient needs no parentheses.
    loose_remainders: what stands before a remainder is read as part of what is divided.
    prefix_sums: a sum over indices, or another reduction, reaches to the end of its product, as after a sigma.
    tall: what makes a text more than one line high.
    between: what stands between two factors; None: always ``times``.
    """

    name: str
    differential: str
    times: str
    comparisons: Mapping[str, str]
    parentheses: tuple[str, str]
    brackets: tuple[str, str]
    minus: str
    tensor: Callable[[Tensor, Sequence[str]], str]
    ones: Callable[[Sequence[str]], str]
    delta: Callable[[str, str], str]
    index: Callable[[str], str]
    dim: Callable[[str], str]
    number: Callable[[Fraction], str]
    root: Callable[[str], str]
    call: Callable[[Function, Sequence[str]], str]
    choice: Callable[[str, str, str], str]
    reduction: Callable[[str, Sequence[str], str, Sequence[str]], str]
    derived: Callable[[str, str, str], str]
    limit: Callable[[Sequence[str], str], str] = lambda indices, size: f"{','.join(indices)}<{size}"
    fraction: Callable[[str, str], str] | None = None
    power: Callable[[str, str], str | None] = lambda _base, _exponent: None
    quotient: Callable[[str, str], str] = lambda dividend, divisor: f"{dividend}//{divisor}"
    remainder: Callable[[str, str], str] = lambda dividend, divisor: f"{dividend}%{divisor}"
    closed_quotients: bool = False
    loose_remainders: bool = False
    prefix_sums: bool = False
    tall: Sequence[str] = ()
    between: Callable[[str, str], str] | None = None

    def product(self, factors: Sequence[str]) -> str:
        """At least one factor, each beside the next."""
        if self.between is None:
            return self.times.join(factors)
        pairs = itertools.pairwise(factors)
        return factors[0] + "".join(self.between(left, right) + right for left, right in pairs)


def _indexed(name: str, positions: Sequence[str]) -> str:
    return f"{name}[{','.join(positions)}]" if positions else name


def _along(tangent: Tensor, of: Tensor) -> str:
    """The name of a tangent: ``dx``, among gradients ``vx`` and ``vdx``."""
    return tangent.name[0] + of.name.removeprefix("dl/")


def derivative_aware(
    sign: str, square: str, rename: Callable[[str], str], scalar: str = "l"
) -> Callable[[Tensor, Sequence[str]], str]:
    """Reads such as ``x[i,j]``, ``dl/dx[p,q]`` and ``dy[i,j]/dx[p,q]``, with signs for the ``d`` and for its square.

    scalar: what the scalar downstream is called.
    """

    def read(tensor: Tensor, positions: Sequence[str]) -> str:
        match tensor.role, tensor.about:
            case Role.GRADIENT, _:
                return f"{sign}{scalar}/{sign}{_indexed(rename(_differentiated(tensor)), positions)}"
            case Role.JACOBIAN, (of, wrt, *fixed):
                above = _indexed(rename(of.name), positions[: of.order])
                whole = f"{sign}{above}/{sign}{_indexed(rename(wrt.name), positions[of.order :])}"
                return f"{whole}|{','.join(rename(tensor.name) for tensor in fixed)}" if fixed else whole
            case Role.HESSIAN, (of, first, second):
                above = f"{sign}{square}{rename(of.name)}"
                if first == second and not first.order and not square.isascii():
                    return f"{above}/{sign}{rename(first.name)}{square}"
                rows = _indexed(rename(first.name), positions[: first.order])
                return f"{above}/{sign}{rows}{sign}{_indexed(rename(second.name), positions[first.order :])}"
            case Role.TANGENT, (of,):
                return _indexed(rename(_along(tensor, of)), positions)
            case _:
                return _indexed(rename(tensor.name), positions)

    return read


def _differentiated(gradient: Tensor) -> str:
    """The name after ``dl/d``; it may mark a gradient that several paths add up to, as ``dl/dy_total``."""
    return gradient.name.removeprefix("dl/d")


def decimal(value: Fraction) -> str:
    """A whole number or a finite decimal, exactly; very small ones as ``1e-05``."""
    if value.denominator == 1:
        return str(value.numerator)
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    digits = str((value * 10**places).numerator)
    if len(digits) <= places - 4:
        point = f"{digits[0]}.{digits[1:]}" if digits[1:] else digits
        return f"{point}e-{places - len(digits) + 1:02d}"
    digits = digits.rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


ASCII = Syntax(
    name="ascii",
    differential="d",
    times="*",
    comparisons={},
    parentheses=("(", ")"),
    brackets=("[", "]"),
    minus="-",
    tensor=derivative_aware("d", "2", lambda name: name),
    ones=lambda indices: _indexed("1", indices),
    delta=lambda left, right: f"delta[{left},{right}]",
    index=lambda name: name,
    dim=lambda name: name,
    number=decimal,
    root=lambda body: f"sqrt({body})",
    call=lambda function, arguments: f"{function.name}({', '.join(arguments)})",
    choice=lambda condition, then, otherwise: f"where({condition}, {then}, {otherwise})",
    reduction=lambda kind, indices, body, limits: f"{kind}[{','.join((*indices, *limits))}]({body})",
    derived=lambda body, _, by: f"d({body})/d{by}",
)

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNICODE_NAMES = {"pi": "π", "levi_civita": "ε", "delta": "δ"}


def _superscript(base: str, exponent: str) -> str | None:
    return base + exponent.translate(_SUPERSCRIPTS) if exponent.isdecimal() else None


def unicode_name(name: str) -> str:
    """A tensor's name with the signs that only Unicode has: ``π``, ``A⁻¹``."""
    if name.startswith("inv(") and name.endswith(")"):
        return f"{name[4:-1]}⁻¹"
    return _UNICODE_NAMES.get(name, name)


_SUBSCRIPTS = str.maketrans("0123456789'", "₀₁₂₃₄₅₆₇₈₉′")


def _unicode_call(function: Function, arguments: Sequence[str]) -> str:
    """Derivatives of abstract functions as ``f′`` and ``f′₁₂``."""
    name, prime, order = function.name.partition("'")
    return f"{name}{(prime + order).translate(_SUBSCRIPTS)}({', '.join(arguments)})"


UNICODE = replace(
    ASCII,
    name="unicode",
    differential="∂",
    times="·",
    comparisons={"<=": "≤", ">=": "≥", "!=": "≠", "==": "="},
    tensor=derivative_aware("∂", "²", unicode_name),
    delta=lambda left, right: f"δ[{left},{right}]",
    root=lambda body: f"√{body}" if body.isalnum() else f"√({body})",
    call=_unicode_call,
    power=_superscript,
    reduction=lambda kind, indices, body, limits: (
        f"{'Σ' if kind == 'sum' else kind}[{','.join((*indices, *limits))}]({body})"
    ),
    derived=lambda _, operand, by: f"∂{operand}/∂{by}",
)


def latex_tensors(
    spelling: Spelling = USUAL, scalar: str = "l", permutation: str = r"\varepsilon"
) -> Callable[[Tensor, Sequence[str]], str]:
    """Reads in LaTeX, derivatives as fractions.

    scalar, permutation: what the scalar downstream and the permutation symbol are called.
    """

    def name(tensor: Tensor, positions: Sequence[str] = (), also: str = "") -> str:
        if tensor.role is Role.LEVI_CIVITA:
            return rf"{permutation}_{{{latex_positions(positions)}}}"
        return latex_name(tensor.name, positions, tensor.order, spelling, also)

    def read(tensor: Tensor, positions: Sequence[str]) -> str:
        match tensor.role, tensor.about:
            case Role.GRADIENT, (of, *_):
                below = name(of, positions, _differentiated(tensor).removeprefix(of.name).removeprefix("_"))
                return rf"\frac{{\partial {scalar}}}{{\partial {below}}}"
            case Role.JACOBIAN, (of, wrt, *fixed):
                above, below = name(of, positions[: of.order]), name(wrt, positions[of.order :])
                whole = rf"\frac{{\partial {above}}}{{\partial {below}}}"
                return rf"\left.{whole}\right|_{{{', '.join(map(name, fixed))}}}" if fixed else whole
            case Role.HESSIAN, (of, first, second):
                rows, columns = name(first, positions[: first.order]), name(second, positions[first.order :])
                below = rf"{rows}^2" if first == second and not first.order else rf"{rows} \, \partial {columns}"
                return rf"\frac{{\partial^2 {name(of)}}}{{\partial {below}}}"
            case Role.TANGENT, (of,):
                return latex_name(_along(tensor, of), positions, tensor.order, spelling)
            case _:
                return name(tensor, positions)

    return read


_TALL = (r"\frac", r"\sum", r"\begin", r"\prod")
_LATEX_OPERATORS = {"sum": r"\sum", "prod": r"\prod", "logsumexp": r"\operatorname{logsumexp}"}


def _latex_reduction(kind: str, indices: Sequence[str], body: str, limits: Sequence[str]) -> str:
    operator = _LATEX_OPERATORS.get(kind, rf"\{kind}")
    argument = body if kind == "sum" else rf"\left({body}\right)"
    below = r",\, ".join((*([latex_positions(indices)] if indices else []), *limits))
    return rf"{operator}_{{{below}}} {argument}"


def _latex_derived(body: str, operand: str, by: str) -> str:
    """A body that is tall stands beside the operator, any other on top of it."""
    if any(sign in body for sign in _TALL):
        return rf"\frac{{\partial}}{{\partial {by}}} \left({body}\right)"
    return rf"\frac{{\partial {operand}}}{{\partial {by}}}"


def _latex_number(value: Fraction) -> str:
    mantissa, _, exponent = decimal(value).partition("e-")
    if not exponent:
        return mantissa
    power = rf"10^{{-{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \cdot {power}"


def is_function_of_function(text: str) -> bool:
    """Whether a text begins with two functions one of which the other one takes: a power would be that of the inner."""
    return text.startswith(("log det(", r"\log\det", r"\log\Gamma"))


def _latex_power(base: str, exponent: str) -> str:
    """A base that has an exponent already, is a fraction or a function of a function goes into parentheses."""
    has_exponent = not base.endswith(r"\right)") and "^" in base
    if has_exponent or base.startswith(r"\frac") or is_function_of_function(base):
        base = rf"\left({base}\right)"
    return f"{base}^{{{exponent}}}"


LATEX = Syntax(
    name="latex",
    differential=r"\partial ",
    times=" ",
    comparisons={"<=": r"\le", ">=": r"\ge", "!=": r"\ne", "==": "="},
    parentheses=(r"\left(", r"\right)"),
    brackets=(r"\left[", r"\right]"),
    minus="-",
    tensor=latex_tensors(),
    ones=lambda indices: rf"\mathbf{{1}}_{{{latex_positions(indices)}}}",
    delta=lambda left, right: rf"\delta_{{{latex_positions((left, right))}}}",
    index=lambda name: latex_name(name, ()),
    dim=lambda name: latex_name(name, ()),
    number=_latex_number,
    root=lambda body: rf"\sqrt{{{body}}}",
    call=latex_function,
    choice=lambda condition, then, otherwise: (
        rf"\begin{{cases}} {then} & \text{{if }} {condition} \\ {otherwise} & \text{{otherwise}} \end{{cases}}"
    ),
    reduction=_latex_reduction,
    limit=lambda indices, size: rf"0 \le {', '.join(indices)} < {size}",
    derived=_latex_derived,
    fraction=lambda above, below: rf"\frac{{{above}}}{{{below}}}",
    power=_latex_power,
    quotient=lambda dividend, divisor: rf"\left\lfloor {dividend} / {divisor} \right\rfloor",
    remainder=lambda dividend, divisor: rf"{dividend} \bmod {divisor}",
    closed_quotients=True,
    loose_remainders=True,
    prefix_sums=True,
    tall=_TALL,
    between=latex_between,
)
