"""Emission: a derivation as the source of a NumPy module."""

from __future__ import annotations

from dataclasses import replace

from tcgrad.calculus.derivation import Backpropagation
from tcgrad.calculus.derive import backpropagated
from tcgrad.calculus.refused.magnitude import SCALE
from tcgrad.calculus.rules.intrinsics import with_cofactors
from tcgrad.emit.code.text import NoFloat
from tcgrad.emit.prepared.activations import with_named_activations
from tcgrad.emit.prepared.extremes import with_named_elements
from tcgrad.emit.prepared.idle_adjoints import without_idle_adjoints
from tcgrad.emit.second import SecondOrderWriter
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.ir.nodes import Call
from tcgrad.ir.program import Program, nodes_in
from tcgrad.ir.tensors import gradient_of


def emit(derivation: Backpropagation) -> str:
    """The source of a module with `forward`, `forward_saved`, `backward`, `value_and_grad`, `jvp` and `jacobian`.

    With one scalar output there are `hessian` and `hvp` as well. The module needs NumPy (and SciPy where a function is
    not in NumPy) and works for any sizes that fit the spec.

    Raises:
        TcgradError: if the program calls an abstract function, which has no code, or if a number in the code of a
            derivative is one that no floating-point type holds.
    """
    _refuse_abstract(derivation.program)
    plain = with_cofactors(with_named_elements(derivation.worked))
    program = with_named_activations(plain)
    if program is not derivation.worked:
        derivation = backpropagated(program)
    backward = derivation.presentation.oriented(derivation.backward)
    if program is not plain:
        added = set(program.defined).difference(plain.defined)
        backward = without_idle_adjoints(backward, {gradient_of(tensor) for tensor in added})
    try:
        return SecondOrderWriter(replace(derivation, program=derivation.worked, backward=backward)).source()
    except NoFloat:
        message = "a number of the derivatives leaves the range of 1e-300 to 1e300: no floating-point type holds it"
        span = program.statements[-1].span
        raise TcgradError((Diagnostic("TC406", message, span, SCALE),), program.spec.source) from None


def _refuse_abstract(program: Program) -> None:
    for statement in program.statements:
        for node in nodes_in(statement):
            if isinstance(node, Call) and node.function.is_abstract:
                message = f"`{node.function.name}` is an abstract function: it has no code"
                hint = f'give it a body under `functions:`, as in "{node.function.name}(z)": "z*sigmoid(z)"'
                diagnostic = Diagnostic("TC405", message, statement.span, hint)
                raise TcgradError((diagnostic,), program.spec.source)
