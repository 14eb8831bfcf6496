"""Hessians in closed form: against difference quotients of the gradient, read back, and refused by name."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from programs import specs
from test_oracles import close, draw, program_of
from test_second import FUNCTIONS, RECURRENCES, positive_definite, second_difference_quotients

import tcgrad
from tcgrad.calculus import derive
from tcgrad.calculus.passes.second import gradient_program
from tcgrad.errors import Located, TcgradError
from tcgrad.evaluate import evaluate, evaluate_program
from tcgrad.ir.program import Recurrence
from tcgrad.ir.verify import verify_define
from tcgrad.language.elaborate import elaborate
from tcgrad.locate import gallery_specs
from tcgrad.report.derivations.json_object import render_json

quick = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def values_near_one(program, seed=0):
    rng = np.random.default_rng(seed)
    drawn = draw(program, seed)
    values = {name: rng.uniform(0.5, 1.5, a.shape) if a.dtype.kind == "f" else a for name, a in drawn.items()}
    for item in program.inputs:
        if item.tensor.symmetric:
            values[item.tensor.name] += np.swapaxes(values[item.tensor.name], -1, -2)
        if item.sample.kind in ("simplex", "one_hot"):  # printed formulas may use that the sum is 1
            values[item.tensor.name] /= values[item.tensor.name].sum(axis=-1, keepdims=True)
    return values


def assert_blocks(program, inputs, tolerance=1e-7):
    """Every block that has a closed form is the difference quotient of the gradient."""
    (output,) = program.outputs
    gradients = gradient_program(program)
    env = evaluate_program(program, inputs)
    blocks = derive(program, hessian=True).hessians
    quotients = second_difference_quotients(gradients, inputs)
    assert [block.wrt for block in blocks] == [(a, b) for n, a in enumerate(program.wrt) for b in program.wrt[n:]]
    for block in blocks:
        assert block.of == output
        if block.define is not None:
            verify_define(block.define)
            found = evaluate(block.define.body, block.define.free, env)
            close(found, quotients[block.wrt], tolerance)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_against_difference_quotients(name):
    program = program_of(FUNCTIONS[name])
    assert all(block.define for block in derive(program, hessian=True).hessians)
    assert_blocks(program, positive_definite(draw(program), program))


@pytest.mark.parametrize("root", ["sqrt(cosh(x))^(3/2)", "sqrt(exp(x))^(3/2)", "cbrt(1 + x^2)^(1/2)/(1 + x^2)^(1/3)"])
def test_roots_of_roots(root):
    """Their powers meet powers of what stands under the roots."""
    program = program_of(f"inputs: {{x: []}}\nequations: ['y = {root}', 'f = y^2']\n")
    assert_blocks(program, {"x": np.asarray(0.7)})


def scalar_specs():
    for path in gallery_specs():
        program = tcgrad.load(path).program
        abstract = any(f.body is None for f in program.spec.functions.values())
        recurs = any(isinstance(statement, Recurrence) for statement in program.statements)
        size = sum(np.prod([s.value for s in tensor.shape], dtype=int) for tensor in program.wrt)
        if len(program.outputs) == 1 and not program.outputs[0].order and not abstract and not recurs and size < 40:
            yield path.stem


@pytest.mark.parametrize("name", list(scalar_specs()))
def test_the_gallery_against_difference_quotients(name):
    program = tcgrad.load(f"gallery:{name}").program
    assert_blocks(program, positive_definite(values_near_one(program), program), 1e-6)


def with_a_scalar(text):
    """The program of a spec with one more equation: the sum of the sines of its last tensor."""
    spec = program_of(text).spec
    *_, last = program_of(text).statements
    read = f"{last.tensor.name}[{','.join(index.name for index in last.free)}]" if last.free else last.tensor.name
    ones = f"1[{','.join(index.name for index in last.free)}]*" if last.free else ""
    lines = (*spec.equations, Located.plain(f"f = {ones}sin({read})"))
    return elaborate(replace(spec, equations=lines, outputs=()))


@quick
@given(specs(most_equations=2))
def test_generated_programs(text):
    program = with_a_scalar(text)
    assert_blocks(program, draw(program), 1e-6)


def read_back(program, entry):
    """The equation of a block as one that defines a tensor of the program, its indices under names of their own."""
    spec = program.spec
    name = "h_" + "_".join(entry["wrt"])
    right = entry["index"].partition(" = ")[2]
    for index in entry["indices"]:
        right = re.sub(rf"\b{index}\b", f"{index}_free", right)
    free = [f"{index}_free" for index in entry["indices"]]
    left = f"{name}[{','.join(free)}]" if free else name
    ranges = {
        index: (Located.plain(index), Located.plain(str(size)))
        for index, size in zip(free, entry["shape"], strict=True)
    }
    lines = (*spec.equations, Located.plain(f"{left} = {right}"))
    return elaborate(replace(spec, equations=lines, indices={**spec.indices, **ranges}, expect=())).statements[-1]


@pytest.mark.parametrize("name", ["nmf", "least_squares", "cosine_similarity", "cross_entropy", "determinant"])
def test_what_is_printed_in_ascii_reads_back(name):
    program = tcgrad.load(f"gallery:{name}").program
    derivation = derive(program, hessian=True)
    env = evaluate_program(program, positive_definite(values_near_one(program), program))
    for block, entry in zip(derivation.hessians, render_json(derivation)["hessians"], strict=True):
        again = read_back(program, entry)
        assert [s.value for s in again.tensor.shape] == entry["shape"]
        close(evaluate(again.body, again.free, env), evaluate(block.define.body, block.define.free, env))


FORMS = {
    "inputs: {x: [4], a: [4, 4]}\nequations: ['f = x[i]*a[i,j]*x[j]']": {
        ("x", "x"): "a[p,q] + a[q,p]",
        ("x", "a"): "x[q]*delta[p,r] + x[r]*delta[p,q]",
        ("a", "a"): "0",
    },
    "inputs: {x: [4]}\nfunctions: {'g(z)': null}\nequations: ['f = sum[i](g(x[i]))']": {
        ("x", "x"): "g''(x[p])*delta[p,q]"
    },
    "inputs: {x: [], y: []}\nfunctions: {'g(u, v)': null}\nequations: ['f = g(x, y)']": {
        ("x", "x"): "g'11(x, y)",
        ("x", "y"): "g'12(x, y)",
        ("y", "y"): "g'22(x, y)",
    },
}


@pytest.mark.parametrize("text", FORMS)
def test_form(text):
    data = render_json(derive(program_of(text), hessian=True))
    found = {tuple(entry["wrt"]): entry["index"].partition(" = ")[2] for entry in data["hessians"]}
    assert found == FORMS[text]


def test_every_scalar_output_has_its_own():
    text = "inputs: {x: [], y: [2]}\nequations: ['f = x^2', 'g = x^3', 'h[i] = x*y[i]']\noutputs: [f, h, g]"
    blocks = derive(program_of(text), hessian=True).hessians
    assert [(block.of.name, *(tensor.name for tensor in block.wrt)) for block in blocks] == [
        ("f", "x", "x"), ("f", "x", "y"), ("f", "y", "y"), ("g", "x", "x"), ("g", "x", "y"), ("g", "y", "y"),
    ]  # fmt: skip


def test_through_a_recurrence_there_is_a_reason():
    (block,) = derive(program_of(RECURRENCES["powers"]), hessian=True).hessians
    assert (block.define, block.reason) == (None, "f depends on w through a recurrence")


def test_a_block_is_derived_the_way_round_that_is_possible():
    """``u`` acts behind the recurrence: its gradient is known, that of ``w`` is not."""
    text = RECURRENCES["powers"].replace("w: []", "w: [], u: []").replace("sum[t](h[t])", "sum[t](h[t]) + u*u*w")
    blocks = {tuple(t.name for t in block.wrt): block for block in derive(program_of(text), hessian=True).hessians}
    assert blocks["w", "w"].reason is not None
    assert blocks["w", "u"].define is not None
    assert blocks["u", "u"].define is not None


ERRORS = [
    ("inputs: {x: [3]}\nequations: ['y[i] = x[i]^2']", "y is not", "`y[i]*y[i]`", "y[i] = x[i]^2"),
    (
        "inputs: {x: [3]}\nequations: ['s = x[i]*x[i]', 'y[i] = s*x[i]']",
        "y is not",
        "`--of s` takes the scalar s",
        "y[i] = s*x[i]",
    ),
    (
        "inputs: {x: [3]}\nequations: ['y[i] = x[i]', 'z[i,j] = x[i]*x[j]']\noutputs: [z, y]",
        "z, y are not",
        "`z[i,j]*z[i,j]`",
        "z[i,j] = x[i]*x[j]",
    ),
]


@pytest.mark.parametrize(("text", "message", "offer", "place"), ERRORS)
def test_without_a_scalar_there_is_none(text, message, offer, place):
    with pytest.raises(TcgradError) as caught:
        derive(program_of(text), hessian=True)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "TC404"
    assert message in diagnostic.message
    assert offer in diagnostic.help
    assert caught.value.source.text[diagnostic.span.start : diagnostic.span.end] == place


def test_a_scalar_intermediate_is_taken_where_it_is_named():
    text = "inputs: {x: [3]}\nequations: ['s = x[i]*x[i]', 'y[i] = s*x[i]']"
    (block,) = derive(program_of(text), of=["s"], hessian=True).hessians
    assert block.of.name == "s"


def test_a_symmetric_input_is_differentiated_as_any_other():
    """``d2(x'Ax)/dx[p]dA[q,r]`` has two terms, though ``A x + A' x`` is ``2 A x`` for a symmetric ``A``."""
    text = "inputs: {x: [3], a: {shape: [3, 3], symmetric: true}}\nequations: ['f = x[i]*a[i,j]*x[j] + det(a)']\n"
    program = program_of(text)
    blocks = {tuple(t.name for t in block.wrt): block.define for block in derive(program, hessian=True).hessians}
    rng = np.random.default_rng(0)
    x, root = rng.normal(size=3), rng.normal(size=(3, 3))
    a = root + root.T + 4 * np.eye(3)
    env = evaluate_program(program, {"x": x, "a": a})
    assert all(block.tensor.about[1:] == block_wrt(program, names) for names, block in blocks.items())
    eye, inverse = np.eye(3), np.linalg.inv(a)
    by_x_and_a = np.einsum("pq,r->pqr", eye, x) + np.einsum("pr,q->pqr", eye, x)
    close(evaluate(blocks["x", "a"].body, blocks["x", "a"].free, env), by_x_and_a)
    twice = np.einsum("qp,sr->pqrs", inverse, inverse) - np.einsum("qr,sp->pqrs", inverse, inverse)
    statements = (*program.statements, *inverses(program))
    env = evaluate_program(replace(program, statements=statements), {"x": x, "a": a})
    close(evaluate(blocks["a", "a"].body, blocks["a", "a"].free, env), np.linalg.det(a) * twice)


def block_wrt(program, names):
    return tuple(next(t for t in program.wrt if t.name == name) for name in names)


def inverses(program):
    from tcgrad.calculus.rules.intrinsics import inverse_of

    return [inverse_of(program, item.tensor) for item in program.inputs if item.tensor.order == 2]
