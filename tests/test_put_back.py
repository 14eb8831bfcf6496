"""What is printed for a derivative is proved where it is put back as an expectation of the same spec."""

import pytest

import tcgrad

EQUATIONS = [
    "y[i] = x[i]*x[i+1]",
    "y[i] = x[i+1]^2 + x[i]^3",
    "y[i] = x[i]*x[i+1]*x[i+2]",
    "y[i] = x[2*i]*x[i]",
    "y[i] = x[N-1-2*i]*x[i]",
    "y[i] = sin(x[2*i])*exp(x[i])",
    "y[i,j] = x[i+j]*x[i]",
    "y = sum[i](x[2*i]*x[i])",
    "y = sum[k](x[2*k]*x[2*k+1])",
    "y[i] = x[i//2]*z[i]",
]


def put_back(text):
    """The verdicts on everything that is printed."""
    shown = tcgrad.loads(text).derive().as_dict()
    lines = [each["index"] for each in shown["jacobians"] if each["index"]]
    lines += [line for each in shown["gradients"] for line in each["index"]]
    results = tcgrad.loads(f"{text}expect: {lines}\n").check(only="expect", trials=1).results
    assert len(results) == len(lines)
    return results


@pytest.mark.parametrize("equation", EQUATIONS)
def test_what_is_printed_is_proved(equation):
    text = f"dims: {{N: 7}}\ninputs: {{x: [N], z: [12]}}\nequations: ['{equation}']\n"
    assert all(each.proved for each in put_back(text))


@pytest.mark.parametrize(
    ("dims", "equation"),
    [("N: 6, M: 2", "y[i] = x[i]*z[i//3]"), ("N: 6, M: 2", "y[i] = x[i]*z[i//3]*x[i]"),
     ("N: 3, M: 6", "y[i] = x[i//2]*z[i]")],
)  # fmt: skip
def test_what_is_printed_is_right_at_other_sizes(dims, equation):
    results = put_back(f"dims: {{{dims}}}\ninputs: {{x: [N], z: [M]}}\nequations: ['{equation}']\n")
    assert all(each.status == "pass" for each in results)


@pytest.mark.parametrize(
    ("indices", "extreme"),
    [("{p: 2}", "max[p](x[2*i+p])"), ("{p: 3}", "max[p](x[2*i+p])"), ("{p: 2, i: N//2}", "max[p](x[2*i+p])"),
     ("{p: 2}", "exp(min[p](x[2*i+p]))"), ("{p: 2}", "min[p](sin(x[2*i+p])*x[2*i])")],
)  # fmt: skip
def test_what_is_printed_of_the_extremes_of_blocks_is_proved(indices, extreme):
    """At other sizes elements are left over, where no block is read."""
    text = f"dims: {{N: 6}}\ninputs: {{x: [N]}}\nindices: {indices}\nequations: ['y[i] = {extreme}']\n"
    assert all(each.proved for each in put_back(text))


@pytest.mark.parametrize(
    ("inputs", "equation"),
    [("x: [N], z: [N]", "prod[i](x[i//2])"), ("x: [M], z: [M]", "prod[i](x[i//2])"),
     ("x: [N], z: [N+1]", "prod[i](x[i//2])")],
)  # fmt: skip
def test_what_is_printed_of_blocks_that_no_read_ends_is_proved(inputs, equation):
    """The position in a block has a range by itself, whatever the length of the axis that tells it."""
    text = f"dims: {{N: 2, M: 3}}\ninputs: {{{inputs}}}\nindices: {{i: N, j: M}}\nequations: ['y = {equation}']\n"
    assert all(each.proved for each in put_back(text))


@pytest.mark.parametrize(
    "read", ["x[i//2]*z[2*i]", "x[i//2]*z[2*N-1-2*i]", "x[i//3]*z[2*N-1-2*i]", "x[i//2]*z[2*i+1]^2"]
)
def test_what_is_printed_of_blocks_read_in_strides_is_proved(read):
    """A guard keeps a multiple of what it is about inside, too: ``z[2*j+4*i]`` where ``j + 2*i < N``."""
    text = f"dims: {{N: 4}}\ninputs: {{x: [N], z: [2*N]}}\nindices: {{i: N}}\nequations: ['y = sum[i]({read})']\n"
    assert all(each.proved for each in put_back(text))


def test_an_index_that_is_compared_with_one_of_another_axis_has_no_name_of_a_tensor():
    text = "dims: {N: 3}\ninputs: {l: [], s: [N], u: [N+1, N+1]}\nindices: {l: N, m: N}\n"
    text += "equations: ['y[l,m] = s[l]*u[m+1,l]']\n"
    assert all(each.proved for each in put_back(text))


def test_gradients_are_those_of_what_has_a_name():
    text = (
        "inputs: {A: [3, 3]}\nequations:\n  - a = exp(inv(A)[i,i]) + inv(A)[0,1]*inv(A)[0,2]*inv(A)[1,2]\n"
        "  - b = sin(inv(A)[0,0]*inv(A)[1,1]) + det(A)*cos(inv(A)[0,1])\noutputs: [a, b]\n"
    )
    (gradient,) = tcgrad.loads(text).derive().as_dict()["gradients"]
    assert len(gradient["index"]) == 1
    assert all(each.status == "pass" for each in put_back(text))


# Inputs, equations and lines that are printed where positive inputs keep something away from 0.
BEYOND = {
    "a threshold": ("y[i] = sign(x[i])*relu(abs(x[i]) - a)", "dl/dx[p] = dl/dy[p]*[abs(x[p]) > a]"),
    "a product": ("y[i] = sign(x[i])*relu(abs(x[i]) - a*b)", "dl/dx[p] = dl/dy[p]*[abs(x[p]) > a*b]"),
    "a sum": ("y = sum[i](z[i]*sign(x[i])*relu(abs(x[i]) - a - b^2))", "dl/dx[p] = dl/dy*z[p]*[abs(x[p]) > b^2 + a]"),
}


@pytest.mark.parametrize("name", BEYOND)
def test_signs_of_what_is_not_0_are_1_where_they_are_squared(name):
    equation, line = BEYOND[name]
    given = "{shape: [], sample: positive}"
    text = f"inputs: {{x: [5], z: [5], a: {given}, b: {given}}}\nequations: ['{equation}']\nwrt: [x]\n"
    (gradient,) = tcgrad.loads(text).derive().as_dict()["gradients"]
    assert gradient["index"] == [line]
    assert all(each.proved for each in put_back(text))


def test_signs_of_what_is_not_0_are_1_in_sums_over_intermediates():
    equations = ["w[n] = z[n] - a*x[n]", "y = sum[n](x[n]*sign(w[n])*relu(abs(w[n]) - a))"]
    text = "inputs: {x: [5], z: [5], a: {shape: [], sample: positive}}\nequations:\n"
    text += "".join(f"  - {equation}\n" for equation in equations)
    assert all(each.proved for each in put_back(text))


def test_a_guard_stands_beside_the_condition_of_a_choice_that_reads_what_it_guards():
    inputs = "{a: {shape: [H, H], sample: positive}, u: [L, L, H]}"
    equations = ["c[n,i,q] = min[r](a[n,r]*u[i,q,r])", "y[i] = min[m,n](a[i%H,m] + c[n,i,m+n])"]
    results = put_back(f"dims: {{L: 3, H: 2}}\ninputs: {inputs}\nequations: {equations}\n")
    assert all(each.status == "pass" for each in results)


@pytest.mark.parametrize(
    "equation", ["y = inv(A)[k,0]*A[k,k]", "y[j] = inv(A)[k,j]*A[k,k]*x[j]", "y = A[k,k]/inv(A)[1,k]"]
)
def test_an_inverse_is_not_contracted_with_a_diagonal_of_its_matrix(equation):
    text = (
        f"dims: {{N: 3}}\ninputs: {{A: {{shape: [N, N], sample: spd}}, x: [N]}}\nequations: ['{equation}']\nwrt: [A]\n"
    )
    assert all(each.status == "pass" for each in put_back(text))
