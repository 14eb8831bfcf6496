"""Index notation: definitions, expressions and whole statements as equations.

ASCII text parses back to the same thing; Unicode and LaTeX are other renderings of the same layout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Define, Intrinsic, Recurrence, Statement
from tcgrad.ir.substitution import bind_apart
from tcgrad.ir.tensors import Tensor
from tcgrad.notation.layout.diagonals import with_one_size_each
from tcgrad.notation.layout.expressions import lay_out
from tcgrad.notation.naming import Surroundings, name_indices
from tcgrad.notation.printer import Printer
from tcgrad.notation.spelling.syntaxes import ASCII, Syntax
from tcgrad.records import dataclass


def print_define(
    define: Define,
    syntax: Syntax = ASCII,
    *,
    explicit: bool = False,
    surroundings: Surroundings | None = None,
) -> str:
    """One equation, ``dl/dx[p,q] = dl/dy[p,j]*a[q,j]``.

    explicit: name every sum. LaTeX always does: its readers know no convention.
    surroundings: the names of the program that the equation belongs to, so that no index is taken for one.
    """
    positions = tuple(index.expr for index in define.free)
    return _Style(syntax, explicit, surroundings).equation(define.tensor, positions, define.body)


def print_expr(
    expr: Expr,
    free: Sequence[Index] = (),
    syntax: Syntax = ASCII,
    *,
    explicit: bool = False,
    names: Mapping[Index, str] | None = None,
    surroundings: Surroundings | None = None,
) -> str:
    """An expression alone, as the right side of an equation whose left side has the indices ``free``.

    names: those of a naming already done, for all indices of the expression.
    surroundings: the names of the program that it belongs to.
    """
    style = _Style(syntax, explicit, surroundings)
    if names is None:
        expr, names = style.named(expr, free)
    return style.right_side(expr, free, names)


def print_statement(
    statement: Statement,
    syntax: Syntax = ASCII,
    *,
    explicit: bool = False,
    surroundings: Surroundings | None = None,
) -> tuple[str, ...]:
    """A statement's equations: one, or for a recurrence its base cases and steps.

    A hidden intrinsic such as ``inv(A)`` is read where it is used and has none.
    """
    match statement:
        case Define():
            return (print_define(statement, syntax, explicit=explicit, surroundings=surroundings),)
        case Intrinsic():
            return ()
        case Recurrence():
            return tuple(_Style(syntax, explicit, surroundings).recurrence(statement))
        case _:
            assert_never(statement)


@dataclass(frozen=True)
class _Style:
    syntax: Syntax
    explicit: bool
    surroundings: Surroundings | None

    def equation(self, tensor: Tensor, positions: tuple[Integer, ...], body: Expr) -> str:
        free = tuple(index for index in (position.as_index for position in positions) if index is not None)
        body, names = self.named(body, free)
        return f"{Printer(self.syntax, names).read(tensor, positions)} = {self.right_side(body, free, names)}"

    def named(self, body: Expr, free: Sequence[Index]) -> tuple[Expr, Mapping[Index, str]]:
        """The body as it is printed, no index bound in two places, and the names of its indices."""
        body = bind_apart(body)
        names = name_indices(free, body, self.surroundings)
        if self.syntax.prefix_sums:
            return body, names
        apart = with_one_size_each(body, (self.surroundings or Surroundings()).fixed(names))
        return apart, names if apart is body else name_indices(free, apart, self.surroundings)

    def right_side(self, body: Expr, free: Sequence[Index], names: Mapping[Index, str]) -> str:
        """For people a condition tells what range a sum has, and where sums have a sign nothing is read for it."""
        around, sigma = self.surroundings or Surroundings(), self.syntax.prefix_sums
        shown = lay_out(
            body,
            free,
            explicit=self.explicit or sigma,
            fixed=around.fixed(names),
            arrays=() if sigma else around.arrays,
            is_parsed=self.syntax is ASCII,
            limits=sigma,
        )
        return Printer(self.syntax, names).text(shown)

    def recurrence(self, recurrence: Recurrence) -> Iterator[str]:
        for tensor, positions, body in recurrence.equations():
            yield self.equation(tensor, positions, body)
