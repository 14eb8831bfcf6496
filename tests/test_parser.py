"""Syntax trees of equations, and what is said about those that have none."""

import pytest
from timing import seconds

from tcgrad.errors import Located, Report
from tcgrad.language import syntax as s
from tcgrad.language.parsing.parser import parse_equation, parse_expression


def dump(node):
    """A tree as nested parentheses, without spans."""
    match node:
        case s.Number():
            return node.text
        case s.Name():
            return node.name
        case s.Subscript():
            return f"{node.name}[{' '.join(map(dump, node.positions))}]"
        case s.Gradient():
            return f"<dl/d{node.wrt}>[{' '.join(map(dump, node.positions))}]"
        case s.Jacobian():
            of, wrt = (" ".join(map(dump, p)) for p in (node.of_positions, node.wrt_positions))
            return f"<d{node.of}>[{of}]/<d{node.wrt}>[{wrt}]"
        case s.Sum():
            return f"({' '.join('- +'[sign + 1] + dump(term) for sign, term in node.terms)})"
        case s.Product():
            return f"({' '.join(operator + dump(factor) for operator, factor in node.factors)})"
        case s.Negative():
            return f"neg({dump(node.operand)})"
        case s.Power():
            return f"({dump(node.base)} ^ {dump(node.exponent)})"
        case s.Call():
            tail = "" if node.positions is None else f"[{' '.join(map(dump, node.positions))}]"
            return f"{node.name}({', '.join(map(dump, node.arguments))}){tail}"
        case s.Reduction():
            return f"{node.kind}[{' '.join(map(dump, node.indices))}]({dump(node.body)})"
        case s.Comparison():
            first, *rest = map(dump, node.operands)
            return first + "".join(f" {o} {operand}" for o, operand in zip(node.operators, rest, strict=True))
        case s.Iverson():
            return f"[{dump(node.condition)}]"
        case s.Group():
            return f"group{{{dump(node.body)}}}"


def parse(text, tensors=None):
    report = Report()
    return parse_equation(Located.plain(text), report, tensors=tensors), report.diagnostics


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b - c", "(+a +b -c)"),
        ("-a*b + c", "(-(*a *b) +c)"),
        ("+a", "a"),
        ("a*-b", "(*a *neg(b))"),
        ("--a", "(-neg(a))"),
        ("-a^2", "(-(a ^ 2))"),
        ("a/b*c", "(*a /b *c)"),
        ("a*b^c^d", "(*a *(b ^ (c ^ d)))"),
        ("x^-1.5", "(x ^ neg(1.5))"),
        ("2^-y^2", "(2 ^ neg((y ^ 2)))"),
        ("a**b", "(a ^ b)"),
        ("-i//2", "(*neg(i) //2)"),
        ("a - i//2 % 3", "(+a -(*i //2 %3))"),
        ("(a + b)*c", "(*group{(+a +b)} *c)"),
        ("x[i, 2*i + p-1]", "x[i (+(*2 *i) +p -1)]"),
        ("E[tok[b,t], d]", "E[tok[b t] d]"),
        ("A_{ij}*B_{k,l+1}^2", "(*A[i j] *(B[k (+l +1)] ^ 2))"),
        ("A_{i0}*1_{k}*δ_{ij}", "(*A[i 0] *1[k] *δ[i j])"),
        ("1[i,j]*delta[i,j]", "(*1[i j] *delta[i j])"),
        ("sum[i,j](x[i] + y[j])", "sum[i j]((+x[i] +y[j]))"),
        ("max[i](x[i]) + max(a, b)", "(+max[i](x[i]) +max(a, b))"),
        ("[i <= j]*[0 <= i - p < H]", "(*[i <= j] *[0 <= (+i -p) < H])"),
        ("where(x[i] > 0, x[i], 0)", "where(x[i] > 0, x[i], 0)"),
        ("where([a < b]*[c < d], 1, 0)", "where((*[a < b] *[c < d]), 1, 0)"),
        ("inv(A)[b,i,j]*det(A)", "(*inv(A)[b i j] *det(A))"),
        ("f(x)[a < b]", None),
        ("f'(x)*f''(x)*f'12(x, y)", "(*f'(x) *f''(x) *f'12(x, y))"),
        ("b[b]", "b[b]"),
        ("dl/dx", "(*dl /dx)"),
        ("f()", "f()"),
    ],
)
def test_expressions(text, tree):
    equation, diagnostics = parse(f"y = {text}")
    if tree is None:
        assert diagnostics
    else:
        assert (dump(equation.body), diagnostics) == (tree, [])


@pytest.mark.parametrize(
    ("text", "target", "body"),
    [
        ("dy[i,j]/dx[p,q] = delta[i,p]*a[q,j]", "<dy>[i j]/<dx>[p q]", "(*delta[i p] *a[q j])"),
        ("dl/dx[p] = dl/dy[p]", "<dl/dx>[p]", "<dl/dy>[p]"),
        ("df/dx[p] = df/dy*dy/dx[p]", "<df>[]/<dx>[p]", "(*<df>[]/<dy>[] *<dy>[]/<dx>[p])"),
        ("dl/dx = a/dl/dy/b", "<dl/dx>[]", "(*a /<dl/dy>[] /b)"),
        ("dl/dx = y^dl/dy", "<dl/dx>[]", "(y ^ <dl/dy>[])"),
        ("dl[i]/dx = dl/dl[i]", "<dl>[i]/<dx>[]", "<dl/dl>[i]"),
        ("dd/dx = dl/dd", "<dd>[]/<dx>[]", "<dl/dd>[]"),
        ("dl/ddx = dx", "<dl/ddx>[]", "dx"),
        ("dnone/dx = dx/dnone", "<dnone>[]/<dx>[]", "(*dx /dnone)"),
    ],
)
def test_derivative_names(text, target, body):
    equation, diagnostics = parse(text, tensors={"x", "y", "a", "b", "l", "d", "dx", "f"})
    assert (dump(equation.target), dump(equation.body), diagnostics) == (target, body, [])


def test_a_division_of_tensors_that_look_like_differentials():
    equation, _ = parse("dl/dx = (dl)/dx[i]", tensors={"x", "dl", "dx"})
    assert dump(equation.body) == "(*group{dl} /dx[i])"
    equation, _ = parse("dy/dx = dl/dx[i]", tensors={"y", "dl", "dx"})
    assert dump(equation.body) == "(*dl /dx[i])"


SYNTAX_ERRORS = [
    # text, code, (start, end), a part of the message, help
    ("y = 2x", "TC202", (4, 6), "operator is missing", "write `2*x`"),
    ("y = a[i] (b + c)", "TC202", (4, 16), "operator is missing", "write `a[i]*(b + c)`"),
    ("y = (a)(b)", "TC202", (4, 10), "operator is missing", "write `(a)*(b)`"),
    ("y = sin x", "TC202", (4, 9), "argument of `sin`", "write `sin(x)`"),
    ("y = 1[i<=j]", "TC202", (4, 11), "operator is missing", "write `[i<=j]`"),
    ("y = (a + b", "TC203", (10, 10), "`)` is missing before the end", "write `(a + b)`"),
    ("y = f(a]", "TC203", (7, 8), "`]` closes nothing: `)` is missing", "write `f(a)`"),
    ("y = x[i", "TC203", (7, 7), "`]` is missing", "write `x[i]`"),
    ("y = a)", "TC203", (5, 6), "closes nothing", "take out the `)`"),
    ("y + a", "TC204", (0, 5), "`=`", "write NAME[indices] = y + a"),
    ("+ a", "TC204", (0, 3), "`=`", "an equation continues on the next line inside an open bracket"),
    ("y == a", "TC204", (2, 4), "`==` compares", "write `=`"),
    ("a + b = c", "TC204", (0, 5), "left side", "write NAME[i,j] = ..., and bring everything else to the right"),
    ("y = a = b", "TC204", (6, 7), "one `=`", "write one equation a line, and `==` for a comparison: [a == b]"),
    ("", "TC204", (0, 0), "missing", "write NAME[indices] = expression"),
    ("y = a*", "TC205", (6, 6), "ends after `*`", "an equation continues on the next line inside an open bracket"),
    ("y = a*/b", "TC205", (6, 7), "expected before `/`", "write `*` or `/`, not both"),
    ("y = a***2", "TC205", (7, 8), "expected before `*`", "write `^` or `*`, not both"),
    ("y = a^^2", "TC205", (6, 7), "expected before `^`", "write `^` once"),
    ("y = a^**2", "TC205", (6, 8), "expected before `**`", "write `^` once"),
    ("y = <a, b>", "TC205", (4, 5), "expected before `<`", "write an inner product with its indices: a[i]*b[i]"),
    ("y = [< a]", "TC205", (5, 6), "expected before `<`", None),
    ("y = det a", "TC202", (4, 9), "argument of `det`", "write `det(a)`"),
    ("y += a", "TC204", (2, 4), "changes a value", "write `=`, and give the new value a name of its own"),
    ("y[i] **= 2", "TC204", (5, 8), "`**=` changes", "write `=`, and give the new value a name of its own"),
    ("y = a*+b", "TC205", (6, 7), "plus sign", "take out the `+`"),
    ("y = a, b", "TC205", (5, 6), "not expected", None),
    ("y = a,", "TC205", (5, 6), "not expected", "take out the `,`"),
    ("y = a*1.0,5", "TC205", (9, 10), "not expected", None),
    ("y = sum(x[i,j], i, j)", "TC209", (4, 21), "needs the index", "write `sum[i,j](x[i,j])`"),
    ("y = a*1,5", "TC205", (7, 8), "not expected", "write `1.5`"),
    ("-y[i] = a", "TC204", (0, 5), "left side", "write a blank behind the dash of a list, and no sign before `y[i]`"),
    ("y = 1e999", "TC206", (4, 9), "between 1e-300 and 1e300", None),
    ("y(i) = a", "TC208", (0, 4), "square brackets", "write `y[i]`"),
    ("y = x[i][j]", "TC208", (8, 9), "one pair", "write all indices in one pair of brackets: `x[i,j]`"),
    ("y = x[i][j + 1, k]", "TC208", (8, 9), "one pair", "write all indices in one pair of brackets: `x[i,j + 1,k]`"),
    ("y = x[i][j = 3]", "TC208", (8, 9), "one pair", "write all indices in one pair of brackets: `x[i,...]`"),
    ("y = x[i][j][k]*w", "TC208", (8, 9), "one pair", "write all indices in one pair of brackets: `x[i,j,k]`"),
    ("y = x[i][j][k", "TC208", (8, 9), "one pair", "write all indices in one pair of brackets: `x[i,j,k]`"),
    ("y = x[[i,j + 1]]", "TC208", (5, 16), "one pair", "write `x[i,j + 1]`"),
    ("y = 1(i,j)*x[i,j]", "TC208", (4, 10), "one-tensor", "write `1[i,j]`"),
    ("y = 1_ij*x[i,j]", "TC208", (4, 8), "one-tensor", "write `1[i,j]`"),
    ("y = 1(i", "TC203", (7, 7), "missing", "write `1(i)`"),
    ("y = 1(a + b)", "TC202", (4, 12), "operator is missing", "write `1*(a + b)`"),
    ("y = inv[i,j](a)", "TC202", (4, 15), "operator is missing", "write `inv(a)[i,j]`"),
    ("y = 1.5f*x", "TC206", (4, 8), "`1.5f` is not a number", "write `1.5`, or `1.5*f` for a product"),
    ("y = 1e-3f", "TC206", (4, 9), "`1e-3f` is not a number", "write `1e-3`, or `1e-3*f` for a product"),
    ("y = 2f", "TC202", (4, 6), "operator is missing", "write `2*f`"),
    ("y[i]  f(x[i])", "TC204", (0, 13), "needs a left side and `=`", "write `y[i] = f(x[i])`"),
    ("y_{i} 2*a", "TC204", (0, 9), "needs a left side and `=`", "write `y_{i} = 2*a`"),
    ("y a", "TC204", (0, 3), "needs a left side and `=`", "write `y = a`"),
    ("y[i] * a", "TC204", (0, 8), "needs a left side and `=`", "write NAME[indices] = y[i] * a"),
    ("y[i", "TC204", (0, 3), "needs a left side and `=`", "write NAME[indices] = y[i"),
    ("y = 1{i,j}*x[i,j]", "TC208", (4, 10), "one-tensor", "write `1[i,j]`"),
    ("y = x{t}", "TC208", (5, 6), "square brackets", "write `x[t]`"),
    ("y{i,0} = a", "TC208", (1, 2), "square brackets", "write `y[i,0]`"),
    ("y = sum{i}(x[i,i])", "TC208", (7, 8), "square brackets", "write `sum[i]`"),
    ("y = x[]", "TC208", (5, 7), "empty", "write `x`"),
    ("y = 2[i]", "TC208", (4, 8), "one-tensor", "write `2*1[i]`"),
    ("y = (a + b)[i]", "TC208", (11, 12), "parentheses", "define it first: `t[i,j] = ...`, then read `t[...]`"),
    ("y = f(a)[i]", "TC208", (4, 8), "no components", "index the arguments: `f(a[i])`"),
    ("y = f(a, b*c)[i, j]", "TC208", (4, 13), "no components", "index the arguments: `f(a[i, j], ...)`"),
    ("y = eye(N)[i,j]", "TC208", (4, 10), "no components", "write `delta[i,j]`"),
    ("y = [a => b]", "TC210", (7, 9), "`=>` does not compare here", "write `>=`"),
    ("y = [a <> b]", "TC210", (7, 9), "`<>` does not compare here", "write `!=`"),
    ("y = where(a === b, 1, 2)", "TC210", (12, 15), "`===` does not compare here", "write `==`"),
    (
        "dy[i]/dx[p] = delta[i,p]",
        "TC204",
        (0, 11),
        "left side",
        "a derivative that is to be proved stands under `expect:`",
    ),
    ("y = sum(x[i])", "TC209", (4, 13), "needs the index", "write `sum[i](x[i])`"),
    ("y = max(x[k])", "TC209", (4, 13), "needs the index", "write `max[k](x[k])`"),
    ("sum[i] = x[i]", "TC302", (0, 3), "`sum` is a name of the language", "choose another name, such as `sum_`"),
    ("y = sum[i] x[i]", "TC209", (11, 12), "parentheses are missing", "write `sum[i](x[i])`"),
    ("y = sum[i] x[i]*(a - b) + 3", "TC209", (11, 12), "parentheses are missing", "write `sum[i](x[i]*(a - b))`"),
    ("y = (2*max[i] x[i])*3", "TC209", (14, 15), "parentheses are missing", "write `max[i](x[i])`"),
    ("y = sum[i]*x[i]", "TC209", (10, 11), "parentheses are missing", "write `sum[i](...)`"),
    ("y = sum[i]", "TC209", (10, 10), "parentheses are missing", "write `sum[i](...)`"),
    ("y = max[i](x[i], 0)", "TC209", (15, 16), "`max[i](...)` is of one expression", "write `max[i](max(...))`"),
    ("y = sum[i](x[i], 0)", "TC209", (15, 16), "`sum[i](...)` is of one expression", "write `sum[i](...)` for each"),
    ("y = sum[i](x[i] > 0)", "TC210", (11, 19), "Iverson", "write `sum[i]([x[i] > 0])`"),
    ("y = where[x[i] > 0, a, b]", "TC208", (9, 10), "parentheses", "write `where(x > 0, a, b)`"),
    (
        "y = argmax[i](x[i])",
        "TC202",
        (4, 19),
        "an operator is missing",
        "did you mean `max`?",
    ),
    (
        "y = avg[i](x[i])",
        "TC202",
        (4, 16),
        "operator is missing between these: `avg` is no reduction",
        "write `mean[i](x[i])`",
    ),
    ("y = ab[i](x[i])", "TC202", (4, 15), "operator is missing", "write `ab[i]*(x[i])`"),
    ("y = sum[0](x)", "TC209", (7, 10), "names the indices", "write `sum[i](...)`"),
    (
        "y = [i]",
        "TC210",
        (4, 7),
        "holds a comparison",
        "write `i > 0` in the bracket, or parentheses `( )` for grouping",
    ),
    (
        "y = [0 < i, i < n]",
        "TC210",
        (10, 11),
        "one comparison, or one chain",
        "write conditions that hold together as a product of Iverson brackets: `[a < b]*[b < c]`",
    ),
    *(
        (
            text,
            "TC205",
            (6, 7),
            "hold a single one",
            "write a list of numbers as a sum: `a*delta[i,0] + b*delta[i,1]`, with `i` on the left" + more,
        )
        for text, more in [("y = [s, t]", "; a component begins with the name of its tensor"), ("y = (s, t)", "")]
    ),
    ("y = [i = j]", "TC210", (7, 8), "written with `==`", "write `==`"),
    ("y = 2 pi x[i] x[j]", "TC202", (4, 18), "operator is missing", "write `2*pi*x[i]*x[j]`"),
    ("y = a*b c/d(e) f", "TC202", (6, 16), "operator is missing", "write `b*c/d(e)*f`"),
    ("y = sin^2(x)", "TC202", (4, 12), "argument of `sin`", "write `sin(x)^2`"),
    ("y = sum x[k]", "TC209", (4, 12), "needs the index", "write `sum[k](x[k])`"),
    ("y = sum_ij x[i,j]", "TC209", (4, 17), "needs the index", "write `sum[i,j](x[i,j])`"),
    ("y = sum_ij x[ij,i,j]", "TC209", (4, 20), "needs the index", "write `sum[ij](x[ij,i,j])`"),
    ("y = sum(i, x[i])", "TC209", (4, 16), "needs the index", "write `sum[i](x[i])`"),
    ("y = sum(i)(x[i])", "TC209", (4, 10), "needs the index", "write `sum[i](x[i])`"),
    ("y = sum(i, j)(x[i,j]", "TC209", (4, 13), "needs the index", "write `sum[i,j](x[i,j])`"),
    ("y = sum(i, j, x[i,j])", "TC209", (4, 21), "needs the index", "write `sum[i,j](x[i,j])`"),
    ("y = sum[j, x[j]]", "TC209", (7, 16), "names the indices", "write `sum[j](x[j])`"),
    ("y = sum[j, x[j], 3]", "TC209", (7, 19), "names the indices", "write `sum[i](...)`"),
    *(
        (
            f"y = {written}(x[k])",
            "TC209",
            (7, 4 + len(written)),
            "names the indices that it runs over, and nothing else",
            f"an index runs over its whole range; for a smaller one write `{meant}`",
        )
        for written, meant in [
            ("sum[k < 2]", "sum[k]([k < 2]*...)"),
            ("sum[1 <= k < 3]", "sum[k]([1 <= k < 3]*...)"),
            ("max[k=0..2]", "max[k]([0 <= k < 3]*...)"),
            ("sum_{k=1}", "sum[k]([0 <= k < 3]*...)"),
            ("sum[k in n]", "sum[k]([0 <= k < 3]*...)"),
            ("sum[i, i < k]", "sum[i]([0 <= i < 3]*...)"),
        ]
    ),
    (
        "y = Sum[x[k]*w[k], {k, 1, n}]",
        "TC205",
        (19, 20),
        "before `{`",
        "write `sum[k](x[k]*w[k])`: an index runs over its whole range",
    ),
    (
        "y = 2*Product[x[k], {k, n}]",
        "TC205",
        (20, 21),
        "before `{`",
        "write `prod[k](x[k])`: an index runs over its whole range",
    ),
    ("y = Sum[{k, n}]", "TC205", (8, 9), "before `{`", "write parentheses `( )` for grouping"),
    ("y = sin 2s", "TC202", (4, 10), "argument of `sin`", "write `sin(2*s)`"),
    ("y = sin 2x[0]*s", "TC202", (4, 13), "argument of `sin`", "write `sin(2*x[0])`"),
    ("y = sin^2 2(s + 1)", "TC202", (4, 18), "argument of `sin`", "write `sin(2*(s + 1))^2`"),
    ("y = sin s t", "TC202", (4, 9), "argument of `sin`", "write `sin(s)`"),
    ("y = sum_k x[k]*w[k]/2 + z", "TC209", (4, 21), "needs the index", "write `sum[k](x[k]*w[k]/2)`"),
    ("y = Σ_k x[k]", "TC209", (4, 12), "needs the index", "write `sum[k](x[k])`"),
    ("y = Σ[k](x[k])", "TC202", (4, 14), "operator", "write `sum[k](x[k])` for a sum, or `Σ[k]*(x[k])`"),
    ("y[i] = sum(x[i,j])", "TC209", (7, 18), "needs the index", "write `sum[j](x[i,j])`"),
    ("y[i] = max(2*x[i,j])", "TC209", (7, 20), "needs the index", "write `max[j](2*x[i,j])`"),
    ("y[i] = x[i]/sum(x[i])", "TC209", (12, 21), "needs the index", "write `sum[k](x[k])`"),
    ("y[k,j] = x[k,j] - max(x[k,j])", "TC209", (18, 29), "needs the index", "write `max[m](x[k,m])`"),
    ("y[i] = x[i]/sum x[i]*a[i]", "TC209", (12, 25), "needs the index", "write `sum[k](x[k]*a[k])`"),
    (
        "y[i] = x[i]*mean(x[i], axis=0)",
        "TC205",
        (23, 28),
        "names an argument",
        "name the index instead of an axis: `mean[k](...)`",
    ),
    ("y = logsumexp(x[i,j])", "TC209", (4, 21), "needs the index", "write `logsumexp[i,j](x[i,j])`"),
    ("y = max(x[i], )", "TC209", (4, 15), "needs the index", "write `max[i](x[i])`"),
    ("y = mean(2*a, b*c)", "TC209", (4, 18), "needs the index", "write `mean[i](...)`"),
    ("y = det(a)[]", "TC208", (10, 12), "are empty", "write `det(a)`"),
    ("exp(y[i]) = x[i]", "TC204", (0, 9), "left side", "write NAME[i,j] = ..., and bring everything else to the right"),
    ("y = f(a # one\n  b)", "TC202", (6, 17), "operator is missing", "write `a*b`"),
    ("y = (a # one\n  + b", "TC203", (18, 18), "missing", "write `(a + b)`"),
    ("y[i] = sum(x[i,j], j)", "TC209", (7, 21), "needs the index", "write `sum[j](x[i,j])`"),
    ("y[i] = sum_j x[i,j]", "TC209", (7, 19), "needs the index", "write `sum[j](x[i,j])`"),
    ("y[i] = sum x[i,j]", "TC209", (7, 17), "needs the index", "write `sum[j](x[i,j])`"),
    (
        "y[i] = sum(x[i,j], axis=1)",
        "TC205",
        (19, 24),
        "names an argument",
        "name the index instead of an axis: `sum[j](...)`",
    ),
    ("y = if a > b then c", "TC202", (4, 6), "`if` is not an operator", "write `where(x > 0, a, b)`"),
    ("y = [i in n]", "TC202", (7, 9), "`in` is not", "write a range as an Iverson bracket: `[0 <= i < 3]`"),
    (
        "y = mean(x, axis=0)",
        "TC205",
        (12, 17),
        "names an argument",
        "name the index instead of an axis: `mean[i](...)`",
    ),
    ("y = f(x, n=2)", "TC205", (9, 11), "names an argument", "take out the `n =`"),
    ("y = 1_000*x", "TC206", (4, 9), "`1_000` is not a number", "numbers are written as 1000, 0.5 or 1e-3"),
    ("y = 0x1f*x", "TC206", (4, 8), "`0x1f` is not a number", "numbers are written as 1000, 0.5 or 1e-3"),
    ("y = 1.2.3*x", "TC206", (4, 9), "`1.2.3` is not a number", "numbers are written as 1000, 0.5 or 1e-3"),
    ("y = x[i]^{2}", "TC205", (9, 10), "before `{`", "write parentheses `( )` for grouping"),
    ("y = exp(x[i]", "TC203", (12, 12), "missing", "write `exp(x[i])`"),
    ("y = x{i]*a", "TC208", (5, 6), "square brackets", "write `x[i]`"),
    ("y = exp{x[i]}", "TC202", (7, 8), "argument of `exp`", "write `exp(x[i])`"),
    ("y = inv{a)[i,i]", "TC202", (7, 8), "argument of `inv`", "write `inv(a)`"),
    ("y = exp[x[i])", "TC203", (12, 13), "`]` is missing", "write `exp(x[i])`"),
    ("y = x[[i//2]*a", "TC208", (5, 12), "one pair of brackets", "write `x[i//2]`"),
    ("y = a[i j]*1[j]", "TC202", (6, 9), "separated by commas", "write `i,j`"),
    ("y = a[i j k+1]", "TC202", (6, 11), "separated by commas", "write `i,j,k`"),
    ("y = sum[i j](a[i,j])", "TC202", (8, 11), "separated by commas", "write `i,j`"),
    ("y = a > b", "TC210", (4, 9), "Iverson", "write `[a > b]`, which is 1 or 0"),
    ("y = (a > b)*c", "TC210", (4, 11), "Iverson", "write `[a > b]`"),
    ("y = f(a > b)", "TC210", (6, 11), "Iverson", "write `[...]` around it"),
]


@pytest.mark.parametrize(("text", "code", "place", "message", "help_"), SYNTAX_ERRORS)
def test_errors(text, code, place, message, help_):
    _, (diagnostic,) = parse(text)
    assert (diagnostic.code, (diagnostic.span.start, diagnostic.span.end), diagnostic.help) == (code, place, help_)
    assert message in diagnostic.message


def test_several_errors_in_one_equation():
    equation, diagnostics = parse("y(i) = 2x[i] + 3z")
    assert [d.code for d in diagnostics] == ["TC208", "TC202", "TC202"]
    assert dump(equation.body) == "(+(*2 *x[i]) +(*3 *z))"


def test_the_opening_bracket_is_shown():
    _, (diagnostic,) = parse("y = a*(b + c")
    assert [(note.span.start, note.span.end) for note in diagnostic.notes] == [(6, 7)]


def test_spans():
    equation, _ = parse("y[i] = exp(a[i] + 1)^2")
    assert (equation.span.start, equation.span.end) == (0, 22)
    power = equation.body
    assert (power.span.start, power.span.end) == (7, 22)
    assert (power.base.span.start, power.base.span.end) == (7, 20)
    assert (power.base.arguments[0].span.start, power.base.arguments[0].span.end) == (11, 19)


def test_an_expression_alone():
    report = Report()
    assert dump(parse_expression(Located.plain("H - K + 1"), report)) == "(+H -K +1)"
    assert parse_expression(Located.plain("H ="), report) is None
    assert [d.code for d in report.errors] == ["TC204"]


@pytest.mark.parametrize(
    ("text", "what", "message", "help_"),
    [
        ("N +", "size", "the size ends after `+`, where an expression is expected", None),
        ("(N", "size", "`)` is missing before the end of the size", "write `(N)`"),
        ("N == 3", "size", "a comparison is written in an Iverson bracket",
         "a size is made of integers and dims with + - * // %"),
        ("# nothing", "body", "the body is empty", None),
        ("z > 0", "body", "a comparison is written in an Iverson bracket", "write `[z > 0]`, which is 1 or 0"),
        ("f = z", "body", "a body has no `=`", "write what stands behind the `=` alone"),
        ("lambda z: z", "body", "the character `:` has no meaning here", "write the expression alone"),
        ("return z", "body", "`return` is not an operator here", "write the expression alone"),
        ("0..3", "size", "`0..3` is not a number", "write the size alone: indices count from 0"),
        ("0..N", "size", "the character `.` has no meaning here", "write the size alone: indices count from 0"),
        ("1:N", "size", "the character `:` has no meaning here", "write the size alone: indices count from 0"),
        ("M; N", "size", "the character `;` has no meaning here", "write a comma between two sizes"),
    ],
)  # fmt: skip
def test_messages_name_what_is_read(text, what, message, help_):
    report = Report()
    parse_expression(Located.plain(text), report, what)
    assert [(d.message, d.help) for d in report.errors] == [(message, help_)]


def test_a_comparison_is_read_on():
    equation, _ = parse("y[i] = x[i] > 0")
    assert dump(equation.body) == "[x[i] > 0]"


N = 20_000


@pytest.mark.parametrize(
    "text",
    [
        "(" * N + "x" + ")" * N,
        "-" * N + "x",
        "x" + "^x" * N,
        "exp(" * N,
        "x[" * N,
        "[" * N,
        "sum[i](" * N,
        "x^-" * N,
        "1[i] " * N,
        "((a)[" * N,
    ],
)
def test_hostile_nesting_is_refused_quickly(text):
    equation, diagnostics = parse("y = " + text)
    assert equation is None
    assert 0 < len(diagnostics) <= 8
    assert seconds(lambda: parse("y = " + text)) < 1


@pytest.mark.parametrize(
    "text", ["+".join(["x[i]*x[i]"] * 10_000), "*".join(["x[i]"] * 10_000), "(" * 60 + "x" + ")" * 60]
)
def test_long_and_moderately_deep_expressions_are_read(text):
    equation, diagnostics = parse("y = " + text)
    assert equation is not None
    assert diagnostics == []
