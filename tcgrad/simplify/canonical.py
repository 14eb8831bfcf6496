"""Keys that are equal exactly for expressions equal up to the names of bound indices and the order of terms.

Bound indices are labelled by colour refinement: an index's colour is what the factors look like from it, refined
until it is stable; remaining ties are broken by trying each candidate and keeping the smallest result (as in
McKay's canonical labelling). The number of candidates tried is bounded: beyond, two equal expressions may get
different keys, and like terms stay apart, but nothing becomes wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from tcgrad.ir.indices import Atom, Dim, Gather, Index, Integer, Quotient, Remainder
from tcgrad.ir.nodes import (
    MIRRORED,
    Add,
    Call,
    Component,
    Const,
    Delta,
    Expr,
    IndexReduce,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import factors_of, free_indices

Labels = Mapping[Index, str]

_MOST_LEAVES = 40
_NO_LABELS: Labels = {}


def key(expr: Expr, labels: Labels = _NO_LABELS) -> str:
    """A text that is equal for equal expressions; ``labels`` name indices, others are themselves.

    It depends on the labels of the free indices alone, so that it can be kept by them.
    """
    own = {index: labels[index] for index in free_indices(expr) if index in labels} if labels else _NO_LABELS
    context = tuple(own.items()) if own else ()
    known = expr.known_keys
    if known is None:
        known = expr.__dict__["known_keys"] = {}
    if context not in known:
        known[context] = _key(expr, own)
    return known[context]


def _key(expr: Expr, labels: Labels) -> str:
    match expr:
        case Const():
            return str(expr.value)
        case Component():
            return f"{tensor_text(expr.tensor)}[{_component_positions(expr, labels)}]"
        case Delta():
            return f"δ[{_equality(expr.left, expr.right, labels)}]"
        case Iverson():
            return _comparison(expr, labels)
        case IndexValue():
            return f"<{_integer_key(expr.value, labels)}>"
        case Add():
            return f"({'+'.join(sorted([key(term, labels) for term in expr.terms]))})"
        case Mul():
            return f"({'*'.join(sorted([key(factor, labels) for factor in expr.factors]))})"
        case Pow():
            return f"({key(expr.base, labels)})^{key(expr.exponent, labels)}"
        case Call():
            return f"{expr.function.name}({','.join([key(a, labels) for a in expr.arguments])})"
        case Where():
            return f"where({key(expr.condition, labels)},{key(expr.then, labels)},{key(expr.otherwise, labels)})"
        case IndexSum():
            return f"Σ{_bound_key(expr.indices, expr.body, labels)}"
        case IndexReduce():
            return f"{expr.kind}{_bound_key(expr.indices, expr.body, labels)}"
        case _:
            assert_never(expr)


def _comparison(expr: Iverson, labels: Labels) -> str:
    """``a > b`` as ``b < a``; a comparison of integers as one of their difference with 0."""
    left, right, operator = expr.left, expr.right, expr.operator
    if operator in (">", ">="):
        left, right, operator = right, left, MIRRORED[operator]
    if isinstance(left, IndexValue) and isinstance(right, IndexValue):
        difference = right.value - left.value - (1 if operator == "<" else 0)
        sides = (_integer_key(difference, labels), _integer_key(-difference, labels))
        return f"[0<={sides[0]}]" if operator in ("<", "<=") else f"[0{operator}{min(sides)}]"
    return f"[{key(left, labels)}{operator}{key(right, labels)}]"


def _equality(left: Integer, right: Integer, labels: Labels) -> str:
    """Two integers that a delta compares; their difference, whichever is taken off the other, if each could be the one
    that is solved for.
    """
    if not (_is_solved_for_others(left) or _is_solved_for_others(right)):
        return ",".join(sorted((_integer_key(left, labels), _integer_key(right, labels))))
    difference = right - left
    first = min(_index(index, labels) for index in (*left.indices, *right.indices))
    return f"{first},{min(_integer_key(difference, labels), _integer_key(-difference, labels))}=0"


def _is_solved_for_others(side: Integer) -> bool:
    """Whether what equals a compound side, ``i == j + 2*p``, tells an index in it as well, ``j == i - 2*p``."""
    steps = [step for monomial, step in side.terms if len(monomial) == 1 and isinstance(monomial[0], Index)]
    return side.as_index is None and any(step in (1, -1) for step in steps)


def _bound_key(bound: tuple[Index, ...], body: Expr, labels: Labels) -> str:
    factors = factors_of(body)
    inner = {**labels, **canonical_labels(bound, factors, labels)}
    sizes = ",".join(sorted([f"{inner[index]}:{_integer_key(index.size, labels)}" for index in bound]))
    return f"{{{sizes}}}({'*'.join(sorted([key(factor, inner) for factor in factors]))})"


def _component_positions(expr: Component, labels: Labels) -> str:
    """The positions; of a symmetric tensor the last two whichever way round they are written."""
    if not expr.tensor.symmetric or expr.tensor.order < 2:
        return _positions_key(expr.indices, labels)
    *lead, row, column = [_integer_key(position, labels) for position in expr.indices]
    return ",".join([*lead, *sorted((row, column))])


def _positions_key(positions: tuple[Integer, ...], labels: Labels) -> str:
    return ",".join([_integer_key(position, labels) for position in positions])


def _integer_key(integer: Integer, labels: Labels) -> str:
    index = integer.as_index
    if index is not None:
        return labels.get(index) or index.text
    terms = [
        f"{coefficient}*{'*'.join(sorted([_atom_key(atom, labels) for atom in monomial]))}"
        for monomial, coefficient in integer.terms
    ]
    return "+".join(sorted(terms))


def _atom_key(atom: Atom, labels: Labels) -> str:
    match atom:
        case Dim():
            return atom.name
        case Index():
            return _index(atom, labels)
        case Quotient():
            return f"({_integer_key(atom.dividend, labels)})//({_integer_key(atom.divisor, labels)})"
        case Remainder():
            return f"({_integer_key(atom.dividend, labels)})%({_integer_key(atom.divisor, labels)})"
        case Gather():
            return f"{atom.tensor.name}[{_positions_key(atom.indices, labels)}]"


def tensor_text(tensor: Tensor) -> str:
    """The name, with the role of a derived tensor."""
    derived = tensor.role in (Role.TANGENT, Role.JACOBIAN, Role.HESSIAN)
    return f"{tensor.name}~{tensor.role.value}" if derived else tensor.name


def _index(index: Index, labels: Labels) -> str:
    return labels.get(index) or index.text


def canonical_labels(
    bound: Sequence[Index], factors: Sequence[Expr], outer: Labels = _NO_LABELS, *, sized: bool = True
) -> dict[Index, str]:
    """A label for each bound index of a product, the same for all products equal up to renaming and order.

    sized: whether indices of other sizes are others.
    """
    if len(bound) == 1:
        return {bound[0]: f"@{_depth(outer)}.000"}
    sizes = {index: _integer_key(index.size, outer) if sized else "" for index in bound}
    search = _Search(tuple(bound), tuple(factors), outer, depth=_depth(outer))
    return search.run(search.refine(search.ranked(sizes)))


def _depth(outer: Labels) -> int:
    return 1 + max((int(label[1:].partition(".")[0]) for label in outer.values() if label.startswith("@")), default=0)


class _Search:
    """Colour refinement with individualisation over the bound indices of one product."""

    def __init__(self, bound: tuple[Index, ...], factors: tuple[Expr, ...], outer: Labels, depth: int) -> None:
        self.bound = bound
        self.factors = factors
        self.outer = outer
        self.depth = depth
        self.leaves = 0
        self.holding = {k: [f for f in factors if k in free_indices(f)] for k in bound}

    def ranked(self, colours: Mapping[Index, str]) -> dict[Index, str]:
        """The colours replaced by their ranks."""
        ranks = {colour: rank for rank, colour in enumerate(sorted(set(colours.values())))}
        return {index: f"@{self.depth}.{ranks[colours[index]]:03d}" for index in self.bound}

    def refine(self, colours: dict[Index, str]) -> dict[Index, str]:
        """Split colours until every two indices of one colour see the same factors around them."""
        classes = len(set(colours.values()))
        while classes < len(self.bound):
            seen = {index: self._view(index, colours) for index in self.bound}
            colours = self.ranked(seen)
            before, classes = classes, len(set(colours.values()))
            if classes == before:
                break
        return colours

    def _view(self, index: Index, colours: dict[Index, str]) -> str:
        labels = {**self.outer, **colours, index: "*"}
        return f"{colours[index]}|{'|'.join(sorted([key(factor, labels) for factor in self.holding[index]]))}"

    def run(self, colours: dict[Index, str]) -> dict[Index, str]:
        """The refined colours made different for every index, by the smallest outcome."""
        tied = self._first_tie(colours)
        if not tied:
            self.leaves += 1
            return colours
        candidates: list[dict[Index, str]] = []
        for index in tied:
            if candidates and self.leaves >= _MOST_LEAVES:
                break
            chosen = {k: colour + ("" if k is index else "~") for k, colour in colours.items()}
            candidates.append(self.run(self.refine(self.ranked(chosen))))
        return min(candidates, key=self._outcome)

    def _first_tie(self, colours: dict[Index, str]) -> list[Index]:
        classes: dict[str, list[Index]] = {}
        for index in self.bound:
            classes.setdefault(colours[index], []).append(index)
        return next((classes[colour] for colour in sorted(classes) if len(classes[colour]) > 1), [])

    def _outcome(self, colours: dict[Index, str]) -> list[str]:
        labels = {**self.outer, **colours}
        return sorted(key(factor, labels) for factor in self.factors)
