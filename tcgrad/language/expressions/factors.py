"""The factors of a term, as the summation convention counts them."""

from __future__ import annotations

from typing import Literal

from tcgrad.language.syntax import Expression, Group, Negative, Product, Sum
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Factor:
    """One factor of a term; ``operator`` is ``/`` where it stands behind one."""

    operator: Literal["*", "/"]
    node: Expression


def factors_of_term(node: Expression) -> tuple[int, list[Factor]]:
    """The sign and the factors of a term; products in parentheses are part of it."""
    match node:
        case Group(body=Group() | Product() | Negative() | Sum(terms=(_,)) as body):
            return factors_of_term(body)
        case Sum(terms=((sign, term),)):
            inner, factors = factors_of_term(term)
            return sign * inner, factors
        case Negative():
            sign, factors = factors_of_term(node.operand)
            return -sign, factors
        case Product() if not is_integer(node):
            return _product_factors(node)
    return 1, [Factor("*", node)]


def _product_factors(node: Product) -> tuple[int, list[Factor]]:
    """The factors of a product; what comes before its last ``//`` or ``%`` is one of them, an integer."""
    places = [place for place, (operator, _) in enumerate(node.factors) if operator in {"//", "%"}]
    head = places[-1] + 1 if places else 0
    prefix = Product(node.factors[:head], node.factors[0][1].span.to(node.factors[head - 1][1].span))
    total_sign, factors = 1, [Factor("*", prefix)] if head else []
    for operator, factor in node.factors[head:]:
        if operator == "/":
            factors.append(Factor("/", factor))
        else:
            sign, inner = factors_of_term(factor)
            total_sign *= sign
            factors.extend(inner)
    return total_sign, factors


def is_integer(node: Product) -> bool:
    """Whether the product ends in ``//`` or ``%``, and so is an integer as a whole."""
    return node.factors[-1][0] in {"//", "%"}
