"""Sums of matrix expressions: like terms merged, common scalars and common outer factors of products taken out."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from tcgrad.notation.matrix.binomials import addends, split_by_identity, with_binomials
from tcgrad.notation.matrix.building import diagonal_matrix, product
from tcgrad.notation.matrix.common import (
    Word,
    chain_of,
    common_ends,
    common_name,
    common_scalars,
    identity_between,
    without,
    word_of,
)
from tcgrad.notation.matrix.commutations import with_commuted_joined
from tcgrad.notation.matrix.elementwise import hadamard
from tcgrad.notation.matrix.groups import elementwise_alike, group_of_some, groups_of_all
from tcgrad.notation.matrix.kroneckers import with_kroneckers_joined
from tcgrad.notation.matrix.negation import lifted
from tcgrad.notation.matrix.nodes import (
    DiagMatrix,
    Hadamard,
    Inverse,
    MatMul,
    Matrix,
    Ones,
    Scale,
    Shape,
    Sum,
    Transpose,
    Vec,
    Zeros,
)
from tcgrad.notation.matrix.outer import opened, with_outer_blocks
from tcgrad.notation.matrix.scaling import apart, ordered, scaled, unscaled, zeros
from tcgrad.notation.matrix.shape import common_shape, shape
from tcgrad.notation.matrix.transpose import transpose, transposes
from tcgrad.records import replace


def add(terms: Iterable[Matrix]) -> Matrix:
    """The sum of at least one term, all of one shape."""
    listed = [part for term in terms for part in _flat(term)]
    merged = _merge_like_terms(_with_totals_added(_with_wrapped_added(listed)))
    if not merged:
        return zeros(_shape_of(listed))
    return scaled(merged[0]) if len(merged) == 1 else _factored(merged)


def weighted(vector: Matrix, matrix: Matrix) -> Matrix:
    """``diag(v) M``; ``diag(v) (A - 1 wᵀ A)`` and ``diag(v) (I - 1 wᵀ) A`` as ``(diag(v) - v wᵀ) A``."""
    diagonal = diagonal_matrix(vector)
    scale, body = apart(matrix)
    first, *rest = word_of(unscaled(body))
    parts = [unscaled(product(term, *rest)) for term in addends(first)]
    chains = [word_of(part) for part in parts]
    wholes = [chain for chain in chains if not isinstance(chain[0], Ones)]
    if len(wholes) != 1 or len(chains) < max(len(parts), 2):
        return product(diagonal, matrix)
    (tail,) = wholes
    cores = [chain[: len(chain) - len(tail)] for chain in chains]
    if any(core + tail != chain or len(core) == 1 for core, chain in zip(cores, chains, strict=True)):
        return product(diagonal, matrix)
    terms = [
        scaled(product(vector, *core[1:]) if core else diagonal, (replace(part, body=None),))
        for part, core in zip(parts, cores, strict=True)
    ]
    return scaled(product(add(terms), *tail), (scale,))


def _flat(term: Matrix) -> tuple[Matrix, ...]:
    """The terms that a term adds where it is a sum, with a minus sign in front or none."""
    match term:
        case Sum():
            return term.terms
        case Scale(coefficient=sign, factors=(), divisors=(), body=Sum(terms=terms)) if abs(sign) == 1:
            return tuple(scaled(part, by=sign) for part in terms)
        case _:
            return (term,)


def _with_wrapped_added(terms: list[Matrix]) -> list[Matrix]:
    """``diag(v + w)`` for ``diag(v) + diag(w)``, and ``vec(A + B)`` for ``vec(A) + vec(B)``."""
    groups: dict[object, list[Matrix]] = {}
    for place, term in enumerate(terms):
        _, body = apart(term)
        kind = type(body) if isinstance(body, DiagMatrix | Vec) else place
        groups.setdefault(kind, []).append(term)
    return [alike[0] if len(alike) == 1 else _wrapped_sum(alike) for alike in groups.values()]


def _wrapped_sum(alike: list[Matrix]) -> Matrix:
    scale, total = apart(add(scaled(body.operands[0], (scale,)) for scale, body in map(apart, alike)))
    if isinstance(total, Zeros):
        return zeros(_shape_of(alike))
    _, first = apart(alike[0])
    return scaled(replace(first, operand=total) if isinstance(first, Vec) else diagonal_matrix(total), (scale,))


def _with_totals_added(terms: list[Matrix]) -> list[Matrix]:
    """``1ᵀ (x - y)`` for ``1ᵀ x - 1ᵀ y``; totals over axes of several sizes stay apart."""
    found = {place: own for place, term in enumerate(terms) if (own := _summed_up(term)) is not None}
    if len(found) < 2 or len({ones for ones, _ in found.values()}) > 1:
        return terms
    first, (ones, _) = next(iter(found.items()))
    total = product(ones, add(vector for _, vector in found.values()))
    kept = [place for place in range(len(terms)) if place not in found or place == first]
    return [total if place == first else terms[place] for place in kept]


def _summed_up(term: Matrix) -> tuple[Matrix, Matrix] | None:
    """The row of ones and the vector of which a term is the product; None for any other term."""
    own = unscaled(term)
    match own.body, own.factors, own.divisors:
        case None, (MatMul(factors=(Transpose(operand=Ones()) as ones, *rest)),), ():
            return ones, scaled(product(*rest), by=own.coefficient)
        case _:
            return None


def _shape_of(terms: list[Matrix]) -> Shape:
    return common_shape(terms)


def _merge_like_terms(terms: list[Matrix]) -> list[Scale]:
    """Terms that differ by a number at most become one, at the place of the first."""
    coefficients: dict[Scale, Fraction] = {}
    for term in terms:
        scale = unscaled(term)
        key = replace(scale, coefficient=Fraction(1))
        coefficients[key] = coefficients.get(key, Fraction(0)) + (0 if _is_zero(term) else scale.coefficient)
    return [replace(key, coefficient=c) for key, c in coefficients.items() if c]


def _is_zero(term: Matrix) -> bool:
    return term == zeros(shape(term))


def _factored(terms: list[Scale]) -> Matrix:
    """``c (A + B) x`` for ``c A x + c B x``: what all terms have in common is written once."""
    common = common_scalars(terms)
    if common != Scale(Fraction(1)):
        parts = [part for term in terms for part in _flat(scaled(without(term, common)))]
        return scaled(add(parts), (common,))
    shorter = opened(terms, add)
    if shorter is not None:
        return shorter
    permuted = with_commuted_joined(terms, add)
    if len(permuted) == 1:
        return scaled(permuted[0])
    terms = with_binomials(with_kroneckers_joined(with_outer_blocks(permuted, add), add))
    split = split_by_identity(terms)
    if split is not None:
        before, inner, behind = split
        return product(*before, add(map(scaled, inner)), *behind)
    terms = _with_fewer_minuses(_grouped(terms))
    if len(terms) == 1:
        return scaled(terms[0])
    head, tail = common_ends([chain_of(term) for term in terms])
    if not head and not tail:
        head, tail = common_name(terms)
    if not head and not tail:
        return Sum(ordered(map(scaled, terms)))
    return product(*head, _turned(add(_between(term, head, tail) for term in terms)), *tail)


def _turned(matrix: Matrix) -> Matrix:
    """``(A - B)ᵀ`` for ``Aᵀ - Bᵀ``, and ``(A ⊙ B - C D)ᵀ`` for ``(A ⊙ B)ᵀ - Dᵀ Cᵀ``."""
    bodies = [apart(term)[1] for term in addends(matrix)]
    inside = [body.operand for body in bodies if isinstance(body, Transpose) and not isinstance(body.operand, Inverse)]
    if not inside:
        return matrix
    turned = Transpose(Sum(tuple(map(transpose, addends(matrix)))))
    is_shorter = any(isinstance(body, Hadamard) for body in inside) and transposes(turned) < transposes(matrix)
    return turned if len(inside) == len(bodies) or is_shorter else matrix


def _between(term: Scale, head: Word, tail: Word) -> Matrix:
    """A term without the factors at its ends; the identity where they are all that it has."""
    word = word_of(term)
    core = word[len(head) : len(word) - len(tail)]
    inner = product(*core) if core else identity_between(head, tail)
    return scaled(inner, (replace(term, body=None),))


def _with_fewer_minuses(terms: list[Scale]) -> list[Scale]:
    """``a + A (1 - y)`` for ``a - A (y - 1)``."""
    return [lifted(term) if term.coefficient < 0 else term for term in terms]


def _grouped(terms: list[Scale]) -> list[Scale]:
    """``(A + B) x - c x`` for ``A x + B x - c x``, and ``A (B + C) + D (E + F)`` for all of four terms or more."""
    elementwise = elementwise_alike(terms)
    if elementwise:
        rest = [term for place, term in enumerate(terms) if place not in elementwise]
        return _grouped([_elementwise_sum(terms, elementwise), *rest])
    alike = group_of_some(terms)
    if alike:
        return _grouped([unscaled(_factored(alike)), *(other for other in terms if other not in alike)])
    return [unscaled(_factored(own)) for own in groups_of_all(terms)] or terms


def _elementwise_sum(terms: list[Scale], alike: dict[int, tuple[Matrix, Hadamard]]) -> Scale:
    """``x ⊙ (a + b) ⊘ y`` for ``x ⊙ a ⊘ y + x ⊙ b ⊘ y``."""
    total = add(scaled(own, by=terms[place].coefficient) for place, (own, _) in alike.items())
    first, (_, others) = next(iter(alike.items()))
    made = hadamard((*others.factors, total), others.divisors)
    return unscaled(scaled(made, (replace(terms[first], coefficient=Fraction(1), body=None),)))
