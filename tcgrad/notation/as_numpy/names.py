"""Names and numbers as they stand in NumPy expressions."""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from fractions import Fraction

from tcgrad.ir.indices import Atom, Dim, Gather, Integer, Quotient, Remainder
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.notation.integers import ordered_terms


def code_name(tensor: Tensor) -> str:
    """The variable of a tensor: its name, ``np.pi``, ``dy`` for ``dl/dy``, ``dy_dx`` or ``d2f_dxdw`` for others.

    Keywords get an underscore.
    """
    match tensor.role:
        case Role.JACOBIAN:
            return "_".join(f"d{each.name}" for each in tensor.about)
        case Role.HESSIAN:
            of, first, second = tensor.about
            return f"d2{of.name}_d{first.name}d{second.name}"
        case Role.GRADIENT:
            return code_word(tensor.name.removeprefix("dl/"))
        case Role.CONSTANT if tensor.value is None:
            return "np.pi"
        case _:
            return code_word(tensor.name)


def code_word(name: str) -> str:
    """A name that Python does not reserve."""
    return f"{name}_" if keyword.iskeyword(name) or name == "np" else name


def code_number(value: Fraction) -> str:
    """A whole number, a decimal, or a quotient of whole numbers."""
    if value.denominator == 1:
        return str(value.numerator)
    quotient = f"{value.numerator} / {value.denominator}"
    return repr(float(value)) if Fraction(repr(float(value))) == value else quotient


def code_size(size: Integer) -> str:
    """A size in dims and numbers, or a position that an integer scalar gives."""
    text = ""
    for monomial, coefficient in ordered_terms(size):
        number = [str(abs(coefficient))] if abs(coefficient) != 1 or not monomial else []
        product = " * ".join([*number, *map(_atom_code, monomial)])
        sign = "-" if coefficient < 0 else "+"
        text += f" {sign} {product}" if text else f"{sign.strip('+')}{product}"
    return text or "0"


def subscript(at: Sequence[Integer | None]) -> str:
    """``[:, 0]``: whole axes where there is None, the rest held at a position."""
    held = len(at)
    while held and at[held - 1] is None:
        held -= 1
    return f"[{', '.join(':' if p is None else code_size(p) for p in at[:held])}]" if held else ""


def _atom_code(atom: Atom) -> str:
    match atom:
        case Dim():
            return code_word(atom.name)
        case Quotient():
            return f"(({code_size(atom.dividend)}) // ({code_size(atom.divisor)}))"
        case Remainder():
            return f"(({code_size(atom.dividend)}) % ({code_size(atom.divisor)}))"
        case Gather(tensor=tensor, indices=positions) if not any(position.indices for position in positions):
            return code_name(tensor) + subscript(positions)
        case _:
            raise TypeError(f"{atom} is no size")
