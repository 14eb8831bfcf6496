"""tcgrad: derive, emit and check gradients of tensor functions written in index notation.

    >>> import tcgrad
    >>> layer_norm = tcgrad.load("gallery:layer_norm")
    >>> print(layer_norm.derive(wrt=["beta"]))      # formulas
    >>> module = layer_norm.compile()               # forward, backward, jvp, jacobian, ...
    >>> layer_norm.check(dtype="float32").ok        # against difference quotients

The names below are imported when they are first used, so that ``import tcgrad`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tcgrad.api import Derived, TensorFunction, load, loads
    from tcgrad.errors import TcgradError
    from tcgrad.version import __version__

__all__ = ["Derived", "TcgradError", "TensorFunction", "__version__", "load", "loads"]

_HOMES = {
    "Derived": "tcgrad.api",
    "TcgradError": "tcgrad.errors",
    "TensorFunction": "tcgrad.api",
    "__version__": "tcgrad.version",
    "load": "tcgrad.api",
    "loads": "tcgrad.api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tcgrad' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
