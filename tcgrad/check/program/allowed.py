"""Which references the equations of a program allow, and why not the others."""

from __future__ import annotations

from math import prod

from tcgrad.calculus.program.recognise import recognised
from tcgrad.evaluate.functions.elementwise import is_complex_in_double
from tcgrad.functions import Function
from tcgrad.ir.guards import is_structural
from tcgrad.ir.nodes import Add, Call, Component, Const, Expr, IndexReduce, IndexSum, Iverson, Mul, Pow, Where
from tcgrad.ir.program import Intrinsic, Program, Recurrence, Statement, bodies, defined_tensors, nodes_in
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import children, tensors_read, walk
from tcgrad.simplify.powers import is_division

_EXTREMES = frozenset({"max", "min"})

# Exact numbers may be made of this many of the numbers that are given: their digits add up.
_LARGEST_WEIGHT = 256


def why_not_complex(program: Program, *, kinks: bool = False, special: bool = False) -> str:
    """Why the equations have no complex step; empty if they are analytic and can be evaluated on complex numbers.

    kinks: whether functions that are analytic on either side of a kink or jump count as analytic: a complex step stays
        on the branch that it starts from.
    special: whether special functions do, which have complex values in double precision alone, if they have any.
    """
    for node in nodes_in(*program.statements):
        if kinks and _is_rational_in_parts(node):
            continue
        match node:
            case Call(function=function) if not _is_analytic(function, kinks=kinks, special=special):
                return f"{function.name} is not evaluated on complex numbers"
            case IndexReduce(kind="max" | "min" as kind):
                return f"{kind} is not analytic"
            case Iverson() if not is_structural(node):
                return "comparisons are not analytic"
            case _:
                continue
    return ""


def _is_analytic(function: Function, *, kinks: bool, special: bool) -> bool:
    if function.is_abstract or (function.seam in ("kink", "jump") and not kinks):
        return False
    return not function.scipy or (special and is_complex_in_double(function))


def abstract_functions(program: Program) -> tuple[Function, ...]:
    """The abstract functions that the equations call, each once, in the order of occurrence."""
    calls = (node.function for node in nodes_in(*program.statements) if isinstance(node, Call))
    return tuple(dict.fromkeys(function for function in calls if function.is_abstract))


def has_ties(program: Program) -> bool:
    """Whether the equations have kinks at which the language says what the derivative is."""
    return any(
        (isinstance(node, Call) and node.function.seam == "kink")
        or (isinstance(node, IndexReduce) and node.kind in _EXTREMES)
        for node in nodes_in(*program.statements)
    )


def has_extremes(program: Program) -> bool:
    """Whether the equations have largest or smallest elements, of which several may be equal."""
    return any(isinstance(node, IndexReduce) and node.kind in _EXTREMES for node in nodes_in(*program.statements))


def has_comparisons(program: Program) -> bool:
    """Whether the equations compare numbers that inputs move, of which some may be equal."""
    comparisons = (node for node in nodes_in(*program.statements) if isinstance(node, Iverson))
    return any(tensor.is_real for node in comparisons for tensor in tensors_read(node))


def why_branches_are_rounded(program: Program) -> str:
    """Why rounding may decide which branch is taken where branches meet; empty if they are decided by rational
    functions of the inputs, which are exact at small whole numbers.
    """
    rounded: set[str] = set()
    for statement in program.statements:
        reasons = [_why_rounded(node, rounded) for node in nodes_in(statement)]
        if isinstance(statement, Intrinsic) or any(reasons):
            rounded |= {tensor.name for tensor in defined_tensors(statement)}
        for node in filter(_decides, nodes_in(statement)):
            reason = next(filter(None, (_why_rounded(part, rounded) for part in walk(node))), "")
            if reason:
                return f"rounding decides which branch is taken: {reason}"
    return ""


def without_a_kink(program: Program) -> frozenset[int]:
    """The numbers of the statements that make decisions for what has a name and no kink, as
    ``max(u, 0) + log(1 + exp(-abs(u)))`` for ``softplus(u)``: where branches meet there the function has a derivative,
    whatever those of its parts add up to.
    """
    pairs = zip(program.statements, recognised(program).statements, strict=True)
    return frozenset(number for number, (own, named) in enumerate(pairs) if _decisions(named) < _decisions(own))


def _decisions(statement: Statement) -> int:
    return sum(map(_decides, nodes_in(statement)))


def _decides(node: Expr) -> bool:
    """Whether there are branches that meet in a kink or in a jump."""
    match node:
        case Call(function=function):
            return function.seam in ("kink", "jump")
        case IndexReduce(kind=kind):
            return kind in _EXTREMES
        case _:
            return isinstance(node, Iverson) and not is_structural(node)


def _why_rounded(node: Expr, rounded: set[str]) -> str:
    """Why the value of a node is rounded though those of its parts are not; empty if it is not."""
    if isinstance(node, Component) and node.tensor.name in rounded:
        return f"{node.tensor.name} is not rational"
    return "" if _is_rational_in_parts(node) else _irrational(node)


def why_not_exact(program: Program, *, kinks: bool = False) -> str:
    """Why there is no exact arithmetic; empty if the equations take rational numbers to rational ones of few digits.

    kinks: whether functions that are rational on either side of a kink count as rational.
    """
    for node in nodes_in(*program.statements):
        reason = "" if kinks and _is_rational_in_parts(node) else _irrational(node)
        if reason:
            return reason
    if any(isinstance(statement, Recurrence) for statement in program.statements):
        return "exact numbers grow without bound in a recurrence"
    if any(isinstance(statement, Intrinsic) and statement.kind == "logdet" for statement in program.statements):
        return "logdet is not rational"
    heaviest = max(_weights(program).values())
    return "" if heaviest <= _LARGEST_WEIGHT else "exact numbers would grow too long"


def _is_rational_in_parts(node: Expr) -> bool:
    match node:
        case Call(function=function):
            return function.is_rational
        case IndexReduce(kind=kind):
            return kind in _EXTREMES
        case _:
            return isinstance(node, Iverson)


def _irrational(node: Expr) -> str:
    match node:
        case Call(function=function):
            return f"{function.name} is not rational"
        case IndexReduce(kind=kind) if kind != "prod":
            return f"{kind} is not rational"
        case Iverson() if not is_structural(node):
            return "comparisons are not rational"
        case Component(tensor=tensor) if tensor.role is Role.CONSTANT and tensor.value is None:
            return "pi is not rational"
        case Pow(exponent=exponent) if not isinstance(exponent, Const) or exponent.value.denominator != 1:
            return "a power is not rational"
        case _:
            return ""


def _weights(program: Program) -> dict[str, float]:
    """For each tensor, of how many given numbers the digits of one entry may be made."""
    weights: dict[str, float] = {item.tensor.name: 1 for item in program.inputs}
    for statement in program.statements:
        if isinstance(statement, Intrinsic):
            own = weights.get(statement.operand.name, 1) * statement.operand.shape[-1].value
        else:
            own = max((_weight(body, weights) for body in bodies(statement)), default=1)
        weights.update({tensor.name: own for tensor in defined_tensors(statement)})
    return weights


def _weight(expr: Expr, weights: dict[str, float]) -> float:
    parts = [_weight(part, weights) for part in children(expr)]
    match expr:
        case Component():
            return weights.get(expr.tensor.name, 1)
        case Mul() | Where():
            return sum(parts)
        case Add():
            return sum(parts) if _divides(expr) else max(parts)
        case Pow(exponent=Const(value=power)):
            return _weight(expr.base, weights) * abs(float(power))
        case IndexSum() | IndexReduce():
            terms = prod(index.size.value for index in expr.indices)
            grows = isinstance(expr, IndexReduce) or _divides(expr.body)
            return max(parts) * (terms if grows else 1)
        case _:
            return max(parts, default=1)


def _divides(expr: Expr) -> bool:
    """Whether denominators other than powers of 2 come in, which do not cancel in a sum."""
    return any(map(is_division, walk(expr)))
