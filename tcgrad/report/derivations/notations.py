"""The notations that formulas are reported in: a row each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tcgrad.errors import no_such
from tcgrad.ir.nodes import ZERO, Component
from tcgrad.ir.program import Define, Intrinsic, Program, Recurrence, Statement, defined_tensors
from tcgrad.ir.traversal import walk
from tcgrad.notation.index import print_statement
from tcgrad.notation.naming import Surroundings
from tcgrad.notation.raising.definitions import raise_by_rows, raise_define
from tcgrad.notation.raising.form import MatrixForm, matrix_sides
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.notation.reading import Equation, left_shapes, print_matrix_shape, print_shape, sides
from tcgrad.notation.spelling.syntaxes import Syntax
from tcgrad.records import dataclass, replace
from tcgrad.report.derivations.styles import Style


@dataclass(frozen=True)
class Formula:
    """An equation and, as text, the shape of what it defines."""

    left: str
    right: str
    shape: str


@dataclass(frozen=True)
class Written:
    """Statements in one notation: their equations, or the reason why there are none.

    vectorised: whether a matrix stands as one column in them.
    lacking: the names of what stands in index notation among the equations, and for each the reason.
    """

    notation: str
    formulas: tuple[Formula, ...]
    reason: str | None = None
    vectorised: bool = False
    lacking: tuple[tuple[str, str], ...] = ()

    @property
    def equations(self) -> tuple[Equation, ...]:
        return tuple((formula.left, formula.right) for formula in self.formulas)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What there is to say about equations that there are not."""
        parts = [(f" of {name}", reason) for name, reason in self.lacking]
        return tuple(f"no {self.notation} notation{of}: {why}" for of, why in (("", self.reason), *parts) if why)


Notation = Callable[[Sequence[Statement], Program, Style], Written]


def _write_index(statements: Sequence[Statement], program: Program, style: Style) -> Written:
    return Written("index", tuple(_index_formulas(statements, program, style)))


def _index_formulas(statements: Sequence[Statement], program: Program, style: Style) -> Iterator[Formula]:
    around = Surroundings.of(program)
    for statement in statements:
        lines = print_statement(statement, style.index, explicit=style.sums, surroundings=around)
        for line, shape in zip(lines, left_shapes(statement), strict=False):  # a hidden intrinsic has no line
            yield Formula(*sides(line), print_shape(shape, style.index))


def _write_matrix(statements: Sequence[Statement], program: Program, style: Style) -> Written:
    """Statements in matrices, row by row too where that is there."""
    raised: list[MatrixForm] = []

    def formulas(define: Define) -> list[Formula] | Refusal:
        form = raise_define(define, program, vec=style.vec)
        if isinstance(form, Refusal):
            return form
        raised.append(form)
        forms = (form, raise_by_rows(define, program, form))
        return [_matrix_formula(each, style) for each in forms if each is not None]

    written = _write_each("matrix", statements, program, style, formulas)
    return replace(written, vectorised=any(form.layout == "vec" for form in raised))


def _matrix_formula(form: MatrixForm, style: Style) -> Formula:
    return Formula(form.left(style.matrix), form.right(style.matrix), _matrix_shape(form, style.index))


def _matrix_shape(form: MatrixForm, syntax: Syntax) -> str:
    """The shape of a form: of a vectorised Jacobian that of the matrix, else the tensor's own."""
    sides = matrix_sides(form.tensor)
    if len(sides) > 1 and form.batch and sides[0].order:
        split = sides[0].order
        left = [size for size, held in zip(form.tensor.shape, form.batch, strict=True) if held is None]
        rows = sum(held is None for held in form.batch[:split])
        if rows in (0, len(left)):
            return print_shape(left, syntax)
        return print_matrix_shape([left[:rows], left[rows:]], syntax)
    if form.layout == "full" or len(sides) < 2:
        return print_shape(form.tensor.shape, syntax)
    return print_matrix_shape([tensor.shape for tensor in sides], syntax)


def _write_einstein(statements: Sequence[Statement], program: Program, style: Style) -> Written:
    from tcgrad.notation.arrays.definitions import einstein_equation

    def equation(define: Define) -> Equation | Refusal:
        return einstein_equation(define, program, style.einstein)

    return _write_arrays("einstein", statements, program, style, equation)


def _write_einsum(statements: Sequence[Statement], program: Program, style: Style) -> Written:
    from tcgrad.notation.arrays.definitions import einsum_equation

    def equation(define: Define) -> Equation | Refusal:
        made = einsum_equation(define, program)
        return made if isinstance(made, Refusal) else (style.code(made[0]), style.code(made[1]))

    return _write_arrays("einsum", statements, program, style, equation)


def _write_arrays(
    notation: str,
    statements: Sequence[Statement],
    program: Program,
    style: Style,
    equation: Callable[[Define], Equation | Refusal],
) -> Written:
    """Statements about whole arrays."""

    def formulas(define: Define) -> list[Formula] | Refusal:
        made = equation(define)
        shape = print_shape(define.tensor.shape, style.index)
        return made if isinstance(made, Refusal) else [Formula(*made, shape)]

    return _write_each(notation, statements, program, style, formulas)


def _write_each(
    notation: str,
    statements: Sequence[Statement],
    program: Program,
    style: Style,
    formulas: Callable[[Define], list[Formula] | Refusal],
) -> Written:
    """Statements each by itself; those without a form by their indices where others have one."""
    own = [statement for statement in statements if not isinstance(statement, Intrinsic)]
    found: list[Formula] = []
    refused: list[tuple[str, str]] = []
    for statement in own:
        name = defined_tensors(statement)[0].name
        stepped = Refusal(f"{name} is defined by a recurrence")
        made = stepped if isinstance(statement, Recurrence) else formulas(statement)
        if isinstance(made, Refusal):
            refused.append((name, made.reason))
            found += _index_formulas((statement,), program, style)
        else:
            found += made
    if refused and len(refused) == len(own):
        return Written(notation, (), refused[0][1])
    return Written(notation, tuple(found), lacking=tuple(refused))


NOTATIONS: dict[str, Notation] = {
    "index": _write_index,
    "matrix": _write_matrix,
    "einstein": _write_einstein,
    "einsum": _write_einsum,
}
"""Adding a notation is adding a row."""

ARRAY_NOTATIONS = (_write_einstein, _write_einsum)  # of equations without indices on the left side
USUAL = ("index", "matrix")  # those of a report for which none is chosen


def choose_notations(names: Sequence[str] | None) -> tuple[Notation, ...]:
    """The notations by name; the usual ones for None or where ``all`` is named.

    Raises:
        TcgradError: for a name that is none of them.
    """
    if names is None or "all" in names:
        names = USUAL
    for name in names:
        if name not in NOTATIONS:
            raise no_such("notation", name, ("all", *NOTATIONS))
    return tuple(NOTATIONS[name] for name in names)


def reads_the_same(statements: Sequence[Statement]) -> bool:
    """Whether all notations would say the same: of zeros, and of scalars made from scalars alone."""
    return all(_is_plain(statement) for statement in statements)


def _is_plain(statement: Statement) -> bool:
    if isinstance(statement, Recurrence | Intrinsic):
        return False
    return statement.body == ZERO or (
        not statement.free and not any(isinstance(e, Component) and e.indices for e in walk(statement.body))
    )
