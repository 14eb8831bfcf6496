"""Keys of expressions: those of one key say the same."""

from __future__ import annotations

from itertools import combinations, product

from tcgrad.ir.indices import Dim, Index, Integer
from tcgrad.ir.nodes import Delta, IndexValue, Iverson
from tcgrad.simplify.canonical import key

OPERATORS = {"<": int.__lt__, "<=": int.__le__, "==": int.__eq__, "!=": int.__ne__}


def _sides(i: Index, j: Index, size: Integer) -> list[Integer]:
    """Positions and sizes that are compared."""
    fixed = [Integer.of(0), Integer.of(1), size - 1, size]
    plain = [i.expr, j.expr, i.expr + 1, i.expr + size - 1, j.expr + size - 1, size - 1 - i.expr]
    return [*fixed, *plain, i.expr - j.expr, i.expr + j.expr, i.expr * 2, j.expr * 2 + 1, i.expr * size]


def test_comparisons_of_one_key_say_the_same():
    said: dict[int, list[tuple[bool, ...]]] = {}
    keys: list[str] = []
    for many in (1, 2, 3):
        size = Integer.of(Dim("N", many))
        i, j = Index("i", size, serial=1), Index("j", size, serial=2)
        pairs = list(combinations(_sides(i, j, size), 2))
        deltas = [(Delta(*pair), "==", pair) for pair in pairs]
        brackets = [(Iverson(op, *map(IndexValue, pair)), op, pair) for pair in pairs for op in OPERATORS]
        keys = [key(expr) for expr, _, _ in (*deltas, *brackets)]
        points = [{i: p, j: q} for p, q in product(range(many), repeat=2)]
        for number, (_, op, (left, right)) in enumerate((*deltas, *brackets)):
            values = tuple(OPERATORS[op](left.evaluate(point), right.evaluate(point)) for point in points)
            said.setdefault(number, []).append(values)
    first: dict[str, int] = {}
    for number, name in enumerate(keys):
        assert said[first.setdefault(name, number)] == said[number], name
