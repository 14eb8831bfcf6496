"""What formulas take for granted about inputs, as it is said beside them."""

from __future__ import annotations

from collections.abc import Iterable

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Component, Delta, IndexSum, Mul
from tcgrad.notation.index import print_expr
from tcgrad.notation.spelling.syntaxes import Syntax
from tcgrad.operators import INDEX_LETTERS
from tcgrad.simplify.assume import Assumption


def print_assumptions(assumed: Iterable[Assumption], syntax: Syntax) -> str:
    """``sum[j](t[i,j]) = 1, x[i] > 0``"""
    return ", ".join(_print(assumption, syntax) for assumption in assumed)


def _print(assumption: Assumption, syntax: Syntax) -> str:
    tensor = assumption.tensor
    free = tuple(Index("i", size) for size in tensor.shape)
    positions = tuple(index.expr for index in free)
    read = Component(tensor, positions)
    match assumption.kind:
        case "unit sums":
            return f"{print_expr(IndexSum(free[-1:], read), free[:-1], syntax, explicit=True)} = 1"
        case "one hot":
            column = Index("i", tensor.shape[-1])
            other = Component(tensor, (*positions[:-1], column.expr))
            both = Mul((read, other)), Mul((read, Delta(positions[-1], column.expr)))
            names = dict(zip((*free, column), INDEX_LETTERS, strict=False))
            return " = ".join(print_expr(each, (*free, column), syntax, names=names) for each in both)
        case "positive":
            return f"{print_expr(read, free, syntax)} > 0"
        case "not negative":
            return f"{print_expr(read, free, syntax)} {syntax.comparisons.get('>=', '>=')} 0"
        case "symmetric":
            turned = Component(tensor, (*positions[:-2], positions[-1], positions[-2]))
            names = dict(zip(free, INDEX_LETTERS, strict=False))
            return " = ".join(print_expr(each, free, syntax, names=names) for each in (read, turned))
