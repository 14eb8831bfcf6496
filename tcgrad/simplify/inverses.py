"""Inverses of products and products with inverses: ``inv(A B) = inv(B) inv(A)`` and ``A inv(A) = 1``.

A product of square matrices has an inverse where each of them has one (Petersen & Pedersen, section 3.1), and that of
an inverse is what it is the inverse of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import MINUS_ONE, ONE, Add, Component, Delta, Expr, IndexSum, Mul, Pow
from tcgrad.ir.program import Define, Intrinsic, Statement
from tcgrad.ir.substitution import instantiate, substitute
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import (
    as_one_sum,
    factors_of,
    free_indices,
    map_children,
    replace_components,
    tensors_read,
    terms_of,
)
from tcgrad.simplify import simplify
from tcgrad.simplify.expand import expand
from tcgrad.simplify.powers import negated


def is_inverse(tensor: Tensor) -> bool:
    return operand_name("inv", tensor) is not None


def reads_inverses(expr: Expr) -> bool:
    """Whether an expression reads an inverse or a determinant."""
    return any(operand_name(kind, tensor) is not None for tensor in tensors_read(expr) for kind in ("inv", "det"))


def may_contract(expr: Expr, definitions: Mapping[Tensor, Define]) -> bool:
    """Whether an expression reads the inverse of what it reads as well, or of what one of the definitions defines."""
    read = tensors_read(expr)
    inverted = {operand for tensor in read if (operand := operand_name("inv", tensor)) is not None}
    return bool(inverted) and any(tensor.name in inverted for tensor in (*read, *definitions))


def with_inverses_contracted(
    expr: Expr, definitions: Mapping[Tensor, Define], inverted: Mapping[Tensor, Tensor], *, determinants: bool = True
) -> Expr:
    """The inverses of products by those of their factors, and without what cancels.

    definitions: of what is inverted; products whose inverses were written so are written by their factors, too.
    inverted: by each inverse that a definition may read what it is the inverse of.
    determinants: whether those of products are written by those of their factors, too.

    Raises:
        TooLargeError: if it grows too large.
    """
    kinds = ("inv", "det") if determinants else ("inv",)
    whole = expand(simplify(_Factors(definitions, inverted, kinds).written(expr)))
    while (made := _contracted(whole)) != whole:
        whole = expand(simplify(made))
    return whole


def inverted_by(statements: Iterable[Statement]) -> dict[Tensor, Tensor]:
    """By each inverse that a program has what it is the inverse of."""
    return {s.tensor: s.operand for s in statements if isinstance(s, Intrinsic) and s.kind == "inv"}


def square_factors(define: Define) -> tuple[Tensor, ...]:
    """The square matrices of which, and of inverses and scales, a definition is the product; none of another one."""
    matrices, _ = _matrices_and_scales(define) or ((), ())
    return tuple(dict.fromkeys(read.tensor for read in matrices if not is_inverse(read.tensor)))


def operand_name(kind: str, tensor: Tensor) -> str | None:
    """The name of what a tensor is the inverse, say, of; None if it is none: no tensor of a spec has brackets there."""
    is_one = tensor.role is Role.DEFINED and tensor.name.startswith(f"{kind}(")
    return tensor.name[len(kind) + 1 : -1] if is_one else None


class _Factors:
    """Products of square matrices, their inverses and determinants by their factors, which may be products themselves.

    kinds: what is written so, besides the products themselves.
    """

    def __init__(
        self, definitions: Mapping[Tensor, Define], inverted: Mapping[Tensor, Tensor], kinds: Sequence[str]
    ) -> None:
        self._by_name = {tensor.name: define for tensor, define in definitions.items()}
        self._inverted = inverted
        self._kinds = kinds
        self._apart: dict[Tensor, Define] = {}  # of the products that were inverted

    def written(self, expr: Expr) -> Expr:
        made = replace_components(expr, self._by_factors)
        return replace_components(made, self._without_name) if self._apart else made

    def _by_factors(self, read: Component) -> Expr:
        for kind in self._kinds:
            define = self._by_name.get(operand_name(kind, read.tensor) or "")
            made = (self._inverse if kind == "inv" else self._determinant)(define) if define is not None else None
            if made is not None and define is not None:
                self._apart[define.tensor] = define
                free = define.free if kind == "inv" else define.free[:-2]
                return replace_components(instantiate(free, made, read.indices), self._by_factors)
        return read

    def _without_name(self, read: Component) -> Expr:
        define = self._apart.get(read.tensor)
        if define is None:
            return read
        return replace_components(instantiate(define.free, define.body, read.indices), self._without_name)

    def _inverse(self, define: Define) -> Expr | None:
        """``inv(C)`` over the free indices of ``C``, a product of square matrices and of scales; None of another
        one.
        """
        found = _matrices_and_scales(define)
        if found is None:
            return None
        matrices, scales = found
        # With row and column exchanged: what is read at a row and a column of C is inverted at that column and row.
        *batch, row, column = define.free
        inverses = [self._inverse_of(read) for read in matrices]
        divided = [Pow(scale, MINUS_ONE) for scale in scales]
        inner = tuple(index for index in _nodes(matrices) if index not in define.free)
        body = Mul((ONE, *inverses, *divided))
        whole = IndexSum(inner, body) if inner else body
        turned = (*(index.expr for index in batch), column.expr, row.expr)
        return instantiate(define.free, whole, turned)

    def _inverse_of(self, read: Component) -> Component:
        *batch, row, column = read.indices
        operand = self._inverted.get(read.tensor)
        if operand is not None:
            return Component(operand, (*batch, column, row))
        return _function("inv", read, (column, row))

    def _determinant(self, define: Define) -> Expr | None:
        """``det(C)`` of a product of square matrices without scales, and of a matrix and an outer product; None of
        another one.
        """
        match _matrices_and_scales(define):
            case matrices, ():
                return Mul((ONE, *map(self._determinant_of, matrices)))
            case _:
                return self._determinant_of_update(define)

    def _determinant_of_update(self, define: Define) -> Expr | None:
        """``det(A + u v^T) = det(A) (1 + v^T inv(A) u)``, the matrix determinant lemma."""
        *batch, row, column = define.free
        body = simplify(define.body)
        for term in terms_of(body):
            factors = factors_of(simplify(Add((body, negated(term)))))
            are_apart = all(len({row, column}.intersection(free_indices(factor))) < 2 for factor in factors)
            if not isinstance(term, Component) or not are_apart or set(_nodes((term,))) != {row, column}:
                continue
            if _is_matrix(term, tuple(batch), row.size):
                inner = Index(row.name, row.size), Index(column.name, column.size)
                at = {old: new.expr for old, new in zip((row, column), inner, strict=True)}
                product = IndexSum(inner, substitute(Mul((self._inverse_of(term), *factors)), at))
                return Mul((self._determinant_of(term), Add((ONE, product))))
        return None

    def _determinant_of(self, read: Component) -> Expr:
        operand = self._inverted.get(read.tensor)
        if operand is not None:
            return Pow(_function("det", Component(operand, read.indices), ()), MINUS_ONE)
        return _function("det", read, ())


def _function(kind: str, read: Component, positions: Sequence[Integer]) -> Component:
    """``inv`` or ``det`` of the matrix that is read, at some positions."""
    shape = read.tensor.shape if kind == "inv" else read.tensor.shape[:-2]
    symmetric = kind == "inv" and read.tensor.symmetric
    tensor = Tensor(f"{kind}({read.tensor.name})", shape, Role.DEFINED, symmetric=symmetric)
    return Component(tensor, (*read.indices[:-2], *positions))


def _matrices_and_scales(define: Define) -> tuple[tuple[Component, ...], tuple[Expr, ...]] | None:
    """The matrices of which a definition is the product, and the factors that scale it at one index or as a whole.

    None where it is no such product: the matrices have to lead from the row to the column, each index between them in
    two of them, and are as large as the product.
    """
    bound, factors = as_one_sum(simplify(define.body))
    *batch, row, column = define.free
    inside = {row, column, *bound}
    matrices: list[Component] = []
    scales: list[Expr] = []
    for factor in factors:
        held = inside.intersection(free_indices(factor))
        if len(held) == 2 and isinstance(factor, Component) and _is_matrix(factor, tuple(batch), row.size):
            matrices.append(factor)
        elif len(held) < 2:
            scales.append(factor)
        else:
            return None
    left, at = list(matrices), row
    while at is not column:
        ways = [read for read in left if at in free_indices(read)]
        if len(ways) != 1:
            return None
        left.remove(ways[0])
        (at,) = (node for node in _nodes(ways) if node is not at)
    return (tuple(matrices), tuple(scales)) if not left and inside == set(_nodes(matrices)) else None


def _is_matrix(read: Component, batch: tuple[Index, ...], size: Integer) -> bool:
    """Whether two plain indices of the size ``size`` follow on batch indices, if there are any."""
    *lead, _, _ = read.indices
    is_number = operand_name("det", read.tensor) is not None
    is_plain = all(position.as_index is not None for position in read.indices[-2:])
    is_batched = not lead or tuple(lead) == tuple(index.expr for index in batch)
    return not is_number and is_plain and is_batched and read.tensor.shape[-2:] == (size, size)


def _nodes(matrices: Sequence[Component]) -> list[Index]:
    """The indices between which matrices lead."""
    positions = (position.as_index for read in matrices for position in read.indices[-2:])
    return list(dict.fromkeys(index for index in positions if index is not None))


def _contracted(expr: Expr) -> Expr:
    """``sum_k A[i,k] inv(A)[k,j]`` as ``delta[i,j]``, wherever it stands."""
    made = map_children(expr, _contracted)
    if not isinstance(made, IndexSum):
        return made
    factors = list(factors_of(made.body))
    for place, inverse in enumerate(factors):
        for other, matrix in enumerate(factors):
            for index, delta in _identities(inverse, matrix):
                left = [factor for n, factor in enumerate(factors) if n not in (place, other)]
                if index in made.indices and not any(index in free_indices(factor) for factor in left):
                    inner = tuple(each for each in made.indices if each is not index)
                    body = Mul((ONE, delta, *left))
                    return _contracted(IndexSum(inner, body)) if inner else body
    return made


def _identities(inverse: Expr, matrix: Expr) -> Iterator[tuple[Index, Delta]]:
    """The indices over which an inverse and its matrix may be added up, with what comes of it: read nowhere else."""
    if not (isinstance(inverse, Component) and isinstance(matrix, Component)):
        return
    if operand_name("inv", inverse.tensor) != matrix.tensor.name or inverse.indices[:-2] != matrix.indices[:-2]:
        return
    turned = (False, True) if matrix.tensor.symmetric else (False,)
    (first, last), (row, column) = inverse.indices[-2:], matrix.indices[-2:]
    for is_turned in turned:
        row, column = (column, row) if is_turned else (row, column)
        for inner, other, from_, to in ((first, column, row, last), (last, row, first, column)):
            index = inner.as_index if inner == other else None
            if index is not None and not any(index in place.indices for place in (*inverse.indices[:-2], from_, to)):
                yield index, Delta(from_, to)
