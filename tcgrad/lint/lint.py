"""All warnings about a program."""

from __future__ import annotations

from tcgrad.errors import Diagnostic
from tcgrad.ir.program import Program
from tcgrad.lint.rules import RULES


def lint(program: Program) -> tuple[Diagnostic, ...]:
    """The warnings of its elaboration, and those of every rule, in the order of their places."""
    found = [*program.warnings, *(each for rule in RULES for each in rule(program))]
    return tuple(sorted(found, key=lambda diagnostic: diagnostic.span.start if diagnostic.span else -1))
