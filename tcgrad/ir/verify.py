"""The invariants of the IR, stated once and checked after every pass in the tests."""

from __future__ import annotations

from collections.abc import Collection

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Call, Component, Expr, IndexReduce, IndexSum
from tcgrad.ir.program import Define, Program, defined_tensors
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children, free_indices, tensors_read


class InvariantError(Exception):
    """An expression that no pass may produce: a bug of tcgrad."""


def verify(expr: Expr, free: Collection[Index], bound: tuple[Index, ...] = ()) -> None:
    """Check that ``expr`` is well formed where ``free`` are the indices in scope.

    Raises:
        InvariantError: if an index is out of scope or bound twice in nested scopes, a component has
            the wrong number of positions, or a call the wrong number of arguments.
    """
    stray = [index for index in free_indices(expr) if index not in free and index not in bound]
    _require(not stray, f"indices out of scope: {stray}")
    match expr:
        case Component():
            _require(len(expr.indices) == expr.tensor.order, f"{expr.tensor} read at {len(expr.indices)} positions")
        case Call():
            _require(len(expr.arguments) == expr.function.arity, f"{expr.function} of {len(expr.arguments)} arguments")
        case IndexSum() | IndexReduce():
            _require(bool(expr.indices), "a binder that binds nothing")
            _require(len(set(expr.indices)) == len(expr.indices), f"bound twice at once: {expr.indices}")
            _require(not any(index in bound or index in free for index in expr.indices), f"bound again: {expr.indices}")
            bound = bound + expr.indices
        case _:
            pass
    for part in children(expr):
        verify(part, free, bound)


def verify_define(define: Define) -> None:
    """Check the body and that the left side has one free index of the right size per axis.

    Raises:
        InvariantError: as `verify`, or if the left side does not fit the tensor.
    """
    _require(len(define.free) == define.tensor.order, f"{define.tensor} defined with {len(define.free)} indices")
    sizes = zip(define.free, define.tensor.shape, strict=True)
    _require(all(index.size.value == size.value for index, size in sizes), f"{define.tensor}: sizes differ")
    verify(define.body, define.free)


def verify_program(program: Program) -> None:
    """Check every definition, and that each reads only what was defined before it.

    Raises:
        InvariantError: if not.
    """
    known: set[Tensor] = {item.tensor for item in program.inputs} | set(program.constants)
    for statement in program.statements:
        if isinstance(statement, Define):
            verify_define(statement)
            unknown = [t for t in tensors_read(statement.body) if t not in known and not _is_ambient(t)]
            _require(not unknown, f"read before they are defined: {unknown}")
            known.add(statement.tensor)
        else:
            known.update(defined_tensors(statement))


def _is_ambient(tensor: Tensor) -> bool:
    return tensor.role.value in ("constant", "levi_civita")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InvariantError(message)
