"""Mistakes in keys and mistakes in equations, told in one run where they do not follow from each other."""

import pytest

import tcgrad

HEAD = "dims: {N: 3}\ninputs: {x: [N]}\n"

BOTH = [
    # the keys and equations, and the codes with their lines
    (HEAD + "foo: 1\nequations: ['y[i] = x[i]*q']\n", [("TC107", 3), ("TC301", 4)]),
    (HEAD + "check: {trials: 0}\nequations: ['y[i] = x[j]']\n", [("TC118", 3), ("TC305", 4)]),
    (HEAD + "wrt: [z]\nequations: ['y[i] = x[i]*q']\n", [("TC119", 3), ("TC301", 4)]),
    (HEAD + "strict: yes\nequations: ['y[i] = 2x[i]']\n", [("TC109", 3), ("TC202", 4)]),
    ("dims: {N: 0}\ninputs: {x: [N]}\nequations: ['y[i] = (x[i]']\n", [("TC113", 1), ("TC203", 3)]),
    (
        "inputs: {x: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}\nequations: ['y = q']\n",
        [("TC115", 1), ("TC301", 2)],
    ),
    # a misspelt key is read as the one that it is nearly
    (
        "input: {x: [3]}\nequation: ['y[i] = x[i]*q']\noutput: [z]\n",
        [("TC107", 1), ("TC107", 2), ("TC301", 2), ("TC107", 3), ("TC321", 3)],
    ),
    ("inputs: {x: {shap: [3]}}\nequations: ['y = x']\n", [("TC107", 1), ("TC304", 2)]),
    # of a name that is wrong itself nothing is told, of all others what is wrong
    (
        "dims: {N: 0, M: 2}\ninputs: {x: [N], w: [M]}\nequations: ['y[i] = x[i]', 'z = w', 'u = q']\n",
        [("TC113", 1), ("TC304", 3), ("TC301", 3)],
    ),
    ("inputs: {x: 3, w: [2]}\nequations: ['y[i] = x[i]*2', 'z = w']\n", [("TC109", 1), ("TC304", 2)]),
    (HEAD + "constants: {c: 1/3}\nequations: ['y[i] = c*x[i]', 'z = x']\n", [("TC109", 3), ("TC304", 4)]),
    (HEAD + "functions: {'f(z)': []}\nequations: ['y[i] = f(x[i])', 'z = x']\n", [("TC109", 3), ("TC304", 4)]),
    (HEAD + "functions: {'f(z)': ''}\nequations: ['y[i] = f(x[i])', 'z = x']\n", [("TC117", 3), ("TC304", 4)]),
    (HEAD + "indices: {k: 0}\nequations: ['y[k] = 2', 'u = sum[k](2)', 'z = x']\n", [("TC113", 3), ("TC304", 4)]),
    (HEAD + "outputs: 3\nequations: ['y[i] = x[i]*q']\n", [("TC109", 3), ("TC301", 4)]),
    (
        HEAD + "equations: ['y[i] = x[i]*2']\noutputs: [y, 3]\nexpect: ['dl/dx[p] = dl/dy[p]*q']\n",
        [("TC109", 4), ("TC301", 5)],
    ),
    # where names are missing, and nobody can tell which, only syntax is told
    ("inputs: [x]\nequations: ['y[i] = x[i]*q', 'z = 2q']\n", [("TC109", 1), ("TC202", 2)]),
    ("inputs: {x-y: [3]}\nequations: ['z[i] = x-y[i]']\n", [("TC110", 1)]),
    ("inputs: {delta: [3]}\nequations: ['z[i] = delta[i]']\n", [("TC111", 1)]),
    (HEAD + "inputs: {w: [N]}\nequations: ['z[i] = w[i]*q']\n", [("TC106", 3)]),
    (HEAD + "equations: ['y[i] = x[i]', {z: 3}, 'u[i] = z[i]']\n", [("TC109", 3)]),
    # what follows from another mistake is not told
    ("inputs: {x: {shape: [3], sample: spd}}\nequations: ['y[i] = x[i]']\n", [("TC115", 1)]),
    ("inputs: {x: {shape: [3], symmetric: true}}\nequations: ['y[i] = x[i]']\n", [("TC115", 1)]),
    ("inputs: {x: {shape: [3, 4], sample: spd}}\nequations: ['y[i,j] = x[i,j]']\n", [("TC115", 1)]),
    ("inputs: {x: {shape: [], symmetric: true}}\nequations: ['y = x']\n", [("TC115", 1)]),
    ("inputs: {x: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}\nequations: ['y = 1']\n", [("TC115", 1)]),
    ("dims: {N: 0}\ninputs: {x: [N]}\nequations: ['y[i] = x[i]']\n", [("TC113", 1)]),
    ("dims: {N: 3}\ninput: {x: [N]}\nequations: ['y[i] = x[i]']\n", [("TC107", 2)]),
    (HEAD + "constant: {c: 3}\nequations: ['y[i] = c*x[i]']\n", [("TC107", 3)]),
    (HEAD + "functions: {f: z}\nequations: ['y[i] = f(x[i])']\n", [("TC117", 3)]),
]


@pytest.mark.parametrize(("text", "expected"), BOTH)
def test_both_are_told(text, expected):
    with pytest.raises(tcgrad.TcgradError) as caught:
        tcgrad.loads(text, "t.yaml")
    source = caught.value.source
    found = [(d.code, source.position(d.span.start)[0]) for d in caught.value.diagnostics]
    assert sorted(found, key=lambda pair: pair[1]) == expected


FIRST = [
    # what is wrong, and the place and the help of what is told first
    ("inputs: {x: (B, H)}\nequations: ['y = 1']\n", (1, 13), "a list stands in square brackets: [B, H]"),
    (HEAD + "equations: >\n  y[i] = x[i]\n  z = 3\n", (5, 5), "begin a block of equations, one a line, with `|`"),
    (HEAD + "equations:\n  y[i] = x[i]\n  z = 3\n", (5, 5), "begin a block of equations, one a line, with `|`"),
    (
        HEAD + "equations: ['y[i] = x[i]']\nexpect: ['dl/dx[p] = dy[p]']\n",
        (4, 22),
        "write `dl/dy` for the gradient of `y`",
    ),
    (
        HEAD + "equations: ['y[i] = x[i]']\nexpect: ['dL/dx[p] = dl/dy[p]']\n",
        (4, 11),
        "a gradient is that of `l`, the scalar downstream: `dl/dx[...]`",
    ),
    (
        HEAD + "equations: ['y[i] = x[i]']\nexpect: ['dz[i]/dx[p] = 1']\n",
        (4, 11),
        "a Jacobian is that of an output or an intermediate, such as `y`",
    ),
    (
        HEAD + "equations: ['y[i] = x[i]']\noutputs: [z]\n",
        (4, 11),
        "write y",
    ),
    (
        HEAD + "equations: ['y[i] = x[i]']\nfunctions: {'f(t)': 't + unknown'}\n",
        (4, 26),
        "declare `unknown` under `constants:`, or make it a parameter",
    ),
    (
        HEAD + "equations: ['y[i] = x[i]']\nfunctions: {'f(t)': 'det(t)'}\n",
        (4, 22),
        "write an equation for it",
    ),
]


@pytest.mark.parametrize(("text", "place", "help_"), FIRST)
def test_what_is_told_first_mends_it(text, place, help_):
    with pytest.raises(tcgrad.TcgradError) as caught:
        tcgrad.loads(text).program  # noqa: B018
    first = caught.value.diagnostics[0]
    assert caught.value.source.position(first.span.start) == place
    assert first.help == help_
