"""How much a spec may hold. The limits lie far beyond what anybody writes; they keep hostile files cheap."""

from __future__ import annotations

from typing import Final

MAX_BYTES: Final = 1 << 18
"""Size of a spec file."""

MAX_DEPTH: Final = 16
"""Nested YAML lists and mappings; a spec needs four."""

MAX_NODES: Final = 10_000
"""Values in the YAML, each use of an alias counted in full."""

MAX_EQUATIONS: Final = 10_000
"""Equations, and as many expectations."""

MAX_EQUATION: Final = 1 << 17
"""Characters of one equation, or of a function's body."""

MAX_DIM: Final = 2**31 - 1
"""A dim: what an index of 32 bits can count."""

MAX_DIGITS: Final = 400
"""Characters of a number."""

MAX_EXPONENT: Final = 300
"""A constant is 0 or between 1e-300 and 1e300 in magnitude, so that it is a number in float64."""

MAX_INTEGER: Final = 2**53
"""Integers that float64 holds exactly: the bounds of integer samples, and the check options."""

MAX_TRIALS: Final = 10_000
"""Draws of random inputs in a check: what can be told apart at all is, after a few."""

MAX_NAME: Final = 200
"""Characters of a name."""

MAX_PARAMETERS: Final = 32
"""Parameters of a function."""

MAX_ORDER: Final = 15
"""Axes of a tensor: a Jacobian has twice as many, and NumPy broadcasts arrays of at most 32."""
