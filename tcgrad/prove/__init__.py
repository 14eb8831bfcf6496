"""Proving two formulas equal: by normal form, with definitions unfolded.

Two formulas that are not proved equal may still be equal: samples tell.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from tcgrad.ir.nodes import MINUS_ONE, Add, Expr, Mul
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.substitution import freshen, substitute
from tcgrad.prove.cases import has_cases, vanishes_by_cases
from tcgrad.prove.difference import Difference
from tcgrad.prove.gathering import summand
from tcgrad.prove.normal import normalise
from tcgrad.prove.places import with_places_as_sums
from tcgrad.prove.rewrite import rewrite
from tcgrad.prove.scalar import vanishes_by_sympy
from tcgrad.simplify import simplify
from tcgrad.simplify.assume import Assumption, Assumptions
from tcgrad.simplify.expand import TooLargeError, expand

__all__ = ["prove_equal"]


def prove_equal(
    left: Define,
    right: Define,
    statements: Iterable[Statement] = (),
    assumed: Collection[Assumption] = (),
    *,
    sizes: Sequence[Mapping[str, int]] = ({},),
    any_sizes: bool = False,
) -> bool:
    """Whether two definitions of one tensor have the same normal form, by the numbers that sizes and constants are if
    not by their names.

    statements: the definitions of intermediates, and of gradients of intermediates, that may be unfolded.
    assumed: what is taken for granted about inputs.
    sizes: of the dims by name, at each of which it has to hold by numbers; those of the spec are not named.
    any_sizes: by their names alone, and without SymPy.
    """
    difference = _difference(left, right, tuple(statements), tuple(assumed), () if any_sizes else sizes)
    if any(_holds(form, difference.is_zero) for form in difference.forms()):
        return True
    if _holds(lambda: difference.unfolded, lambda expr: _vanishes_in_each_case(expr, difference)):
        return True
    return not any_sizes and _holds(lambda: expand(difference.unfolded), _vanishes_as_scalars)


def _difference(
    left: Define,
    right: Define,
    statements: tuple[Statement, ...],
    assumed: Assumptions,
    sizes: Sequence[Mapping[str, int]],
) -> Difference:
    positions = {old: new.expr for old, new in zip(right.free, left.free, strict=True)}
    whole = Add((left.body, Mul((MINUS_ONE, substitute(right.body, positions)))))
    simplified = with_places_as_sums(simplify(freshen(whole)))  # a delta puts the older of two indices everywhere
    definitions = {s.tensor: s for s in statements if isinstance(s, Define) and s.tensor != left.tensor}
    return Difference(simplified, left.body, statements, definitions, assumed, sizes)


def _vanishes_in_each_case(expr: Expr, difference: Difference) -> bool:
    positive = [each.tensor for each in difference.assumed if each.kind == "positive"]

    def vanishes_in_one(case: Expr) -> bool:
        return difference.is_zero(case) or difference.is_zero(normalise(simplify(rewrite(case))))

    return has_cases(expr) and vanishes_by_cases(expr, positive, vanishes_in_one)


def _vanishes_as_scalars(expr: Expr) -> bool:
    """By identities of scalar functions, in the whole or in what is summed."""
    inner = summand(expr)
    return vanishes_by_sympy(expr) or (inner is not expr and vanishes_by_sympy(inner))


def _holds(form: Callable[[], Expr], is_zero: Callable[[Expr], bool]) -> bool:
    """Whether a form is 0; no, if working it out grows too large."""
    try:
        return is_zero(form())
    except TooLargeError:
        return False
