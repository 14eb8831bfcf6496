"""Emission: a derivation as the source of a NumPy module."""

from __future__ import annotations

from tcgrad.calculus.derivation import Derivation
from tcgrad.emit.module import ModuleWriter


def emit(derivation: Derivation) -> str:
    """The source of a module with `forward`, `forward_saved`, `backward`, `value_and_grad`, `jvp` and `jacobian`.

    It needs NumPy (and SciPy where a function is not in NumPy) and works for any sizes that fit the spec.
    """
    return ModuleWriter(derivation).source()
