"""Help on names and words that other notations and libraries know."""

import re

import pytest

import tcgrad
from tcgrad.errors import Located, Report, TcgradError
from tcgrad.functions import FUNCTIONS
from tcgrad.language.elsewhere import HOW_TO_WRITE, WORDS
from tcgrad.language.parsing.parser import parse_equation
from tcgrad.operators import INTRINSICS, REDUCTIONS

HEAD = "inputs: {x: [3], a: [3, 3], E: []}\nfunctions: {'Norm(z)': z^2}\nequations: "


def told(equation: str) -> list[tuple[str, str | None]]:
    with pytest.raises(TcgradError) as caught:
        assert tcgrad.loads(f"{HEAD}['{equation}']").program
    return [(each.code, each.help) for each in caught.value.diagnostics]


def test_no_name_of_the_language_is_among_them():
    assert not HOW_TO_WRITE.keys() & {*FUNCTIONS, *REDUCTIONS, *INTRINSICS, "where"}
    assert set(WORDS) <= HOW_TO_WRITE.keys()


@pytest.mark.parametrize("name", HOW_TO_WRITE)
def test_what_they_offer_can_be_read(name):
    for text in re.findall("`(.*?)`", HOW_TO_WRITE[name]):
        report = Report()
        parse_equation(Located.plain(text if " = " in text else f"r = {text.replace('...', 'x')}"), report)
        assert report.diagnostics == []


@pytest.mark.parametrize(
    ("equation", "code", "help_"),
    [
        ("y[i] = ln(x[i])", "TC315", "write `log(x)`"),
        ("y[i] = π*x[i]", "TC301", "write `pi`"),
        ("y[i,j] = aᵀ", "TC301", "write a transpose by its indices: `a[j,i]`"),
        ("y = trace(a)", "TC315", "write `a[i,i]`"),
        ("y[i] = softmax(x[i])", "TC315", "write `exp(x[i])/(1[k]*exp(x[k]))`"),
        ("y[i] = arctan(x[i])", "TC315", "write `atan(x)`"),
        ("y[i] = sum_i(x[i])", "TC315", "write `sum[i](x[i])`"),
        ("y[i] = mish(x[i])", "TC315", "write `x*tanh(softplus(x))`"),
        ("y[i] = x[i]/len(x)", "TC315", "a size is the name of its dim, or a number"),
        ("y[i] = a[...]*x[i]", "TC201", "write an index for every axis, as in x[i,j]"),
        ("y[i] = norm(x[i])", "TC315", "did you mean `Norm`?"),
        ("y[i] = e*x[i]", "TC301", "did you mean `E`?"),
        ("y[i] = inf*x[i]", "TC301", "there is no such number in an equation"),
        ("y[i] = True*x[i]", "TC301", "write `1`; what holds here and there is an Iverson bracket: `[x[i] > 0]`"),
        ("y[i] = False", "TC301", "write `0`; what holds here and there is an Iverson bracket: `[x[i] > 0]`"),
        ("y = None", "TC301", "write a new axis by its index: `y[i,j] = 1[i]*x[j]`"),
        ("y[i] = x[None,i]", "TC304", "write `x[i]`"),
        ("y[i] = a[ik]*x[k]", "TC304", "write `a[i,k]`"),
        ("y[i] = delta[ik]*x[k]", "TC304", "write `delta[i,k]`"),
        ("y[i] = a[i,newaxis,k]*x[k]", "TC304", "write `a[i,k]`"),
        ("y = where*E", "TC315", "write `where(x > 0, a, b)`"),
        ("y = sum_ij(a[i,j])", "TC315", "write `sum[i,j](a[i,j])`"),
        ("y = prod_i(x[i])", "TC315", "write `prod[i](x[i])`"),
        ("y[i] = x[i] mod 2", "TC202", "write `a - b*floor(a/b)`, and of integers `a % b`"),
        ("y[i] = x[i mod 2]", "TC202", "write `a - b*floor(a/b)`, and of integers `a % b`"),
        ("y[i] = 2*x[i] div E", "TC202", "write `floor(a/b)`, and of integers `a//b`"),
        ("y = 2 beta E", "TC202", "write `2*beta*E`"),
        ("y = x dot x", "TC202", "write the product with its indices: `a[i,k]*b[k,j]`"),
        ("y[i] = x[i] where x[i] > 0", "TC202", "write `where(x > 0, a, b)`"),
        ("y[i] = log_2(x[i])", "TC315", "write `log(x)/log(2)`"),
        ("y[i] = sort(x[i])", "TC315", "there is no function of the order of elements"),
        ("y = ''E''", "TC201", "write names without quotes"),
        ("y ≡ E", "TC201", "write `=`, or a comparison such as [a == b]"),
        ("y[i] = ~x[i]", "TC201", "write the opposite comparison, or 1 - [a < b]"),
        ("y[i] = x[''i'']", "TC201", "write names without quotes"),
        ("y[i] = ２*x[i]", "TC201", "write `2`"),
        ("y[i] = x[i]*٣", "TC201", "write `3`"),
        ("y[i] = x[i]\u200b", "TC201", "take it out: it cannot be seen"),
        (
            "y[i] = np.exp(x[i])",
            "TC201",
            "write functions by their names alone, as in exp(x), and a transpose by its indices: a[j,i]",
        ),
        ("y = np.linalg.norm(x)", "TC201", "write `sqrt(x[i]*x[i])`"),
        ("y = np.einsum(x)", "TC201", "write the product with its indices: `a[i,k]*b[k,j]`"),
        ('y[i,k] = einsum("ij,jk->ik", a, a)', "TC201", "write the product with its indices: `a[i,k]*b[k,j]`"),
        ("y[i] = x[i].*x[i]", "TC201", "take out the `.`: every operation is one of numbers"),
        ("y[i] = exp.(x[i])", "TC201", "take out the `.`: every operation is one of numbers"),
        ("y = lambda E: E", "TC201", "write the expression alone"),
        ("y[i] = x[i]''*x[i]", "TC201", "write a transpose by its indices: a[j,i]"),
        ("y[i,j] = a''", "TC301", "write a transpose by its indices: `a[j,i]`"),
        ("y = x''", "TC301", "write vectors with their indices: `x[i]*w[i]` is a number, `x[i]*w[j]` a matrix"),
        ("y = E''", "TC301", "`E` is a number: write `E`"),
        ("y = pi()*E", "TC315", "write `pi`"),
        ("y = pi(E)", "TC315", "write `pi*(E)`"),
        ("y[i] = x[end]*x[i]", "TC305", "write the last position by the size, as in `x[N - 1]`"),
        ("y[i] = x[i].", "TC201", "take out the `.`"),
        ("y[i] = x[i] . x[i]", "TC201", "write `*`"),
        ("y[i] := x[i]", "TC201", "write `=`"),
        ("y[i] = x[i] : 3", "TC201", "write where(x > 0, a, b) for a choice"),
        ("y = ⟨x, x⟩", "TC201", "write an inner product with its indices: a[i]*b[i]"),
        ("y[i] = Exp[x[i]]", "TC301", "the arguments of a function stand in parentheses: `exp(...)`"),
        ("y[i] = Norm[x[i]]", "TC301", "the arguments of a function stand in parentheses: `Norm(...)`"),
        ("y[i] = norm[i]", "TC301", "write `sqrt(x[i]*x[i])`"),
        ("y[i] = eps[i,j,k]*x[j]*x[k]", "TC301", "write `levi_civita[i,j,k]` for the permutation symbol"),
        ("y[i] = sqr(x[i])", "TC315", "write `x^2`"),
        ("y = grad(E)", "TC315", "write the function: its derivatives are what is worked out"),
        ("y[i] = Norm''(x[i])", "TC315", "write the derivative out, or declare `Norm` with the body null"),
        ("y[i] = sin''(x[i])", "TC315", "write the derivative out"),
        ("y[i] = a.T[i,j]*x[j]", "TC201", "write a transpose by its indices: a[j,i]"),
        ("y[...] = x[...]", "TC201", "write an index for every axis, as in x[i,j]"),
        ("y = x[0] + ... + x[2]", "TC201", "write all indices out, and sums as sum[i](...)"),
        (r"y = \frac{E}{2}", "TC201", "write a quotient as a/b"),
        (r"y = \sum_i x_i", "TC201", "write sum[i](...)"),
        (r"y[i] = \alpha*x[i]", "TC201", "write names without a backslash: delta[i,j], sum[i](...), exp(x)"),
        ("y[i] <- x[i]", "TC204", "write `=` for `<-`"),
        ("y[i] = x[i] if x[i] > 0 else 0", "TC202", "write `where(x > 0, a, b)`"),
        (
            "y[i] = [x[i] > 0 and x[i] < 1]",
            "TC202",
            "write conditions that hold together as a product of Iverson brackets: `[a < b]*[b < c]`",
        ),
    ],
)
def test_help(equation, code, help_):
    assert told(equation) == [(code, help_)]


@pytest.mark.parametrize("word", ["True", "False", "None", "inf"])
def test_words_are_not_taken_for_tensors_with_their_indices(word):
    with pytest.raises(TcgradError) as caught:
        assert tcgrad.loads(
            f"inputs: {{{word[0]}: [{','.join('3' * len(word[1:]))}]}}\nequations: [y = {word}]\n"
        ).program
    assert [each.help for each in caught.value.diagnostics] == [HOW_TO_WRITE[word]]


@pytest.mark.parametrize(
    ("equation", "corrected"),
    [
        ("y[i] = x[i] ≤ 0", "[x[i] <= 0]"),
        ("y[i] = (x[i] − 1 ≥ 0)*x[i]", "[x[i] - 1 >= 0]"),
        ("y = 2·x[i]", "sum[i](2*x[i])"),
        ("y = sum(2×x[i])", "sum[i](2*x[i])"),
        ("y = 2·x[i]a[i,i]", "x[i]*a[i,i]"),
        ("y = x[i]*(2·x[i]", "(2*x[i])"),
    ],
)
def test_help_is_in_the_signs_of_the_language(equation, corrected):
    help_ = [text for _, text in told(equation) if text not in {"write `*`", "write `-`", "write `<=`", "write `>=`"}]
    assert help_[0].partition("`")[2].partition("`")[0] == corrected
    report = Report()
    parse_equation(Located.plain(f"r = {corrected}"), report)
    assert report.diagnostics == []
