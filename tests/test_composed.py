"""Names whose accents are typed in two ways are one name, from the spec's keys to the command line."""

import unicodedata

import pytest

import tcgrad
from tcgrad.composed import composed
from tcgrad.lint import lint

COMPOSED, DECOMPOSED = "\u00e9", "e\u0301"

# The two forms are put in for @ and $.
SPEC = """
dims: {N@: 3}
constants: {c@: 2}
inputs: {@: [N$], x$: {shape: [N@]}}
indices: {i@: N$}
functions: {"f@(z$)": "z@*c$"}
equations:
  - "w$[$] = x@_{@}"
  - "u$ = sum[k@](x@[k$])"
  - "y$[i$] = f$(@[i@])*u@*$[i@] + w@[i$]"
outputs: [y@]
wrt: [$, x@]
expect: ["dl/d@[p$] = 2*c@*u$*@[p@]*dl/dy$[p$]"]
"""


def spec(text=SPEC):
    return tcgrad.loads(text.replace("@", COMPOSED).replace("$", DECOMPOSED))


def test_both_forms_are_one_name_everywhere():
    mixed = spec()
    one = tcgrad.loads(SPEC.replace("@", COMPOSED).replace("$", COMPOSED))
    assert str(mixed) == str(one)
    assert composed(mixed.emit()) == one.emit()  # the equations stand there as they were typed
    assert mixed.check(trials=1, sizes="own").ok
    assert [d.code for d in lint(mixed.program)] == [d.code for d in lint(one.program)]


@pytest.mark.parametrize("form", [COMPOSED, DECOMPOSED])
def test_names_of_the_caller(form):
    derived = spec().derive(of=[f"y{form}"], wrt=[f"x{form}"])
    assert [gradient.wrt.name for gradient in derived.gradients] == [f"x{COMPOSED}"]
    point = {form: [1.0, 2.0, 3.0], f"x{form}": [0.0, 0.0, 1.0]}
    (value,) = derived.at(point).outputs.values()
    assert value.tolist() == [2.0, 8.0, 19.0]  # z*c*u*z + x, with c = 2 and u = 1


def test_a_name_stands_twice_in_two_forms():
    with pytest.raises(tcgrad.TcgradError, match="stands twice"):
        spec("inputs: {x@: [3], x$: [3]}\nequations: ['y = 1']")


def test_places_are_those_of_what_was_written():
    with pytest.raises(tcgrad.TcgradError) as caught:
        tcgrad.loads(f"inputs: {{{DECOMPOSED}{DECOMPOSED}-: [3]}}\nequations: ['y = 1']", "t.yaml")
    (diagnostic,) = caught.value.diagnostics
    shown = caught.value.source.text[diagnostic.span.start : diagnostic.span.end]
    assert shown == f"{DECOMPOSED}{DECOMPOSED}-"


@pytest.mark.parametrize("name", ["x", "\u03c6", "\u03d5", "\ufb01", "\u0958", COMPOSED, DECOMPOSED])
def test_composed(name):
    assert composed(name) == unicodedata.normalize("NFC", name)
