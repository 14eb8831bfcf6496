"""TC2xx: the syntax of equations."""

from __future__ import annotations

from tcgrad.codes.code import Code

CODES: tuple[Code, ...] = ()
