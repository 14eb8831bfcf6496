"""Plain evaluation of the IR with NumPy: what a program means, without lowering and without derivative rules.

It is the reference that everything else is measured against, so it is written to be obviously right; it is not fast.
"""

from tcgrad.evaluate.abstract import SmoothFunction, instantiate_abstract
from tcgrad.evaluate.arrays.labelled import Array
from tcgrad.evaluate.arrays.noise import Noise
from tcgrad.evaluate.context import Context
from tcgrad.evaluate.statements import evaluate, evaluate_program, evaluate_statements

__all__ = [
    "Array",
    "Context",
    "Noise",
    "SmoothFunction",
    "evaluate",
    "evaluate_program",
    "evaluate_statements",
    "instantiate_abstract",
]
