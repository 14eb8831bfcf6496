"""Derivatives of programs: Jacobians in closed form, gradients by backpropagation, tangents, Hessians."""

from tcgrad.calculus.derivation import (
    Derivation,
    Gradient,
    Hessian,
    Jacobian,
    gradient_of,
    hessian_of,
    jacobian_of,
    tangent_of,
)
from tcgrad.calculus.derive import derive

__all__ = [
    "Derivation",
    "Gradient",
    "Hessian",
    "Jacobian",
    "derive",
    "gradient_of",
    "hessian_of",
    "jacobian_of",
    "tangent_of",
]
