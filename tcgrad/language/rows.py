"""The texts in the rows of the function table, which are written in the language, as expressions."""

from __future__ import annotations

from functools import cache

from tcgrad.ir.nodes import Call, Expr
from tcgrad.ir.templates import filled_in, stand_in
from tcgrad.language.elaborate import elaborate_scalar


def written_out(text: str, call: Call) -> Expr:
    """What a text of the row of ``call.function`` says at the arguments of the call, which is itself the row's ``y``.

    Raises:
        TcgradError: if the text is no scalar expression of the parameters and ``y``.
    """
    parameters = call.function.parameters
    actual = {stand_in(name): own for name, own in zip(parameters, call.arguments, strict=True)}
    return filled_in(_template(text, parameters), {**actual, stand_in("y"): call})


@cache
def _template(text: str, parameters: tuple[str, ...]) -> Expr:
    """The text over stand-ins for the parameters and ``y``."""
    return elaborate_scalar(text, {name: stand_in(name) for name in (*parameters, "y")})
