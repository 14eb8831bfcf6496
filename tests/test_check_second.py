"""The reference for second derivatives: it knows no gradient, bounds its own error, and sees every element."""

import json
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from share import share

from tcgrad.api import loads
from tcgrad.check import check
from tcgrad.check.options import Options
from tcgrad.check.reference.curvatures import Curvatures
from tcgrad.check.reference.directions import Elements, Pairs
from tcgrad.check.reference.second import SecondReference
from tcgrad.check.sampling.sampler import sampler
from tcgrad.emit import emit
from tcgrad.emit.compiled import compile_module


def spec(equation, size=3):
    text = f"dims: {{N: {size}}}\ninputs: {{x: [N], w: [N]}}\nequations: {json.dumps([equation])}\n"
    return loads(text, "second.yaml")


def drawn(made):
    return sampler(made.program).draw(np.dtype(np.float64), (1, 2))


# The second derivatives by x twice, and by x and w, written down by hand.
KNOWN = {
    "f = sum[i](x[i]^2*w[i])": (lambda x, w: 2 * w + 0 * x, lambda x, w: 2 * x + 0 * w),
    "f = sum[i](x[i]^3*w[i]^2)": (lambda x, w: 6 * x * w**2, lambda x, w: 6 * x**2 * w),
    "f = sum[i](exp(x[i]*w[i]))": (
        lambda x, w: w**2 * np.exp(x * w),
        lambda x, w: (1 + x * w) * np.exp(x * w),
    ),
    "f = sum[i](w[i]/(2 + x[i]^2))": (
        lambda x, w: w * (6 * x**2 - 4) / (2 + x**2) ** 3,
        lambda x, w: -2 * x / (2 + x**2) ** 2 + 0 * w,
    ),
    "f = sum[i](relu(x[i])^2*sin(w[i]))": (
        lambda x, w: 2 * (x > 0) * np.sin(w),
        lambda x, w: 2 * x * (x > 0) * np.cos(w),
    ),
}
METHODS = {"auto": 1e-10, "fourth": 1e-9, "central": 1e-6, "complex": 1e-12, "exact": 1e-17}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("equation", KNOWN)
def test_second_derivatives_are_known_within_their_errors(equation, method):
    sample = drawn(spec(equation))
    x, w = sample.value("x"), sample.value("w")
    elements = Elements(np.arange(3), (3,), x.dtype)
    rows, columns = np.indices((3, 3)).reshape(2, -1)
    for second, entries in zip(("x", "w"), KNOWN[equation], strict=True):
        found = Curvatures(sample, method).along(Pairs("x", second, elements, elements, rows, columns))
        error = found.errors["f"].reshape(3, 3)
        right = np.diag(entries(x, w))
        assert np.all(
            np.abs(found.values["f"].reshape(3, 3) - right) <= error + 1e-17 * np.max(np.abs(right))
        )  # rounding of the latter
        assert found.reason or np.max(error) <= METHODS[method] * max(1, np.max(np.abs(right)))


# How far apart the scales of the two inputs may be: waves of x are shorter than any step that shows what w does.
APART = [(k, m) for k in (1.0, 1e3, 1e4, 1e6) for m in (2.0**-27, 2.0**-13, 1.0, 1e4, 1e8)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", ["auto", "fourth", "central"])
@pytest.mark.parametrize(("k", "m"), share(APART, 2))
def test_scales_that_are_far_apart_are_within_the_errors(k, m, method, dtype):
    made = spec(f"f = sum[i](sin({k}*x[i] + {m}*w[i]) + relu(w[i]))")
    for seed in range(3):
        sample = sampler(made.program).draw(np.dtype(dtype), (seed, 2))
        x, w = (sample.value(name).astype(np.longdouble) for name in "xw")
        curve, size = -np.sin(k * x + m * w), np.max(np.abs(k * x) + np.abs(m * w)) + 1
        elements = Elements(np.arange(3), (3,), sample.value("x").dtype)
        for first, second, scale in (("x", "x", k * k), ("x", "w", k * m), ("w", "w", m * m)):
            pairs = Pairs(first, second, elements, elements, np.arange(3), np.arange(3))
            found = Curvatures(sample, method).along(pairs)
            # The argument of the sine is rounded in the type of the reference, which is no error of differences.
            rounded = 4 * np.finfo(sample.value("x").dtype).eps * size * scale
            off = np.abs(found.values["f"] - scale * curve)
            assert np.all(off <= found.errors["f"] + rounded), (first, second, seed)


CHOSEN = [
    ("f = x[i]*w[i]*x[i]", 3, "exact"),
    ("f = x[i]*w[i]*x[i]", 30, "fourth order, exact, twice"),
    ("f = x[i]*w[i]", 30, "central, exact, twice"),
    ("f = sum[i](exp(x[i]*w[i]))", 3, "fourth order of complex steps"),
    ("f = sum[i](relu(x[i])*exp(w[i]))", 3, "fourth order of complex steps"),
    ("f = sum[i](lgamma(x[i]^2 + 1)*w[i])", 3, "fourth order, twice"),
]


@pytest.mark.parametrize(("equation", "size", "method"), CHOSEN)
def test_the_reference_is_chosen_by_what_the_equation_allows(equation, size, method):
    known = SecondReference(drawn(spec(equation, size)), Options())
    known.block("x", "w")
    assert known.method("x", "w").partition(" (")[0] == method


def test_one_part_in_a_billion_is_seen_behind_a_kink():
    text = "f = log(1 + exp(relu(log(softplus((1 + (exp(-x)*sigmoid(x))^2)^(1/4))))))"
    made = loads(f"inputs: {{x: []}}\nequations: ['{text}']\n")
    assert check(made.program, derivation=made.derivation, module=made.compile(), self_test=True, seed=1).ok


def test_a_block_is_the_transpose_of_the_one_with_its_inputs_exchanged():
    known = SecondReference(drawn(spec("f = sum[i,j](sin(x[i]*w[j] + x[i]))")), Options())
    assert known.is_full
    np.testing.assert_array_equal(known.block("x", "w").value, known.block("w", "x").value.T)
    np.testing.assert_array_equal(known.block("x", "x").value, known.block("x", "x").value.T)


def test_a_wrong_gradient_does_not_hide_in_the_second_derivatives(monkeypatch):
    """A gradient with the wrong derivative of tanh, and a Hessian and products that are right for it."""
    made, wrong = spec("f = sum[i](tanh(x[i])*w[i])"), spec("f = sum[i](atan(x[i])*w[i])")
    module, other = compile_module(emit(made.derivation)), compile_module(emit(wrong.derivation))
    broken = SimpleNamespace(**{**vars(module), "hessian": other.hessian, "hvp": other.hvp})
    monkeypatch.setattr("tcgrad.check.evaluated.paths.gradient_program", _gradients_of(wrong))
    result = check(made.program, derivation=made.derivation, module=broken, trials=1)
    assert {r.kind for r in result.results if r.status == "fail"} == {"hessian", "hvp"}


def _gradients_of(made):
    from tcgrad.calculus.passes.second import gradient_program

    return lambda _: gradient_program(made.program)


LARGE = "f = sum[i](sin(x[i])*x[i]*w[i])"


def test_dense_hessians_of_which_not_every_element_is_known_are_compared_along_directions():
    made = spec(LARGE, 150)
    module = compile_module(emit(made.derivation))
    right = check(made.program, derivation=made.derivation, module=module, trials=1)
    assert right.ok
    (found, _) = (r for r in right.results if r.kind == "hessian")
    assert found.method.startswith("fourth order of complex steps (longdouble), along directions")

    def hessian(*inputs):
        blocks = module.hessian(*inputs)
        blocks["x", "w"] = blocks["x", "w"].copy()
        blocks["x", "w"][7, 7] *= 1 + 1e-7
        return blocks

    result = check(
        made.program, derivation=made.derivation, trials=1,
        module=SimpleNamespace(**{**vars(module), "hessian": hessian}),
    )  # fmt: skip
    assert "hessian" in {r.kind for r in result.results if r.status == "fail"}


MISTAKES = {
    "gradient": ("backward", lambda found: (_off(found[0]), *found[1:])),
    "jvp": ("jvp", lambda found: found * (1 + 1e-9)),
    "hvp": ("hvp", lambda found: (_off(found[0]), *found[1:])),
}


def _off(array):
    """One element off by a billionth."""
    changed = array.copy()
    changed[np.argmax(np.abs(changed))] *= 1 + 1e-9
    return changed


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_billionth_of_one_term_is_seen_along_directions(kind):
    made = spec(LARGE, 400)
    module = compile_module(emit(made.derivation))
    name, change = MISTAKES[kind]
    broken = SimpleNamespace(**{**vars(module), name: lambda *arguments: change(getattr(module, name)(*arguments))})
    result = check(made.program, derivation=made.derivation, module=broken, trials=1, method="directional")
    assert kind in {r.kind for r in result.results if r.status == "fail"}


MANY = """
dims: {N: 7}
inputs: {a: [N], b: [N], c: [N], d: [N], e: [N], g: [N]}
equations:
  - u[i] = sin(a[i]*b[i] + c[i])
  - f = sum[i](NONLINEAR(u[i]*d[i] + e[i])*g[i]*u[i])
"""
JOINT = ("exp", "relu")  # complex steps apart, and differences of differences


@pytest.mark.parametrize("function", JOINT)
def test_what_is_worked_out_together_is_what_it_is_alone(function):
    sample = drawn(loads(MANY.replace("NONLINEAR", function)))
    inputs = [tensor.name for tensor in sample.program.wrt]
    several, (rows, columns) = [], np.indices((2, 2)).reshape(2, -1)
    elements = Elements(np.array([1, 5]), (7,), sample.value("a").dtype)
    for first, second in zip(inputs, [*inputs[2:], *inputs[:2]], strict=True):
        several.append(Pairs(first, second, elements, elements, rows, columns))
    together = Curvatures(sample, "auto").along_each(several)
    for pairs, found in zip(several, together, strict=True):
        alone = Curvatures(sample, "auto").along(pairs)
        np.testing.assert_array_equal(found.values["f"], alone.values["f"])
        assert (found.method, found.evaluations) == (alone.method, alone.evaluations)


@pytest.mark.parametrize(("first", "second", "function"), [("a", "g", "exp"), ("g", "a", "relu"), ("d", "d", "exp")])
def test_a_mistake_in_the_products_of_any_two_of_many_inputs_is_seen(first, second, function):
    made = loads(MANY.replace("NONLINEAR", function))
    module = compile_module(emit(made.derivation))
    inputs = [tensor.name for tensor in made.program.wrt]

    def hvp(*arguments):
        found = list(module.hvp(*arguments))
        direction = arguments[len(inputs) + inputs.index(second)]
        found[inputs.index(first)] = found[inputs.index(first)] + 1e-5 * direction
        return tuple(found)

    broken = SimpleNamespace(**{**vars(module), "hvp": hvp})
    result = check(
        made.program, derivation=made.derivation, module=broken, trials=1, only=("hvp",), sizes="own",
        method="directional",
    )  # fmt: skip
    assert [r.wrt for r in result.results if r.status == "fail"] == [first]


# Functions whose module writes second derivatives in terms of outputs, of which rounding leaves less than of the
# formula; or as the difference of terms that are the same at some sizes.
IN_OTHER_WORDS = (
    "y = log(exp(1/(1 + exp(-x[0]))/4))",
    "y = sqrt(exp(sigmoid(x[i]*x[i])) + sigmoid(x[i]*x[i])^2 + 1)",
    "y = sum[i]((w[i] - 1/(1 + exp(-w[i]/sigmoid(x[i]))))^2)",
    "y = sum[n](log(1 + exp(exp(x[n] - mean[i](x[i]))/sum[j](exp(x[j] - mean[i](x[i]))))))",
)


@pytest.mark.parametrize("seed", share(range(12), 4))
@pytest.mark.parametrize("equation", IN_OTHER_WORDS)
def test_a_module_that_says_the_same_in_other_words_raises_no_alarm(equation, seed):
    text = f"""
dims: {{N: 3}}
inputs: {{x: {{shape: [N], sample: {{uniform: [1, 4]}}}}, w: [N]}}
equations: ['{equation}']
"""
    assert loads(text).check(seed=seed, trials=1, only=("hessian", "hvp", "hessian_symmetry")).ok


def test_memory_is_enough_for_what_a_product_of_many_factors_makes_of_each_direction():
    made = loads("dims: {N: 40}\ninputs: {x: [N]}\nequations: ['y = prod[i](1 + x[i]/10)']\n")
    made.derivation  # noqa: B018 (only the check is measured)
    tracemalloc.start()
    assert made.check(only="hessian", trials=1, sizes="own").ok
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 100 * 2**20


@pytest.mark.skipif(np.finfo(np.longdouble).nmant <= 52, reason="longdouble is no wider than double here")
def test_numbers_of_second_derivatives_are_doubles():
    """There is a 4/3 in the products with the Hessian, and none in the equations or their gradients."""
    text = "dims: {N: 3}\ninputs: {x: [N], z: [N]}\nequations: ['y = sum[i](z[i]^3/(1 + x[i//2]^2))']\n"
    assert all(loads(text).check(dtype="longdouble", seed=seed).ok for seed in range(3))
