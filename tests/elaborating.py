"""Help for the tests of the language: specs out of keywords, and an evaluator that loops over every index."""

import itertools
import json
import math

import numpy as np

from tcgrad.errors import TcgradError
from tcgrad.ir import nodes as n
from tcgrad.ir.indices import Dim, Gather, Index, Quotient, Remainder
from tcgrad.ir.program import Define, Intrinsic
from tcgrad.ir.tensors import Role
from tcgrad.ir.verify import verify_program
from tcgrad.language.elaborate import elaborate
from tcgrad.spec.loader import read_spec

DIMS = {"N": 3, "M": 4, "K": 2, "B": 5}


def program(*equations, sizes=None, **keys):
    """The program of a spec with these equations; every program is verified."""
    made = elaborate(read_spec(spec_text(*equations, **keys), "test.yaml"), sizes)
    verify_program(made)
    return made


def spec_text(*equations, **keys):
    keys = {"dims": DIMS, "inputs": {"x": ["N"]}, **keys, "equations": list(equations)}
    return "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items())


def mistakes(*equations, **keys):
    """What is wrong: (code, the text pointed at, message, help) of every error."""
    try:
        program(*equations, **keys)
    except TcgradError as error:
        text = error.source.text
        return [(d.code, text[d.span.start : d.span.end], d.message, d.help) for d in error.diagnostics]
    return []


def sample(made, seed=0):
    """Arrays for the inputs of a program, by name; integers from 0 to 2."""
    random = np.random.default_rng(seed)
    arrays = {}
    for item in made.inputs:
        shape = tuple(size.value for size in item.tensor.shape)
        real = random.uniform(0.5, 1.5, shape)
        arrays[item.tensor.name] = real if item.tensor.is_real else random.integers(0, 3, shape)
    return arrays


def run(made, arrays):
    """The arrays of all tensors of a program, worked out element by element."""
    env = dict(arrays)
    for constant in made.constants:
        env[constant.name] = float(constant.value)
    for statement in made.statements:
        match statement:
            case Define():
                env[statement.tensor.name] = table(statement, env)
            case Intrinsic():
                operation = {"inv": np.linalg.inv, "det": np.linalg.det}.get(statement.kind, _logdet)
                env[statement.tensor.name] = operation(env[statement.operand.name])
            case _:
                recur(statement, env)
    return env


def _logdet(matrix):
    return np.linalg.slogdet(matrix)[1]


def table(define, env):
    """The array that a definition defines."""
    shape = tuple(index.size.value for index in define.free)
    result = np.zeros(shape)
    for place in itertools.product(*map(range, shape)):
        result[place] = value(define.body, dict(zip(define.free, place, strict=True)), env)
    return result


def recur(statement, env):
    """Fill the tensors of a recurrence in, position by position; base cases before 0 are kept in a dictionary."""
    for tensor in statement.tensors:
        env[tensor.name] = {}
    length = statement.tensors[0].shape[statement.axes[0]].value
    first = min([0, *(case.position for cases in statement.bases for case in cases)])
    for at in range(first, length):
        for tensor, axis, bases, step in zip(
            statement.tensors, statement.axes, statement.bases, statement.steps, strict=True
        ):
            case = next((case for case in bases if case.position == at), step if at >= 0 else None)
            if case is None:
                continue
            free = [index for index in case.free if index is not case.position]
            for place in itertools.product(*(range(index.size.value) for index in free)):
                scope = dict(zip(free, place, strict=True))
                if case is step:
                    scope[step.position] = at
                env[tensor.name][*place[:axis], at, *place[axis:]] = value(case.body, scope, env)
    for tensor in statement.tensors:
        known = env[tensor.name]
        env[tensor.name] = np.zeros(tuple(size.value for size in tensor.shape))
        for place, each in known.items():
            if min(place) >= 0:
                env[tensor.name][place] = each


def value(expr, scope, env):
    """The number that an expression is, for these values of the indices in scope."""
    match expr:
        case n.Const():
            return float(expr.value)
        case n.Component():
            return _component(expr, scope, env)
        case n.Delta():
            return float(integer(expr.left, scope, env) == integer(expr.right, scope, env))
        case n.IndexValue():
            return float(integer(expr.value, scope, env))
        case n.Iverson():
            left, right = value(expr.left, scope, env), value(expr.right, scope, env)
            compare = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}[expr.operator]
            return float(getattr(np.float64(left), f"__{compare}__")(right))
        case n.Add():
            return math.fsum(value(term, scope, env) for term in expr.terms)
        case n.Mul():
            factors = [value(factor, scope, env) for factor in expr.factors]  # a guard of 0 wins over NaN
            return 0.0 if 0.0 in factors else math.prod(factors)
        case n.Pow():
            return value(expr.base, scope, env) ** value(expr.exponent, scope, env)
        case n.Call():
            return _call(expr.function.name, [value(a, scope, env) for a in expr.arguments])
        case n.Where():
            chosen = expr.then if value(expr.condition, scope, env) else expr.otherwise
            return value(chosen, scope, env)
        case n.IndexSum() | n.IndexReduce():
            ranges = [range(index.size.value) for index in expr.indices]
            values = [
                value(expr.body, {**scope, **dict(zip(expr.indices, place, strict=True))}, env)
                for place in itertools.product(*ranges)
            ]
            return _reduce(expr, values)


def _component(expr, scope, env):
    if expr.tensor.role is Role.LEVI_CIVITA:
        return _sign([integer(e, scope, env) for e in expr.indices])
    if expr.tensor.name == "pi":
        return math.pi
    place = tuple(integer(e, scope, env) for e in expr.indices)
    array = env[expr.tensor.name]
    if isinstance(array, dict):
        return array[place]
    inside = all(0 <= at < size for at, size in zip(place, np.shape(array), strict=True))
    if not inside:
        return 0.0 if expr.tensor.zero_outside else math.nan
    return float(np.asarray(array)[place])


def _sign(places):
    if len(set(places)) < len(places):
        return 0.0
    return float((-1) ** sum(a > b for a, b in itertools.combinations(places, 2)))


def _call(name, arguments):
    table_ = {
        "exp": math.exp,
        "sin": math.sin,
        "cos": math.cos,
        "log": math.log,
        "tanh": math.tanh,
        "max": max,
        "f": lambda *a: math.cos(sum(a)),
        "g": lambda *a: math.exp(-sum(a)),
    }
    return table_[name](*arguments)


def _reduce(expr, values):
    if isinstance(expr, n.IndexSum):
        return math.fsum(values)
    if expr.kind == "logsumexp":
        return math.log(math.fsum(map(math.exp, values)))
    return {"max": max, "min": min, "prod": math.prod}[expr.kind](values)


def integer(expr, scope, env):
    """The value of an integer expression."""
    return sum(c * math.prod(_atom(atom, scope, env) for atom in monomial) for monomial, c in expr.terms)


def _atom(atom, scope, env):
    match atom:
        case Dim():
            return atom.value
        case Index():
            return scope[atom]
        case Quotient():
            return integer(atom.dividend, scope, env) // integer(atom.divisor, scope, env)
        case Remainder():
            return integer(atom.dividend, scope, env) % integer(atom.divisor, scope, env)
        case Gather():
            return int(env[atom.tensor.name][tuple(integer(e, scope, env) for e in atom.indices)])
