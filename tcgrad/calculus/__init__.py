"""Derivatives of programs: Jacobians in closed form, gradients by backpropagation, tangents, Hessians."""

from tcgrad.calculus.derivation import Backpropagation, Derivation, Gradient, Hessian, Jacobian
from tcgrad.calculus.derive import backpropagated, derive
from tcgrad.ir.tensors import gradient_of, hessian_of, jacobian_of, tangent_of

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
