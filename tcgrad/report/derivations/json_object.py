"""The ``derive`` report as one JSON object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tcgrad.calculus.derivation import Derivation, Gradient, Hessian, Jacobian
from tcgrad.calculus.rules.indices import new_indices, own_indices
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ZERO
from tcgrad.ir.program import Define, Program, Recurrence, Statement
from tcgrad.ir.tensors import Role, Tensor, gradient_of, jacobian_of
from tcgrad.notation.as_numpy.names import code_name
from tcgrad.notation.assumptions import print_assumptions
from tcgrad.notation.index import print_statement
from tcgrad.notation.matrix.nodes import Symbol
from tcgrad.notation.matrix.tree import length, parts
from tcgrad.notation.naming import Surroundings, name_indices
from tcgrad.notation.raising.definitions import raise_by_rows, raise_define
from tcgrad.notation.raising.form import MatrixForm
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.notation.raising.substitution import unfolded
from tcgrad.notation.reading import align, sides
from tcgrad.notation.spelling.syntaxes import ASCII
from tcgrad.report.derivations.notations import ARRAY_NOTATIONS, Notation, choose_notations
from tcgrad.report.derivations.passages import Passage
from tcgrad.report.derivations.styles import PLAIN, Style, Writing, style_of
from tcgrad.report.derivations.telling import Telling
from tcgrad.simplify.assume import Assumption

if TYPE_CHECKING:
    from tcgrad.steps import Explained

_LARGEST = 200  # nodes of a matrix expression
_ONE = ("einstein", "einsum")  # of these a closed form has one equation, not a list
_SHORT_LIST = re.compile(r'\[\n\s+((?:(?:"[^"\s,]*"|[-+.\w]+)(?:,\n\s+)?)+)\n\s+\]')


def render_json(
    derivation: Derivation,
    *,
    notations: Sequence[str] | None = None,
    writing: Writing = PLAIN,
    explained: Explained | None = None,
) -> dict[str, Any]:
    """The derivation as data: ``name``, ``outputs``, ``jacobians`` and ``gradients``, formulas in ASCII and LaTeX.

    A Jacobian has ``of``, ``wrt``, ``indices``, ``shape``, ``index`` (an equation, or null and a ``reason``),
    ``latex`` and ``matrix``; a gradient ``wrt``, ``shape``, ``index`` (its equations, the last one its own),
    ``latex`` and ``matrix``; both ``assumed`` where they take something for granted. ``matrix`` has ``text``, ``latex``
    and ``numpy``, of a Jacobian ``layout`` too; or it is null, with a ``matrix_reason`` where ``index`` is there.
    explained: the same derivation with steps: then Jacobians and gradients have ``steps``, the lines from the
        equations to the formula, each with its ``rule``, ``text`` and ``latex``.
    Where Hessians are asked for there are ``hessians``, like Jacobians with a pair of inputs as ``wrt``.

    notations: ``einstein`` and ``einsum`` add entries of their names: the equation of a Jacobian, the equations of a
        gradient and of the program, or null and a reason.

    Raises:
        TcgradError: for an unknown notation.
    """
    program = derivation.program
    entries = _Data(program, [write for write in choose_notations(notations) if write in ARRAY_NOTATIONS], writing)
    data: dict[str, Any] = {
        "name": program.name,
        "outputs": [output.name for output in program.outputs],
        **entries.arrays(program.statements),
        "jacobians": [entries.jacobian(jacobian) for jacobian in derivation.jacobians],
        "gradients": [entries.gradient(gradient) for gradient in derivation.gradients],
    }
    if explained is not None:
        styles = (style_of("ascii", program, writing), style_of("latex", program, writing))
        tellings = tuple(Telling(explained, style, choose_notations(["matrix"])) for style in styles)
        for entry, jacobian in zip(data["jacobians"], derivation.jacobians, strict=True):
            defines = () if jacobian.define is None else (jacobian.define,)
            entry["steps"] = _steps(tellings, jacobian_of(jacobian.of, jacobian.wrt), defines)
        for entry, gradient in zip(data["gradients"], derivation.gradients, strict=True):
            entry["steps"] = _steps(tellings, gradient_of(gradient.wrt), gradient.statements)
    if derivation.hessians:
        data["hessians"] = [entries.hessian(hessian) for hessian in derivation.hessians]
    return data


def json_text(data: dict[str, Any]) -> str:
    """JSON as it is written to a file or a pipe."""
    text = json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False)
    return _SHORT_LIST.sub(lambda found: f"[{', '.join(found[1].split())}]".replace(",,", ","), text) + "\n"


class _Data:
    """Makes the entries; a statement is printed and raised once, however many gradients use it."""

    def __init__(self, program: Program, array_notations: Sequence[Notation], writing: Writing) -> None:
        self.program = program
        self.ascii_style, self.latex_style = (style_of(name, program, writing) for name in ("ascii", "latex"))
        self.unicode_matrix = style_of("unicode", program, writing).matrix
        self.array_notations = array_notations
        self.around = Surroundings.of(program)
        self.ascii: dict[Statement, tuple[str, ...]] = {}
        self.latex: dict[Statement, tuple[str, ...]] = {}
        self.forms: dict[Tensor, MatrixForm | Refusal] = {}

    def lines(
        self, statements: Sequence[Statement], style: Style, known: dict[Statement, tuple[str, ...]]
    ) -> list[str]:
        for statement in statements:
            if statement not in known:
                known[statement] = print_statement(
                    statement, style.index, explicit=style.sums, surroundings=self.around
                )
        return [line for statement in statements for line in known[statement]]

    def jacobian(self, jacobian: Jacobian) -> dict[str, Any]:
        head = {"of": jacobian.of.name, "wrt": jacobian.wrt.name}
        if jacobian.define is None:
            rows, columns = own_indices(self.program, jacobian.of, jacobian.wrt.order), new_indices(jacobian.wrt)
            return {**head, **self.missing((*rows, *columns), jacobian.reason)}
        return {**head, **self.formula(jacobian.define), **_assumed(jacobian.assumed)}

    def hessian(self, hessian: Hessian) -> dict[str, Any]:
        first, second = hessian.wrt
        head = {"of": hessian.of.name, "wrt": [first.name, second.name]}
        if hessian.define is None:
            return {**head, **self.missing((*new_indices(first), *new_indices(second, first.order)), hessian.reason)}
        return {**head, **self.formula(hessian.define), "reason": None, **_assumed(hessian.assumed)}

    def missing(self, axes: Sequence[Index], reason: str | None) -> dict[str, Any]:
        """What stands where there is no closed form."""
        names = name_indices(axes, ZERO, self.around)
        head = {"indices": [names[index] for index in axes], "shape": [index.size.value for index in axes]}
        return {**head, "index": None, "reason": reason, "latex": None, "matrix": None, **self.arrays(())}

    def formula(self, define: Define) -> dict[str, Any]:
        """A closed form of a Jacobian, or of a block of a Hessian."""
        names = name_indices(define.free, define.body, self.around)
        form = raise_define(define, self.program, vec=self.ascii_style.vec)
        return {
            "indices": [names[index] for index in define.free],
            "shape": [size.value for size in define.tensor.shape],
            "index": self.lines([define], self.ascii_style, self.ascii)[0],
            "latex": self.lines([define], self.latex_style, self.latex)[0],
            **(_refused(form) if isinstance(form, Refusal) else {"matrix": self.jacobian_matrix(define, form)}),
            **{key: value[0] if key in _ONE and value else value for key, value in self.arrays([define]).items()},
        }

    def jacobian_matrix(self, define: Define, form: MatrixForm) -> dict[str, Any]:
        """The matrix form of a Jacobian, with that of each row where rows have one of their own."""
        rows = raise_by_rows(define, self.program, form)
        by_rows = {} if rows is None else {"by_rows": self.matrix(rows)}
        return {**self.matrix(form), "layout": self.layout(form), **by_rows}

    def matrix(self, form: MatrixForm) -> dict[str, Any]:
        """The right side; with the left side where that names a batch index."""
        text, syntax = form.right(self.unicode_matrix), self.latex_style.matrix
        latex = form.right(syntax)
        if form.batch:
            text, latex = f"{form.left(self.unicode_matrix)} = {text}", f"{form.left(syntax)} = {latex}"
        return {"text": text, "latex": latex, "numpy": None if self.is_ambiguous(form) else form.numpy}

    def layout(self, form: MatrixForm) -> str:
        """``full``, ``vec`` for rows one after the other, or ``vec_column`` for columns."""
        if form.batch:
            return "full"
        return "vec_column" if form.layout == "vec" and self.ascii_style.vec == "column" else form.layout

    def arrays(self, statements: Sequence[Statement]) -> dict[str, Any]:
        """Statements in the notations of whole arrays that are asked for: the equations, or null and a reason."""
        found: dict[str, Any] = {}
        for write in self.array_notations:
            written = write(statements, self.program, self.ascii_style)
            reason = next((reason for _, reason in written.lacking), written.reason)
            equations = [" = ".join(equation) for equation in written.equations]
            found[written.notation] = None if reason else equations or None
            if reason:
                found[f"{written.notation}_reason"] = reason
        return found

    def gradient(self, gradient: Gradient) -> dict[str, Any]:
        whole = self.whole_form(gradient)
        return {
            "wrt": gradient.wrt.name,
            "shape": [size.value for size in gradient.wrt.shape],
            "index": self.lines(gradient.statements, self.ascii_style, self.ascii),
            "latex": align([sides(line) for line in self.lines(gradient.statements, self.latex_style, self.latex)]),
            **(_refused(whole) if isinstance(whole, Refusal) else {"matrix": self.matrix(whole)}),
            **self.arrays(gradient.statements),
            **_assumed(gradient.assumed),
        }

    def is_ambiguous(self, form: MatrixForm) -> bool:
        """Whether the spec itself has a ``dy``, so that no NumPy text can tell it from the gradient of ``y``."""
        read = (part.tensor for part in parts(form.matrix) if isinstance(part, Symbol))
        return any(
            tensor.role is Role.GRADIENT and code_name(tensor) in self.around.tensors | self.around.dims
            for tensor in read
        )

    def whole_form(self, gradient: Gradient) -> MatrixForm | Refusal:
        """The matrix form in terms of the outputs' gradients alone, if it does not get long."""
        for statement in gradient.statements:
            if isinstance(statement, Recurrence):
                return Refusal(f"{statement.tensors[0].name} is defined by a recurrence")
            if isinstance(statement, Define) and statement.tensor not in self.forms:
                form = raise_define(statement, self.program)
                self.forms[statement.tensor] = form if isinstance(form, Refusal) else self.unfolded(form)
        return self.forms[gradient_of(gradient.wrt)]

    def unfolded(self, form: MatrixForm) -> MatrixForm | Refusal:
        """With the gradients of intermediates put in; refused where one has no matrix form, or the whole gets long."""
        whole = unfolded(form, self.forms)
        if isinstance(whole, MatrixForm) and length(whole.matrix) > _LARGEST:
            return Refusal(f"without gradients of intermediates it has more than {_LARGEST} parts")
        return whole


def _refused(refusal: Refusal) -> dict[str, Any]:
    """What stands where there is an equation but no matrix notation."""
    return {"matrix": None, "matrix_reason": refusal.reason}


def _assumed(assumed: Sequence[Assumption]) -> dict[str, str]:
    """What a formula takes for granted, where it does."""
    return {"assumed": print_assumptions(assumed, ASCII)} if assumed else {}


def _steps(tellings: Sequence[Telling], derivative: Tensor, statements: Sequence[Statement]) -> list[dict[str, str]]:
    """The lines that lead to a derivative, each an equation in ASCII and in LaTeX."""
    plain, latex = (list(_equations(telling.passages(derivative, statements))) for telling in tellings)
    return [
        {"rule": rule, "text": text, "latex": typeset} for (text, rule), (typeset, _) in zip(plain, latex, strict=True)
    ]


def _equations(passages: Iterator[Passage]) -> Iterator[tuple[str, str]]:
    """Each line with a left side of its own, and its rule."""
    for passage in passages:
        left = ""
        for line in passage.lines:
            left = line.left or left
            yield f"{left} = {line.right}", line.rule
