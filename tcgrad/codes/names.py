"""TC3xx: names, indices, sums and ranges."""

from __future__ import annotations

from tcgrad.codes.code import Code

CODES: tuple[Code, ...] = ()
