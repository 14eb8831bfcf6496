"""Hessians in closed form, for people: Jacobians of the gradients of a scalar.

The second derivatives of one scalar commute, so that a block is given for every pair of inputs once: that of the two
the other way round is its transpose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement, product

from tcgrad.calculus.closed.forms import LARGEST_SECOND, ClosedForms
from tcgrad.calculus.derivation import Hessian, Jacobian
from tcgrad.calculus.program.unconstrained import constrained, unconstrained
from tcgrad.calculus.rules.intrinsics import inverses_of
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.ir.program import Define, Program, defined_tensors
from tcgrad.ir.tensors import Tensor, hessian_of
from tcgrad.operators import INDEX_LETTERS
from tcgrad.records import dataclass, replace
from tcgrad.simplify import simplify
from tcgrad.simplify.folding.fold import Facts
from tcgrad.simplify.shown.balanced import balanced


def closed_hessians(program: Program, of: Sequence[Tensor], wrt: Sequence[Tensor]) -> tuple[Hessian, ...]:
    """The blocks of the Hessians of the scalars among ``of``, for every pair of ``wrt`` in order, each pair once.

    Raises:
        TcgradError: if none of ``of`` is a scalar.
    """
    scalars = [tensor for tensor in of if not tensor.order]
    if not scalars:
        raise _no_scalar(program, of)
    pairs = list(combinations_with_replacement(wrt, 2))
    plain = unconstrained(program)
    if plain is program:
        return _all_blocks(program, scalars, pairs)
    tensors = {tensor.name: tensor for tensor in plain.tensors}
    plain_pairs = [(tensors[rows.name], tensors[columns.name]) for rows, columns in pairs]
    blocks = _all_blocks(plain, [tensors[scalar.name] for scalar in scalars], plain_pairs)
    return tuple(
        _constrained(block, program, scalar, pair)
        for block, (scalar, pair) in zip(blocks, product(scalars, pairs), strict=True)
    )


def _all_blocks(
    program: Program, scalars: Sequence[Tensor], pairs: Sequence[tuple[Tensor, Tensor]]
) -> tuple[Hessian, ...]:
    known = Facts(program.statements)
    wrt = tuple(dict.fromkeys(tensor for pair in pairs for tensor in pair))
    return tuple(blocks.block(*pair) for blocks in (_blocks(program, known, s, wrt) for s in scalars) for pair in pairs)


def _constrained(block: Hessian, program: Program, of: Tensor, wrt: tuple[Tensor, Tensor]) -> Hessian:
    """A block over the tensors of the program itself."""
    if block.define is None:
        return replace(block, of=of, wrt=wrt)
    body = simplify(constrained(block.define.body, program))
    return replace(block, of=of, wrt=wrt, define=replace(block.define, tensor=hessian_of(of, *wrt), body=body))


def _blocks(program: Program, known: Facts, of: Tensor, wrt: Sequence[Tensor]) -> _Blocks:
    closed = ClosedForms(program, known)
    gradients = {tensor: closed.jacobian(of, tensor) for tensor in wrt}
    statements = (*program.statements, *inverses_of(program))
    further = {
        tensor: ClosedForms(replace(program, statements=(*statements, gradient.define)), known, largest=LARGEST_SECOND)
        for tensor, gradient in gradients.items()
        if gradient.define is not None
    }
    return _Blocks(of, gradients, further)


@dataclass(frozen=True)
class _Blocks:
    """The blocks of one scalar's Hessian.

    gradients: those of the scalar, by input.
    further: for each gradient that has a closed form, the closed forms of the program that computes it as well.
    """

    of: Tensor
    gradients: Mapping[Tensor, Jacobian]
    further: Mapping[Tensor, ClosedForms]

    def block(self, rows: Tensor, columns: Tensor) -> Hessian:
        """Differentiated by ``rows`` first; the other way round where only that has a closed form."""
        made = self._twice(rows, columns)
        define = made.define or _turned(self._twice(columns, rows).define, columns.order)
        if define is None:
            return Hessian(self.of, (rows, columns), None, made.reason)
        body = define.body
        if rows == columns:
            body = balanced(body, define.free[: rows.order], define.free[rows.order :])
        return Hessian(self.of, (rows, columns), replace(define, tensor=hessian_of(self.of, rows, columns), body=body))

    def _twice(self, first: Tensor, second: Tensor) -> Jacobian:
        gradient = self.gradients[first]
        if gradient.define is None:
            return gradient
        return self.further[first].jacobian(gradient.define.tensor, second)


def _turned(define: Define | None, split: int) -> Define | None:
    """With the first ``split`` free indices last."""
    return define and replace(define, free=(*define.free[split:], *define.free[:split]))


def _no_scalar(program: Program, of: Sequence[Tensor]) -> TcgradError:
    spans = {t: statement.span for statement in program.statements for t in defined_tensors(statement)}
    names = ", ".join(tensor.name for tensor in of)
    message = f"second derivatives are those of a scalar, which {names} {'is' if len(of) == 1 else 'are'} not"
    scalars = [tensor.name for tensor in spans if not tensor.order]
    read = f"{of[0].name}[{','.join(INDEX_LETTERS[: of[0].order])}]"
    help_line = f"a sum of squares would be one: `{read}*{read}`"
    if scalars:
        help_line = f"`--of {scalars[-1]}` takes the scalar {scalars[-1]}"
    return TcgradError((Diagnostic("TC404", message, spans.get(of[0]), help_line),), program.spec.source)
