"""Slips that a wrong gradient may have: the derived formula with something transposed, exchanged, left out, negated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations, islice

import numpy as np

from tcgrad.check.evaluated.formulas import Formulas
from tcgrad.check.evaluated.paths import Paths
from tcgrad.check.mistakes.kinds import (
    EXCHANGED,
    FACTOR_REVERSED,
    FACTOR_TRANSPOSED,
    SUM_MISSING,
    TERM_MISSING,
    TERM_NEGATED,
    Slip,
)
from tcgrad.evaluate import Array
from tcgrad.ir.nodes import Add, Expr, IndexSum, Mul, const
from tcgrad.ir.program import Define, Intrinsic, Recurrence, Statement
from tcgrad.ir.tensors import Tensor, gradient_of
from tcgrad.notation.index import print_define
from tcgrad.records import cached_property, dataclass, replace

# Where all tensors together have up to this many elements, what is worked out for one gradient is kept for the others.
_KEPT = 2**16

# No more slips than this are looked for on the way to a gradient.
_MOST_ON_THE_WAY = 64


@dataclass(frozen=True)
class _Altered:
    """A slip on the way to gradients: the formulas with it, in which ``instead`` stands for ``statement``, if that is
    not None.
    """

    mistake: str
    text: str
    formulas: Formulas
    statement: Statement | None = None
    instead: Statement | None = None

    def reaches(self, statements: Sequence[Statement]) -> bool:
        return self.statement is None or any(each is self.statement for each in statements[:-1])

    def slip(self, statements: Sequence[Statement]) -> Slip:
        changed = [self.instead if each is self.statement and self.instead else each for each in statements]
        return Slip(self.mistake, self.text, self.formulas.exact(changed))


@dataclass(frozen=True)
class GradientSlips:
    """Slips that the gradients at a sample may have; ``formulas`` have the upstream gradients."""

    paths: Paths
    formulas: Formulas

    def of(self, wrt: Tensor) -> Iterator[Slip]:
        """The gradient of ``wrt`` after each slip, with words for it."""
        statements = self.paths.gradient(wrt).statements
        yield from self._exchanged(wrt)
        yield from self._in_terms(statements)
        for altered in self._kept if self._is_small else self._altered():
            if altered.reaches(statements):
                yield altered.slip(statements)

    def _exchanged(self, wrt: Tensor) -> Iterator[Slip]:
        for other in self.paths.program.wrt:
            if other != wrt:
                value = self.formulas.exact(self.paths.gradient(other).statements)
                yield Slip(EXCHANGED, f"is the gradient of {other.name}: the two are exchanged", value)

    def _in_terms(self, statements: Sequence[Statement]) -> Iterator[Slip]:
        """The last formula without one of its terms, or with another sign of it."""
        for slip in _slips_of_terms(statements[-1]):
            value = self.formulas.exact_aside(slip.changed, statements[:-1])
            yield Slip(slip.mistake, f"the term {slip.term} {slip.what}", value)

    @cached_property
    def _kept(self) -> tuple[_Altered, ...]:
        return tuple(self._altered())

    @cached_property
    def _is_small(self) -> bool:
        return sum(array.size for array in self.formulas.sample.forward.context.arrays.values()) <= _KEPT

    def _altered(self) -> Iterator[_Altered]:
        yield from self._transposed()
        yield from self._unsummed()
        if self._is_small:
            yield from self._reversed()
            yield from islice(self._on_the_way(), _MOST_ON_THE_WAY)

    def _transposed(self) -> Iterator[_Altered]:
        """The formulas with a square matrix transposed in them, or each of several."""
        for name, array in {**self._inputs, **self.formulas.given}.items():
            for first, second in combinations(range(array.ndim), 2):
                if array.shape[first] == array.shape[second] > 1:
                    axes = "" if array.ndim == 2 else f" in its axes {first} and {second}"
                    changed = self.formulas.instead({name: np.swapaxes(array, first, second)})
                    yield _Altered(FACTOR_TRANSPOSED, f"is right with {name} transposed{axes}", changed)

    def _reversed(self) -> Iterator[_Altered]:
        """The formulas with an input turned round along an axis or two: a convolution for a correlation."""
        for name, array in self._inputs.items():
            long = [axis for axis, length in enumerate(array.shape) if length > 1]
            for axes in (*combinations(long, 1), *combinations(long, 2)):
                told = f"axis {axes[0]}" if len(axes) == 1 else f"axes {axes[0]} and {axes[1]}"
                changed = self.formulas.instead({name: np.flip(array, axes)})
                yield _Altered(FACTOR_REVERSED, f"is right with {name} reversed along its {told}", changed)

    @property
    def _inputs(self) -> dict[str, Array]:
        """The real ones."""
        inputs = [item.tensor for item in self.paths.program.inputs if item.tensor.is_real]
        return {each.name: self.formulas.sample.value(each.name) for each in inputs}

    def _unsummed(self) -> Iterator[_Altered]:
        """The formulas where one position of an output's gradient counts alone."""
        for of in self.paths.program.outputs:
            name = gradient_of(of).name
            upstream = self.formulas.given[name]
            for axis, index in enumerate(self.paths.axis_names(of)):
                for position in (0, upstream.shape[axis] - 1) if upstream.shape[axis] > 1 else ():
                    changed = self.formulas.instead({name: _only(upstream, axis, position)})
                    text = f"is right if {name} counts at {index or axis}={position} alone: a sum is missing"
                    yield _Altered(SUM_MISSING, text, changed)

    def _on_the_way(self) -> Iterator[_Altered]:
        """The formulas with a slip in the gradient of an intermediate, those nearest to the inputs first."""
        ways = [self.paths.gradient(wrt).statements[:-1] for wrt in self.paths.program.wrt]
        for statement in reversed({id(each): each for way in ways for each in way}.values()):
            for slip in _slips_of_terms(statement):
                text = f"the term {slip.term} of {slip.of} {slip.what}"
                yield _Altered(slip.mistake, text, self.formulas.instead({}), statement, slip.changed)


@dataclass(frozen=True)
class _TermSlip:
    """A statement with a slip in one of the terms on its right side.

    term: in words. of: what it is a term of. what: what is the matter with it. changed: the statement after that.
    """

    mistake: str
    term: str
    of: str
    what: str
    changed: Statement


def _slips_of_terms(statement: Statement) -> Iterator[_TermSlip]:
    """A statement without one of its terms, or with another sign of it."""
    match statement:
        case Define():
            yield from _slips_in(statement, lambda body: replace(statement, body=body))
        case Recurrence(steps=steps):
            for number, (tensor, step) in enumerate(zip(statement.tensors, steps, strict=True)):
                yield from _slips_in(Define(tensor, step.free, step.body), partial(_with_step, statement, number))
        case Intrinsic():
            return


def _with_step(recurrence: Recurrence, number: int, body: Expr) -> Recurrence:
    steps = [*recurrence.steps]
    steps[number] = replace(steps[number], body=body)
    return replace(recurrence, steps=tuple(steps))


def _slips_in(define: Define, changed: Callable[[Expr], Statement]) -> Iterator[_TermSlip]:
    """The statement is ``changed`` to one with another right side than that of ``define``, which it consists of."""
    for term, others, rebuilt in _terms_inside(define.body):
        of, _, text = print_define(replace(define, body=rebuilt((term,)))).partition(" = ")
        negated = Mul((const(-1), term))
        yield _TermSlip(TERM_MISSING, text, of, "is missing", changed(rebuilt(others)))
        yield _TermSlip(TERM_NEGATED, text, of, "has the wrong sign", changed(rebuilt((*others, negated))))


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


def _only(array: Array, axis: int, position: int) -> Array:
    kept = np.zeros_like(array)
    place = (slice(None),) * axis + (position,)
    kept[place] = array[place]
    return kept
