"""What other notations and libraries call things, and how they are written here: for the help of error messages."""

from __future__ import annotations

import re
from collections.abc import Collection

from tcgrad.spec.names import nearest, suggest

_WRITTEN: dict[str, str] = {
    "ln": "write `log(x)`",
    "log2 log_2": "write `log(x)/log(2)`",
    "log10 log_10": "write `log(x)/log(10)`",
    "logaddexp": "write `log(exp(a) + exp(b))`",
    "maximum fmax": "write `max(a, b)`",
    "minimum fmin": "write `min(a, b)`",
    "clamp": "write `clip(x, a, b)`",
    "relu6": "write `clip(x, 0, 6)`",
    "rsqrt": "write `1/sqrt(x)`",
    "gamma": "write `exp(lgamma(x))`",
    "arctan2": "write `atan2(y, x)`",
    "expit logistic": "write `sigmoid(x)`",
    "swish": "write `silu(x)`",
    "mish": "write `x*tanh(softplus(x))`",
    "tg": "write `tan(x)`",
    "arctg": "write `atan(x)`",
    "cot ctg cotg": "write `1/tan(x)`",
    "sec": "write `1/cos(x)`",
    "csc": "write `1/sin(x)`",
    "round": "write `floor(x + 1/2)`",
    "mod fmod": "write `a - b*floor(a/b)`, and of integers `a % b`",
    "div": "write `floor(a/b)`, and of integers `a//b`",
    "times": "write `a*b`",
    "over": "write `a/b`",
    "sort argsort topk": "there is no function of the order of elements",
    "mse": "write `mean[i]((x[i] - y[i])^2)`",
    "beta": "write `exp(lgamma(a) + lgamma(b) - lgamma(a + b))`",
    "Phi Φ norm_cdf normcdf ncdf": "write `(1 + erf(x/sqrt(2)))/2`",
    "sinc": "write `sin(x)/x`",
    "fabs": "write `abs(x)`",
    "σ": "write `sigmoid(x)`",
    "square sqr": "write `x^2`",
    "pow power": "write `x^n`",
    "reciprocal": "write `1/x`",
    "heaviside step": "write `[x > 0]`",
    "softmax": "write `exp(x[i])/(1[k]*exp(x[k]))`",
    "log_softmax logsoftmax": "write `x[i] - logsumexp[k](x[k])`",
    "norm": "write `sqrt(x[i]*x[i])`",
    "dot inner matmul mm bmm einsum tensordot": "write the product with its indices: `a[i,k]*b[k,j]`",
    "outer": "write `a[i]*b[j]`",
    "cross": "write `levi_civita[i,j,k]*a[j]*b[k]`",
    "transpose": "write a transpose by its indices: `a[j,i]`",
    "tr trace": "write `a[i,i]`",
    "diag": "write `d[i] = a[i,i]` for a diagonal, `a[i,j] = delta[i,j]*d[i]` for a diagonal matrix",
    "eye identity kron_delta": "write `delta[i,j]`",
    "ones": "write `1[i]`",
    "zeros": "write `0*1[i]`",
    "var variance": "write `mean[i]((x[i] - m)^2)`, with `m = mean[i](x[i])` before",
    "std": "write `sqrt(mean[i]((x[i] - m)^2))`, with `m = mean[i](x[i])` before",
    "len shape numel": "a size is the name of its dim, or a number",
    "slogdet": "write `logdet(A)`",
    "solve": "write `inv(A)[i,j]*b[j]`",
    "conv conv1d conv2d convolve": "write the positions: `x[i + p]*w[p]`",
    "e": "write `exp(x)`",
    "π Pi PI": "write `pi`",
    "avg average": "write `mean[i](x[i])`",
    "lse": "write `logsumexp[i](x[i])`",
    "cumsum": "write `sum[k]([k <= i]*x[k])`",
    "inf infinity nan": "there is no such number in an equation",
    "True true": "write `1`; what holds here and there is an Iverson bracket: `[x[i] > 0]`",
    "False false": "write `0`; what holds here and there is an Iverson bracket: `[x[i] > 0]`",
    "None newaxis null": "write a new axis by its index: `y[i,j] = 1[i]*x[j]`",
    "if then else": "write `where(x > 0, a, b)`",
    "in": "write a range as an Iverson bracket: `[0 <= i < 3]`",
    "for": "write `sum[i](...)` for a sum over `i`; an index on the left runs by itself",
    "is": "write a comparison in an Iverson bracket: `[a == b]`",
    "and": "write conditions that hold together as a product of Iverson brackets: `[a < b]*[b < c]`",
    "or": "write the larger of two Iverson brackets: `max([a < b], [b < c])`",
    "not": "write the opposite comparison, or `1 - [a < b]`",
    "return": "write the expression alone",
    "grad gradient derivative diff jacobian hessian": "write the function: its derivatives are what is worked out",
    "np numpy math torch jnp": "write functions by their names alone, as in `exp(x)`",
    "Σ sigma_sum": "write `sum[i](...)`",
    "Π": "write `prod[i](...)`",
}

HOW_TO_WRITE = {name: text for names, text in _WRITTEN.items() for name in names.split()}
HOW_TO_WRITE |= {f"arc{name}": f"write `a{name}(x)`" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}
HOW_TO_WRITE |= {f"ar{name}": f"write `a{name}(x)`" for name in ("sinh", "cosh", "tanh")}

WITH_MORE_ARGUMENTS = {
    ("log", 2): "log({0})/log({1})",
    ("atan", 2): "atan2({0}, {1})",
    ("relu", 2): "leaky_relu({0}, {1})",
    ("max", 3): "max({0}, max({1}, {2}))",
    ("min", 3): "min({0}, min({1}, {2}))",
}
"""Functions that other libraries call with more arguments, by how many, and how that is written here."""

END = "end"
"""The last position of an axis, in Julia and MATLAB."""

NEW_AXIS = ("None", "newaxis")
"""What stands among the positions of an array where NumPy is to add an axis."""

# They stand between operands elsewhere, and are names here.
WORDS = ("and", "or", "not", "if", "then", "else", "in", "for", "is", "return")

# So do these, which may name tensors here: between two factors with nothing else there they are operators.
INFIX = ("mod", "div", "times", "over", "dot", "cross", "outer", "where")

# Signs of reductions in print, which are letters that can name a tensor here.
SIGNS = {"Σ": "sum", "Π": "prod"}


def indices_meant(written: str, body: str) -> str:
    """What ``sum_ij`` runs over: the letters one by one, where those are what its body has and the word is not."""
    words = set(re.findall(r"\w+", body))
    return ",".join(written) if written not in words and words.issuperset(written) else written


def help_on(name: str, known: Collection[str], likeness: float = 1) -> str | None:
    """How to write what a name that is not known stands for elsewhere, or which known name was probably meant.

    likeness: how near a known name is for it to go before, 1 where only its case may differ.
    """
    near = suggest(name, known)
    return near if nearest(name, known, likeness) is not None else HOW_TO_WRITE.get(name, near)
