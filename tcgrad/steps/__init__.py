"""Derivations shown step by step: how each formula follows from the equations, a named rule a line.

A derivation tells its way (`tcgrad.calculus.trace`); what is told is put together here, and the rules and the passes
that made each formula are gone through once more with a halt after each.
"""

from tcgrad.steps.chains import Chain, Step
from tcgrad.steps.explain import Explained, explain
from tcgrad.steps.rules import Equality, Rule

__all__ = ["Chain", "Equality", "Explained", "Rule", "Step", "explain"]
