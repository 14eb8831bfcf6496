"""Sums that are products of sums: ``(I - A) X (I - A)ᵀ`` for ``X - A X - X Aᵀ + A X Aᵀ``, and squares of ``I - A``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from tcgrad.notation.matrix.building import product
from tcgrad.notation.matrix.common import Word
from tcgrad.notation.matrix.nodes import Identity, MatMul, Matrix, Scale, Sum, Transpose
from tcgrad.notation.matrix.scaling import ordered, scaled, unscaled
from tcgrad.notation.matrix.shape import shape
from tcgrad.notation.matrix.transpose import shorter, transpose
from tcgrad.records import dataclass, replace

MOST_TERMS = 24  # of a sum in which products of binomials are looked for


@dataclass(frozen=True)
class _Found:
    """``coefficient * (I + left) middle (I + right)``, and the terms that it is the sum of."""

    coefficient: Fraction
    left: Matrix | None
    middle: Word
    right: Matrix | None
    terms: tuple[Scale, ...]


def with_binomials(terms: list[Scale]) -> list[Scale]:
    """The terms of a sum, with those in one for which a product of binomials stands, sums in them multiplied out."""
    if len(terms) > MOST_TERMS or not any(len(_word(term)) > 1 for term in terms):
        return terms
    expanded = [part for term in terms for part in _multiplied_out(term)]
    joined = _joined(expanded)
    return joined if len(joined) < len(terms) else _joined(terms)


def split_by_identity(terms: Sequence[Scale]) -> tuple[Word, list[Scale], Word] | None:
    """The terms of a sum S of two at least and the ``I + A`` before or behind them, where the whole is their product,
    sums in its terms multiplied out.

    None for any other sum.
    """
    terms = [part for term in terms for part in _multiplied_out(term)]
    half, odd = divmod(len(terms), 2)
    alike = len({(_word(term), _scalars(term)) for term in terms}) < len(terms)
    if odd or half < 2 or alike:
        return None
    short = sorted(terms, key=lambda term: len(_word(term)))[:half]
    first = _word(short[0])
    for word in map(_word, terms) if first else ():
        before, behind = word[: len(word) - len(first)], word[len(first) :]
        if before and _ends(word, first) and (left := _identity_plus(before, terms, short, ())) is not None:
            return (left,), short, ()
        if behind and _begins(word, first) and (right := _identity_plus((), terms, short, behind)) is not None:
            return (), short, (right,)
    return None


def _identity_plus(before: Word, terms: Sequence[Scale], short: Sequence[Scale], behind: Word) -> Matrix | None:
    """``I + c A`` if the terms are the short ones and ``c`` times the products of each with ``A`` on one side."""
    known = {(_word(term), _scalars(term)): term.coefficient for term in terms}
    long = [known.get(((*before, *_word(term), *behind), _scalars(term))) for term in short]
    ratios = {None if c is None else c / term.coefficient for c, term in zip(long, short, strict=True)}
    (ratio, *others) = ratios
    return None if ratio is None or others else _one_plus(scaled(product(*before, *behind), by=ratio))


def _multiplied_out(term: Scale) -> list[Scale]:
    """``A B C - A D C`` for ``A (B - D) C``."""
    chain = _word(term)
    place = next((n for n, factor in enumerate(chain) if addends(factor)), None)
    if place is None or len(chain) < 2:
        return [term]
    pieces = [product(*chain[:place], part, *chain[place + 1 :]) for part in addends(chain[place])]
    return [unscaled(scaled(piece, (replace(term, body=None),))) for piece in pieces]


def addends(matrix: Matrix) -> tuple[Matrix, ...]:
    """The terms of a matrix that is a sum, or the transpose of one; none of any other."""
    match matrix:
        case Sum():
            return matrix.terms
        case Transpose(operand=Sum(terms=terms)):
            return tuple(map(transpose, terms))
        case _:
            return ()


def _joined(terms: list[Scale]) -> list[Scale]:
    if len(terms) < 3:
        return terms
    found = next(_products(terms), None) or next(_squares(terms), None)
    if found is None:
        return terms
    place = terms.index(found.terms[0])
    rest = [term for term in terms if term not in found.terms]
    return _joined([*rest[:place], _written(found), *rest[place:]])


def _products(terms: Sequence[Scale]) -> Iterator[_Found]:
    """``w + u w + w v + u w v``, all with the same scalars but for their numbers."""
    known = {(_word(term), _scalars(term)): term for term in terms}
    for base in terms:
        middle = _word(base)
        for left in terms:
            for right in terms if _longer(left, base, _ends) else ():
                before = _word(left)[: len(_word(left)) - len(middle)]
                last = known.get(((*before, *_word(right)), _scalars(base))) if _longer(right, base, _begins) else None
                if last and last.coefficient * base.coefficient == left.coefficient * right.coefficient:
                    after = _word(right)[len(middle) :]
                    first, second = (
                        scaled(product(*word), by=term.coefficient / base.coefficient)
                        for word, term in ((before, left), (after, right))
                    )
                    yield _Found(base.coefficient, first, middle, second, (base, left, right, last))


def _squares(terms: Sequence[Scale]) -> Iterator[_Found]:
    """``w + 2 w v + w v v``, and the same on the other side."""
    known = {(_word(term), _scalars(term)): term for term in terms}
    for base in terms:
        for once in terms:
            for by_right, fits in ((True, _begins), (False, _ends)):
                if not _longer(once, base, fits):
                    continue
                middle, word = _word(base), _word(once)
                own = word[len(middle) :] if by_right else word[: len(word) - len(middle)]
                last = known.get(((*word, *own) if by_right else (*own, *word), _scalars(base)))
                if last and once.coefficient**2 == 4 * base.coefficient * last.coefficient:
                    part = scaled(product(*own), by=once.coefficient / base.coefficient / 2)
                    square = _one_plus(part), _one_plus(part)
                    whole = (*middle, *square) if by_right else (*square, *middle)
                    yield _Found(base.coefficient, None, whole, None, (base, once, last))


def _word(term: Scale) -> Word:
    match term.body:
        case Identity():
            return ()
        case MatMul(factors=factors):
            return factors
        case body:
            return () if body is None else (body,)


def _scalars(term: Scale) -> tuple[Word, Word]:
    return term.factors, term.divisors


def _longer(term: Scale, base: Scale, fits: Callable[[Word, Word], bool]) -> bool:
    """Whether a term is the base with more factors on the side that ``fits`` looks at."""
    rows, columns = (None, None) if term.body is None else shape(term.body)
    square = (columns if fits is _begins else rows) is not None
    more = len(_word(term)) > len(_word(base))
    return square and more and _scalars(term) == _scalars(base) and fits(_word(term), _word(base))


def _begins(word: Word, start: Word) -> bool:
    return word[: len(start)] == start


def _ends(word: Word, end: Word) -> bool:
    return word[len(word) - len(end) :] == end


def _written(found: _Found) -> Scale:
    left, right = found.left, found.right
    first = [] if left is None else [_one_plus(left)]
    last = [] if right is None else [_one_plus(right)]
    whole = product(*first, *found.middle, *last)
    if left is not None and right is not None and transpose(left) == right:
        whole = shorter(
            product(*first, *found.middle, Transpose(*first)), product(Transpose(*last), *found.middle, *last)
        )
    return unscaled(scaled(whole, found.terms[0].factors, found.terms[0].divisors, found.coefficient))


def _one_plus(matrix: Matrix) -> Matrix:
    rows, _ = shape(matrix)
    if rows is None:
        raise ValueError("only a square matrix can be added to the identity")
    return Sum(ordered((Identity(rows), matrix)))
