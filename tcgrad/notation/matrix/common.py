"""What the terms of a sum have in common: scalars, numbers, and factors at the ends of their products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import reduce
from math import gcd, lcm
from operator import and_

from tcgrad.notation.matrix.nodes import (
    DiagMatrix,
    Identity,
    Inverse,
    MatMul,
    Matrix,
    Scale,
    Symbol,
    Transpose,
    is_derivative,
)
from tcgrad.notation.matrix.scaling import counted, powers
from tcgrad.notation.matrix.shape import shape
from tcgrad.notation.matrix.signs import is_decimal
from tcgrad.notation.matrix.transpose import transpose

Word = tuple[Matrix, ...]  # the factors of a matrix product; () for the identity
Adding = Callable[[Iterable[Matrix]], Matrix]  # the sum of terms, as the caller makes it


def common_scalars(terms: list[Scale]) -> Scale:
    """The scalar factors, divisors and the number that every term has, the sign if all are negative."""
    number = _common_number([abs(term.coefficient) for term in terms])
    sign = -1 if all(term.coefficient < 0 for term in terms) else 1
    over = _common_powers([counted(term.factors) for term in terms])
    under = _common_powers([counted(term.divisors) for term in terms])
    return Scale(sign * number, powers(over), powers(under))


def _common_powers(counts: list[Counter[Matrix]]) -> Counter[Matrix]:
    """The lowest powers of what all have, where two of them at least have no higher one."""
    lowest = reduce(and_, counts)
    often = {part: [own[part] for own in counts].count(power) for part, power in lowest.items()}
    return Counter({part: power for part, power in lowest.items() if often[part] > 1})


def _common_number(numbers: list[Fraction]) -> Fraction:
    """What is taken out of positive numbers: what all have if they are whole or parts of 1, or what leaves less to
    write, ``(3 A - B) / 2`` for ``3 A / 2 - B / 2``; decimals stay where they are.
    """
    if len(set(numbers)) == 1:
        return numbers[0]
    above, below = [n.numerator for n in numbers], [n.denominator for n in numbers]
    common = Fraction(gcd(*above), gcd(*below)) if {1} in (set(above), set(below)) else Fraction(1)
    if any(map(is_decimal, numbers)):
        return common
    return min(common, Fraction(gcd(*above), lcm(*below)), key=lambda out: _written(out, *(n / out for n in numbers)))


def _written(*numbers: Fraction) -> int:
    """How many whole numbers are written for ratios, of which 1 is not."""
    return sum((number.numerator != 1) + (number.denominator != 1) for number in numbers)


def without(term: Scale, common: Scale) -> Scale:
    factors = powers(counted(term.factors) - counted(common.factors))
    divisors = powers(counted(term.divisors) - counted(common.divisors))
    return Scale(term.coefficient / common.coefficient, factors, divisors, term.body)


def chain_of(term: Scale) -> Word:
    return term.body.factors if isinstance(term.body, MatMul) else ()


def word_of(term: Scale) -> Word:
    """The factors of a matrix product; a matrix that is none as the only one."""
    return chain_of(term) or (() if term.body is None else (term.body,))


def common_ends(chains: list[Word]) -> tuple[Word, Word]:
    """The factors that all chains begin with and those that all end with; every chain keeps at least one of its own."""
    room = max(min(map(len, chains)) - 1, 0)
    first = chains[0]
    head = tail = 0
    while head < room and all(chain[head] == first[head] for chain in chains):
        head += 1
    while tail < room and all(chain[-1 - tail] == first[-1 - tail] for chain in chains):
        tail += 1
    while head + tail > room:  # Aᵀ (S - S B S) A rather than Aᵀ S (A - B S A)
        head, tail = (head - 1, tail) if head >= tail else (head, tail - 1)
    return first[:head], first[len(first) - tail :]


def common_name(terms: list[Scale]) -> tuple[Word, Word]:
    """The factor that one term is, a name, where all others begin with it, or where they end with it; else none.

    ``B (A - I)`` is ``B A - B``, and so for an inverse. Vectors stay, as do derivatives, ``∂l/∂y + ∂l/∂y A``, and what
    stands at both ends of another one, ``P - P A P``, but for ``B Bᵀ B``.
    """
    names = [term for term in terms if _is_matrix_name(term.body)]
    name, others = word_of(names[0]) if names else (), [chain_of(term) for term in terms if term not in names]
    if len(names) != 1 or not all(others) or names[0].factors or names[0].divisors:
        return (), ()
    leads, trails = (all(chain[end : end + 1 or None] == name for chain in others) for end in (0, -1))
    if leads and trails:
        return (name, ()) if all(chain[1:-1] == (transpose(*name),) for chain in others) else ((), ())
    return name if leads else (), name if trails else ()


def _is_matrix_name(matrix: Matrix | None) -> bool:
    """Whether it is the name of a matrix, or of the diagonal of one, or the inverse of such, transposed or not."""
    plain = matrix.operand if isinstance(matrix, Transpose) else matrix
    plain = plain.operand if isinstance(plain, Inverse) else plain
    is_square = isinstance(plain, DiagMatrix) or (plain is not None and None not in shape(plain))
    name = plain.vector if isinstance(plain, DiagMatrix) else plain
    return isinstance(name, Symbol) and is_square and not is_derivative(name)


def identity_between(head: Word, tail: Word) -> Matrix:
    """The identity that may stand between factors of which one side is empty."""
    size = shape(head[-1])[1] if head else shape(tail[0])[0]
    if size is None:
        raise ValueError("no matrix fits between a row and a column")
    return Identity(size)
