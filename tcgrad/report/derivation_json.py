"""The ``derive`` report as one JSON object."""

from __future__ import annotations

import json
import re
from typing import Any

from tcgrad.calculus.derivation import Derivation, Gradient, Jacobian
from tcgrad.ir.program import Define, Program, Recurrence
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import instantiate, replace_components
from tcgrad.notation.index import print_statement
from tcgrad.notation.matrix_form import MatrixForm
from tcgrad.notation.naming import Surroundings, name_indices
from tcgrad.notation.raising import raise_define
from tcgrad.notation.reading import align, sides
from tcgrad.notation.syntaxes import LATEX
from tcgrad.report.derivation_content import Options
from tcgrad.report.derivation_point import point_data
from tcgrad.simplify import simplify


def render_json(derivation: Derivation, options: Options | None = None) -> dict[str, Any]:
    """The derivation as data: ``name``, ``outputs``, ``jacobians`` and ``gradients``, formulas in ASCII and LaTeX.

    A Jacobian has ``of``, ``wrt``, ``indices``, ``shape``, ``index`` (an equation, or null and a ``reason``),
    ``latex`` and ``matrix``; a gradient ``wrt``, ``shape``, ``index`` (its equations, the last one its own),
    ``latex`` and ``matrix``. ``matrix`` is null or has ``text``, ``latex`` and ``numpy``, of a Jacobian ``layout`` too.
    Only if they were asked for there are ``at``, values by name, and ``code``.
    """
    options = options or Options()
    program = derivation.program
    data: dict[str, Any] = {
        "name": program.name,
        "outputs": [output.name for output in program.outputs],
        "jacobians": [_jacobian(jacobian, program) for jacobian in derivation.jacobians],
        "gradients": [_gradient(gradient, program) for gradient in derivation.gradients],
    }
    if options.at is not None:
        data["at"] = point_data(options.at)
    if options.code is not None:
        data["code"] = options.code
    return data


def json_text(data: dict[str, Any]) -> str:
    """JSON as it is written to a file or a pipe."""
    text = json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False)
    return _SHORT_LIST.sub(lambda found: f"[{', '.join(found[1].split())}]".replace(",,", ","), text) + "\n"


_SHORT_LIST = re.compile(r'\[\n\s+((?:(?:"[^"\s,]*"|[-+.\w]+)(?:,\n\s+)?)+)\n\s+\]')


def _jacobian(jacobian: Jacobian, program: Program) -> dict[str, Any]:
    shape = [size.value for size in jacobian.of.shape + jacobian.wrt.shape]
    head = {"of": jacobian.of.name, "wrt": jacobian.wrt.name}
    define = jacobian.define
    if define is None:
        missing = {"indices": [], "shape": shape, "index": None, "reason": jacobian.reason}
        return {**head, **missing, "latex": None, "matrix": None}
    around = Surroundings.of(program)
    names = name_indices(define.free, define.body, around)
    form = raise_define(define, program)
    return {
        **head,
        "indices": [names[index] for index in define.free],
        "shape": shape,
        "index": print_statement(define, surroundings=around)[0],
        "latex": print_statement(define, LATEX, surroundings=around)[0],
        "matrix": {**_matrix(form), "layout": form.layout} if isinstance(form, MatrixForm) else None,
    }


def _gradient(gradient: Gradient, program: Program) -> dict[str, Any]:
    around = Surroundings.of(program)
    lines = [line for s in gradient.statements for line in print_statement(s, surroundings=around)]
    latex = [line for s in gradient.statements for line in print_statement(s, LATEX, surroundings=around)]
    whole = unfold(gradient)
    form = None if whole is None else raise_define(whole, program)
    return {
        "wrt": gradient.wrt.name,
        "shape": [size.value for size in gradient.wrt.shape],
        "index": lines,
        "latex": align([sides(line) for line in latex]),
        "matrix": _matrix(form) if isinstance(form, MatrixForm) else None,
    }


def _matrix(form: MatrixForm) -> dict[str, Any]:
    return {"text": form.text, "latex": form.latex, "numpy": form.numpy}


def unfold(gradient: Gradient) -> Define | None:
    """The gradient in terms of the outputs' gradients alone; None where a recurrence defines one on the way."""
    if any(isinstance(statement, Recurrence) for statement in gradient.statements):
        return None
    known: dict[Tensor, Define] = {}
    whole = None
    for statement in gradient.statements:
        if isinstance(statement, Define):
            whole = _insert(statement, known)
            known[whole.tensor] = whole
    return whole


def _insert(define: Define, known: dict[Tensor, Define]) -> Define:
    if not known:
        return define
    body = replace_components(
        define.body,
        lambda read: (
            instantiate(known[read.tensor].free, known[read.tensor].body, read.indices)
            if read.tensor in known
            else read
        ),
    )
    return Define(define.tensor, define.free, simplify(body), define.span)
