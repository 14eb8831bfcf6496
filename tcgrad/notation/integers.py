"""The order in which the terms of an integer expression read well."""

from __future__ import annotations

from tcgrad.ir.indices import Integer, Monomial


def ordered_terms(value: Integer) -> list[tuple[Monomial, int]]:
    """The terms: one with a positive sign comes first, a number last if it can."""
    terms = sorted(value.terms, key=lambda term: (not term[0], term[1] < 0))
    return [terms[-1], *terms[:-1]] if terms and terms[0][1] < 0 < terms[-1][1] else terms
