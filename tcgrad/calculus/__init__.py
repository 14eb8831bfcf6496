"""Derivatives of programs: Jacobians in closed form, gradients by backpropagation, tangents."""

from tcgrad.calculus.derivation import Derivation, Gradient, Jacobian, gradient_of, jacobian_of, tangent_of
from tcgrad.calculus.derive import derive

__all__ = ["Derivation", "Gradient", "Jacobian", "derive", "gradient_of", "jacobian_of", "tangent_of"]
