"""Derivatives of programs: Jacobians in closed form, gradients by backpropagation, tangents, Hessians."""

from tcgrad.calculus.derivation import (
    Backpropagation,
    Derivation,
    Gradient,
    Hessian,
    Jacobian,
    gradient_of,
    hessian_of,
    jacobian_of,
    tangent_of,
)
from tcgrad.calculus.derive import backpropagated, derive

__all__ = [
    "Backpropagation",
    "Derivation",
    "Gradient",
    "Hessian",
    "Jacobian",
    "backpropagated",
    "derive",
    "gradient_of",
    "hessian_of",
    "jacobian_of",
    "tangent_of",
]
