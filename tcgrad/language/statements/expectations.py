"""The entries of ``expect``: formulas for Jacobians and gradients, elaborated like equations."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from tcgrad.errors import Located, Span
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.program import Define, Intrinsic, Statement, defined_tensors
from tcgrad.ir.reads import lone_sizes
from tcgrad.ir.tensors import Tensor, gradient_of, jacobian_of, total_gradient_of
from tcgrad.language.expressions.counting import miscounted
from tcgrad.language.expressions.occurrences import parts
from tcgrad.language.parsing.parser import DERIVATIVE_MEANT, parse_equation
from tcgrad.language.ranges.resolution import Resolver
from tcgrad.language.ranges.slots import NO_GUARDS, RangeProblem, Read, Slot
from tcgrad.language.ranges.solve import RangeSolution, solve_ranges
from tcgrad.language.statements.equations import free_indices, free_slot, read_body
from tcgrad.language.symbols import Refused, Symbols
from tcgrad.language.syntax import Equation, Expression, Gradient, Jacobian
from tcgrad.operators import INDEX_LETTERS
from tcgrad.spec.model import Spec
from tcgrad.spec.names import suggest


def elaborate_expectations(
    spec: Spec, symbols: Symbols, statements: Sequence[Statement], outputs: Sequence[Tensor]
) -> tuple[Define, ...]:
    """Each entry as the definition of a gradient or a Jacobian, its free indices those of the left side in order."""
    if not spec.expect:
        return ()
    named = [s for s in statements if not isinstance(s, Intrinsic)]
    defined = {tensor.name: tensor for statement in named for tensor in defined_tensors(statement)}
    gradients = [gradient_of(tensor) for tensor in defined.values()]
    gradients += [total_gradient_of(output, symbols.tensors) for output in outputs]
    upstream = {gradient.name.removeprefix("dl/d"): gradient for gradient in gradients}
    inner = replace(symbols, upstream=upstream, later={}, hidden={}, strict=spec.strict)
    known = {*symbols.tensors, *symbols.broken, *upstream}
    narrowed = {axis for statement in named if isinstance(statement, Define) for axis in _narrowed(statement)}
    found = []
    for text in spec.expect:
        equation = parse_equation(text, symbols.report, tensors=known)
        if equation is not None:
            try:
                found.append(_elaborate(equation, text, inner, defined, narrowed))
            except Refused:
                continue
    return tuple(found)


def _narrowed(define: Define) -> Iterator[tuple[Tensor, int]]:
    """The axes that are shorter than one on the right which is read at the same index: other reads narrow the range."""
    for axis, index in enumerate(define.free):
        if any(size.value > index.size.value for size in lone_sizes(index, (define.body,))):
            yield define.tensor, axis


def _elaborate(
    equation: Equation, text: Located, symbols: Symbols, defined: dict[str, Tensor],
    narrowed: Collection[tuple[Tensor, int]],
) -> Define:  # fmt: skip
    tensor, positions = _target(equation, symbols, defined)
    if len(positions) != tensor.order:
        message = miscounted(tensor.name, tensor.order, len(positions), "index", "indices")
        raise symbols.refuse("TC304", message, equation.target.span, f"write `{_example(tensor)} = ...`")
    problem = RangeProblem(is_expectation=True)
    free: dict[str, Slot] = {}
    for axis, index in enumerate(free_indices(positions, symbols, _example(tensor))):
        slot = free[index.name] = free_slot(index, problem, symbols)
        if slot.fixed:  # unless the name is declared for an axis of another length, it has this one at all sizes
            slot.fixed = tensor.shape[axis] if slot.fixed.value == tensor.shape[axis].value else None
        problem.reads.append(Read(tensor.name, axis, slot.index.expr, tensor.shape[axis], index.span))
    body = read_body(equation.body, free, problem, symbols)
    own = [(about, axis) for about in tensor.about[:2] for axis in range(about.order)]
    for slot, size, about in zip(free.values(), tensor.shape, own, strict=True):
        inside = about in narrowed or _is_kept_inside(slot.index, size, problem.reads[len(free) :])
        if slot.fixed is None and inside:
            slot.fixed = size
    solution = solve_ranges(problem, symbols, text.whole)
    return Define(tensor, _whole(tensor, free, solution, symbols), Resolver(solution).resolve(body), equation.span)


def _is_kept_inside(index: Index, size: Integer, right: Sequence[Read]) -> bool:
    """Whether an index has the range of the left side, and reads on the right are inside by conditions or by that.

    ``x[2*p]*[2*p < N]`` is inside by a condition; in ``x[i]*x[i+1]`` the shorter range narrows that of the axis.
    """
    own = [read for read in right if read.decides and index in read.position.indices]
    compound = [read for read in own if read.position.as_index is None]
    plain = [read for read in own if read.position.as_index is not None]
    guarded = any(read.guards != NO_GUARDS for read in compound)
    return guarded or (bool(compound) and any(read.size.value > size.value for read in plain))


def _whole(tensor: Tensor, free: dict[str, Slot], solution: RangeSolution, symbols: Symbols) -> tuple[Index, ...]:
    """The free indices, which run over all of the left side."""
    for slot, size in zip(free.values(), tensor.shape, strict=True):
        if solution.indices[slot.index].size.value != size.value:
            message = f"the right side reads a tensor outside its range for some values of `{slot.name}`"
            help_ = "multiply it by the condition that it is inside, as in `[0 <= p-k]`"
            raise symbols.refuse("TC310", message, slot.span, help_)
    return tuple(solution.indices[slot.index] for slot in free.values())


def _target(equation: Equation, symbols: Symbols, defined: dict[str, Tensor]) -> tuple[Tensor, tuple[Expression, ...]]:
    """The gradient or Jacobian on the left, and its positions."""
    match equation.target:
        case Gradient() as node if _defines_l(defined) and not _reads_gradient(equation.body):
            wrt = _differentiable(node.wrt, node.span, symbols)
            return jacobian_of(defined["l"], wrt), node.positions
        case Gradient() as node if node.wrt not in symbols.tensors and node.wrt in (symbols.upstream or {}):
            return (symbols.upstream or {})[node.wrt], node.positions
        case Gradient() as node:
            return gradient_of(_differentiable(node.wrt, node.span, symbols)), node.positions
        case Jacobian() as node:
            of, wrt = _differentiated(node, symbols, defined), _differentiable(node.wrt, node.span, symbols)
            if node.of not in defined:
                help_ = "a Jacobian is that of an output or an intermediate"
                raise symbols.refuse("TC331", f"`{of.name}` is not defined by an equation", node.span, help_)
            return jacobian_of(of, wrt), node.of_positions + node.wrt_positions
    raise symbols.refuse("TC331", "an expectation is about a derivative", equation.target.span, DERIVATIVE_MEANT)


def _defines_l(defined: dict[str, Tensor]) -> bool:
    """Whether the spec has a scalar ``l`` of its own, so that ``dl/dx`` may be its Jacobian.

    It is one where no upstream gradient is on the right.
    """
    return "l" in defined and defined["l"].order == 0


def _reads_gradient(node: Expression) -> bool:
    return isinstance(node, Gradient) or any(_reads_gradient(part) for part in parts(node))


def _differentiated(node: Jacobian, symbols: Symbols, defined: dict[str, Tensor]) -> Tensor:
    if node.of in symbols.tensors or node.of in symbols.broken:
        return symbols.tensor(node.of, node.span)
    meant = suggest(node.of, defined)
    if meant is None and not node.of_positions:
        meant = f"a gradient is that of `l`, the scalar downstream: `dl/d{node.wrt}[...]`"
    meant = meant or f"a Jacobian is that of an output or an intermediate, such as `{next(reversed(defined), 'y')}`"
    raise symbols.unknown(node.of, node.span, defined, meant)


def _differentiable(name: str, span: Span, symbols: Symbols) -> Tensor:
    tensor = symbols.tensor(name, span)
    if not tensor.is_real:
        message = f"`{name}` is {tensor.dtype}: nothing is differentiated by it"
        raise symbols.refuse("TC331", message, span)
    if tensor.role.value == "constant":
        raise symbols.refuse("TC331", f"`{name}` is a constant: nothing is differentiated by it", span)
    return tensor


def _example(tensor: Tensor) -> str:
    """The left side with the right number of indices."""
    letters = iter(INDEX_LETTERS * 2)
    parts_ = [
        about.name + (f"[{','.join(next(letters) for _ in about.shape)}]" if about.order else "")
        for about in tensor.about
    ]
    return f"dl/d{parts_[0]}" if len(parts_) == 1 else f"d{parts_[0]}/d{parts_[1]}"
