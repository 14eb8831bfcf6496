"""From index notation to matrix notation: a matrix expression with the same value, or a refusal with its reason.

A node with no more than two free indices becomes a scalar, a column or a matrix, the first index its rows. Products
under sums are the interesting part: see `raising.products`. It refuses before it guesses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Dim, Index, Integer
from tcgrad.ir.nodes import (
    Add,
    Call,
    Component,
    Const,
    Delta,
    Expr,
    IndexReduce,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
    const,
)
from tcgrad.ir.program import Intrinsic
from tcgrad.ir.sizes import dims_in
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import free_indices
from tcgrad.notation.matrix.batches import batch_sum
from tcgrad.notation.matrix.building import ONE, diagonal_matrix, filled, product
from tcgrad.notation.matrix.elementwise import power
from tcgrad.notation.matrix.negation import settled
from tcgrad.notation.matrix.nodes import (
    Apply,
    Axis,
    Choose,
    Compare,
    DiagVector,
    Fold,
    Identity,
    Inverse,
    Matrix,
    Number,
    OneHot,
    Ones,
    Shape,
    Size,
    Symbol,
    Transpose,
    Triangle,
    Unit,
)
from tcgrad.notation.matrix.sums import add
from tcgrad.notation.matrix.transpose import transpose
from tcgrad.notation.raising.gathers import one_hot_at
from tcgrad.notation.raising.products import Factor, Network
from tcgrad.notation.raising.reads import held_axes, why_not_plain
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.notation.raising.terms import (
    Operand,
    Term,
    as_expr,
    expansion,
    flatten,
    joins,
    multiplied_out,
    resolve_deltas,
    unit_at,
)
from tcgrad.records import dataclass, replace

Axes = tuple[Index, ...]
MOST_TERMS = 64  # of a product multiplied out


@dataclass(frozen=True)
class Raising:
    """Raises expressions of one program.

    intrinsics: for the tensor of an inverse or a determinant, the statement that defines it.
    batch: summed indices that stay sums, over slices; each with the name that stands for its value.
    """

    intrinsics: Mapping[Tensor, Intrinsic]
    batch: Mapping[Index, Dim] = field(default_factory=dict)
    known: dict[tuple[Expr, Axes], Matrix | Refusal] = field(default_factory=dict, compare=False)

    def over(self, expr: Expr, axes: Axes) -> Matrix | Refusal:
        """The matrix of an expression whose free indices are among ``axes``, repeated along those it lacks."""
        free = free_indices(expr)
        own = tuple(index for index in axes if index in free)
        raised = self.exact(expr, own)
        if isinstance(raised, Refusal):
            return raised
        turned = transpose(raised) if len(own) == 1 and own[0] is not axes[0] else raised
        return filled(turned, shape_over(axes))

    def exact(self, expr: Expr, axes: Axes) -> Matrix | Refusal:
        """The matrix of an expression whose free indices are ``axes``, two at most."""
        if (expr, axes) not in self.known:
            self.known[expr, axes] = self._exact(expr, axes)
        return self.known[expr, axes]

    def _exact(self, expr: Expr, axes: Axes) -> Matrix | Refusal:
        match expr:
            case Const():
                return Number(expr.value)
            case IndexValue():
                return _number_of(expr.value)
            case Component():
                return self._component(expr, axes)
            case Add():
                parts = all_or_refusal(self.over(term, axes) for term in expr.terms)
                return parts if isinstance(parts, Refusal) else add(parts)
            case Pow(exponent=Const(value=n)) if n >= 0 and not (isinstance(expr.base, Mul) and n.denominator == 1):
                base = self.exact(expr.base, axes)
                return base if isinstance(base, Refusal) else power(base, Number(n))
            case Pow(exponent=exponent) if not isinstance(exponent, Const):
                pair = self._elementwise((expr.base, exponent), axes)
                return pair if isinstance(pair, Refusal) else power(*pair)
            case Call():
                arguments = self._elementwise(expr.arguments, axes)
                return arguments if isinstance(arguments, Refusal) else Apply(expr.function, tuple(arguments))
            case Iverson("==" | "!=" as operator, IndexValue(row), IndexValue(column)) if len(axes) == 2 and joins(
                Delta(row, column)
            ):
                equal = Delta(row, column)
                return self.exact(equal if operator == "==" else Add((const(1), Mul((const(-1), equal)))), axes)
            case Iverson() if len(axes) == 2 and (mask := _triangle(expr, axes)) is not None:
                return mask
            case Iverson():
                sides = self._elementwise((expr.left, expr.right), axes)
                return sides if isinstance(sides, Refusal) else Compare(expr.operator, *sides)
            case Where():
                parts = self._elementwise((expr.condition, expr.then, expr.otherwise), axes)
                return parts if isinstance(parts, Refusal) else Choose(*parts)
            case IndexReduce():
                return self._reduction(expr, axes)
            case Mul() | Pow() | IndexSum() | Delta():
                return self._term(flatten(expr), axes)

    def _component(self, expr: Component, axes: Axes) -> Matrix | Refusal:
        reason = _why_no_symbol(expr)
        if reason is not None:
            return Refusal(reason)
        intrinsic = self.intrinsics.get(expr.tensor)
        if intrinsic is not None and intrinsic.kind == "inv" and any(p is not None for p in held_axes(expr)[-2:]):
            return Refusal(f"{expr.tensor.name} is read at a position that is no plain index")
        if intrinsic is not None and any(position.indices for position in expr.indices[: intrinsic.operand.order - 2]):
            return Refusal(f"{expr.tensor.name} has no name for all elements of its batch at once")
        positions = [position.as_index for position in expr.indices if position.indices]
        symbol = self._symbol(expr.tensor, held_axes(expr))
        if len(positions) == 2 and positions[0] is positions[1]:
            return DiagVector(symbol)
        return transpose(symbol) if len(axes) == 2 and positions[0] is axes[1] else symbol

    def _symbol(self, tensor: Tensor, held: tuple[Axis, ...]) -> Matrix:
        """The tensor's name, or what it is if it is an inverse or a determinant; batch axes are held."""
        intrinsic = self.intrinsics.get(tensor)
        if intrinsic is None:
            return Symbol(tensor, held)
        batch = held[: intrinsic.operand.order - 2]
        symmetric = tensor.symmetric or intrinsic.operand.symmetric
        operand = self._symbol(replace(intrinsic.operand, symmetric=symmetric), (*batch, None, None) if batch else ())
        match intrinsic.kind:
            case "inv":
                return Inverse(operand)
            case "det" | "logdet" as kind:
                return Fold(kind, operand)
            case _:
                return Symbol(tensor, held)

    def _elementwise(self, parts: Iterable[Expr], axes: Axes) -> list[Matrix] | Refusal:
        """Operands of an elementwise function: each over all the axes, scalars as they are."""
        raised = all_or_refusal(self.over(part, axes if free_indices(part) else ()) for part in parts)
        return raised if isinstance(raised, Refusal) else [settled(part) for part in raised]

    def _reduction(self, expr: IndexReduce, axes: Axes) -> Matrix | Refusal:
        """``max``, ``min``, ``prod`` and ``logsumexp`` over every index that there is; else only ``log(exp(A) 1)``."""
        if axes and expr.kind == "logsumexp":
            total = IndexSum(expr.indices, Call(FUNCTIONS["exp"], (expr.body,)))
            return self.exact(Call(FUNCTIONS["log"], (total,)), axes)
        names = ", ".join(index.name for index in expr.indices)
        if axes or len(expr.indices) > 2:
            return Refusal(f"{expr.kind} over {names} alone is not a function of a whole vector or matrix")
        operand = self.over(expr.body, expr.indices)
        return operand if isinstance(operand, Refusal) else Fold(expr.kind, operand)

    def _term(self, term: Term, axes: Axes) -> Matrix | Refusal:
        """A product under sums."""
        kept = next((index for index in term.summed if index in self.batch), None)
        if kept is not None:
            return self._batch_sum(term, kept, axes)
        if expansion(term) > MOST_TERMS:
            return Refusal(too_many_terms(term))
        addends = multiplied_out(term)
        if addends is not None:
            parts = all_or_refusal(self.over(part, axes) for part in addends)
            return parts if isinstance(parts, Refusal) else add(parts)
        term = resolve_deltas(term)
        network = self.network(term)
        if isinstance(network, Refusal):
            return network
        match axes:
            case ():
                return network.scale(ONE)
            case (index,):
                return network.scale(network.take_vector(index))
            case (row, column) if term.equal:
                return network.scale(_on_diagonal(network, term))
            case (row, column):
                return network.scale(network.take_matrix(row, column))
            case _:
                return Refusal(f"it has the free indices {_listed(axes)}")

    def _batch_sum(self, term: Term, index: Index, axes: Axes) -> Matrix | Refusal:
        """A sum over slices: ``Σ_b A_bᵀ B_b``."""
        dim = self.batch[index]
        summed = tuple(other for other in term.summed if other is not index)
        body = substitute(as_expr(replace(term, summed=summed)), {index: Integer.of(dim)})
        raised = self.over(body, axes)
        if isinstance(raised, Refusal):
            return raised
        return batch_sum(dim, index.size, raised)

    def network(self, term: Term, *, hub: bool = False) -> Network | Refusal:
        """The factors of a term, raised, with every summed index taken out, or all but a hub."""
        network = Network()
        for operand in term.operands:
            crossing = _crossing(operand)
            if crossing is not None:
                network.cross(crossing)
                continue
            factor = self._factor(operand)
            if isinstance(factor, Refusal):
                return factor
            network.place(factor)
        return network.reduce(term.summed, hub=hub) or network

    def _factor(self, operand: Operand) -> Factor | Refusal:
        if isinstance(operand.expr, Delta):
            unit = unit_at(operand.expr)
            if joins(operand.expr):
                first, second = free_indices(operand.expr)
                return Factor(Identity(first.size), (first, second), operand.divides)
            one_hot = one_hot_at(operand.expr)
            if one_hot is not None:
                return self._one_hot(*one_hot, divides=operand.divides)
            if unit is None:
                return Refusal("a delta has a position that is no plain index")
            index, position = unit
            return Factor(Unit(position, index.size), (index,), operand.divides)
        axes = free_indices(operand.expr)
        if isinstance(operand.expr, Component) and (reason := _why_no_symbol(operand.expr)):
            return Refusal(reason)
        if len(axes) > 2:
            return Refusal(f"a factor has the indices {_listed(axes)}")
        matrix = self.exact(operand.expr, axes)
        return matrix if isinstance(matrix, Refusal) else Factor(matrix, axes, operand.divides)

    def _one_hot(self, place: Component, index: Index, *, divides: bool) -> Factor | Refusal:
        """The matrix of a delta between an index and an element of an integer vector, or of a slice that is one."""
        axes = free_indices(place)
        if len(axes) != 1:
            return Refusal(f"a delta has the indices {_listed((*axes, index))}")
        places = self.exact(place, axes)
        return places if isinstance(places, Refusal) else Factor(OneHot(places, index.size), (*axes, index), divides)


def all_or_refusal(items: Iterable[Matrix | Refusal]) -> list[Matrix] | Refusal:
    """The matrices, or the first refusal among them."""
    kept: list[Matrix] = []
    for item in items:
        if isinstance(item, Refusal):
            return item
        kept.append(item)
    return kept


def too_many_terms(term: Term) -> str:
    return f"multiplied out it has {expansion(term)} terms"


def shape_over(axes: Axes) -> Shape:
    """The shape of a column over one axis, of a matrix over two."""
    rows, columns = (*(index.size for index in axes), None, None)[:2]
    return rows, columns


def _on_diagonal(network: Network, term: Term) -> Matrix:
    """A term with a delta between its rows and its columns: a diagonal matrix or the identity."""
    (kept, _), *_ = term.equal
    return diagonal_matrix(network.take_vector(kept))


def _number_of(value: Integer) -> Matrix | Refusal:
    """A size as a number; an index, held or not, is refused."""
    index = next(iter(value.indices), None) or next((dim for dim in dims_in(value) if not dim.value), None)
    return Size(value) if index is None else Refusal(f"the index {index.name} is used as a number")


def _why_no_symbol(expr: Component) -> str | None:
    """Why a component cannot be read as an entry of a vector, a matrix, or a slice that is one; None if it can."""
    tensor = expr.tensor
    if tensor.role is Role.LEVI_CIVITA:
        return "the permutation symbol has no matrix notation"
    if sum(bool(position.indices) for position in expr.indices) > 2:
        return f"{tensor.name} has order {tensor.order}"
    return why_not_plain(expr)


def _triangle(expr: Iverson, axes: Axes) -> Matrix | None:
    """The triangle of ones where ``[j <= i + c]`` holds, for rows i and columns j, or an order the other way round."""
    match expr:
        case Iverson("<" | "<=" as operator, IndexValue(low), IndexValue(high)):
            least = high - low
        case Iverson(">" | ">=" as operator, IndexValue(high), IndexValue(low)):
            least = high - low
        case _:
            return None
    row, column = axes
    between = row.expr - column.expr
    ones = product(Ones(row.size), Transpose(Ones(column.size)))
    below, above = (least - between).as_number, (least + between).as_number
    strict = operator in ("<", ">")
    if below is not None:
        return Triangle("tril", ones, below - strict)
    return None if above is None else Triangle("triu", ones, strict - above)


def _crossing(operand: Operand) -> Axes | None:
    """The indices of a permutation symbol of three that are all different; None for anything else."""
    match operand:
        case Operand(Component(tensor=Tensor(role=Role.LEVI_CIVITA, order=3), indices=positions), divides=False):
            indices = tuple(index for position in positions if (index := position.as_index) is not None)
            whole = len(set(indices)) == 3 and all(index.size.value == 3 for index in indices)
            return indices if whole else None
        case _:
            return None


def _listed(axes: Axes) -> str:
    *most, last = [index.name for index in axes]
    return f"{', '.join(most)} and {last}" if most else last
