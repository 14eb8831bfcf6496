"""Formulas of vectors and matrices with 2 or 3 rows element by element: sums, determinants and inverses written out.

By that hold what is true of these sizes alone: ``A^2 - tr(A) A + det(A) = 0`` of a matrix with 2 rows, or that of four
vectors in space one depends on the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations, permutations, product
from math import prod

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import MINUS_ONE, ZERO, Add, Component, Expr, IndexSum, Mul, Pow, const
from tcgrad.ir.program import Define, Intrinsic, Statement
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import children, free_indices, map_children, replace_components, walk
from tcgrad.prove.unfold import unfold
from tcgrad.simplify import simplify
from tcgrad.simplify.expand import TooLargeError
from tcgrad.simplify.inverses import operand_name

_SIZES = (2, 3)
_MOST_NODES = 30_000  # of all that is written out


def has_elements(expr: Expr) -> bool:
    """Whether anything is read that an identity of few rows may be about: a permutation symbol, a determinant, an
    inverse, or an element at a number.
    """
    return any(isinstance(part, Component) and _is_of_few_rows(part) for part in walk(expr))


def _is_of_few_rows(read: Component) -> bool:
    if read.tensor.role is Role.LEVI_CIVITA or operand_name("det", read.tensor) is not None:
        return True
    pairs = zip(read.indices, read.tensor.shape, strict=True)
    is_inverse = operand_name("inv", read.tensor) is not None
    return any(size.as_number in _SIZES and (is_inverse or at.as_number is not None) for at, size in pairs)


def elements(expr: Expr, statements: Iterable[Statement], definitions: Mapping[Tensor, Define]) -> Iterator[Expr]:
    """The expression at each position of its short indices, without sums over others, simplified.

    statements: among them those of the determinants and inverses that it reads.
    definitions: of the matrices that these are of, by the tensor that they define.

    Raises:
        TooLargeError: if that is very long.
    """
    short = tuple(filter(_is_short, free_indices(expr)))
    if _nodes(expr) * _positions(short) > _MOST_NODES:
        raise TooLargeError
    operands = {each.operand.name: each.operand for each in statements if isinstance(each, Intrinsic)}
    for each in _at_each(short, expr):
        written = replace_components(_summed(each), partial(_written_out, operands))
        yield simplify(_summed(unfold(written, definitions)))


def _nodes(expr: Expr) -> int:
    """How many there are once sums over short indices are written out."""
    times = _positions(expr.indices) if isinstance(expr, IndexSum) else 1
    return times * (1 + sum(map(_nodes, children(expr))))


def _positions(indices: Iterable[Index]) -> int:
    return prod(index.size.value for index in indices if _is_short(index))


def _is_short(index: Index) -> bool:
    return index.size.as_number in _SIZES


def _at_each(indices: Sequence[Index], expr: Expr) -> Iterator[Expr]:
    ranges = [range(index.size.value) for index in indices]
    for places in product(*ranges):
        values = {index: Integer.of(place) for index, place in zip(indices, places, strict=True)}
        yield simplify(replace_components(substitute(expr, values), _as_number))


def _as_number(read: Component) -> Expr:
    """A permutation symbol at numbers, and one of which two positions are the same."""
    if read.tensor.role is not Role.LEVI_CIVITA:
        return read
    places = [place for position in read.indices if (place := position.as_number) is not None]
    return const(_sign(places)) if len(places) in (len(read.indices), len(set(places)) + 1) else read


def _sign(order: Sequence[int]) -> int:
    """Of a permutation; 0 of what is none."""
    turns = sum(one > other for one, other in combinations(order, 2))
    return (-1) ** turns if len(set(order)) == len(order) else 0


def _summed(expr: Expr) -> Expr:
    """Without sums over short indices."""
    made = map_children(expr, _summed)
    short = tuple(filter(_is_short, made.indices)) if isinstance(made, IndexSum) else ()
    if not isinstance(made, IndexSum) or not short:
        return made
    rest = tuple(index for index in made.indices if index is not short[0])
    terms = _at_each(short[:1], made.body)
    return simplify(Add((ZERO, *(_summed(IndexSum(rest, term)) if rest else term for term in terms))))


def _written_out(operands: Mapping[str, Tensor], read: Component) -> Expr:
    """A determinant by its terms, an element of an inverse by a cofactor."""
    inverted, alone = (operands.get(operand_name(kind, read.tensor) or "") for kind in ("inv", "det"))
    matrix = inverted or alone
    size = matrix.shape[-1].as_number if matrix is not None else None
    if matrix is None or size not in _SIZES:
        return read
    rows = range(size)
    if inverted is None:
        return _determinant(matrix, read.indices, rows, rows)
    *batch, row, column = read.indices
    i, j = row.as_number, column.as_number
    if i is None or j is None:
        return read
    minor = _determinant(matrix, batch, *([n for n in rows if n != out] for out in (j, i)))
    return Mul((const((-1) ** (i + j)), minor, Pow(_determinant(matrix, batch, rows, rows), MINUS_ONE)))


def _determinant(matrix: Tensor, batch: Sequence[Integer], rows: Sequence[int], columns: Sequence[int]) -> Expr:
    """That of some rows and columns of a matrix."""
    terms = []
    for order in permutations(range(len(rows))):
        places = [(row, columns[n]) for row, n in zip(rows, order, strict=True)]
        read = [Component(matrix, (*batch, Integer.of(row), Integer.of(column))) for row, column in places]
        terms.append(Mul((const(_sign(order)), *read)))
    return Add(tuple(terms)) if len(terms) > 1 else terms[0]
