"""Differences multiplied by the matrices whose inverses stand at their ends: 0 then, they are 0.

``(A + B) (inv(A + B) - inv(A)) A = -B`` proves ``inv(A + B) - inv(A) = -inv(A + B) B inv(A)``, and
``(1 + A B) (inv(1 + A B) A - A inv(1 + B A)) (1 + B A) = 0`` the push-through identity.
"""

from __future__ import annotations

from collections.abc import Mapping

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ZERO, Add, Component, Expr, IndexSum, Mul
from tcgrad.ir.program import Define
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import factors_of, free_indices, replace_components, tensors_read, terms_of, walk
from tcgrad.prove.unfold import unfold
from tcgrad.simplify import simplify
from tcgrad.simplify.folding.fold import Facts
from tcgrad.simplify.inverses import operand_name, with_inverses_contracted
from tcgrad.simplify.powers import negated


def with_inverses_cleared(expr: Expr, definitions: Mapping[Tensor, Define], inverted: Mapping[Tensor, Tensor]) -> Expr:
    """The difference times a matrix at each free index at which its inverse is read; as it is where there is none.

    Of several the matrix is taken that is defined by others; its definition is put in once it has met its inverse.

    Raises:
        TooLargeError: if it grows too large.
    """
    bodies = [*(define.body for define in definitions.values()), expr]
    read = (tensor for body in bodies for tensor in tensors_read(body))
    known = {tensor.name: tensor for tensor in (*definitions, *read)}
    for index in free_indices(expr):
        reads = [part for part in walk(expr) if isinstance(part, Component)]
        matrices = [matrix for read in reads if (matrix := _cleared_by(read, index, known)) is not None]
        if matrices:
            matrix = min(matrices, key=lambda each: each.tensor not in definitions)
            met = with_inverses_contracted(IndexSum((index,), Mul((matrix, expr))), {}, inverted)
            expr = with_inverses_contracted(unfold(met, definitions), {}, inverted)
    return expr


def with_products_by_sums(expr: Expr, definitions: Mapping[Tensor, Define], inverted: Mapping[Tensor, Tensor]) -> Expr:
    """``B A`` as ``C - 1`` where the inverse of ``C = 1 + B A`` is read, which meets ``C`` then: Woodbury's identity.

    Raises:
        TooLargeError: if it grows too large.
    """
    names = {operand_name("inv", tensor) for tensor in tensors_read(expr)}
    for tensor, define in definitions.items():
        if tensor.name in names:
            expr = with_inverses_contracted(_with_product_by_sum(expr, define), {}, inverted)
    return expr


def _with_product_by_sum(expr: Expr, define: Define) -> Expr:
    """With the first product that a definition adds up by that and its other terms, wherever there is an instance of
    it; with its first matrix where it adds up none.
    """
    terms = terms_of(simplify(define.body))
    products = [term for term in terms if any(isinstance(factor, IndexSum) for factor in factors_of(term))]
    matrices = [term for term in terms if isinstance(term, Component) and len(terms) > 1]
    whole = Component(define.tensor, tuple(index.expr for index in define.free))

    def solved(own: Expr) -> Expr:
        return Add((ZERO, whole, *(negated(term) for term in terms if term is not own)))

    if products:
        part = Tensor(f"part({define.tensor.name})", define.tensor.shape, Role.DEFINED)
        expr = Facts((Define(part, define.free, products[0]),)).fold(expr)
        return _replaced(expr, part, define.free, solved(products[0]))
    for matrix in matrices[:1]:
        at = [position.as_index for position in matrix.indices]
        read = tuple(index for index in at if index is not None)
        if len(at) == len(define.free) and set(read) == set(define.free):
            return _replaced(expr, matrix.tensor, read, solved(matrix))
    return expr


def _replaced(expr: Expr, tensor: Tensor, free: tuple[Index, ...], body: Expr) -> Expr:
    """The expression with a tensor by its definition over ``free`` indices."""
    return replace_components(
        expr, lambda read: instantiate(free, body, read.indices) if read.tensor == tensor else read
    )


def _cleared_by(read: Component, index: Index, known: Mapping[str, Tensor]) -> Component | None:
    """What an inverse is to be multiplied by at one of its own two indices to be a delta; None for anything else."""
    matrix = known.get(operand_name("inv", read.tensor) or "")
    if matrix is None:
        return None
    *batch, row, column = read.indices
    if any(index in position.indices for position in batch) or (index in row.indices and index in column.indices):
        return None
    if row.as_index is index:
        return Component(matrix, (*batch, index.fresh().expr, row))
    return Component(matrix, (*batch, column, index.fresh().expr)) if column.as_index is index else None
