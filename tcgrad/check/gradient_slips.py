"""Slips that a wrong gradient may have: the derived formula with something transposed, exchanged, left out, negated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from tcgrad.check.bench import Bench
from tcgrad.check.formulas import Formulas
from tcgrad.check.labels import axis_names
from tcgrad.check.mistakes import EXCHANGED, FACTOR_TRANSPOSED, SUM_MISSING, TERM_MISSING, TERM_NEGATED, Slip
from tcgrad.evaluate import Array
from tcgrad.ir.nodes import Add, Expr, IndexSum, Mul, const
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor, gradient_of
from tcgrad.notation.index import print_define
from tcgrad.records import replace


def gradient_slips(bench: Bench, wrt: Tensor, formulas: Formulas) -> Iterator[Slip]:
    """The gradient of ``wrt`` after each slip, with words for it; ``formulas`` have the upstream gradients."""
    statements = bench.paths.gradient(wrt).statements
    yield from _exchanged(bench, wrt, formulas)
    yield from _slips_of_terms(statements, formulas)
    yield from _transposed(bench, statements, formulas)
    yield from _unsummed(bench, statements, formulas)


def _exchanged(bench: Bench, wrt: Tensor, formulas: Formulas) -> Iterator[Slip]:
    for other in bench.wrt:
        if other != wrt:
            value = formulas.exact(bench.paths.gradient(other).statements)
            yield Slip(EXCHANGED, f"is the gradient of {other.name}: the two are exchanged", value)


def _slips_of_terms(statements: Sequence[Statement], formulas: Formulas) -> Iterator[Slip]:
    """The last formula without one of its terms, or with another sign of it."""
    last = statements[-1]
    if not isinstance(last, Define):
        return
    for term, others, rebuilt in _terms_inside(last.body):
        text = print_define(replace(last, body=rebuilt((term,)))).partition(" = ")[2]
        negated = Mul((const(-1), term))
        for name, what, left in ((TERM_MISSING, "is missing", ()), (TERM_NEGATED, "has the wrong sign", (negated,))):
            changed = replace(last, body=rebuilt((*others, *left)))
            yield Slip(name, f"the term {text} {what}", formulas.exact((*statements[:-1], changed)))


def _terms_inside(expr: Expr) -> Iterator[tuple[Expr, tuple[Expr, ...], Callable[[tuple[Expr, ...]], Expr]]]:
    """Each term of a sum, the others, and what makes the whole expression of other terms."""
    match expr:
        case Add():
            for number, term in enumerate(expr.terms):
                yield term, expr.terms[:number] + expr.terms[number + 1 :], _sum_of
        case Mul():
            for number, factor in enumerate(expr.factors):
                for term, others, rebuilt in _terms_inside(factor):
                    yield term, others, partial(_with_factor_rebuilt, expr, number, rebuilt)
        case IndexSum():
            for term, others, rebuilt in _terms_inside(expr.body):
                yield term, others, partial(_with_body_rebuilt, expr, rebuilt)
        case _:
            return


def _sum_of(terms: tuple[Expr, ...]) -> Expr:
    return terms[0] if len(terms) == 1 else Add(terms)


def _with_factor_rebuilt(
    expr: Mul, number: int, rebuilt: Callable[[tuple[Expr, ...]], Expr], terms: tuple[Expr, ...]
) -> Expr:
    return Mul((*expr.factors[:number], rebuilt(terms), *expr.factors[number + 1 :]))


def _with_body_rebuilt(expr: IndexSum, rebuilt: Callable[[tuple[Expr, ...]], Expr], terms: tuple[Expr, ...]) -> Expr:
    return IndexSum(expr.indices, rebuilt(terms))


def _transposed(bench: Bench, statements: Sequence[Statement], formulas: Formulas) -> Iterator[Slip]:
    """The formula with a square matrix transposed in it."""
    arrays = {item.tensor.name: bench.sample.value(item.tensor.name) for item in bench.paths.program.inputs}
    arrays |= {gradient_of(of).name: bench.sample.upstream[of.name] for of in bench.outputs}
    for name, array in arrays.items():
        if array.ndim == 2 and array.shape[0] == array.shape[1] > 1:
            changed = formulas.exact(statements, {name: array.T})
            yield Slip(FACTOR_TRANSPOSED, f"is right with {name} transposed", changed)


def _unsummed(bench: Bench, statements: Sequence[Statement], formulas: Formulas) -> Iterator[Slip]:
    """The formula where one position of an output's gradient counts alone."""
    for of in bench.outputs:
        name, upstream = gradient_of(of).name, bench.sample.upstream[of.name]
        for axis, index in enumerate(axis_names(bench.paths.program, of)):
            for position in {0, upstream.shape[axis] - 1} if upstream.shape[axis] > 1 else ():
                only = _only(upstream, axis, position)
                text = f"is right if {name} counts at {index or axis}={position} alone: a sum is missing"
                yield Slip(SUM_MISSING, text, formulas.exact(statements, {name: only}))


def _only(array: Array, axis: int, position: int) -> Array:
    kept = np.zeros_like(array)
    place = (slice(None),) * axis + (position,)
    kept[place] = array[place]
    return kept
