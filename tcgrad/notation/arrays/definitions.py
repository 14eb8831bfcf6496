"""Definitions as equations of whole arrays: in modified Einstein notation, and as calls of ``np.einsum``."""

from __future__ import annotations

from collections.abc import Mapping

from tcgrad.ir.gaps import Gaps, gaps_of
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Expr, Mul
from tcgrad.ir.program import Define, Program
from tcgrad.ir.substitution import bind_apart
from tcgrad.ir.traversal import map_children, product_of
from tcgrad.notation.arrays.contractions import Form
from tcgrad.notation.arrays.einstein import EINSTEIN_ASCII, EinsteinSyntax, print_einstein
from tcgrad.notation.arrays.einsum import print_einsum
from tcgrad.notation.arrays.letters import letters_of
from tcgrad.notation.arrays.unindexed import raise_contractions
from tcgrad.notation.as_numpy.names import code_name
from tcgrad.notation.naming import Surroundings
from tcgrad.notation.raising.definitions import intrinsics_of
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.notation.reading import Equation
from tcgrad.records import replace


def einstein_equation(define: Define, program: Program, syntax: EinsteinSyntax = EINSTEIN_ASCII) -> Equation | Refusal:
    """``C = A *_(ij,jk,ik) B``, or why a definition cannot be written so."""
    raised = _raised(define, program)
    if isinstance(raised, Refusal):
        return raised
    form, letters = raised
    return syntax.scalars.tensor(define.tensor, ()), print_einstein(form, letters, syntax)


def einsum_equation(define: Define, program: Program) -> Equation | Refusal:
    """``C = np.einsum('ij,jk->ik', A, B)``, a statement of Python, or why a definition cannot be written so."""
    plain = _raised(define, program)  # what stands in the way is told as it reads
    guarded = replace(define, body=_guarded(define.body, gaps_of(program)))
    raised = plain if isinstance(plain, Refusal) else _raised(guarded, program)
    if isinstance(raised, Refusal):
        return raised
    right = print_einsum(*raised, intrinsics_of(program))
    return right if isinstance(right, Refusal) else (code_name(define.tensor), right)


def _guarded(expr: Expr, gaps: Gaps) -> Expr:
    """An expression whose products with guards are of numbers alone: NumPy's ``0 * nan`` is no 0."""
    made = map_children(expr, lambda part: _guarded(part, gaps))
    return product_of(gaps.chosen(made.factors)) if isinstance(made, Mul) else made


def _raised(define: Define, program: Program) -> tuple[Form, Mapping[Index, str]] | Refusal:
    define = replace(define, body=bind_apart(define.body))
    letters = letters_of(define, Surroundings.of(program))
    if letters is None:
        return Refusal("there are more indices than letters")
    form = raise_contractions(define)
    return form if isinstance(form, Refusal) else (form, letters)
