"""How many indices an equation may have: more than anybody writes, and no more than NumPy has axes for."""

from __future__ import annotations

from tcgrad.language.expressions.occurrences import index_names
from tcgrad.language.symbols import Symbols
from tcgrad.language.syntax import Equation, Subscript
from tcgrad.spec.limits import MAX_ORDER

_MOST_INDICES = 30
"""NumPy broadcasts arrays of at most 32 axes, and samples are one more."""


def require_few_indices(equation: Equation, symbols: Symbols) -> None:
    """Refuse an equation that has too many indices.

    Raises:
        Refused: after TC211.
    """
    target = equation.target
    axes = len(target.positions) if isinstance(target, Subscript) else 0
    if axes > MAX_ORDER:
        raise symbols.refuse("TC211", f"this tensor has {axes} axes; {MAX_ORDER} are the limit", target.span)
    count = len({*index_names([target, equation.body], symbols)})
    if count > _MOST_INDICES:
        message = f"this equation has {count} indices; {_MOST_INDICES} are the limit"
        raise symbols.refuse("TC211", message, equation.body.span, "define parts of it in equations before")
