"""The matrix notation of a definition: of a forward equation, a gradient or a Jacobian."""

from __future__ import annotations

from collections.abc import Mapping

from tcgrad.calculus.rules.intrinsics import inverse_of, inverses_of_factors
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Component, Delta
from tcgrad.ir.program import Define, Intrinsic, Program
from tcgrad.ir.substitution import bind_apart, substitute
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import tensors_read, walk
from tcgrad.notation.matrix.attained import compares_alike
from tcgrad.notation.matrix.negation import settled
from tcgrad.notation.matrix.nodes import VecOrder
from tcgrad.notation.matrix.tree import length
from tcgrad.notation.naming import Surroundings, name_indices
from tcgrad.notation.raising.alike import FormsByOutline, outline_of
from tcgrad.notation.raising.batch_sums import adds_many, raise_batch_sums
from tcgrad.notation.raising.batches import MOST_HELD, raise_batched
from tcgrad.notation.raising.expressions import Raising
from tcgrad.notation.raising.form import Layout, MatrixForm, matrix_sides
from tcgrad.notation.raising.gathers import gathers, places_in, values_in, with_one_hots
from tcgrad.notation.raising.jacobians import Vectorising
from tcgrad.notation.raising.linked import LinkedBatches
from tcgrad.notation.raising.reads import why_not_plain
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.records import replace


def raise_define(define: Define, program: Program, *, vec: VecOrder = "row") -> MatrixForm | Refusal:
    """The right side in matrix notation, or why there is none.

    A Jacobian, or a block of a Hessian, of more than two axes is raised with both sides vectorised, row after row or
    column after column as ``vec`` says; all else in full.
    """
    known: FormsByOutline = vars(program).setdefault("known_forms", FormsByOutline())
    own = None if _is_named(define, program) else outline_of(define, vec)
    found = None if own is None else known.find(own, define.tensor)
    if found is not None:
        return found
    raised = _raised(define, program, vec)
    if isinstance(raised, Refusal):
        printed = _as_printed(define, program)
        named = raised if printed is define else _raised(printed, program, vec)
        return named if isinstance(named, Refusal) else raised
    if not compares_alike(raised.matrix):
        return Refusal("an element is compared with a largest or smallest one that is worked out in another way")
    raised = replace(raised, taken=Surroundings.of(program).tensors)
    if own is not None and not raised.is_batched:
        known.keep(own, raised)
    return raised


def _as_printed(define: Define, program: Program) -> Define:
    """The same with the free indices called as in index notation, so that a reason can name them."""
    names = name_indices(define.free, define.body, Surroundings.of(program))
    if all(names[index] == index.name for index in define.free):
        return define
    free = tuple(Index(names[index], index.size) for index in define.free)
    mapping = {index: new.expr for index, new in zip(define.free, free, strict=True)}
    return replace(define, free=free, body=substitute(define.body, mapping, renames=True))


def _is_named(define: Define, program: Program) -> bool:
    """Whether names or other definitions decide what the form is: those of batch indices, inverses, determinants."""
    tensors = (*matrix_sides(define.tensor), *tensors_read(define.body))
    return gathers(define.body) or any(tensor.order > 2 or tensor in intrinsics_of(program) for tensor in tensors)


def _raised(define: Define, program: Program, vec: VecOrder) -> MatrixForm | Refusal:
    raising = Raising(intrinsics_of(program))
    define = replace(define, body=with_one_hots(define.body))
    sides = matrix_sides(define.tensor)
    high = next((tensor for tensor in sides if tensor.order > 2), None) or _reads_high(define, program)
    if high and (len(sides) == 1 or not sides[0].order):
        return _raise_batched(raising, define, program)
    summed = _raise_batched(raising, define, program) if high and len(define.free) <= 2 else None
    if isinstance(summed, MatrixForm) and not summed.batch:
        return summed
    if high:
        linked = _linked(raising, define, program, vec).raised()
        return linked or Refusal(_why_no_slices(define, high))
    layout: Layout = "full" if len(define.free) <= 2 else "vec"
    split = sides[0].order
    vectorising = Vectorising(raising, define.free[:split], define.free[split:], vec)
    whole = raising.over(define.body, define.free) if layout == "full" else vectorising(define.body)
    if isinstance(whole, Refusal):
        return _in_slices(vectorising, define, program) or whole
    return MatrixForm(define.tensor, settled(whole), layout)


def _in_slices(vectorising: Vectorising, define: Define, program: Program) -> MatrixForm | None:
    """The form of what has none as a whole, for its rows, as a sum over slices, or for other slices."""
    if len(matrix_sides(define.tensor)) == 1 or not vectorising.rows:
        held = _raise_batched(vectorising.raising, define, program, most_held=1)
        return held if isinstance(held, MatrixForm) else None
    linked = _linked(vectorising.raising, define, program, vectorising.order)
    if len(define.free) <= 2:
        return linked.raised(most_held=1)
    by_rows = linked.by_rows()
    if by_rows is not None:
        return by_rows
    own = linked.raised(most_held=1)
    if own is not None and adds_many(define.body):
        return own
    forms = (_summed_over_slices(vectorising, define, linked.names), own)
    return min([form for form in forms if form is not None], key=lambda form: length(form.matrix), default=None)


def _summed_over_slices(vectorising: Vectorising, define: Define, names: Mapping[Index, str]) -> MatrixForm | None:
    summed = raise_batch_sums(vectorising, define.body, names)
    return None if summed is None else MatrixForm(define.tensor, settled(summed), "vec")


def raise_by_rows(define: Define, program: Program, form: MatrixForm) -> MatrixForm | None:
    """Beside the form of a matrix by a matrix that of each row by the same row, where 0 stands between others."""
    if form.layout != "vec" or form.batch or any(tensor.order != 2 for tensor in matrix_sides(define.tensor)):
        return None
    rows = _linked(Raising(intrinsics_of(program)), define, program, "row").by_rows()
    return None if rows is None else replace(rows, taken=Surroundings.of(program).tensors)


def _linked(raising: Raising, define: Define, program: Program, vec: VecOrder) -> LinkedBatches:
    names = name_indices(define.free, define.body, Surroundings.of(program))
    return LinkedBatches(raising, define, names, vec)


def _why_no_slices(define: Define, high: Tensor) -> str:
    """What stands in the way: a read at a sum of indices, or the order alone."""
    nodes = list(walk(define.body))
    reason = next(filter(None, (why_not_plain(node) for node in nodes if isinstance(node, Component))), None)
    if reason is not None:
        return reason
    if any(isinstance(node, Delta) and None in (node.left.as_index, node.right.as_index) for node in nodes):
        return "a delta has a position that is no plain index"
    return f"{high.name} has order {high.order}, and no axis of it runs through as that of a batch"


def _reads_high(define: Define, program: Program) -> Tensor | None:
    """A tensor of which three or more axes run in the right side: its own, its inverses' or its one-hot slices'."""
    known = intrinsics_of(program)
    reads = [(read, 0) for read in values_in(define.body)] + [(place, 1) for place in places_in(define.body)]
    for read, one_hot in reads:
        running = sum(bool(position.indices) for position in read.indices) + one_hot
        operand = known[read.tensor].operand if read.tensor in known else read.tensor
        if running + operand.order - read.tensor.order > 2:
            return operand if read.tensor.order < 3 else read.tensor
    return None


def _raise_batched(
    raising: Raising, define: Define, program: Program, *, most_held: int = MOST_HELD
) -> MatrixForm | Refusal:
    define = replace(define, body=bind_apart(define.body))
    names = name_indices(define.free, define.body, Surroundings.of(program))
    high = _reads_high(define, program) or define.tensor
    return raise_batched(raising, define, names, most_held) or Refusal(f"{high.name} has order {high.order}")


def intrinsics_of(program: Program) -> dict[Tensor, Intrinsic]:
    """Inverses and determinants by their tensors, with the further inverses that derivatives of these read.

    Kept on the program once known.
    """
    known: dict[Tensor, Intrinsic] | None = vars(program).get("known_intrinsics")
    if known is None:
        known = vars(program)["known_intrinsics"] = _intrinsics_of(program)
    return known


def _intrinsics_of(program: Program) -> dict[Tensor, Intrinsic]:
    stated = [statement for statement in program.statements if isinstance(statement, Intrinsic)]
    inverses = [inverse_of(program, statement.operand) for statement in stated]
    return {statement.tensor: statement for statement in (*stated, *inverses, *inverses_of_factors(program))}
