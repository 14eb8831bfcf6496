"""What is refused in a spec file: code, line, column and message."""

import pytest

import tcgrad
from tcgrad.errors import TcgradError
from tcgrad.report.diagnostics import render_diagnostics
from tcgrad.spec.loader import load_spec, read_spec

REST = "inputs: {x: [3]}\nequations: ['y[i] = x[i]']\n"
EQUATION = "equations: ['y[i] = x[i]']\n"


def errors(text, name="t.yaml"):
    """(code, line, column, message, help) of everything that is wrong."""
    with pytest.raises(TcgradError) as caught:
        read_spec(text, name)
    source = caught.value.source
    return [(d.code, *source.position(d.span.start), d.message, d.help or "") for d in caught.value.diagnostics]


# One mistake each: the text, then code, line, column, part of the message or help.
SINGLE = [
    # the file as YAML
    ("", "TC104", 1, 1, "empty"),
    ("# only a comment\n", "TC104", 1, 1, "empty"),
    ("---\n...\n", "TC104", 1, 1, "empty"),
    ("- a\n- b\n", "TC104", 1, 1, "a list"),
    ("\nabc\n", "TC104", 2, 1, "one value"),
    (REST + "---\n" + REST, "TC104", 3, 1, "second one"),
    (REST + "doc: a\x00b\n", "TC101", 3, 7, "binary"),
    (REST + "doc: a\x1bb\n", "TC101", 3, 7, "U+001B"),
    (REST + "doc: a\u2028b\n", "TC101", 3, 7, "U+2028"),
    (REST + 'doc: "é\\x1b"\n', "TC101", 3, 8, "U+001B"),
    (REST + 'doc: "é\\0"\n', "TC101", 3, 8, "U+0000"),
    (REST + "doc: a\ufeffb\n", "TC101", 3, 7, "U+FEFF"),
    ("\udc80", "TC101", 1, 1, "U+DC80"),
    ("inputs: {x: [3]\n" + EQUATION, "TC102", 1, 9, "not closed"),
    ("inputs: {x: [3}\n" + EQUATION, "TC102", 1, 13, "not closed"),
    ("inputs: {x: [3]}\nequations: ['y = 1' 'z = 2']\n", "TC102", 2, 12, "separate its entries by commas"),
    ("inputs: {x: [3]}\nequations: [y[i] = x[i]]\n", "TC102", 2, 12, "quote the text"),
    ("inputs:\n\tx: [3]\n", "TC102", 2, 1, "spaces"),
    ("inputs: {x: [3]}}\n" + EQUATION, "TC102", 1, 17, "`}` closes nothing"),
    ("inputs {x: [3]}\n" + EQUATION, "TC102", 1, 15, "opens behind `name: `"),
    ("inputs: {x:[3]}\n" + EQUATION, "TC102", 1, 11, "a blank behind the colon"),
    ("inputs:\n  x: [3],\n" + EQUATION, "TC102", 2, 9, "outside of brackets"),
    ("inputs:\n  x: [3]\n z: [3]\n" + EQUATION, "TC102", 3, 2, "begin in the same column"),
    ("inputs:\n  x: [3]\n    z: [3]\n" + EQUATION, "TC102", 3, 5, "begin in the same column"),
    ("  inputs: {x: [3]}\n" + EQUATION, "TC102", 2, 1, "begin in the same column"),
    ("inputs: {x: [3]}\nequations:\n  - y = 1\n - z = 2\n", "TC102", 4, 2, "begin in the same column"),
    ("inputs: {x: [3]}\nequations:\n  - 'y[i]' = x[i]\n", "TC102", 3, 12, "quote a text as a whole"),
    ("inputs: {x: [3]}\nequations:\n  - [i < 2]*x[i]\n", "TC102", 3, 14, "goes on behind a bracket"),
    ("inputs: {x: [3]}\nequations: |\ny[i] = x[i]\n", "TC102", 3, 1, "a block of text is indented"),
    ("doc: @x\n" + REST, "TC102", 1, 6, "cannot begin with `@`"),
    ('doc: "abc\n' + REST, "TC102", 1, 6, "not closed"),
    ('doc: "\\q"\n' + REST, "TC102", 1, 7, "single quotes"),
    ("doc: a: b\n" + REST, "TC102", 1, 7, "no key can stand"),
    ("inputs: {x: [3]}\nequations:\n  - y[i] = x[i]\n  -z = 1\noutputs: [y]\n", "TC102", 4, 3, "a key without"),
    ('doc: "\\ud800"\n' + REST, "TC102", 1, 9, "escape"),
    ("%YAML 3.0\n---\n" + REST, "TC102", 1, 1, "YAML"),
    ("inputs: {x: (3, 4), z: [2]}\n" + EQUATION, "TC102", 1, 13, "square brackets: [3, 4]"),
    ("inputs: {x: {shape: (N,)}}\n" + EQUATION, "TC102", 1, 21, "square brackets: [N]"),
    ("doc: " + "[" * 20000 + "]" * 20000, "TC103", 1, 21, "16 levels"),
    ("inputs: !!python/object:os.system {x: [3]}\n" + EQUATION, "TC105", 1, 9, "!!python/object:os.system"),
    ("inputs: {x: !!python/name:os.system [3]}\n" + EQUATION, "TC105", 1, 13, "plain data"),
    ("inputs: {x: !shape [3]}\n" + EQUATION, "TC105", 1, 13, "!shape"),
    ("doc: !!binary aGk=\n" + REST, "TC105", 1, 6, "!!binary"),
    ("doc: !!str [a]\n" + REST, "TC105", 1, 6, "!!str"),
    ("doc: *a\n" + REST, "TC105", 1, 6, "nothing that stands before"),
    ("inputs: &a {x: *a}\n" + EQUATION, "TC105", 1, 16, "inside of what it repeats"),
    ("inputs:\n  <<: {x: [3]}\n  z: [3]\n" + EQUATION, "TC105", 2, 3, "merge"),
    ("inputs: {x: &x {shape: [3]}, z: {<<: *x}}\n" + EQUATION, "TC105", 1, 34, "merge"),
    # keys
    (REST + "inputs: {}\n", "TC106", 3, 1, "`inputs` stands twice"),
    ("inputs: {x: [3], 'x': [4]}\n" + EQUATION, "TC106", 1, 18, "`x` stands twice"),
    ("dims: {B: 1, B: 1}\n" + REST, "TC106", 1, 14, "`B` stands twice"),
    ("inputs: {x: [3]}\noutputs: 3\n" + EQUATION, "TC109", 2, 10, "write a list of names: [y, z]"),
    ("inputs: {x: [3]}\noutputs: y, z\n" + EQUATION, "TC109", 2, 10, "write [y, z]"),
    (REST + "wrt: all\n", "TC109", 3, 6, "by default every real-valued input"),
    ("inputs: {x: N}\n" + EQUATION, "TC109", 1, 13, "write [N]; [] is a scalar"),
    ("inputs:\n  x: (B, H)\n" + EQUATION, "TC109", 2, 6, "write [B, H]; [] is a scalar"),
    ("inputs: {x: ~}\n" + EQUATION, "TC109", 1, 13, "write [B, H] for a matrix, [] for a scalar"),
    ("inputs: {x: {shape: [3], sample: [0, 2]}}\n" + EQUATION, "TC109", 1, 34, "write {uniform: [0, 1]}"),
    ("inputs:\n  x [3]\n" + EQUATION, "TC109", 2, 3, "`name: value`, with a blank behind the colon"),
    ("inputs:\n  - x: [3]\n" + EQUATION, "TC109", 2, 3, "without dashes"),
    ("inputs: {1: [3]}\n" + EQUATION, "TC109", 1, 10, "a name begins with a letter"),
    ("inputs: {x: [[3]]}\n" + EQUATION, "TC109", 1, 14, "in one list"),
    ("dims: {N: [3]}\n" + REST, "TC109", 1, 11, "write one size"),
    (REST + "indices: {i: [3]}\n", "TC109", 3, 14, "write one size"),
    ("inputs: {x: {shape: [3], dtype: float32}}\n" + EQUATION, "TC114", 1, 33, "write `real`"),
    ("inputs: {x: {shape: [3], dtype: int64}}\n" + EQUATION, "TC114", 1, 33, "did you mean `int`"),
    ("inputs: {x: [3]}\nequations: {'y[i]': 'x[i]'}\n", "TC109", 2, 12, "write `- y[i] = x[i]`"),
    (REST + "expect:\n  - dy[i]/dx[p]: delta[i,p]\n", "TC109", 4, 5, "write `- dy[i]/dx[p] = delta[i,p]`"),
    (REST + "constants: {c: 1/3}\n", "TC109", 3, 16, "stands in an equation"),
    (REST + "dim: {B: 4}\n", "TC107", 3, 1, "did you mean `dims`?"),
    (REST + "Outputs: [y]\n", "TC107", 3, 1, "did you mean `outputs`?"),
    (REST + 'functions:\u00a0{"f(z)": z}\n', "TC107", 3, 1, "write `functions: ...`"),
    (REST + "constants= {c: 0.8}\n", "TC107", 3, 1, "write `constants: ...`"),
    (REST + "description: a\n", "TC107", 3, 1, "write `doc`"),
    ("inputs: {x: {shape: [3], type: real}}\n" + EQUATION, "TC107", 1, 26, "write `dtype`"),
    (REST + "size: 3\n", "TC107", 3, 1, "the keys are name, doc"),
    (REST + "zzzzz: 1\n", "TC107", 3, 1, "the keys are name, doc"),
    ("inputs: {x: {shape: [3], sampel: normal}}\n" + EQUATION, "TC107", 1, 26, "did you mean `sample`?"),
    (REST + "check: {jobs: 3}\n", "TC107", 3, 9, "give it to the command, as `--jobs`"),
    (REST + "check: {output-file: a.xml}\n", "TC107", 3, 9, "as `--output-file`"),
    (REST + "check: {strict: true}\n", "TC107", 3, 9, "a key of the spec itself"),
    (REST + "check: {trails: 3}\n", "TC107", 3, 9, "did you mean `trials`?"),
    (REST + "1: 2\n", "TC109", 3, 1, "`1` is a number in YAML"),
    (REST + "[a]: 2\n", "TC109", 3, 1, "a key must be text"),
    (REST + "? {a: b}\n: 2\n", "TC109", 3, 3, "a key must be text"),
    ("inputs: {true: [3], z: [3]}\n" + EQUATION, "TC109", 1, 10, 'quote it: "true"'),
    ("inputs: {x: 3x4}\n" + EQUATION, "TC109", 1, 13, "write [3, 4]; [] is a scalar"),
    ("inputs: {x: M x N}\n" + EQUATION, "TC109", 1, 13, "write [M, N]; [] is a scalar"),
    ("inputs: {x: scalar}\n" + EQUATION, "TC109", 1, 13, "write [] for a scalar"),
    ("inputs: {x: ()}\n" + EQUATION, "TC109", 1, 13, "write [] for a scalar"),
    ("inputs: {x: any shape}\n" + EQUATION, "TC109", 1, 13, "write [B, H] for a matrix"),
    (REST + "dims: {N}\n", "TC109", 3, 9, "emitted code takes any that fits"),
    (REST + "strict: 'true'\n", "TC109", 3, 9, "write `true`"),
    ("inputs: {x: {shape: [3, 3], symmetric: 1}}\n" + EQUATION, "TC109", 1, 40, "write `true`"),
    (REST + "check: {trials: 1e3}\n", "TC109", 3, 17, "write `1000`"),
    (REST + "check: {trials: '3'}\n", "TC109", 3, 17, "write `3`"),
    ("inputs: {x: {shape: [3], sample: randn}}\n" + EQUATION, "TC114", 1, 34, "write `normal`"),
    # what is missing
    (EQUATION, "TC108", 1, 1, "no `inputs`"),
    ("inputs: {x: [3]}\n", "TC108", 1, 1, "no `equations`"),
    ("inputs:\n" + EQUATION, "TC108", 1, 1, "`inputs` is empty"),
    ("inputs: {}\n" + EQUATION, "TC108", 1, 9, "`inputs` is empty"),
    ("inputs: {x: [3]}\nequations: []\n", "TC108", 2, 12, "`equations` is empty"),
    ("inputs: {x: [3]}\nequations: |\n  # nothing\n", "TC108", 3, 3, "equation is missing"),
    ("inputs: {x: [3]}\nequations: ['']\n", "TC108", 2, 13, "equation is missing"),
    (REST + "expect:\n  - \n", "TC108", 4, 4, "equation is missing"),
    ("inputs: {x: {dtype: real}}\n" + EQUATION, "TC108", 1, 10, "no `shape`"),
    (REST + "wrt: []\n", "TC108", 3, 6, "`wrt` is empty"),
    (REST + "outputs: []\n", "TC108", 3, 10, "`outputs` is empty"),
    ("inputs: {x: {shape: [3], dtype: int}}\n" + EQUATION, "TC108", 1, 1, "nothing to differentiate by"),
    # kinds of values
    ("inputs: {x: [3], k: {shape: [3], dtype: int, sample: {integers: [0, [3]]}}}\n" + EQUATION, "TC109", 1, 69, "int"),
    ("inputs: [x]\n" + EQUATION, "TC109", 1, 9, "`inputs` must be a mapping, and this is a list"),
    ("inputs: {x: B}\n" + EQUATION, "TC109", 1, 13, "must be a list"),
    ("inputs: {x: }\n" + EQUATION, "TC109", 1, 13, "[] for a scalar"),
    ("inputs: {x: {shape: 3}}\n" + EQUATION, "TC109", 1, 21, "must be a list"),
    ("inputs: {x: [[3]]}\n" + EQUATION, "TC109", 1, 14, "axis 0 of `x`"),
    ("inputs: {x: [3, null]}\n" + EQUATION, "TC109", 1, 17, "axis 1 of `x`"),
    ("inputs: {x: [3]}\nequations: {y: x}\n", "TC109", 2, 12, "list of equations"),
    ("inputs: {x: [3]}\nequations:\n  - y: x\n", "TC109", 3, 5, "an equation must be text, and this is a mapping"),
    ("inputs: {x: [3]}\nequations: [null]\n", "TC109", 2, 13, "an equation must be text"),
    (REST + "dims: 3\n", "TC109", 3, 7, "`dims` must be a mapping"),
    (REST + "name: [a]\n", "TC109", 3, 7, "the name must be text"),
    (REST + "doc: {a: b}\n", "TC109", 3, 6, "the doc must be text"),
    (REST + "strict: yes\n", "TC109", 3, 9, "write `true`"),
    (REST + "strict: 1\n", "TC109", 3, 9, "true or false"),
    (REST + "strict: 'true'\n", "TC109", 3, 9, "true or false, and this is text"),
    (REST + "wrt: x\n", "TC109", 3, 6, "write [x]"),
    (REST + "wrt: [1]\n", "TC109", 3, 7, "must be a name"),
    (REST + "outputs: [true]\n", "TC109", 3, 11, 'quote it: "true"'),
    (REST + "dims: {B: true}\n", "TC109", 3, 11, "the dim `B` must be an integer"),
    (REST + "dims: {B: ''}\n", "TC109", 3, 11, "the dim `B` must be an integer"),
    (REST + "constants: {c: '1e-6'}\n", "TC109", 3, 16, "a number in quotes is text"),
    (REST + "constants: {c: 1_000}\n", "TC109", 3, 16, "must be a number, and this is text"),
    (REST + "constants: {c: 1/3}\n", "TC109", 3, 16, "must be a number"),
    (REST + "constants: {c: 1_000}\n", "TC109", 3, 16, "write `1000`"),
    (REST + "constants: {c: -1.5e-3f}\n", "TC109", 3, 16, "write `-1.5e-3`"),
    (REST + "constants:\n  c: 1,5\n", "TC109", 4, 6, "write `1.5`"),
    (REST + "constants:\n  c: 1,500\n", "TC109", 4, 6, "write it as 1000, 0.5 or 1e-3"),
    (REST + "constants: {c: 1,5}\n", "TC109", 3, 18, "the decimal number is written `1.5`"),
    (REST + "constants: {c: 1, 5}\n", "TC109", 3, 19, "a name begins with a letter"),
    (REST + "constants: {c: 1,5: 3}\n", "TC109", 3, 18, "a name begins with a letter"),
    (REST + "functions: {f(z, a): z}\n", "TC102", 3, 13, 'quote the text: "f(z, a)"'),
    (REST + "functions: {f(z): z, g(z, a, b): f(z)}\n", "TC102", 3, 22, 'quote the text: "g(z, a, b)"'),
    ("inputs: {x: [3]}\nequations: [y = max(2, atan2(1, 3))]\n", "TC102", 2, 13, '"y = max(2, atan2(1, 3))"'),
    ("inputs: {x: {shape: [3], sample: uniform(0, 1)}}\n" + EQUATION, "TC102", 1, 34, '"uniform(0, 1)"'),
    (f"inputs: {{x: [3]}}\nequations: [y = max({'1' * 90}, 2)]\n", "TC102", 2, 13, "quote the text"),
    (REST + "constants: {c: true}\n", "TC109", 3, 16, "and this is a truth value"),
    (REST + "functions: {'f(z)': [1]}\n", "TC109", 3, 21, "the body of `f`"),
    (REST + "check: {trials: 2.5}\n", "TC109", 3, 17, "an integer"),
    (REST + "check: [trials]\n", "TC109", 3, 8, "must be a mapping"),
    (REST + "check: {allow_inconclusive: yes}\n", "TC109", 3, 29, "write `true`"),
    # names
    *(
        (REST + f"{section}: {{{entry}}}\n", "TC110", 3, len(section) + 4, "write `c: 3`")
        for section in ("dims", "constants", "indices")
        for entry in ("c=3", "c：3", "c： 3", "c:\u00a03")
    ),
    ("inputs: {x y: [3]}\n" + EQUATION, "TC110", 1, 10, "`x_y`"),
    ("inputs: {2x: [3]}\n" + EQUATION, "TC110", 1, 10, "cannot name an input"),
    ("inputs: {'': [3]}\n" + EQUATION, "TC110", 1, 11, "is empty"),
    ('inputs: {"x;import os": [3]}\n' + EQUATION, "TC110", 1, 11, "cannot name an input"),
    ("inputs: {a·b: [3]}\n" + EQUATION, "TC110", 1, 10, "cannot name an input"),
    (REST + "dims: {B-1: 3}\n", "TC110", 3, 8, "cannot name a dim"),
    (REST + "constants: {c:3: 1}\n", "TC110", 3, 13, "write `c: 3`, with a blank behind the colon"),
    (REST + "indices: {i=3: 1}\n", "TC110", 3, 11, "write `i: 3`, with a blank behind the colon"),
    ("inputs:\n  x: [3]\nequations:\n  - y[i] = x[i]: 3\n", "TC109", 4, 5, "quote an equation"),
    (REST + "indices: {'i = 3': 1}\n", "TC110", 3, 12, "write `i: 3`, with a blank behind the colon"),
    (REST + "indices: {'i,j': 3}\n", "TC110", 3, 12, "write an entry for each: `i: ..., j: ...`"),
    (REST + "constants: {ε²: 3}\n", "TC110", 3, 13, "cannot name a constant"),
    (REST + "functions: {'(z)': z}\n", "TC110", 3, 14, "name of a function is empty"),
    (REST + "functions: {'f(2)': z}\n", "TC110", 3, 16, "cannot name a parameter"),
    (REST + "functions: {'f(a,)': a}\n", "TC110", 3, 18, "parameter is empty"),
    (REST + "name: 'a\n\n  b'\n", "TC110", 3, 7, "one line"),
    (REST + f"dims: {{{'a' * 201}: 3}}\n", "TC110", 3, 8, "201 characters"),
    # reserved names
    ("inputs: {exp: [3]}\n" + EQUATION, "TC111", 1, 10, "`exp_`"),
    ("inputs: {δ: [3]}\n" + EQUATION, "TC111", 1, 10, "cannot name an input"),
    ("inputs: {delta: [3]}\n" + EQUATION, "TC111", 1, 10, "cannot name an input"),
    (REST + "constants: {pi: 3}\n", "TC111", 3, 13, "cannot name a constant"),
    (REST + "dims: {pi: 3}\n", "TC111", 3, 8, "cannot name a dim"),
    (REST + "functions: {'sum(z)': z}\n", "TC111", 3, 14, "cannot name a function"),
    (REST + "functions: {'f(where)': 1}\n", "TC111", 3, 16, "cannot name a parameter"),
    # declared twice
    (REST + "dims: {x: 3}\n", "TC112", 3, 8, "names a dim here and an input before"),
    (REST + "constants: {x: 3}\n", "TC112", 3, 13, "names a constant here and an input before"),
    ("dims: {x: 3}\n" + REST, "TC112", 2, 10, "names an input here and a dim before"),
    ("indices: {B: 3}\n" + REST + "dims: {B: 3}\n", "TC112", 4, 8, "names a dim here and an index before"),
    (REST + "functions: {'x(z)': z}\n", "TC112", 3, 14, "names a function here and an input before"),
    (REST + "functions: {'f(z)': z, 'f(a, b)': a}\n", "TC112", 3, 25, "names a function here and a function before"),
    (REST + "dims: {B: 3}\nindices: {B: 3}\n", "TC112", 4, 11, "names an index here and a dim before"),
    ("inputs: {ﬁ: [3], fi: [3]}\n" + EQUATION, "TC112", 1, 18, "same name as `ﬁ` in Python"),
    # sizes
    (REST + "dims: {B: 0}\n", "TC113", 3, 11, "at least 1"),
    (REST + "dims: {B: -3}\n", "TC113", 3, 11, "at least 1"),
    (REST + "dims: {B: 2147483648}\n", "TC113", 3, 11, "at most 2147483647"),
    (REST + f"dims: {{B: {'9' * 100000}}}\n", "TC113", 3, 11, "at most"),
    (REST + f"dims: {{B: 0x{'f' * 100000}}}\n", "TC113", 3, 11, "at most"),
    (REST + "dims: {B: 1e3}\n", "TC113", 3, 11, "write `1000`"),
    (REST + "dims: {B: 2.5}\n", "TC113", 3, 11, "must be an integer"),
    (REST + "dims: {B: .inf}\n", "TC113", 3, 11, "must be an integer"),
    (REST + "indices: {i: 0}\n", "TC113", 3, 14, "the range of `i`"),
    ("inputs: {x: [3, 0]}\n" + EQUATION, "TC113", 1, 17, "axis 1 of `x`"),
    # choices
    ("inputs: {x: {shape: [3], dtype: float}}\n" + EQUATION, "TC114", 1, 33, "real, int, bool, not `float`"),
    ("inputs: {x: {shape: [3], sample: postive}}\n" + EQUATION, "TC114", 1, 34, "did you mean `positive`?"),
    ("inputs: {x: {shape: [3], sample: {unifrm: [0, 1]}}}\n" + EQUATION, "TC114", 1, 35, "did you mean `uniform`?"),
    ("inputs: {x: {shape: [3], outside: 1}}\n" + EQUATION, "TC114", 1, 35, "outside: 0"),
    ("inputs: {x: {shape: [3], outside: '0'}}\n" + EQUATION, "TC114", 1, 35, "outside: 0"),
    (REST + "check: {dtype: float46}\n", "TC114", 3, 16, "did you mean `float64`?"),
    (REST + "check: {dtype: double}\n", "TC114", 3, 16, "write `float64`"),
    ("inputs: {x: {shape: [3], sample: gaussian}}\n" + EQUATION, "TC114", 1, 34, "write `normal`"),
    (REST + "check: {dtype: [float32, f]}\n", "TC114", 3, 26, "is one of"),
    # inputs that cannot be
    ("inputs: {x: {shape: [3], sample: uniform}}\n" + EQUATION, "TC115", 1, 34, "needs its bounds"),
    ("inputs: {x: {shape: [3], sample: {uniform: [1, 1]}}}\n" + EQUATION, "TC115", 1, 44, "below the upper"),
    ("inputs: {x: {shape: [3], sample: {uniform: [1]}}}\n" + EQUATION, "TC115", 1, 44, "two bounds"),
    ("inputs: {x: {shape: [3], sample: {uniform: []}}}\n" + EQUATION, "TC115", 1, 44, "two bounds"),
    ("inputs: {x: {shape: [3], sample: {uniform: 1}}}\n" + EQUATION, "TC109", 1, 44, "must be a list"),
    ("inputs: {x: {shape: [3], sample: {uniform: [0, .inf]}}}\n" + EQUATION, "TC115", 1, 48, "1e300"),
    ("inputs: {x: {shape: [3], sample: {uniform: [a, 1]}}}\n" + EQUATION, "TC109", 1, 45, "a number"),
    ("inputs: {x: {shape: [3], sample: {integers: [0, 1.5]}}}\n" + EQUATION, "TC109", 1, 49, "an integer"),
    ("inputs: {x: {shape: [3], sample: {integers: [0, 1e3]}}}\n" + EQUATION, "TC109", 1, 49, "an integer"),
    ("inputs: {x: {shape: [3], sample: {normal: [0, 1]}}}\n" + EQUATION, "TC115", 1, 35, "write `sample: normal`"),
    ("inputs: {x: {shape: [3], sample: {}}}\n" + EQUATION, "TC115", 1, 34, "one kind"),
    ("inputs: {x: {shape: [3], sample: [0, 1]}}\n" + EQUATION, "TC109", 1, 34, "must be a kind"),
    ("inputs: {x: {shape: [3], sample: spd}}\n" + EQUATION, "TC115", 1, 34, "has 1 axis, and `spd` needs at least 2"),
    ("inputs: {x: {shape: [], sample: simplex}}\n" + EQUATION, "TC115", 1, 33, "needs at least 1"),
    ("inputs: {x: {shape: [3, 4], sample: spd}}\n" + EQUATION, "TC115", 1, 22, "sizes 3 and 4"),
    ("inputs: {x: {shape: [3], symmetric: true}}\n" + EQUATION, "TC115", 1, 37, "at least 2"),
    ("inputs: {x: {shape: [3, 3], symmetric: true, sample: simplex}}\n" + EQUATION, "TC115", 1, 54, "is not"),
    ("inputs: {z: [], x: {shape: [3], dtype: int, sample: normal}}\n" + EQUATION, "TC115", 1, 53, "is real"),
    ("inputs: {z: [], b: {sample: {integers: [0, 3]}, dtype: bool, shape: []}}\n" + EQUATION, "TC115", 1, 29, "0 and"),
    (f"inputs: {{x: [{', '.join(['1'] * 33)}]}}\n" + EQUATION, "TC115", 1, 13, "33 axes"),
    # numbers out of bounds
    (REST + "constants: {c: 1e301}\n", "TC116", 3, 16, "1e300"),
    (REST + "constants: {c: 1e999999999}\n", "TC116", 3, 16, "1e300"),
    (REST + "constants: {c: 1e-999999999999999999999}\n", "TC116", 3, 16, "1e-300"),
    (REST + "constants: {c: .nan}\n", "TC116", 3, 16, "1e300"),
    (REST + "constants: {c: -.inf}\n", "TC116", 3, 16, "1e300"),
    (REST + f"constants: {{c: {'1' * 100000}}}\n", "TC116", 3, 16, "1e300"),
    (REST + "check: {trials: 0}\n", "TC118", 3, 17, "at least 1"),
    (REST + "check: {seed: -1}\n", "TC118", 3, 15, "at least 0"),
    (REST + f"check: {{seed: {'9' * 5000}}}\n", "TC118", 3, 15, "at most"),
    (REST + "check: {rtol: 0}\n", "TC118", 3, 15, "above 0"),
    (REST + "check: {rtol: 0}\n", "TC118", 3, 15, "without it the tolerance follows from rounding errors"),
    (REST + "check: {trials: 10001}\n", "TC118", 3, 17, "at most 10000"),
    (REST + "check: {seed: 9007199254740993}\n", "TC118", 3, 15, "at most 9007199254740992"),
    (REST + "check: {dtype: []}\n", "TC118", 3, 16, "empty list"),
    # functions
    (REST + "functions: {f: z}\n", "TC117", 3, 13, "swish(z)"),
    (REST + "functions: {'f()': z}\n", "TC117", 3, 14, "at least one parameter"),
    (REST + "functions: {'f(z) = z^2': null}\n", "TC117", 3, 14, 'write "f(z)": "z^2"'),
    (REST + "functions: {'f(z, w=1)': z}\n", "TC110", 3, 19, "a parameter is a name alone: `w`"),
    (REST + "functions: {'f(z: real)': z}\n", "TC110", 3, 16, "a parameter is a name alone: `z`"),
    (REST + "functions: {'f((z))': z}\n", "TC117", 3, 14, "not a function"),
    (REST + "functions: {'f(z) + 1': z}\n", "TC117", 3, 14, "not a function"),
    (REST + "functions: {'f(z, z)': z}\n", "TC117", 3, 19, "`z` stands twice"),
    (REST + f"functions: {{'f({','.join(['a'] * 33)})': 1}}\n", "TC117", 3, 16, "at most 32"),
    (REST + "functions: {'f(z)': ' '}\n", "TC117", 3, 21, "is empty"),
    # outputs and wrt
    (REST + "wrt: [z]\n", "TC119", 3, 7, "no input `z`"),
    (REST + "wrt: [z]\n", "TC119", 3, 7, "write x"),
    (REST.replace("x: [3]", "x: [3], q: []") + "wrt: [z]\n", "TC119", 3, 7, "write one of x, q"),
    (REST + "wrt: [X]\n", "TC119", 3, 7, "did you mean `x`?"),
    (REST + "wrt: [x, x]\n", "TC119", 3, 10, "`x` stands twice"),
    (REST + "outputs: [y, y]\n", "TC119", 3, 14, "`y` stands twice"),
    ("inputs: {z: [], t: {shape: [], dtype: int}}\nwrt: [t]\n" + EQUATION, "TC119", 2, 7, "has the dtype int"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "line", "column", "words"), SINGLE)
def test_one_mistake(text, code, line, column, words):
    [(found, *place, message, help_)] = errors(text)
    assert (found, *place) == (code, line, column)
    assert words in message or words in help_


def test_independent_mistakes_are_told_in_one_run():
    text = """\
nmae: a
dims: {B: 0, C: true}
constants: {eps: x}
inputs:
  x: {shape: [B], dtype: float, sample: spd}
  exp: [B]
  y-1: [0]
equations: []
wrt: [q]
functions: {"f": z}
check: {trials: none}
"""
    assert [(code, line) for code, line, *_ in sorted(errors(text), key=lambda e: e[1:3])] == [
        ("TC107", 1), ("TC113", 2), ("TC109", 2), ("TC109", 3), ("TC114", 5), ("TC115", 5), ("TC111", 6),
        ("TC110", 7), ("TC113", 7), ("TC108", 8), ("TC119", 9), ("TC117", 10), ("TC109", 11),
    ]  # fmt: skip


def test_wrt_is_not_blamed_for_an_input_that_is_wrong():
    assert [code for code, *_ in errors("inputs: {x: [0]}\nwrt: [x]\n" + EQUATION)] == ["TC113"]


# Specs of whose keys one is wrong, and its place: nothing follows from that in the equations.
LONE = [
    ("inputs: {x: [3], a: {shape: [3], symmetric: true}}\nequations: ['y[i] = a[i,j]*x[j]']\n", "TC115", 1, 45),
    ("inputs: {x: [3], a: {shape: [3], sample: spd}}\nequations: ['y[i] = a[i,j]*x[j]']\n", "TC115", 1, 42),
    ("inputs: {x: {shape: [3], outside: 7}}\nequations: ['y[i] = x[i-1]']\nindices: {i: 3}\n", "TC114", 1, 35),
    ("dims: {N: 3}\ninputs: {a: [N N]}\nequations: ['y = a[i,i]']\n", "TC202", 2, 14),
    *(
        (
            f"dims: {{N: 8, K: {size}}}\ninputs: {{x: [N]}}\nequations: ['y[i] = x[K*i]', 'z[i] = x[K-1-i]*x[i//K]']\n",
            code,
            1,
            16 + at,
        )
        for size, code, at in (("0", "TC113", 1), ("1/3", "TC322", 3))
    ),
    ("inputs: {x: [3], t: {shape: [3], dty: int}}\nequations: ['y[i] = x[t[i]]']\n", "TC107", 1, 34),
    ("functions: {'f[z)': z}\ninputs: {x: [3]}\nequations: ['y[i] = f(x[i])']\n", "TC117", 1, 14),
    ("inputs:\n  w:: [3]\n  z: [3]\nwrt: [w]\nequations: ['y = w[i]*z[i]']\n", "TC110", 2, 3),
    ("inputs:\n  x: [3]\nz: [3]\nequations: ['y = x[i]*z[i]']\n", "TC107", 3, 1),
    ("inputs = :\n  x: [3]\nequations: ['y = x[i]*x[i]']\n", "TC107", 1, 1),
    ("inputs: {x: [3]}\nequations:\nexpect: ['dy[i]/dx[p] = 1']\n", "TC108", 2, 1),
]


@pytest.mark.parametrize(("text", "code", "line", "column"), LONE)
def test_nothing_follows_from_a_key_that_is_wrong(text, code, line, column):
    with pytest.raises(TcgradError) as caught:
        tcgrad.loads(text)
    [told] = caught.value.diagnostics
    assert (told.code, *caught.value.source.position(told.span.start)) == (code, line, column)


def test_names_that_are_near_go_before_what_a_name_is_elsewhere():
    with pytest.raises(TcgradError, match="did you mean `eta`"):
        tcgrad.loads("inputs: {x: [3], eta: [3]}\nequations: ['y[i] = x[i]*beta[i]']\n")


def test_a_key_that_is_indented_too_far_is_pointed_at():
    with pytest.raises(TcgradError) as caught:
        read_spec("inputs:\n  x: [3]\n  equations: ['y = x[0]']\n", "t.yaml")
    shown = render_diagnostics(caught.value).split("\n")
    assert shown[0] == "t.yaml:1:1: error[TC108]: the spec has no `equations`"
    assert shown[4] == "t.yaml:3:3: note: one stands here, further in"


def test_an_alias_is_not_reported_twice_in_one_place():
    with pytest.raises(TcgradError) as caught:
        read_spec("inputs: {x: &s [0], z: *s}\n" + EQUATION, "t.yaml")
    assert render_diagnostics(caught.value).count("axis 0 of `x`") == 1


@pytest.mark.parametrize(
    ("data", "code", "place", "words"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "TC101", (1, 1), "binary"),
        (b"doc: caf\xe9\n", "TC101", (1, 9), "UTF-8"),
        (b"a: b\n\xc3(", "TC101", (2, 1), "UTF-8"),
        (b"\xef\xbb\xbfdoc: \xff", "TC101", (1, 6), "UTF-8"),
        ("doc: a".encode("utf-16"), "TC101", (1, 1), "UTF-16"),
        ("doc: a".encode("utf-32"), "TC101", (1, 1), "UTF-32"),
        (b"\0" * 100, "TC101", (1, 1), "binary"),
        (b"#" * 600_000, "TC103", (1, 1), "bytes"),
    ],
)
def test_files_that_are_no_text(tmp_path, data, code, place, words):
    path = tmp_path / "t.yaml"
    path.write_bytes(data)
    with pytest.raises(TcgradError) as caught:
        load_spec(path)
    [diagnostic] = caught.value.diagnostics
    assert (diagnostic.code, caught.value.source.position(diagnostic.span.start)) == (code, place)
    assert words in diagnostic.message


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("none.yaml", "TC602", "there is no file"),
        (".", "TC603", "is a folder"),
        ("a\0b", "TC607", "cannot be read"),
        ("a" * 300, "TC607", "cannot be read"),
        ("file/none.yaml", "TC607", "cannot be read"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, name, code, words):
    (tmp_path / "file").write_text("x")
    with pytest.raises(TcgradError) as caught:
        load_spec(tmp_path / name)
    [diagnostic] = caught.value.diagnostics
    assert diagnostic.code == code
    assert words in diagnostic.message
