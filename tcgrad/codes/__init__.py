"""THE table of error codes: a module for every stage, each with an entry a code.

TC1xx spec files and YAML, TC2xx syntax of equations, TC3xx names, indices, sums and ranges, TC4xx derivatives and
expectations, TC5xx check, TC6xx usage and files, TC7xx warnings of lint.
"""

from __future__ import annotations

from tcgrad.codes import checking, derivatives, linting, names, spec_files, syntax, usage
from tcgrad.codes.code import Code

__all__ = ["CODES", "Code"]

_SECTIONS = (spec_files.CODES, syntax.CODES, names.CODES, derivatives.CODES, checking.CODES, usage.CODES, linting.CODES)

CODES: dict[str, Code] = {code.code: code for section in _SECTIONS for code in section}
"""Every code by its name, in order."""
