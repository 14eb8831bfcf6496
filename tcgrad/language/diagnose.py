"""What is wrong with the equations of a spec whose keys are wrong already, so that one run tells both."""

from __future__ import annotations

from tcgrad.errors import SYNTAX, Diagnostic, TcgradError
from tcgrad.language.elaborate import elaborate
from tcgrad.spec.loader import SpecError


def add_equation_errors(error: SpecError) -> TcgradError:
    """The error with what is independently wrong in the equations.

    Where names or equations are missing, and nobody can tell which, only syntax is: all else may follow from that.
    """
    if error.spec is None:
        return error
    try:
        elaborate(error.spec, broken=error.broken)
        found: tuple[Diagnostic, ...] = ()
    except TcgradError as further:
        found = further.diagnostics
    told = {diagnostic.span for diagnostic in error.diagnostics}
    more = [d for d in found if d.span not in told and (not error.lost or d.code.startswith(SYNTAX))]
    return TcgradError((*error.diagnostics, *more), error.source)
