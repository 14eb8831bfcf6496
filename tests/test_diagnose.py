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
    # what follows from another mistake is not told
    ("inputs: {x: {shape: [3], sample: spd}}\nequations: ['y[i] = x[i]']\n", [("TC115", 1)]),
    ("inputs: {x: {shape: [3], symmetric: true}}\nequations: ['y[i] = x[i]']\n", [("TC115", 1)]),
    ("inputs: {x: {shape: [3, 4], sample: spd}}\nequations: ['y[i,j] = x[i,j]']\n", [("TC115", 1)]),
    ("inputs: {x: {shape: [], symmetric: true}}\nequations: ['y = x']\n", [("TC115", 1)]),
    ("inputs: {x: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}\nequations: ['y = 1']\n", [("TC115", 1)]),
    ("dims: {N: 0}\ninputs: {x: [N]}\nequations: ['y[i] = x[i]']\n", [("TC113", 1)]),
    ("dims: {N: 3}\ninput: {x: [N]}\nequations: ['y[i] = x[i]']\n", [("TC108", 1), ("TC107", 2)]),
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
