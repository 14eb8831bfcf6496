"""Jacobians that are sums over slices: ``Σ_b (x_b x_bᵀ) ⊗ (diag(p_b) - p_b p_bᵀ)``.

Where too much meets in a summed index for matrices, it is held as that of a batch, one in each term.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tcgrad.ir.indices import Dim, Index, Integer
from tcgrad.ir.nodes import Add, Component, Delta, Expr
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import free_indices, walk
from tcgrad.notation.matrix.batches import batch_sum
from tcgrad.notation.matrix.nodes import Matrix
from tcgrad.notation.matrix.sums import add
from tcgrad.notation.matrix.tree import length
from tcgrad.notation.raising.batches import runs_through
from tcgrad.notation.raising.expressions import MOST_TERMS, all_or_refusal
from tcgrad.notation.raising.jacobians import Vectorising
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.notation.raising.terms import Term, as_expr, expansion, flatten, multiplied_out
from tcgrad.records import replace

_MANY = 5  # terms, each a Kronecker product or more: of so many the form of a slice is the shorter one


def adds_many(body: Expr) -> bool:
    """Whether a sum over slices would add so many terms that another form is shorter."""
    return sum(1 for _ in _terms(body)) >= _MANY


def raise_batch_sums(vectorising: Vectorising, body: Expr, names: Mapping[Index, str]) -> Matrix | None:
    """The shortest matrix that ``vectorising`` makes of a body with a sum of each term over slices; None without one.

    names: for the bound indices of the body.
    """
    terms = list(_terms(body))
    sizes = dict.fromkeys(index.size for term in terms for index in term.summed)
    made = [_summed_over(vectorising, terms, size, names) for size in sizes]
    return min([matrix for matrix in made if matrix is not None], key=length, default=None)


def _summed_over(
    vectorising: Vectorising, terms: Sequence[Term], size: Integer, names: Mapping[Index, str]
) -> Matrix | None:
    """The sum of the terms, of each over slices if it has a sum over as many as ``size``."""
    held = [_busiest(term, size) for term in terms]
    name = next((names.get(index, index.name) for index in held if index is not None), None)
    if name is None:
        return None
    dim = Dim(name, 0)
    slices = [_at(term, index, dim) for term, index in zip(terms, held, strict=True) if index is not None]
    rest = [as_expr(term) for term, index in zip(terms, held, strict=True) if index is None]
    raised = all_or_refusal(vectorising(Add(tuple(bodies))) for bodies in (slices, rest) if bodies)
    if isinstance(raised, Refusal):
        return None
    inside, *others = raised
    return add([batch_sum(dim, size, inside), *others])


def _terms(body: Expr) -> Iterator[Term]:
    """The products that a body is a sum of."""
    if isinstance(body, Add):
        for part in body.terms:
            yield from _terms(part)
        return
    term = flatten(body)
    addends = multiplied_out(term) if expansion(term) <= MOST_TERMS else None
    if addends is None:
        yield term
    else:
        for addend in addends:
            yield from _terms(addend)


def _busiest(term: Term, size: Integer) -> Index | None:
    """The summed index of a size in most factors of a term, of those that may be held; None if there is none."""
    fit = [index for index in term.summed if index.size == size and _may_be_held(index, term)]
    return max(fit, key=lambda index: sum(index in free_indices(o.expr) for o in term.operands), default=None)


def _may_be_held(index: Index, term: Term) -> bool:
    nodes = [node for operand in term.operands for node in walk(operand.expr)]
    tied = any(isinstance(node, Delta) and index in free_indices(node) for node in nodes)
    return not tied and all(runs_through(index, node) for node in nodes if isinstance(node, Component))


def _at(term: Term, index: Index, dim: Dim) -> Expr:
    """The term without the sum over an index that is held."""
    summed = tuple(other for other in term.summed if other is not index)
    return substitute(as_expr(replace(term, summed=summed)), {index: Integer.of(dim)})
