"""Plain evaluation, node by node, against values worked out by hand or by NumPy itself."""

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
from reference_functions import MORE, by_mpmath

import tcgrad
from tcgrad.evaluate import Context, Noise, evaluate, evaluate_statements, instantiate_abstract
from tcgrad.evaluate.arrays.labelled import Labelled, batch_of, union
from tcgrad.evaluate.expressions import value
from tcgrad.evaluate.functions.elementwise import _TABLE
from tcgrad.evaluate.products.contractions import contract
from tcgrad.functions import FUNCTIONS, abstract, abstract_derivative
from tcgrad.ir.indices import Dim, Gather, Index, Integer
from tcgrad.ir.nodes import (
    Add,
    Call,
    Component,
    Const,
    Delta,
    IndexReduce,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
    const,
)
from tcgrad.ir.program import Case, Define, Intrinsic, Recurrence
from tcgrad.ir.tensors import Role, Tensor

N, M, K = Dim("N", 4), Dim("M", 3), Dim("K", 2)
SIZES = {"n": Integer.of(N), "m": Integer.of(M), "k": Integer.of(K)}
DTYPES = (np.float16, np.float32, np.float64, np.longdouble, np.complex128)


def tensor(name, axes="", **more):
    return Tensor(name, tuple(SIZES[axis] for axis in axes), more.pop("role", Role.INPUT), **more)


def index(name, size="n"):
    return Index(name, SIZES[size] if isinstance(size, str) else Integer.of(size))


def at(array, *positions):
    return Component(
        array, tuple(p.expr if isinstance(p, Index) else Integer.of(p) if isinstance(p, int) else p for p in positions)
    )


def call(name, *arguments):
    return Call(FUNCTIONS[name], arguments)


X, Y, V, TOK = tensor("x", "nm"), tensor("y", "mk"), tensor("v", "n"), tensor("tok", "m", dtype="int")
x = np.random.default_rng(1).normal(size=(4, 3))
y = np.random.default_rng(2).normal(size=(3, 2))
v = np.array([2.0, -1.0, 0.5, 3.0])
tok = np.array([3, 0, 3])
ENV = {X: x, Y: y, V: v, TOK: tok}
i, i2, j, k = index("i"), index("i"), index("j", "m"), index("k", "k")
i3 = index("i", 3)

LEVI = Tensor("levi_civita", (Integer.of(3),) * 3, Role.LEVI_CIVITA)
a3, b3, c3 = (index(name, 3) for name in "abc")
EPSILON = np.zeros((3, 3, 3))
for p, q, r in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
    EPSILON[p, q, r], EPSILON[r, q, p] = 1, -1

CASES = {
    "constant": (const(Fraction(3, 8)), (), 0.375),
    "named constant": (at(Tensor("eps", (), Role.CONSTANT, value=Fraction(1, 4))), (), 0.25),
    "pi": (at(Tensor("pi", (), Role.CONSTANT)), (), math.pi),
    "component": (at(X, i, j), (i, j), x),
    "transposed": (at(X, i, j), (j, i), x.T),
    "literal position": (at(X, 1, j), (j,), x[1]),
    "broadcast over a missing index": (at(V, i), (i, k), np.stack([v, v], 1)),
    "the beginning of an axis": (at(V, i3), (i3,), v[:3]),
    "shifted": (at(V, i3.expr + 1), (i3,), v[1:]),
    "reversed": (at(V, Integer.of(N) - 1 - i.expr), (i,), v[::-1]),
    "divided": (at(V, i.expr // Integer.of(2)), (i,), v[[0, 0, 1, 1]]),
    "remainder": (at(V, i.expr % Integer.of(3)), (i,), v[[0, 1, 2, 0]]),
    "two in one position": (at(V, j.expr + k.expr), (j, k), [[v[0], v[1]], [v[1], v[2]], [v[2], v[3]]]),
    "gather": (at(X, Integer.of(Gather(TOK, (j.expr,))), k), (j, k), x[tok][:, :2]),
    "integer tensor as a value": (at(TOK, j), (j,), [3.0, 0.0, 3.0]),
    "levi_civita": (at(LEVI, a3, b3, c3), (a3, b3, c3), EPSILON),
    "levi_civita, repeated": (at(LEVI, a3, a3, c3), (a3, c3), np.zeros((3, 3))),
    "delta": (Delta(i.expr, i2.expr), (i, i2), np.eye(4)),
    "shifted delta": (Delta(i.expr, i2.expr + 1), (i, i2), np.eye(4, k=-1)),
    "iverson on indices": (Iverson("<=", IndexValue(i.expr), IndexValue(i2.expr)), (i, i2), np.triu(np.ones((4, 4)))),
    "iverson on values": (Iverson(">", at(V, i), const(1)), (i,), [1, 0, 0, 1]),
    "index value": (IndexValue(i.expr * 2 + 1), (i,), [1, 3, 5, 7]),
    "size": (IndexValue(Integer.of(N)), (), 4),
    "sum of terms": (Add((at(V, i), at(X, i, j), const(1))), (i, j), v[:, None] + x + 1),
    "product": (Mul((at(V, i), at(X, i, j))), (i, j), v[:, None] * x),
    "square": (Pow(at(V, i), const(2)), (i,), v**2),
    "cube": (Pow(at(V, i), const(3)), (i,), v**3),
    "reciprocal": (Pow(at(V, i), const(-1)), (i,), 1 / v),
    "root": (Pow(Pow(at(V, i), const(2)), const(Fraction(1, 2))), (i,), abs(v)),
    "reciprocal root": (Pow(Pow(at(V, i), const(2)), const(Fraction(-1, 2))), (i,), 1 / abs(v)),
    "zero to the zero": (Pow(const(0), const(0)), (), 1),
    "power of an index": (Pow(at(V, i2), IndexValue(i.expr)), (i, i2), v ** np.arange(4)[:, None]),
    "function": (call("tanh", at(X, i, j)), (i, j), np.tanh(x)),
    "two arguments": (call("max", at(V, i), at(X, i, j)), (i, j), np.maximum(v[:, None], x)),
    "matrix product": (IndexSum((j,), Mul((at(X, i, j), at(Y, j, k)))), (i, k), x @ y),
    "trace": (IndexSum((i,), Mul((at(V, i), Delta(i.expr, i.expr)))), (), v.sum()),
    "diagonal": (at(X, j, j), (j,), np.diagonal(x)),
    "sum of a diagonal": (IndexSum((j,), at(X, j, j)), (), np.trace(x)),
    "sum over what does not occur": (IndexSum((i, k), at(Y, j, 0)), (j,), 8 * y[:, 0]),
    "sum of a constant": (IndexSum((i, j), const(1)), (), 12),
    "sum of a sum of terms": (IndexSum((i,), Add((at(V, i), const(1)))), (), v.sum() + 4),
    "nested sums": (IndexSum((i,), Mul((at(V, i), IndexSum((j,), at(X, i, j))))), (), v @ x.sum(1)),
    "max over an index": (IndexReduce("max", (i,), at(X, i, j)), (j,), x.max(0)),
    "min over two": (IndexReduce("min", (i, j), at(X, i, j)), (), x.min()),
    "prod": (IndexReduce("prod", (j,), at(X, i, j)), (i,), x.prod(1)),
    "prod of what does not depend": (IndexReduce("prod", (j,), at(V, i)), (i,), v**3),
    "logsumexp": (IndexReduce("logsumexp", (j,), at(X, i, j)), (i,), np.log(np.exp(x).sum(1))),
    "logsumexp of what does not depend": (IndexReduce("logsumexp", (j,), at(V, i)), (i,), v + np.log(3)),
    "where": (Where(Iverson(">", at(V, i), const(0)), at(V, i), const(0)), (i,), np.maximum(v, 0)),
    "where of two conditions": (
        Where(Mul((Iverson(">", at(V, i), const(0)), Iverson("<", at(V, i), const(1)))), const(7), const(0)), (i,),
        [0, 0, 7, 0],
    ),
    "branch not taken": (
        Where(Iverson(">", at(V, i), const(0)), call("log", at(V, i)), const(0)), (i,), np.log([2, 1, 0.5, 3]),
    ),
    "guarded read": (
        Mul((Iverson("<", IndexValue(i.expr), const(3)), at(V, i.expr + 1))), (i,), [*v[1:], 0],
    ),
    "guarded read, summed": (
        IndexSum((i,), Mul((Delta(i.expr + 1, i2.expr), at(V, i.expr + 1), at(V, i)))), (i2,), [0, *(v[1:] * v[:-1])],
    ),
    "read guarded by a count": (  # two values of k hold at 0 and at 1, one at 2, none at 3
        Mul((IndexSum((k,), Iverson("<", IndexValue(i.expr + k.expr), const(3))), at(V, i.expr + 1))), (i,),
        [2 * v[1], 2 * v[2], v[3], 0],
    ),
    "read guarded inside a sum": (
        Mul((at(V, i.expr + 1), IndexSum((k,), Mul((Iverson("<", IndexValue(i.expr + k.expr), const(3)), at(V, k)))))),
        (i,), [v[1] * (v[0] + v[1]), v[2] * (v[0] + v[1]), v[3] * v[0], 0],
    ),
    "read guarded by a count of pairs": (
        IndexSum((k,), Mul((IndexSum((j,), Mul((Delta(i.expr, j.expr), Delta(k.expr, j.expr)))), at(V, i.expr + 2)))),
        (i,), [v[2], v[3], 0, 0],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_node_has_its_value(name, dtype):
    expr, free, expected = CASES[name]
    env = {t: a if t.dtype == "int" else a.astype(dtype) for t, a in ENV.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate(expr, free, env, dtype=dtype)
    assert found.dtype == dtype
    assert found.shape == np.shape(expected)
    tolerance = 200 * np.finfo(dtype).eps
    np.testing.assert_allclose(found.astype(complex), expected, rtol=max(tolerance, 1e-14), atol=tolerance)


def test_reads_outside_are_zero_where_the_tensor_says_so_and_else_poison():
    padded = tensor("p", "n", zero_outside=True)
    shifted = at(padded, i.expr - 1)
    assert evaluate(shifted, (i,), {padded: v}).tolist() == [0, 2, -1, 0.5]
    assert np.isnan(evaluate(at(V, i.expr - 1), (i,), ENV)[0])


def test_a_gather_outside_reads_nothing():
    gathered = at(V, Integer.of(Gather(TOK, (j.expr,))))
    assert np.isnan(evaluate(gathered, (j,), {V: v, TOK: np.array([0, 9, -1])})).tolist() == [False, True, True]


def test_exact_rational_numbers():
    half = np.vectorize(Fraction, otypes=[object])(np.round(x * 8)) / 8
    product = IndexSum((i,), Mul((at(X, i, j), Pow(at(X, i, j), const(2)), const(Fraction(1, 3)))))
    found = evaluate(product, (j,), {X: half}, dtype=object)
    assert found.tolist() == [sum(half[n, m] ** 3 for n in range(4)) / 3 for m in range(3)]
    assert all(isinstance(entry, Fraction) for entry in found)
    with pytest.raises(TypeError, match="exp has no exact values"):
        evaluate(call("exp", at(X, i, j)), (i, j), {X: half}, dtype=object)


def test_a_large_sum_is_worked_out_in_pieces():
    h, g, f = index("h", 3000), index("g", 3000), index("f", 2)
    left, right = (Tensor(name, (Integer.of(3000),) * 2, Role.INPUT) for name in "ab")
    expr = IndexSum((h, g), call("cos", Add((at(left, h, g), at(right, g, f)))))
    zero = np.zeros((3000, 3000), np.float32)
    assert evaluate(expr, (f,), {left: zero, right: zero}, dtype=np.float32).tolist() == [9e6, 9e6]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_intrinsics(dtype):
    stack = Tensor("a", (Integer.of(2), Integer.of(3), Integer.of(3)), Role.INPUT)
    a = np.random.default_rng(3).normal(size=(2, 3, 3))
    a[1, 0, 0] = 0  # a row exchange is needed
    shapes = {"inv": stack.shape, "det": stack.shape[:1], "logdet": stack.shape[:1]}
    expected = {"inv": np.linalg.inv(a), "det": np.linalg.det(a), "logdet": np.linalg.slogdet(a)[1]}
    for kind, shape in shapes.items():
        made = Tensor(kind, shape, Role.DEFINED)
        found = evaluate_statements([Intrinsic(made, kind, stack)], {stack: a.astype(dtype)}, dtype=dtype)[made]
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected[kind], rtol=1e-4 if dtype == np.float32 else 1e-12)


def test_an_exact_inverse():
    square = Tensor("a", (Integer.of(2),) * 2, Role.INPUT)
    made = Tensor("inv(a)", square.shape, Role.DEFINED)
    a = np.array([[Fraction(0), Fraction(2)], [Fraction(3), Fraction(1)]], object)
    found = evaluate_statements([Intrinsic(made, "inv", square)], {square: a}, dtype=object)[made]
    assert found.tolist() == [[Fraction(-1, 6), Fraction(1, 3)], [Fraction(1, 2), 0]]


def test_a_recurrence_with_a_base_before_the_beginning():
    hidden, start, t = tensor("h", "nm", role=Role.DEFINED), tensor("h0", "m"), index("t")
    base = Case((j,), -1, at(start, j))
    step = Case((t, j), t, Add((at(hidden, t.expr - 1, j), at(X, t, j))))
    statement = Recurrence((hidden,), (0,), ((base,),), (step,))
    found = evaluate_statements([statement], {start: np.ones(3), X: x})[hidden]
    np.testing.assert_allclose(found, 1 + np.cumsum(x, 0))


def test_a_recurrence_two_steps_back():
    fibonacci, t = Tensor("f", (Integer.of(9),), Role.DEFINED), index("t", 9)
    bases = (Case((), 0, const(0)), Case((), 1, const(1)))
    step = Case((t,), t, Add((at(fibonacci, t.expr - 1), at(fibonacci, t.expr - 2))))
    found = evaluate_statements([Recurrence((fibonacci,), (0,), (bases,), (step,))], {})[fibonacci]
    assert found.tolist() == [0, 1, 1, 2, 3, 5, 8, 13, 21]


def test_coupled_recurrences_step_together():
    p, q, t = Tensor("p", (Integer.of(4),), Role.DEFINED), Tensor("q", (Integer.of(4),), Role.DEFINED), index("t", 4)
    bases = ((Case((), -1, const(1)),), (Case((), -1, const(2)),))
    steps = (Case((t,), t, at(q, t.expr - 1)), Case((t,), t, Add((at(p, t.expr - 1), at(q, t.expr - 1)))))
    found = evaluate_statements([Recurrence((p, q), (0, 0), bases, steps)], {})
    assert (found[p].tolist(), found[q].tolist()) == ([2, 3, 5, 8], [3, 5, 8, 13])


def test_statements_follow_each_other():
    square, root = tensor("s", "n", role=Role.DEFINED), tensor("r", "n", role=Role.DEFINED)
    statements = [
        Define(square, (i,), Pow(at(V, i), const(2))),
        Define(root, (i2,), Pow(at(square, i2), const(Fraction(1, 2)))),
    ]
    assert evaluate_statements(statements, ENV)[root].tolist() == abs(v).tolist()


REFERENCE_POINTS = {
    "exp": [-700.0, 0.0, 1.5], "sigmoid": [-700.0, -1.0, 0.0, 800.0], "softplus": [-700.0, 0.0, 800.0],
    "gelu": [-5.0, -1.0, 0.0, 2.0], "erf": [-3.0, 0.3], "erfc": [-3.0, 0.3, 9.0], "lgamma": [0.1, 1.0, 30.5],
    "digamma": [0.1, 1.5, 40.0], "log": [1e-300, 2.0], "acosh": [1.5], "atanh": [-0.5, 0.5],
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
def test_a_function_of_the_table_against_mpmath(name, dtype):
    import mpmath

    low, high = FUNCTIONS[name].domain[-1 if name == "polygamma" else 0]
    points = np.array(REFERENCE_POINTS.get(name, [a for a in (-0.75, -0.25, 0.5, 0.875, 1.5, 7.0) if low < a < high]))
    axis = Index("p", Integer.of(len(points)))
    argument = Component(Tensor("a", (axis.size,), Role.INPUT), (axis.expr,))
    before = (const(2),) if name == "polygamma" else ()
    expr = call(name, *before, argument, *(const(value) for value in MORE.get(name, ())))
    found = evaluate(expr, (axis,), {argument.tensor: points.astype(dtype)}, dtype=dtype)
    with mpmath.workdps(40):
        expected = np.array([np.longdouble(mpmath.nstr(by_mpmath(name, float(a)), 30)) for a in points])
    error = np.abs(found.astype(np.longdouble) - expected)
    scale = np.abs(expected) + (name in ("lgamma", "digamma"))
    assert np.all(error <= 400 * np.finfo(dtype).eps * scale), (found, expected)


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_polygamma_of_every_order(order, dtype):
    """Order 0 is digamma; of what is no order, or of one whose factorials are too long, nothing is told."""
    import mpmath

    found = evaluate(call("polygamma", const(order), const(2)), (), {}, dtype=dtype)
    np.testing.assert_allclose(found, float(mpmath.psi(order, 2)), rtol=1e-14)


@pytest.mark.parametrize("order", [const(-1), Const(Fraction(3, 2)), const(2000), const(10**15)])
def test_polygamma_of_what_is_no_order(order):
    assert not np.isfinite(evaluate(call("polygamma", order, const(2)), (), {}, dtype=np.longdouble))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_function_is_as_good_in_a_narrow_type_as_its_argument(name, dtype):
    """The error is a few units of rounding of the value, or what a few units in the argument make of it."""
    import mpmath

    low, high = FUNCTIONS[name].domain[-1 if name == "polygamma" else 0]
    points = np.array([a for a in (-2.5, -0.75, -0.25, 0.5, 0.875, 1.5, 2.0, 7.0) if low < a < high], dtype)
    before = (const(2),) if name == "polygamma" else ()
    axis = Index("p", Integer.of(len(points)))
    argument = Component(Tensor("a", (axis.size,), Role.INPUT), (axis.expr,))
    expr = call(name, *before, argument, *(const(value) for value in MORE.get(name, ())))
    found = evaluate(expr, (axis,), {argument.tensor: points}, dtype=dtype)
    with mpmath.workdps(30):
        right = [by_mpmath(name, float(a)) for a in points]
        slopes = [mpmath.diff(lambda z: mpmath.re(by_mpmath(name, z)), float(a)) for a in points]
    sizes = [
        max(abs(value), abs(a * slope)) for value, slope, a in zip(right, slopes, points.astype(float), strict=True)
    ]
    errors = np.array([abs(value - float(f)) for value, f in zip(right, found, strict=True)], float)
    assert np.all(errors <= 16 * np.finfo(dtype).eps * np.array(sizes, float) + np.finfo(dtype).tiny), (found, right)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_keeps_half_precision(name):
    row = FUNCTIONS[name]
    inside = {"acosh": 1.5}.get(name, 0.5)
    expr = call(name, *(const(1) if row.parameters[n] == "n" else const(Fraction(inside)) for n in range(row.arity)))
    assert evaluate(expr, (), {}, dtype=np.float16).dtype == np.float16


def test_abstract_functions_are_smooth_and_their_derivatives_are_theirs():
    f = abstract("f", 2)
    drawn = instantiate_abstract([f], np.random.default_rng(0))
    left, right = tensor("p"), tensor("q")

    def value(function, a, b):
        return evaluate(Call(function, (at(left), at(right))), (), {left: a, right: b}, functions=drawn)

    step = 2.0**-10
    for parameter, (da, db) in enumerate([(step, 0), (0, step)]):
        slope = (value(f, 0.5 + da, 0.25 + db) - value(f, 0.5 - da, 0.25 - db)) / (2 * step)
        derivative = abstract_derivative(f, parameter)
        assert abs(slope - value(derivative, 0.5, 0.25)) < 1e-5
        second = abstract_derivative(derivative, 0)
        bend = (value(derivative, 0.5 + step, 0.25) - value(derivative, 0.5 - step, 0.25)) / (2 * step)
        assert abs(bend - value(second, 0.5, 0.25)) < 1e-5


def test_const_is_rounded_correctly():
    assert evaluate(Const(Fraction(1, 10)), (), {}).item() == 0.1
    assert evaluate(Const(Fraction(10) ** 400), (), {}).item() == np.inf
    wide = evaluate(Const(Fraction(1, 10)), (), {}, dtype=np.longdouble)[()]
    assert wide == np.longdouble(1) / 10


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble, np.clongdouble])
@pytest.mark.parametrize(
    "subscripts",
    [
        *("ij,jk->ik", "ij,j->i", "ij,ij->", "ij,->j", "kji,ji->k", "i,jk->ik", ",ijk->k"),
        *("ij,jk,ik->", "ij,jk,k->ki", "ji,,jk,kj->i", "ij,kj,ik,i->jk", "i,j,k->j"),
    ],
)
def test_large_sums_of_products_are_einsums(subscripts, dtype):
    """Where they are large they go other ways, by their types and the number of factors."""
    sizes = {"i": Index("i", Integer.of(40)), "j": Index("j", Integer.of(31)), "k": Index("k", Integer.of(29))}
    sides, out = subscripts.split("->")
    random = np.random.default_rng(0)
    env = {}
    for number, axes in enumerate(sides.split(",")):
        read = Tensor(f"x{number}", tuple(sizes[axis].size for axis in axes), Role.INPUT)
        env[read] = random.standard_normal([sizes[axis].size.value for axis in axes]).astype(dtype)
    factors = [
        Component(read, tuple(sizes[axis].expr for axis in axes))
        for read, axes in zip(env, sides.split(","), strict=True)
    ]
    summed = tuple(sizes[axis] for axis in dict.fromkeys(sides.replace(",", "")) if axis not in out)
    found = evaluate(IndexSum(summed, Mul(tuple(factors))), tuple(sizes[axis] for axis in out), env, dtype=dtype)
    np.testing.assert_allclose(found, np.einsum(subscripts, *env.values()), rtol=1e-10, atol=1e-10)


STEP = 2.0**-100


@pytest.mark.parametrize("dtype", [np.complex128, np.clongdouble])
@pytest.mark.parametrize("imaginary", [STEP, 1e-3])
@pytest.mark.parametrize(
    "expr",
    [
        call("exp", at(X, i, j)),
        call("tanh", Mul((at(X, i, j), const(2)))),
        Mul((call("sin", at(X, i, j)), call("sin", at(X, i2, j)))),
        IndexSum((j,), Mul((at(X, i, j), at(Y, j, k), const(3)))),
        IndexSum((j,), Mul((call("exp", at(X, i, j)), at(Y, j, k)))),
        IndexSum((j,), Mul((at(X, i, j), at(X, i2, j)))),
        IndexSum((i,), Mul((Add((at(X, i, j), Mul((const(-1), at(X, i, j))))), at(X, i, j)))),
    ],
)
def test_complex_steps_along_many_directions_are_those_along_each(expr, imaginary, dtype):
    """Also where the imaginary parts are not small enough to be taken one by one for all directions."""
    batch = Index("batch", Integer.of(300))
    steps = imaginary * np.random.default_rng(0).normal(size=(300, *x.shape))

    def at_directions(array, batch):
        context = Context({"x": array, "y": y.astype(dtype)}, np.dtype(dtype), batch=batch)
        return value(expr, context)

    free = [index for index in (i, i2, j, k) if index in at_directions((x + 1j * steps[0]).astype(dtype), None).axes]
    found = at_directions((x + 1j * steps).astype(dtype), batch).aligned((batch, *free))
    apart = [at_directions((x + 1j * step).astype(dtype), None).aligned(free) for step in steps]
    np.testing.assert_allclose(found.real, np.real(apart), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(found.imag / imaginary, np.imag(apart) / imaginary, rtol=1e-13, atol=1e-14)


def test_a_function_of_one_tensor_moves_by_itself_wherever_it_is_called():
    noise = Noise(Index("draw", Integer.of(5)), 1e-6, 0.0, np.random.default_rng(0))
    context = Context({"v": v}, np.dtype(float), batch=noise.batch, noise=noise)
    twice = value(Mul((call("exp", at(V, i)), call("exp", at(V, i2)))), context).aligned((noise.batch, i, i2))
    assert not np.allclose(twice, np.swapaxes(twice, 1, 2), rtol=1e-9)
    np.testing.assert_allclose(twice, np.broadcast_to(np.exp(v[:, None] + v), twice.shape), rtol=1e-4)


def test_what_is_zero_by_its_indices_is_not_moved():
    noise = Noise(Index("draw", Integer.of(5)), 1e-6, 1e-30, np.random.default_rng(0))
    context = Context({"v": v}, np.dtype(float), batch=noise.batch, noise=noise)
    square = Mul((at(V, i), at(V, i), Delta(i.expr, i2.expr)))
    moved = value(square, context).aligned((noise.batch, i, i2))
    np.testing.assert_allclose(moved, np.broadcast_to(np.diag(v * v), moved.shape), rtol=1e-4)
    assert not moved[:, ~np.eye(len(v), dtype=bool)].any()
    assert (moved[:, 0, 0] != v[0] ** 2).all()


def test_numbers_that_are_near_to_whole_ones_stay_what_they_are_where_ties_are_kept():
    noise = Noise(Index("draw", Integer.of(5)), 1e-6, 0.0, np.random.default_rng(0), near=0.125)
    context = Context({"v": -np.ones_like(v)}, np.dtype(float), batch=noise.batch, noise=noise)
    sloping = Call(FUNCTIONS["leaky_relu"], (at(V, i), const(Fraction(1, 10))))
    np.testing.assert_allclose(value(sloping, context).array, -0.1, rtol=1e-4)


@pytest.mark.parametrize("order", ["scalar first", "scalar last"])
def test_exact_sums_with_factors_that_are_numbers(order):
    """In exact arithmetic there are no arrays of one number."""
    factors = (at(V, i), const(Fraction(1, 3)))
    env = {V: np.array([Fraction(int(2 * each), 2) for each in v], object)}
    summed = IndexSum((i, k), Mul(factors if order == "scalar last" else factors[::-1]))
    assert evaluate(summed, (), env, dtype=object).item() == Fraction(2, 3) * Fraction(9, 2)


@pytest.mark.parametrize("size", [3, 40])
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
@pytest.mark.parametrize("batch_is_moved", [False, True])
def test_sums_are_moved_in_all_draws_but_the_first(batch_is_moved, dtype, size):
    """In proportion to their terms: of factors that are sums which cancel, with draws of their own or without."""
    axes = i, j = [Index(name, Integer.of(size)) for name in "ij"]
    left, right = (Tensor(name, tuple(axis.size for axis in axes), Role.INPUT) for name in "xy")
    difference = Add((Component(left, (i.expr, j.expr)), Mul((const(-1), Component(right, (i.expr, j.expr))))))
    summed = IndexSum((j,), Mul((difference, Component(left, (i.expr, j.expr)))))
    noise = Noise(batch_of(6), 1e-6, 0.0, np.random.default_rng(0), still=2)
    x = np.random.default_rng(1).uniform(1, 2, (size, size)).astype(dtype) * (1 if dtype == np.float64 else 1 + 1j)
    arrays = {"x": np.stack([x] * 6) if batch_is_moved else x, "y": x * (1 - 1e-3)}
    moved = value(summed, Context(arrays, np.dtype(dtype), batch=noise.batch, noise=noise)).aligned((noise.batch, i))
    right_value = 1e-3 * np.sum(x * x, axis=1)
    np.testing.assert_allclose(moved[:2], np.stack([right_value] * 2), rtol=1e-12)
    off = np.abs(moved[2:] - right_value) / (1e-6 * 2 * np.sum(np.abs(x) ** 2, axis=1))
    assert (off > 0).all()
    assert 0.01 < off.max() < 4


def test_a_batch_stands_first_whatever_depends_on_it():
    batch = batch_of(4)
    assert batch is batch_of(4)
    values = [Labelled(np.ones((2, 3)), (i, k)), Labelled(np.ones((4, 3)), (batch, k)), Labelled(np.ones(()))]
    for ordered in (values, values[::-1]):
        assert union(ordered)[0] is batch
        assert set(union(ordered)) == {batch, i, k}


@pytest.mark.parametrize("dtype", [np.complex128, np.clongdouble])
def test_either_part_of_complex_numbers_is_moved_by_itself(dtype):
    noise = Noise(batch_of(1001), 1e-6, 0.0, np.random.default_rng(0), still=1)
    z = np.asarray([3 + 1e-9j, -2e-9 + 4j], dtype)
    moved = noise.move(Labelled(z, (i,)), Labelled(z, (i,)), 1.0).array
    assert np.array_equal(moved[0], z)
    off = moved[1:] - z
    for found, part in ((off.real, z.real), (off.imag, z.imag)):
        assert (np.abs(found) <= 1.001e-6 * np.abs(part)).all()
        assert (np.abs(found).max(axis=0) >= 0.9e-6 * np.abs(part)).all()
    assert abs(np.corrcoef(off.real[:, 0].astype(float), off.imag[:, 0].astype(float))[0, 1]) < 0.2


def test_whole_exponents_of_sizes_are_not_rounded_where_rounding_is_simulated():
    x = tensor("x")
    noise = Noise(Index("draw", Integer.of(3)), 1e-6, 0.0, np.random.default_rng(0))
    context = Context({"x": np.asarray(-2.0)}, np.dtype(float), batch=noise.batch, noise=noise)
    exponent = Add((IndexValue(Integer.of(N)), const(-1)))
    moved = value(Pow(at(x), exponent), context)
    np.testing.assert_allclose(moved.array, -8, rtol=1e-4)


@pytest.mark.parametrize("dtype", DTYPES[:-1])
def test_quotients_are_divided(dtype):
    """``x/x`` is 1, and 3 times a number over 49 is 3 for 49: a product with a reciprocal is not."""
    x = tensor("x", "n")
    numbers = np.asarray([3, 49, 0.3, 7], dtype)
    context = Context({"x": numbers}, np.dtype(dtype))
    i = Index("i", Integer.of(N))
    read = Component(x, (i.expr,))
    assert (value(Mul((read, Pow(read, const(-1)))), context).array == 1).all()
    assert value(Mul((Const(Fraction(3, 49)), read)), context).array[1] == 3
    assert value(Mul((Pow(read, const(-2)), read, read)), context).array[1] == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble, np.complex128])
@pytest.mark.parametrize(
    "equation",
    [
        "ik,kj->ij", "ki,jk->ji", "bik,bkj->bij", "kbi,jkb->jib", "ij,kl->kilj", "i,j->ij", "ij,ij->", "ijk,ijk->j",
        "ijk,kl->il", "ijk,lm->im", "bik,bk->ib", "ik,kj,jl->il", "ijk->ki",
    ],
)  # fmt: skip
def test_contractions_of_all_forms_and_of_many_terms(equation, dtype):
    """By einsum in one loop. Indices of one array only, kept or not, of both, and of an output in another order."""
    read, _, kept = equation.partition("->")
    size = 9 if len(set(equation) - set(",->")) > 3 else 100
    each = {name: Index(name, Integer.of(size)) for name in dict.fromkeys(read.replace(",", ""))}
    random = np.random.default_rng(0)
    arrays = [random.integers(-9, 9, [size] * len(part)).astype(dtype) for part in read.split(",")]
    tensors = [Tensor(f"t{n}", (Integer.of(size),) * array.ndim, Role.INPUT) for n, array in enumerate(arrays)]
    factors = [at(one, *(each[i] for i in part)) for one, part in zip(tensors, read.split(","), strict=True)]
    summed = tuple(index for name, index in each.items() if name not in kept)
    product = Mul(tuple(factors)) if len(factors) > 1 else factors[0]
    expr = IndexSum(summed, product) if summed else product
    found = evaluate(expr, [each[i] for i in kept], dict(zip(tensors, arrays, strict=True)), dtype=dtype)
    assert np.array_equal(found, np.einsum(equation, *arrays, optimize=False))


@pytest.mark.parametrize("equation", ["dik,dkj->dij", "dij,dij->d", "dik,dkj,djl->dil", "ijd,dj->i"])
@pytest.mark.parametrize("place", [0, 1])
def test_contractions_of_what_is_the_same_along_an_axis(equation, place):
    """An array of length 1 along an axis of others stands for what repeats along it."""
    read, _, kept = equation.partition("->")
    size = Integer.of(20)
    each = {name: Index(name, size) for name in dict.fromkeys(read.replace(",", ""))}
    random = np.random.default_rng(0)
    arrays = [random.normal(size=(20,) * len(part)) for part in read.split(",")]
    along = read.split(",")[place].index("d")
    arrays[place] = arrays[place].take([0], axis=along)
    values = [
        Labelled(array, tuple(each[i] for i in part)) for part, array in zip(read.split(","), arrays, strict=True)
    ]
    found = contract(
        values, tuple(index for name, index in each.items() if name not in kept), Context({}, np.dtype(float))
    )
    arrays[place] = arrays[place].repeat(20, axis=along)
    np.testing.assert_allclose(found.aligned([each[i] for i in kept]), np.einsum(equation, *arrays), rtol=1e-9)


OWN = [
    name
    for name, own in FUNCTIONS.items()
    if len(own.domain) == 1 and not own.scipy and not own.is_abstract and not _TABLE[name].is_real
]


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
@pytest.mark.parametrize("name", OWN)
def test_complex_numbers_beside_real_ones_have_their_digits(name, dtype):
    """A complex step of one factor of a product is multiplied by the real parts of the others, however small."""
    sizes = 10.0 ** np.arange(-12, 1.6, 0.3)
    points = np.concatenate([sizes, -sizes]).astype(dtype)
    with np.errstate(all="ignore"):
        values = _TABLE[name].value(points)
        beside = _TABLE[name].value(points + dtype(2.0**-100) * 1j)
    known = np.isfinite(values)
    np.testing.assert_allclose(np.real(beside)[known], values[known], rtol=16 * np.finfo(dtype).eps)


@pytest.mark.parametrize("function", ["softplus(8*x[i])", "log1p(exp(12*x[i]))"])
def test_small_values_of_softplus_are_known_to_all_digits(function):
    made = tcgrad.loads(f"inputs: {{x: [7], z: [7]}}\nequations: ['o[i] = {function}*sin(z[i])']\n")
    assert all(made.check(dtype=dtype, seed=0).ok for dtype in ("float32", "float64", "longdouble"))


ROOTS = ["log(x[i])", "sqrt(x[i])", "x[i]^1.5", "x[i]^(1/3)", "x[i]^-0.5", "x[i]^z"]


@pytest.mark.parametrize("body", [*ROOTS, "asin(x[i])", "acos(x[i])", "atanh(x[i])", "acosh(x[i])"])
def test_what_no_real_number_is_has_no_value_beside_real_numbers(body):
    """Roots and logarithms of negative numbers are complex, and NaN all the same where a real number is meant."""
    x = np.array([-2.5, -1.5, -0.5, 0.25, 0.75, 1.25])
    with np.errstate(all="ignore"):
        real = _only(body, {"x": x, "z": np.array(0.5)}, float)
        beside = _only(body, {"x": x + 1e-30j, "z": np.array(0.5 + 0j)}, complex)
    np.testing.assert_array_equal(np.isnan(beside.real), np.isnan(real))
    np.testing.assert_array_equal(np.isnan(beside.imag), np.isnan(real))


@pytest.mark.parametrize("body", ["max(x[i], 0)", "max(0, x[i])", "min(x[i], 0)", "min(0, x[i])", "sign(x[i])"])
def test_no_number_is_larger_than_none(body):
    """As in NumPy: else a sample would count as one where all is finite."""
    found = _only(body, {"x": np.array([1, np.nan, -1, 0.5, 2, 3])}, float)
    np.testing.assert_array_equal(np.isnan(found), np.arange(6) == 1)


def _only(body, arrays, dtype):
    """The values of an expression of ``x[i]`` and ``z``."""
    program = tcgrad.loads(f"inputs: {{x: [6], z: []}}\nequations: ['y[i] = {body}']\n").program
    given = {item.tensor: arrays[item.tensor.name] for item in program.inputs if item.tensor.name in arrays}
    return evaluate_statements(program.statements, given, dtype=dtype)[program.outputs[0]]
