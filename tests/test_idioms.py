"""Idioms get their names: the value stays, the derivative is the known one, emitted code does not overflow."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from tables import rows
from test_oracles import check_derivatives, check_emitted, program_of

import tcgrad
from tcgrad.calculus.program.recognise import recognised
from tcgrad.ir.program import Define, Intrinsic
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key
from tcgrad.simplify.folding.idioms import recognise

HEADER = """
dims: {N: 5, M: 3}
inputs: {x: [N], z: [N], a: [N, M], s: [], t: []}
indices: {i: N, j: M}
equations:
"""

IDIOMS = """
of a quotient: y = log(1 + sum[i](exp(x[i]))/sum[i](exp(z[i]))) | y = softplus(logsumexp[i](x[i]) - logsumexp[i](z[i]))
softplus of one: y = log(1 + sum[i](exp(x[i]))^2) | y = softplus(2*logsumexp[i](x[i]))
sigmoid: y[i] = 1/(1 + exp(-x[i])) | y[i] = sigmoid(x[i])
sigmoid the other way round: y[i] = 1/(exp(-x[i]) + 1) | y[i] = sigmoid(x[i])
sigmoid of the negative: y[i] = 1/(1 + exp(x[i])) | y[i] = sigmoid(-x[i])
sigmoid of a sum: y[i] = 1/(1 + exp(-s*x[i] - t)) | y[i] = sigmoid(s*x[i] + t)
sigmoid with a numerator: y[i] = exp(x[i])/(1 + exp(x[i])) | y[i] = sigmoid(x[i])
a multiple of sigmoid: y[i] = 3*z[i]/(1 + exp(-x[i])) | y[i] = 3*z[i]*sigmoid(x[i])
its square: y[i] = 1/(1 + exp(-x[i]))^2 | y[i] = sigmoid(x[i])^2
its root: y[i] = z[i]/sqrt(1 + exp(-x[i])) | y[i] = z[i]*sqrt(sigmoid(x[i]))
another power of it: y[i] = (1 + exp(x[i]))^-1.3 | y[i] = sigmoid(-x[i])^1.3
its derivative: y[i] = exp(-x[i])/(1 + exp(-x[i]))^2 | y[i] = sigmoid(x[i])*sigmoid(-x[i])
beside half of its exponent: y[i] = z[i]*exp(x[i])/(1 + exp(2*x[i])) | y[i] = z[i]/(2*cosh(x[i]))
softmax of two: y = exp(s)/(exp(s) + exp(t)) | y = sigmoid(s - t)
inside a function: y[i] = sin(2/(1 + exp(-x[i]))) | y[i] = sin(2*sigmoid(x[i]))
softplus: y[i] = log(1 + exp(x[i])) | y[i] = softplus(x[i])
softplus by log1p: y[i] = log1p(exp(-x[i])) | y[i] = softplus(-x[i])
logaddexp: y = log(exp(s) + exp(t)) | y = t + softplus(s - t)
log sigmoid: y[i] = log(1/(1 + exp(-x[i]))) | y[i] = -softplus(-x[i])
tanh: y[i] = (exp(x[i]) - exp(-x[i]))/(exp(x[i]) + exp(-x[i])) | y[i] = tanh(x[i])
minus tanh: y[i] = (exp(-x[i]) - exp(x[i]))/(exp(x[i]) + exp(-x[i])) | y[i] = -tanh(x[i])
tanh of a half: y[i] = (1 - exp(-x[i]))/(1 + exp(-x[i])) | y[i] = tanh(x[i]/2)
tanh of a double: y[i] = (exp(2*x[i]) - 1)/(exp(2*x[i]) + 1) | y[i] = tanh(x[i])
tanh by sigmoid: y[i] = 2*sigmoid(2*x[i]) - 1 | y[i] = tanh(x[i])
tanh by sinh and cosh: y[i] = sinh(x[i])/cosh(x[i]) | y[i] = tanh(x[i])
tanh by powers of sinh and cosh: y[i] = sinh(x[i])^2*z[i]/cosh(x[i])^3 | y[i] = tanh(x[i])^2*z[i]/cosh(x[i])
the inverse of tanh: y[i] = cosh(x[i])/sinh(x[i])^2 | y[i] = 1/(tanh(x[i])*sinh(x[i]))
softplus of a power: y[i] = log(1 + exp(x[i])^2) | y[i] = softplus(2*x[i])
sigmoid of a power: y[i] = exp(x[i])^2/(1 + exp(x[i])^2) | y[i] = sigmoid(2*x[i])
sigmoid of a power below: y[i] = z[i]/(1 + exp(x[i])^3) | y[i] = z[i]*sigmoid(-3*x[i])
logsumexp: y = log(sum[i](exp(x[i]))) | y = logsumexp[i](x[i])
logsumexp of rows: y[i] = log(sum[j](exp(a[i,j]))) | y[i] = logsumexp[j](a[i,j])
logsumexp with a shift: y = s + log(sum[i](exp(x[i] - s))) | y = logsumexp[i](x[i])
log of a mean of exp: y = log(sum[i](exp(x[i]))/N) | y = logsumexp[i](x[i]) - log(N)
log of a product: y = log(sum[i](exp(x[i]))*sum[i](exp(z[i]))) | y = logsumexp[i](x[i]) + logsumexp[i](z[i])
log of a shifted one: y = log(sum[i](exp(x[i] - s))*sum[i](exp(z[i]))) | y = logsumexp[i](x[i]) + logsumexp[i](z[i]) - s
exp of a constant: y = log(sum[i](exp(s))) | y = s + log(N)
log of a softmax: y[i] = log(exp(x[i])/sum[j](exp(a[i,j]))) | y[i] = x[i] - logsumexp[j](a[i,j])
softplus that does not overflow: y[i] = relu(x[i]) + log(1 + exp(-abs(x[i]))) | y[i] = softplus(x[i])
with other terms: y[i] = max(x[i], 0) - x[i]*z[i] + log1p(exp(-abs(x[i]))) | y[i] = softplus(x[i]) - x[i]*z[i]
log sigmoid that does not overflow: y[i] = min(x[i], 0) - softplus(-abs(x[i])) | y[i] = -softplus(-x[i])
logaddexp by the larger: y[i] = max(x[i], z[i]) + softplus(-abs(z[i] - x[i])) | y[i] = z[i] + softplus(x[i] - z[i])
squared hinge: y[i] = relu(x[i] - s)*[x[i] - s > 0] | y[i] = relu(x[i] - s)
what lies below: y[i] = min(x[i] - s, 0)*[x[i] - s <= 0] | y[i] = min(x[i] - s, 0)
what lies below, the other way round: y[i] = min(0, x[i])^2*[x[i] < 0] | y[i] = min(0, x[i])^2
absolute value: y[i] = x[i]*sign(x[i]) | y[i] = abs(x[i])
sign and absolute value: y[i] = z[i]*abs(x[i])*sign(x[i]) | y[i] = z[i]*x[i]
"""

# what looks like an idiom and is none stays as it is
NOT = """
two: y[i] = 1/(2 + exp(-x[i]))
a factor: y[i] = 1/(1 + 2*exp(-x[i]))
another angle: y[i] = sinh(x[i])/cosh(z[i])
hyperbolic functions above: y[i] = sinh(x[i])*cosh(x[i])
a root: y[i] = sqrt(1 + exp(-x[i]))
another argument: y[i] = relu(x[i])*[z[i] > 0]
another side: y[i] = min(x[i], 0)*[x[i] > 0]
weights: y = log(sum[i](z[i]*exp(x[i])))
the larger of others: y[i] = max(x[i], z[i]) + softplus(-abs(x[i]))
two of one larger: y[i] = 2*relu(x[i]) + softplus(-abs(x[i]))
the smaller: y[i] = min(x[i], 0) + softplus(-abs(x[i]))
no difference of inverses: y[i] = (exp(x[i]) - exp(-z[i]))/(exp(x[i]) + exp(-x[i]))
"""


def body_of(equation):
    (statement,) = program_of(f"{HEADER}  - {equation}\n").statements
    labels = {index: f"free{place}" for place, index in enumerate(statement.free)}
    return statement.body, labels


def form(body, labels):
    return key(simplify(body), labels)


@pytest.mark.parametrize(("spelt", "named"), rows(IDIOMS))
def test_recognised(spelt, named):
    body, labels = body_of(spelt)
    wanted, names = body_of(named)
    assert form(recognise(body), labels) == form(recognise(wanted), names)


@pytest.mark.parametrize(("spelt", "named"), rows(IDIOMS))
def test_the_value_stays(spelt, named):
    del named
    check_derivatives(f"{HEADER}  - {spelt}\n")
    check_emitted(f"{HEADER}  - {spelt}\n")


@pytest.mark.parametrize("equation", rows(NOT))
def test_nothing_is_recognised(equation):
    body, labels = body_of(equation)
    assert form(recognise(body), labels) == form(body, labels)


def test_emitted_code_does_not_overflow():
    spec = "inputs: {x: [3]}\nequations: ['y[i] = 1/(1 + exp(-x[i]))', 'z = log(sum[i](exp(x[i])))']\noutputs: [y, z]\n"
    module = tcgrad.loads(spec).compile()
    with np.errstate(all="raise", under="ignore"):
        y, z = module.forward(np.array([-1000.0, 0.0, 1000.0]))
    assert np.allclose(y, [0, 0.5, 1])
    assert z == 1000


# at arguments of any size, with their derivatives
LARGE = [
    ("1/cosh(x[i])", lambda x: 1 / mpmath.cosh(x)),
    ("1/cosh(x[i])^2", lambda x: 1 / mpmath.cosh(x) ** 2),
    ("2*sinh(x[i])/cosh(x[i])^3", lambda x: 2 * mpmath.sinh(x) / mpmath.cosh(x) ** 3),
    ("1/sinh(x[i])", lambda x: 1 / mpmath.sinh(x)),
    ("cosh(x[i])/sinh(x[i])", mpmath.coth),
    ("atan(exp(x[i]))", lambda x: mpmath.atan(mpmath.exp(x))),
    ("log(cosh(x[i]))", lambda x: mpmath.log(mpmath.cosh(x))),
    ("log(2*cosh(x[i]/3))", lambda x: mpmath.log(2 * mpmath.cosh(x / 3))),
    ("-x[i]^2*log(3*cosh(x[i])^2)", lambda x: -(x**2) * mpmath.log(3 * mpmath.cosh(x) ** 2)),
    ("log(1/cosh(x[i]))", lambda x: -mpmath.log(mpmath.cosh(x))),
    ("log(x[i]^2*cosh(x[i]))", lambda x: mpmath.log(x**2 * mpmath.cosh(x))),
    ("log(1 + exp(x[i])^2)", lambda x: mpmath.log(1 + mpmath.exp(2 * x))),
]


@pytest.mark.parametrize(("spelt", "wanted"), LARGE, ids=[spelt for spelt, _ in LARGE])
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")  # of what is divided by
def test_values_and_gradients_of_any_size(spelt, wanted):
    function = tcgrad.loads(f"inputs: {{x: [7]}}\nequations: ['y[i] = {spelt}']\n")
    x = np.array([-2000.0, -760.0, -3.0, 0.25, 2.0, 760.0, 2000.0])
    with mpmath.workdps(2000):
        exact = [float(wanted(mpmath.mpf(a))) for a in x]
        slopes = [float(mpmath.diff(wanted, mpmath.mpf(a), h=mpmath.mpf(10) ** -500)) for a in x]
    y, (dx,) = function.compile().value_and_grad(x, np.ones(7))
    at = function.derive().at({"x": x, "dy": np.ones(7)})
    for found in (y, *at.outputs.values()):
        np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-300)
    for found in (dx, *at.gradients.values(), *map(np.diag, at.jacobians.values())):
        np.testing.assert_allclose(found, slopes, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(("dtype", "large"), [("float64", 800), ("float32", 200), ("float16", 50)])
@pytest.mark.parametrize("power", ["1/sqrt(1 + exp(x[i]))", "(1 + exp(x[i]))^-1.3", "exp(x[i])/(1 + exp(x[i]))^1.5"])
def test_powers_of_a_sigmoid_are_0_where_it_is(power, dtype, large):
    module = tcgrad.loads(f"inputs: {{x: [1]}}\nequations: ['y[i] = {power}']\n").compile()
    with np.errstate(all="raise", under="ignore"):
        y, (dx,) = module.value_and_grad(np.array([large]).astype(dtype), np.ones(1, dtype))
    np.testing.assert_allclose([*y, *dx], 0, atol=1e-3 * np.finfo(dtype).eps)


SYMMETRIC = """
dims: {N: 5, M: 3}
inputs: {a: [N, M], b: [N, N], s: {shape: [N, N], symmetric: true}}
equations:
  - g[i,j] = a[i,k]*a[j,k]
  - c[i,j] = g[i,j] + s[i,j] + 2*delta[i,j]
  - p[i,j] = inv(c)[i,j]
  - q[i,j] = b[i,k]*c[k,m]*b[j,m]
  - h[i,j] = b[i,k]*c[k,j]
  - d[i,j] = b[i,j] - b[j,i]
"""


def test_symmetric_definitions_are_known():
    statements = recognised(program_of(SYMMETRIC)).statements
    found = {s.tensor.name: s.tensor.symmetric for s in statements if isinstance(s, Define | Intrinsic)}
    assert found == {"g": True, "c": True, "inv(c)": True, "p": True, "q": True, "h": False, "d": False}


@pytest.mark.parametrize("spelt", ["log(1 + exp(x[i]))", "max(x[i], 0) + log1p(exp(-abs(x[i])))"])
def test_a_softplus_stands_by_itself(spelt: str) -> None:
    """Where it is written down, too: ``log(exp(0) + exp(u))`` is no ``0 + softplus(u)``."""
    assert "# y[i] = softplus(x[i])\n" in tcgrad.loads(f"inputs: {{x: [3]}}\nequations: ['y[i] = {spelt}']\n").emit()


# of two numbers x and z, with what has the value of logaddexp(x, z)
FAR_APART = {
    "log(exp(x) + exp(z))": lambda e: e,
    "1 - 3*log(exp(x) + exp(z))": lambda e: 1 - 3 * e,
    "max(x, z) + log1p(exp(-abs(x - z)))": lambda e: e,
    "log(exp(w[i]*v[i] + x) + exp(z))": lambda e: e,
}


@pytest.mark.parametrize("equation", FAR_APART)
@pytest.mark.parametrize("low", [-1e30, -np.inf])
def test_the_logarithm_of_two_exponentials_is_the_larger_exponent_whichever_it_is(equation, low):
    """Minus infinity, or what stands for it, as the logarithm of nothing."""
    spec = f"inputs: {{x: [], z: [], w: [2], v: [2]}}\nequations: ['y = {equation}']\nwrt: [x, z]\n"
    module = tcgrad.loads(spec).compile()
    orthogonal = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    wanted, slope = FAR_APART[equation](0.75), FAR_APART[equation](1) - FAR_APART[equation](0)
    with np.errstate(all="raise", under="ignore"):
        for place in (0, 1):
            x, z = (0.75, low) if place == 0 else (low, 0.75)
            y, gradients = module.value_and_grad(np.float64(x), np.float64(z), *orthogonal)
            assert y == wanted
            assert gradients[place] == slope
            assert gradients[1 - place] == 0
