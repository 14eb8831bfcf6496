"""TC4xx: derivatives and expectations."""

from __future__ import annotations

from tcgrad.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "TC405",
        "an abstract function has no code",
        "A function that is declared without a body can be derived and printed, as f and f'. There is nothing to"
        " compute its values with, so no module is emitted: give it a body.",
        example="""\
inputs: {x: [3]}
functions: {"f(z)": null}
equations: ["y[i] = f(x[i])"]
""",
        mended="""\
inputs: {x: [3]}
functions: {"f(z)": "z*sigmoid(z)"}
equations: ["y[i] = f(x[i])"]
""",
    ),
)
