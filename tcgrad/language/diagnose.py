"""What is wrong with the equations of a spec whose keys are wrong already, so that one run tells both."""

from __future__ import annotations

from tcgrad.errors import SYNTAX, Diagnostic, TcgradError
from tcgrad.language.elaborate import elaborate
from tcgrad.spec.loader import SpecError

# Mistakes that leave every name and every size as it was meant.
_HARMLESS = frozenset({"TC114", "TC115", "TC118", "TC119"})


def add_equation_errors(error: SpecError) -> TcgradError:
    """The error with what is independently wrong in the equations.

    Where a name or a size could not be read, only the syntax of the equations is: all else may follow from that.
    """
    if error.spec is None:
        return error
    try:
        elaborate(error.spec)
        found: tuple[Diagnostic, ...] = ()
    except TcgradError as further:
        found = further.diagnostics
    told = {diagnostic.span for diagnostic in error.diagnostics}
    independent = all(_is_harmless(diagnostic) for diagnostic in error.diagnostics)
    more = [d for d in found if d.span not in told and (independent or d.code.startswith(SYNTAX))]
    return TcgradError((*error.diagnostics, *more), error.source)


def _is_harmless(diagnostic: Diagnostic) -> bool:
    """An unknown key is harmless unless it is near to one that may be meant by it."""
    misspelt = diagnostic.help is not None and diagnostic.help.startswith("did you mean")
    return diagnostic.code in _HARMLESS or (diagnostic.code == "TC107" and not misspelt)
