"""TC4xx: derivatives and expectations."""

from __future__ import annotations

from tcgrad.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "TC401",
        "a function without a derivative by this argument",
        "Some functions are differentiated by some of their arguments only: the order of `polygamma` counts and has no "
        "derivative. What stands there must not depend on what is differentiated by.",
        example="""\
inputs: {x: {shape: [3], sample: positive}}
equations: ["y[i] = polygamma(x[i], x[i])"]
""",
        mended="""\
inputs: {x: {shape: [3], sample: positive}}
equations: ["y[i] = polygamma(1, x[i])"]
""",
    ),
    Code(
        "TC403",
        "a derivative of something that is not there",
        "`--of` takes tensors that an equation defines, `--wrt` takes real-valued inputs.",
        "tcgrad derive gallery:matmul --wrt y",
        "tcgrad derive gallery:matmul --wrt x",
    ),
    Code(
        "TC404",
        "second derivatives of something else than one scalar output",
        "`derive --hessian` wants a scalar among the outputs, or among the tensors that `--of` names. The emitted"
        " Hessian and Hessian-vector products belong to a spec whose single output is a scalar.",
        example="""\
inputs: {x: [3]}
equations: ["y[i] = x[i]^2"]
""",
        mended="""\
inputs: {x: [3]}
equations: ["y = x[i]^2*1[i]"]
""",
    ),
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
    Code(
        "TC406",
        "a number that no floating-point type holds",
        "Numbers are exact while formulas are worked out; in the end they have to fit into a float64, whose largest"
        " value is about 1.8e308. Products and powers of numbers, also those that a derivative makes, leave that range"
        " easily.",
        example="""\
inputs: {x: [3]}
equations: ["y[i] = 1e200*1e200*x[i]"]
""",
        mended="""\
inputs: {x: [3]}
equations: ["y[i] = 1e200*x[i]"]
""",
    ),
    Code(
        "TC409",
        "a product that is too long to be differentiated",
        "The derivative of a product has a term for each of its factors, and in each of them all the others. Products"
        " of up to 250 factors are differentiated.",
        example="""\
inputs: {x: [3]}
functions: {"f(z)": "z*z*z*z*z*z*z", "g(z)": "f(z)*f(z)*f(z)*f(z)*f(z)*f(z)", "h(z)": "g(z)*g(z)*g(z)*g(z)*g(z)*g(z)"}
equations: ["y[i] = h(x[i])"]
""",
        mended="""\
inputs: {x: [3]}
functions: {"h(z)": "z^252"}
equations: ["y[i] = h(x[i])"]
""",
    ),
)
