"""Terms of a sum that are one over a longer range: ``f(p) [p >= 1] + f(0) delta(p,0) = f(p)``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tcgrad.ir.guards import slack_of
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import ONE, ZERO, Add, Delta, Expr, IndexValue, Iverson, Mul
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import factors_of
from tcgrad.records import dataclass
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.rules.guarding import guards_kept
from tcgrad.simplify.shapes import are_equal, names
from tcgrad.simplify.shorter.spread import spread_out

_Polish = Callable[[Expr], Expr]


def with_ranges_joined(expr: Add, polish: _Polish | None = None) -> Expr:
    """``f(p) [p >= 1] + f(0) delta(p,0) = f(p)``, and with other numbers ``f(p) [p >= n-1]``; of
    ``(f(p) + g(p)) [p >= 1] + (f(0) + h) delta(p,0)`` it is ``f(p) + g(p) [p >= 1] + h delta(p,0)``, and of
    ``f(p) g(p) [p >= 1] + f(0) h delta(p,0)`` it is ``f(p) (g(p) [p >= 1] + h delta(p,0))``.

    polish: writes what is joined in part as it would be read; without it nothing is joined in part.
    """
    for first, term in enumerate(expr.terms):
        edges = tuple(_edges(term))
        for second, other in enumerate(expr.terms if edges else ()):
            joined = _joined(term, other, edges, polish) if first != second else None
            if joined is None:
                continue
            rest = [own for place, own in enumerate(expr.terms) if place not in (first, second)]
            made = simplify(Add((*rest[:first], joined, *rest[first:]))) if rest else joined
            if cost(made) < cost(expr):  # else what was joined comes apart beside the others
                return with_ranges_joined(made, polish) if isinstance(made, Add) else made
    return expr


@dataclass(frozen=True)
class _Edge:
    """Where a guard ends.

    index: runs up to there.
    beyond: the position next to those that the guard holds for.
    wider: the guard that holds there too; none where that is everywhere.
    """

    guard: Iverson
    index: Index
    beyond: Integer
    wider: tuple[Expr, ...]


def _joined(term: Expr, other: Expr, edges: tuple[_Edge, ...], polish: _Polish | None) -> Expr | None:
    """What two terms are together: the first up to one of its edges, the second at the position next to that."""
    for edge in edges:
        place = edge.index.expr
        at = next((f for f in factors_of(other) if f in (Delta(place, edge.beyond), Delta(edge.beyond, place))), None)
        if at is not None:
            rest = tuple(factor for factor in factors_of(term) if factor is not edge.guard)
            there = tuple(factor for factor in factors_of(other) if factor is not at)
            ways = [_over_both(rest, there, edge, polish)]
            if polish is not None:
                ways.append(_with_factors_out(rest, there, edge, at, polish))
            return min((made for made in ways if made is not None), key=cost, default=None)
    return None


def _edges(product: Expr) -> Iterator[_Edge]:
    for guard in factors_of(product):
        slack = slack_of(guard)
        match guard:
            case Iverson(operator, IndexValue(), IndexValue(value=right)) if slack is not None:
                sign = slack.coefficient(slack.indices[0]) if len(slack.indices) == 1 else None
                if sign is not None and sign.as_number in (1, -1):
                    (index,) = slack.indices
                    beyond = (index.expr * sign - slack - 1) * sign
                    further = IndexValue(right - 1 if operator[0] == ">" else right + 1)
                    wider = simplify(Iverson(operator, guard.left, further))
                    yield _Edge(guard, index, beyond, () if wider == ONE else (wider,))
            case _:
                pass


def _over_both(rest: tuple[Expr, ...], there: tuple[Expr, ...], edge: _Edge, polish: _Polish | None) -> Expr | None:
    """The terms that are at the edge what they are up to it, and the others under their guard or at the edge.

    rest, there: the factors of what is up to the edge, and of what is at it.
    """
    inside, single = simplify(Mul((ONE, *rest))), simplify(Mul((ONE, *there)))
    terms, singles = spread_out(inside), spread_out(single)
    if terms is None or singles is None:
        return None
    moved = [simplify(substitute(part, {edge.index: edge.beyond})) for part in terms]
    named = names([*moved, *map(simplify, singles)])
    places = {name: place for place, name in enumerate(named[: len(terms)])}  # one of x(p) + x(0), alike at 0
    wanted = named[len(terms) :]
    common = {places[name] for name in wanted if name in places}
    if len(set(wanted)) < len(wanted) or not common:
        return None
    if len(common) == len(terms) == len(singles):
        return Mul((inside, *edge.wider)) if edge.wider else inside
    if polish is None:
        return None
    both = Add((ZERO, *(part for place, part in enumerate(terms) if place in common)))
    short = Add((ZERO, *(part for place, part in enumerate(terms) if place not in common)))
    alone = Add((ZERO, *(part for part, name in zip(singles, wanted, strict=True) if name not in places)))
    at = Delta(edge.index.expr, edge.beyond)
    made = polish(simplify(Add((Mul((both, *edge.wider)), Mul((short, edge.guard)), Mul((alone, at))))))
    apart = Add((Mul((inside, edge.guard)), Mul((single, at))))
    return made if cost(made) < cost(apart) else None


def _with_factors_out(
    rest: tuple[Expr, ...], there: tuple[Expr, ...], edge: _Edge, at: Expr, polish: _Polish
) -> Expr | None:
    """The factors that are at the edge what they are up to it, taken out, where that is shorter.

    They are there at the edge. The guards without which they need not be there elsewhere go with them. What is left
    may be one by itself: multiplied out with them, it has terms that are collected in another way.
    """
    if edge.wider:
        return None
    common: list[Expr] = []
    holding: list[Expr] = []
    left = list(there)
    for factor in rest:
        moved = simplify(substitute(factor, {edge.index: edge.beyond}))
        twin = next((other for other in left if are_equal(moved, other)), None)
        if twin is not None:
            left.remove(twin)
            common.append(factor)
        elif moved == ONE:
            holding.append(factor)
    needed = guards_kept(rest, common)
    if any(guard not in holding for guard in needed):
        return None
    common += needed
    if not common:
        return None
    own = tuple(factor for factor in rest if factor not in common)
    inner = _over_both(own, tuple(left), edge, polish) or Add((Mul((*own, edge.guard)), Mul((*left, at))))
    made = simplify(Mul((*common, inner)))
    apart = Add((Mul((*rest, edge.guard)), Mul((*there, at))))
    return made if cost(made) < cost(apart) else None
