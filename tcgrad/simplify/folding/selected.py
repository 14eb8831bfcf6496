"""What one-hot rows select: where ``q = sum_k t[k] p[k]`` is known and ``t`` is one-hot, ``p (q - t) = q (p - t)``.

Both are for ``p t = q t``: where ``t`` is not 0 it is 1, and ``p`` is what it selects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tcgrad.ir.nodes import Add, Component, Expr, Mul
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import as_one_sum, factors_of, map_children, walk
from tcgrad.records import dataclass
from tcgrad.simplify import simplify
from tcgrad.simplify.assume import Assumption
from tcgrad.simplify.powers import is_division, negated, scaled, split_coefficient


@dataclass(frozen=True)
class Selection:
    """``chosen[b] = sum_k given.tensor[b,k] values[b,k]``, where the rows of what is given are one-hot."""

    chosen: Tensor
    values: Tensor
    given: Assumption

    def written(self, expr: Expr) -> Iterator[Expr]:
        """An expression with the values outside of one difference, and what is chosen of them inside, in each other's
        place; to be simplified.
        """
        for product in walk(expr):
            for other in self._exchanged(factors_of(product)) if isinstance(product, Mul) else ():
                yield _replaced(expr, product, other)

    def _exchanged(self, factors: Sequence[Expr]) -> Iterator[Expr]:
        for place, values in enumerate(factors):
            if isinstance(values, Component) and values.tensor == self.values:
                chosen = Component(self.chosen, values.indices[:-1])
                rows = Component(self.given.tensor, values.indices)
                for other, difference in enumerate(factors):
                    sign, whole = split_coefficient(difference)
                    if whole in (from_rows := _difference(chosen, rows), negated(from_rows)):
                        inner = _difference(values, rows)
                        turned = inner if whole == from_rows else negated(inner)
                        rest = [factor for n, factor in enumerate(factors) if n not in (place, other)]
                        yield Mul((scaled(sign, turned), _times(chosen, rest)))


def selections(statements: Iterable[Statement], assumptions: Iterable[Assumption]) -> list[Selection]:
    """What the definitions of a program select by inputs whose rows are one-hot."""
    one_hot = {each.tensor: each for each in assumptions if each.kind == "one hot"}
    defines = [statement for statement in statements if isinstance(statement, Define)] if one_hot else []
    return [found for define in defines for found in _selections(define, one_hot)]


def _selections(define: Define, one_hot: dict[Tensor, Assumption]) -> Iterator[Selection]:
    match as_one_sum(simplify(define.body)):
        case (last,), (Component() as first, Component() as second):
            positions = (*(index.expr for index in define.free), last.expr)
            for rows, values in ((first, second), (second, first)):
                if rows.tensor in one_hot and rows.indices == values.indices == positions:
                    yield Selection(define.tensor, values.tensor, one_hot[rows.tensor])
        case _:
            pass


def _difference(one: Expr, other: Expr) -> Expr:
    return simplify(Add((one, negated(other))))


def _times(factor: Component, others: Sequence[Expr]) -> Expr:
    """A product, multiplied into the first sum that divides by the factor: ``q (1/q + e) = 1 + e q``."""
    for place, other in enumerate(others):
        if isinstance(other, Add) and any(is_division(part) and part.base == factor for part in walk(other)):
            whole = Add(tuple([Mul((factor, term)) for term in other.terms]))
            return Mul((*others[:place], whole, *others[place + 1 :]))
    return Mul((factor, *others))


def _replaced(expr: Expr, part: Expr, other: Expr) -> Expr:
    return other if expr is part else map_children(expr, lambda child: _replaced(child, part, other))
