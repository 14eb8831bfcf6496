"""TC5xx: checks."""

from __future__ import annotations

from tcgrad.codes.code import Code

CODES: tuple[Code, ...] = ()
