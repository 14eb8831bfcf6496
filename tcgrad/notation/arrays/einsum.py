"""Calls of ``np.einsum``: every product of arrays with its groups of indices as subscripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import assert_never

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Const
from tcgrad.ir.program import Intrinsic
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.notation.arrays.contractions import (
    Apply,
    Axes,
    Choose,
    Compare,
    Contraction,
    Delta,
    Form,
    Ones,
    Operand,
    Power,
    Reciprocal,
    Reduction,
    Size,
    Symbol,
    Total,
    Zeros,
)
from tcgrad.notation.as_numpy.functions import applied, is_of_numpy
from tcgrad.notation.as_numpy.names import code_name, code_number, code_size, subscript
from tcgrad.notation.as_numpy.pieces import (
    ATOM,
    POWER,
    PRODUCT,
    SUM,
    UNARY,
    Piece,
    added,
    as_number,
    atom,
    quotient,
    size,
    within,
)
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.records import dataclass

_INTRINSICS = {"inv": "np.linalg.inv({0})", "det": "np.linalg.det({0})", "logdet": "np.linalg.slogdet({0})[1]"}
_REDUCTIONS = {
    "max": "np.max({0}, axis={1})",
    "min": "np.min({0}, axis={1})",
    "prod": "np.prod({0}, axis={1})",
}
_MOST_OPERANDS = 30  # NumPy takes 31 arrays and the result


def print_einsum(form: Form, letters: Mapping[Index, str], intrinsics: Mapping[Tensor, Intrinsic]) -> str | Refusal:
    """The expression as a text of NumPy, or why there is none."""
    reason = next((reason for part in _walk(form) if (reason := _why_not(part))), None)
    return _Printer(letters, intrinsics).piece(form).text if reason is None else Refusal(reason)


def _why_not(form: Form) -> str | None:
    match form:
        case Apply(function=function) if not is_of_numpy(function):
            return f"{function.name} is no function of NumPy"
        case Symbol(tensor=tensor) if tensor.role is Role.LEVI_CIVITA:
            return "the permutation symbol is no array of NumPy"
        case Contraction() if len(form.operands) > _MOST_OPERANDS:
            return f"a product has {len(form.operands)} factors, more than np.einsum takes"
        case _:
            return None


def _walk(form: Form) -> Iterator[Form]:
    yield form
    for part in _parts(form):
        yield from _walk(part)


def _parts(form: Form) -> tuple[Form, ...]:
    match form:
        case Const() | Size() | Symbol() | Delta() | Ones() | Zeros():
            return ()
        case Contraction():
            return tuple(operand.form for operand in form.operands)
        case Total():
            return tuple(term for _, term in form.terms)
        case Power():
            return form.base, form.exponent
        case Reciprocal():
            return (form.base,)
        case Apply():
            return form.arguments
        case Compare():
            return form.left, form.right
        case Choose():
            return form.condition, form.then, form.otherwise
        case Reduction():
            return (form.operand.form,)
        case _:
            assert_never(form)


@dataclass(frozen=True)
class _Printer:
    letters: Mapping[Index, str]
    intrinsics: Mapping[Tensor, Intrinsic]

    def piece(self, form: Form) -> Piece:
        match form:
            case Const():
                return _number_code(form.value)
            case Size():
                return size(form.value)
            case Symbol():
                return self.symbol(form)
            case Delta():
                return atom("np.eye({0})", code_size(form.size))
            case Ones():
                return atom("np.ones({0})", _shape_code(form.axes))
            case Zeros():
                return atom("np.zeros({0})", _shape_code(form.axes))
            case Contraction():
                return self.product(form)
            case Total():
                return added([(self.piece(term), sign < 0) for sign, term in form.terms])
            case Power(exponent=Const(value=value)) if value == Fraction(1, 2):
                return atom("np.sqrt({0})", self.piece(form.base).text)
            case Power():
                base, exponent = self.piece(form.base), self.piece(form.exponent)
                return Piece(f"{within(base, ATOM)} ** {within(exponent, ATOM)}", POWER)
            case Reciprocal():
                return Piece(f"1 / {within(self.piece(form.base), UNARY)}", PRODUCT)
            case Apply():
                return applied(form.function, list(map(self.piece, form.arguments)))
            case Compare():
                return atom("np.where({0}, 1, 0)", self.comparison(form))
            case Choose():
                then, otherwise = self.piece(form.then).text, self.piece(form.otherwise).text
                return atom("np.where({0}, {1}, {2})", self.condition(form.condition), then, otherwise)
            case Reduction():
                return self.reduction(form)
            case _:
                assert_never(form)

    def symbol(self, form: Symbol) -> Piece:
        intrinsic = self.intrinsics.get(form.tensor)
        if intrinsic is None:
            return as_number(form.tensor, code_name(form.tensor) + subscript(form.at))
        operand = self.symbol(Symbol(intrinsic.operand))
        return Piece(_INTRINSICS[intrinsic.kind].format(operand.text) + subscript(form.at), ATOM)

    def comparison(self, form: Compare) -> str:
        left, right = (within(self.piece(side), SUM) for side in (form.left, form.right))
        return f"{left} {form.operator} {right}"

    def condition(self, form: Form) -> str:
        return self.comparison(form) if isinstance(form, Compare) else f"{within(self.piece(form), SUM)} != 0"

    def reduction(self, form: Reduction) -> Piece:
        """Over the last axes; the logarithm of a sum of exponentials is written as that."""
        count = len(form.operand.axes) - len(form.result)
        axes = "-1" if count == 1 else f"({', '.join(str(n) for n in range(-count, 0))})"
        body = self.piece(form.operand.form)
        if form.kind == "logsumexp":
            groups = f"{self.group(form.operand.axes)}->{self.group(form.result)}"
            return atom("np.log(np.einsum('{0}', np.exp({1})))", groups, body.text)
        return atom(_REDUCTIONS[form.kind], body.text, axes)

    def group(self, axes: Axes) -> str:
        return "".join(self.letters[index] for index in axes)

    def product(self, form: Contraction) -> Piece:
        """Scalars as factors and divisors, ``2 * np.einsum(...) / N``."""
        above: list[Piece] = []
        below: list[Piece] = []
        for scalar in (operand.form for operand in form.operands if not operand.axes):
            match scalar:
                case Const(value=value):
                    above.extend([_number_code(Fraction(value.numerator))] if value.numerator != 1 else [])
                    below.extend([_number_code(Fraction(value.denominator))] if value.denominator != 1 else [])
                case Reciprocal(base=base):
                    below.append(self.piece(base))
                case _:
                    above.append(self.piece(scalar))
        tensors = [operand for operand in form.operands if operand.axes]
        match tensors:
            case [Operand(form=Reciprocal(base=base), axes=axes)] if axes == form.result:
                below.insert(0, self.piece(base))
            case _ if tensors or form.result:
                above.append(self.einsum(tensors, form.result))
        return above[0] if len(above) == 1 and not below else quotient(above, below)

    def einsum(self, operands: Sequence[Operand], result: Axes) -> Piece:
        known = {index for operand in operands for index in operand.axes}
        missing = tuple(index for index in result if index not in known)
        if not operands:
            return atom("np.ones({0})", _shape_code(missing))
        if missing:
            operands = [*operands, *(Operand(Ones((index,)), (index,)) for index in missing)]
        if len(operands) == 1 and operands[0].axes == result:
            return self.piece(operands[0].form)
        groups = ",".join(self.group(operand.axes) for operand in operands)
        arrays = ", ".join(self.piece(operand.form).text for operand in operands)
        return Piece(f"np.einsum('{groups}->{self.group(result)}', {arrays})", ATOM)


def _number_code(value: Fraction) -> Piece:
    text = code_number(value)
    return Piece(text, PRODUCT if "/" in text else ATOM)


def _shape_code(axes: Axes) -> str:
    sizes = [code_size(index.size) for index in axes]
    return sizes[0] if len(sizes) == 1 else f"({', '.join(sizes)})"
