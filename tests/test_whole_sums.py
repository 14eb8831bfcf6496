"""Indices, sizes and whole numbers that are added up are one integer, as short as a book has it."""

import pytest

import tcgrad

HEAD = "dims: {N: 6}\ninputs: {x: [N]}\n"

# what x[i] is multiplied by -> the gradient by it
FORMS = {
    "2*(i + 2) - 1": "(2*p + 3)*dl/dy[p]",
    "1 - (i + 2)": "-(p + 1)*dl/dy[p]",
    "2*i - 2*N": "-2*(N - p)*dl/dy[p]",
    "(N - 1 - i) + i": "(N - 1)*dl/dy[p]",
    "(i + 2)/(2*i + 4)": "dl/dy[p]/2",
    "(i - N)*(N - i)": "-(N - p)^2*dl/dy[p]",
    "i*(N - 1) - N*i": "-p*dl/dy[p]",
    "sin(1 - i)": "-dl/dy[p]*sin(p - 1)",
    "i + 1 + sqrt(i) - 1": "dl/dy[p]*(p + sqrt(p))",
}


@pytest.mark.parametrize("factor", FORMS)
def test_an_integer_is_as_short_as_it_can_be(factor):
    made = tcgrad.loads(f"{HEAD}equations: ['y[i] = x[i]*({factor})']\n")
    assert made.derive().as_dict()["gradients"][0]["index"] == [f"dl/dx[p] = {FORMS[factor]}"]


# a recurrence, and the last but one line of its gradients, by hand
SHIFTED = {
    "h[0,n] = 1, h[1,n] = x[n], h[k,n] = ((2*k - 1)*x[n]*h[k-1,n] - (k - 1)*h[k-2,n])/k": (
        "dl/dh[k,n] = (2*k + 1)*dl/dh[k+1,n]*x[n]/(k + 1) + dl/dy[k,n] - (k + 1)*dl/dh[k+2,n]/(k + 2)"
    ),
    "h[0,n] = x[n], h[k,n] = h[k-1,n]*(K - k)/(2*k)": "dl/dh[k,n] = (K - k - 1)*dl/dh[k+1,n]/(2*(k + 1)) + dl/dy[k,n]",
}


@pytest.mark.parametrize("recurrence", SHIFTED)
def test_the_factors_of_a_recurrence_stay_short_when_they_are_shifted(recurrence):
    equations = "".join(f"  - {each}\n" for each in [*recurrence.split(", "), "y[k,n] = h[k,n]"])
    text = f"dims: {{N: 3, K: 5}}\ninputs: {{x: [N]}}\nindices: {{k: K}}\nequations:\n{equations}"
    gradients = tcgrad.loads(text).derive().as_dict()["gradients"]
    assert SHIFTED[recurrence] in gradients[0]["index"]
