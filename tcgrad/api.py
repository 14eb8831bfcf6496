"""The Python interface: what the command line does, as functions and objects.

`load` reads a spec; the `TensorFunction` that it returns derives, emits, compiles and checks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any, get_args

from tcgrad.calculus import Backpropagation, Derivation, Gradient, Hessian, Jacobian, backpropagated, derive
from tcgrad.collecting import collecting_rarely
from tcgrad.errors import no_such
from tcgrad.ir.program import Program
from tcgrad.language.diagnose import add_equation_errors
from tcgrad.language.elaborate import elaborate
from tcgrad.locate import find_spec
from tcgrad.notation.matrix.nodes import VecOrder
from tcgrad.notation.reading import print_reading
from tcgrad.notation.spelling.apart import latex_of, unicode_of
from tcgrad.report.derivations.render import Format, render_derivation, render_equations
from tcgrad.report.derivations.styles import LatexStyle, Writing
from tcgrad.spec.loader import SpecError, load_spec, read_spec
from tcgrad.spec.model import Spec
from tcgrad.spec.yaml.files import decode

if TYPE_CHECKING:
    from tcgrad.point import PointValues
    from tcgrad.report.checks.checked import Checked


def load(spec: str | os.PathLike[str], *, strict: bool | None = None) -> TensorFunction:
    """Read a spec file, or with ``gallery:NAME`` a spec of the gallery.

    strict: if given, instead of what the spec says, whether implicit broadcasting is an error.

    Raises:
        TcgradError: with a diagnostic for everything that is wrong with the file.
    """
    return _function_of(lambda: load_spec(find_spec(os.fsdecode(spec))), strict)


def loads(text: str | bytes, name: str = "spec", *, strict: bool | None = None) -> TensorFunction:
    """The same for the text of a spec; ``name`` stands for the file in messages.

    Raises:
        TcgradError: with a diagnostic for everything that is wrong with the text.
        TypeError: if it is no text: YAML takes what `json.dumps` makes of a dictionary.
    """
    if isinstance(text, bytes):
        text = decode(text, name).text
    if not isinstance(text, str):
        message = f"a spec is a text, not {type(text).__name__}"
        raise TypeError(f"{message}: write tcgrad.loads(json.dumps(spec))" if isinstance(text, dict) else message)
    return _function_of(lambda: read_spec(text, name), strict)


def _function_of(read: Callable[[], Spec], strict: bool | None) -> TensorFunction:
    try:
        with collecting_rarely():
            spec = read()
    except SpecError as error:
        raise add_equation_errors(error) from None
    return TensorFunction(spec if strict is None else replace(spec, strict=strict))


class TensorFunction:
    """A tensor function as its spec defines it. `str` shows the equations as they were read, sums written out.

    program: what the spec means.

    Raises:
        TcgradError: with a diagnostic for everything that is wrong with the equations.
    """

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        with collecting_rarely():
            self.program: Program = elaborate(spec)

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def doc(self) -> str:
        return self.spec.doc

    @cached_property
    def derivation(self) -> Derivation:
        """Everything that there is to derive: all outputs by all inputs of the spec's ``wrt``."""
        with collecting_rarely():
            return derive(self.program, given=self._backpropagation)

    @cached_property
    def _backpropagation(self) -> Backpropagation:
        """What code is made from: nothing that only people read has to be worked out for it."""
        with collecting_rarely():
            return backpropagated(self.program)

    def derive(
        self, *, of: Sequence[str] | None = None, wrt: Sequence[str] | None = None, hessian: bool = False
    ) -> Derived:
        """Jacobians of ``of`` (all outputs) by the inputs ``wrt`` (those of the spec), and the gradients of the latter.

        of: names of outputs or intermediates, or a single one. Gradients are given those of all outputs in any case.
        wrt: names of inputs, or a single one.
        hessian: the second derivatives of scalars among ``of`` as well.

        Raises:
            TcgradError: if a name is not that of a tensor that an equation defines or of a real-valued input, or if
                second derivatives are asked for and nothing is a scalar.
            TypeError: for what is no name, or is a set, which has no order that derivatives could stand in.
        """
        if of is None and wrt is None and not hessian:
            return Derived(self.derivation)
        with collecting_rarely():
            return Derived(derive(self.program, of=_each("of", of), wrt=_each("wrt", wrt), hessian=hessian))

    def emit(self) -> str:
        """The source of a NumPy module with ``forward``, ``backward``, ``jvp``, ``jacobian`` and their like."""
        from tcgrad.emit import emit

        with collecting_rarely():
            return emit(self._backpropagation)

    def compile(self) -> ModuleType:
        """The emitted module itself: ``function.compile().forward(x, w)``."""
        from tcgrad.emit.compiled import compile_module

        return compile_module(self.emit())

    def check(
        self,
        *,
        against: str | Callable[..., Any] | None = None,
        against_forward: str | Callable[..., Any] | None = None,
        against_framework: str | None = None,
        **options: Any,
    ) -> Checked:
        """Check formulas and emitted code against difference quotients, and the spec's own expectations.

        against, against_forward: a backward and a forward of the user's own to be checked as well, or their names,
            ``MODULE:FUNCTION``; the module is imported.
        against_framework: ``torch`` or ``jax`` if they are given its tensors and return them.
        options: those of `tcgrad.check.check`; one that is not given is taken from the spec.

        Raises:
            TcgradError: for an option that cannot be, or a function that is none or not there.
        """
        from tcgrad.check import check
        from tcgrad.check.user.code import load_user_code
        from tcgrad.report.checks.checked import Checked

        code = load_user_code(against, against_forward, against_framework)
        return Checked(**vars(check(self.program, derivation=self.derivation, against=code, **options)))

    def __repr__(self) -> str:
        return f"<tensor function {self.name}>"

    def __str__(self) -> str:
        return print_reading(self.program, unicode_of(self.program))

    def _repr_latex_(self) -> str:
        return print_reading(self.program, latex_of(self.program))


class Derived:
    """The derivatives of a tensor function. `str` shows the formulas, and a notebook typesets them."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation

    @property
    def jacobians(self) -> tuple[Jacobian, ...]:
        return self.derivation.jacobians

    @property
    def gradients(self) -> tuple[Gradient, ...]:
        return self.derivation.gradients

    @property
    def hessians(self) -> tuple[Hessian, ...]:
        """The blocks of Hessians, if they were asked for."""
        return self.derivation.hessians

    def at(self, values: Mapping[str, Any]) -> PointValues:
        """The values of the derivatives where each input has the value given for its name.

        values: a number, nested list or array for each input, and for gradients of outputs, as ``dy``. Those of inputs
            are there where all of these are given, or the one output is a scalar.

        Raises:
            TcgradError: if a value is missing, unknown or of the wrong shape.
        """
        from tcgrad.point import evaluate_at

        return evaluate_at(self.derivation, values)

    def report(
        self,
        output_format: Format = "text",
        *,
        notations: Sequence[str] | None = None,
        latex_style: LatexStyle = "components",
        sums: bool = False,
        vec: VecOrder = "row",
        unicode: bool = True,
        color: bool = False,
        at: PointValues | None = None,
        code: str | None = None,
        steps: bool = False,
        width: int | None = None,
    ) -> str:
        """The report that ``tcgrad derive`` prints.

        output_format: ``text``, ``json``, ``latex`` (for a document that loads amsmath) or ``markdown``.
        notations: one or several out of ``index``, ``matrix``, ``einstein`` and ``einsum``; None: the first two.
        latex_style: ``components`` by the names of the spec, or ``tensors``, bold and calligraphic by their order.
        sums: name every sum in index notation.
        vec: whether vectorised matrices are written row after row, or column after column.
        unicode: False for a text in plain ASCII, in which every formula can be read back.
        color: with the escapes that colour a terminal.
        at, code: the values at a point and a module's source, to be put behind the formulas.
        steps: the way from the equations to each formula, line by line, each with the rule that it follows by.
        width: the columns that the lines of a text are broken to fit into; None: a formula a line.

        Raises:
            TcgradError: if one of the names is none of those above.
            TypeError: if what stands for names is none.
        """
        _check_choice("format", output_format, Format)
        _check_choice("style of LaTeX", latex_style, LatexStyle)
        _check_choice("order of a vectorised matrix", vec, VecOrder)
        writing = Writing(latex_style, sums, vec)
        return render_derivation(
            self.derivation,
            output_format,
            notations=_each("notations", notations),
            writing=writing,
            unicode=unicode,
            color=color,
            at=at,
            code=code,
            steps=steps,
            width=width,
        )

    def as_dict(self, *, notations: Sequence[str] | None = None, steps: bool = False) -> dict[str, Any]:
        """The report as data that `json.dumps` takes; tcgrad-spec(5) describes it.

        notations: ``einstein`` and ``einsum`` add entries of their names.
        steps: add the lines that lead to each formula.
        """
        from tcgrad.report.derivations.json_object import render_json
        from tcgrad.steps import explain

        explained = explain(self.derivation) if steps else None
        return render_json(self.derivation, notations=_each("notations", notations), explained=explained)

    def __repr__(self) -> str:
        return f"<derivatives of {self.derivation.program.name}>"

    def __str__(self) -> str:
        return self.report()

    def _repr_latex_(self) -> str:
        return f"${render_equations(self.derivation)}$"


def _each(what: str, names: Sequence[str] | None) -> Sequence[str] | None:
    """Names one by one, where a text is a single one and not a sequence of letters.

    Raises:
        TypeError: if they are not texts in an order.
    """
    if names is None or isinstance(names, str):
        return names if names is None else (names,)
    if isinstance(names, (set, frozenset)) or not isinstance(names, Iterable):
        raise TypeError(f"`{what}` is a name, or a list of names, not {type(names).__name__}")
    listed = tuple(names)
    for name in listed:
        if not isinstance(name, str):
            raise TypeError(f"`{what}` holds names, and `{name!r}` is of the type {type(name).__name__}")
    return listed


def _check_choice(what: str, name: str, literal: Any) -> None:
    """Refuse what is none of the names of a type, to which only a type checker holds a caller."""
    if name not in get_args(literal):
        raise no_such(what, name, get_args(literal))
