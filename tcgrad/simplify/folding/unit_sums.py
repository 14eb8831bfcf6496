"""What adds up to 1 because what it is made of does: ``s = (1 - a) t + a/K`` where ``t`` lies in the simplex."""

from __future__ import annotations

from collections.abc import Iterable

from tcgrad.ir.nodes import ONE, Call, Expr, IndexSum, Pow, Where
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import tensors_read, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.assume import Assumption, Assumptions, assume
from tcgrad.simplify.expand import TooLargeError, expand


def defined_unit_sums(statements: Iterable[Statement], assumptions: Iterable[Assumption]) -> dict[Tensor, Assumptions]:
    """The tensors that statements define and that add up to 1 along their last axis, with what that takes for granted.

    assumptions: what is known about inputs.
    """
    inputs = {each.tensor: (each,) for each in assumptions if each.kind == "unit sums"}
    known: dict[Tensor, Assumptions] = dict(inputs)
    for statement in statements if known else ():
        if isinstance(statement, Define) and statement.free:
            made_of = tuple([tensor for tensor in tensors_read(statement.body) if tensor in known])
            if made_of and _adds_up_to_one(statement, made_of):
                given = (each for tensor in made_of for each in known[tensor])
                known[statement.tensor] = tuple(dict.fromkeys(given))
    return {tensor: given for tensor, given in known.items() if tensor not in inputs}


def _adds_up_to_one(define: Define, made_of: tuple[Tensor, ...]) -> bool:
    """Whether a definition that is linear adds up to 1 if some of what it reads does."""
    if any(map(_is_curved, walk(define.body))):
        return False
    try:
        whole = expand(IndexSum(define.free[-1:], define.body))
    except TooLargeError:
        return False
    return simplify(assume(whole, [Assumption(tensor, "unit sums") for tensor in made_of])) == ONE


def _is_curved(part: Expr) -> bool:
    return isinstance(part, Call | Where) or (isinstance(part, Pow) and bool(tensors_read(part)))
