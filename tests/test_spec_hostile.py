"""Files made to cost time or memory are refused, or read, well under a second; nothing in a file is executed."""

import subprocess
import sys

import pytest
from timing import seconds

import tcgrad
from tcgrad.calculus import derive
from tcgrad.errors import TcgradError
from tcgrad.ir.nodes import Component
from tcgrad.language.elaborate import elaborate
from tcgrad.report.diagnostics import render_diagnostics
from tcgrad.simplify.folding.fold import Facts
from tcgrad.spec.limits import MAX_BYTES, MAX_NODES
from tcgrad.spec.loader import load_spec, read_spec

REST = "inputs: {x: [3]}\nequations: ['y[i] = x[i]']\n"
N = MAX_BYTES - 2000

BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

# name: the text and the code of the first error, or None where the file is merely big.
CORPUS = {
    "alias bomb": (BOMB, "TC103"),
    "nested lists": ("inputs: " + "[" * 20000 + "]" * 20000, "TC103"),
    "nested mappings": ("inputs: " + "{a: " * 20000, "TC103"),
    "nested blocks": ("- " * 20000, "TC103"),
    "nested keys": ("? " * 20000, "TC103"),
    "nested keys in brackets": ("[? " * 20000, "TC103"),
    "indented blocks": ("".join(" " * depth + "a:\n" for depth in range(900)), "TC103"),
    "many values": ("inputs: [" + "a," * (N // 2) + "]", "TC103"),
    "many keys": ("\n".join(f"k{n}: 1" for n in range(MAX_NODES)), "TC103"),
    "many unknown keys": ("\n".join(f"k{n}: 1" for n in range(MAX_NODES // 2 - 1)), "TC108"),
    "many names": ("inputs: {" + ",".join(f"x{n}: []" for n in range(4900)) + "}\nequations: [y = 1]", None),
    "names that are near": ("inputs: {" + ",".join(f"{'x' * 90}{n}: [0]" for n in range(2400)) + "}\n", "TC108"),
    "unknown names": (REST + "wrt: [" + ",".join(f"x{n}" for n in range(9000)) + "]", "TC119"),
    "many anchors": ("doc: " + "&a " * 1000 + "x\n" + REST, "TC102"),
    "long key": ("a" * N + ": 3\n", "TC102"),
    "long name": ("inputs: {? " + "a" * N + " : [3]}\nequations: [y = 1]\n", "TC110"),
    "long tag": ("doc: " + "!" * N + " x\n" + REST, "TC105"),
    "long anchor": ("doc: &" + "a" * N + " x\n" + REST, None),
    "long text": ("doc: " + "word " * (N // 5) + "\n" + REST, None),
    "long quoted text": ("doc: '" + "a''" * (N // 3) + "'\n" + REST, None),
    "many escapes": ('doc: "' + r"a\t" * (N // 3) + '"\n' + REST, None),
    "many spaces": ("doc: '" + " " * N + "'\n" + REST, None),
    "many spaces in plain text": ("doc: a" + " " * N + "b\n" + REST, None),
    "many breaks": ('doc: "a' + " \n" * (N // 2) + '"\n' + REST, None),
    "many lines": ("doc: |\n" + "  a\n" * (N // 4) + REST, None),
    "many folded lines": ("doc: >\n" + "  a\n" * (N // 4) + REST, None),
    "many blank lines": ("doc: |\n" + "\n" * N + REST, None),
    "many comments": ("#\n" * (N // 2) + REST, None),
    "comments behind an anchor": ("doc: &a\n" + "# c\n" * (N // 4) + "   x\n" + REST, None),
    "too big": ("#" * (MAX_BYTES + 1), "TC103"),
    "long dim": ("dims: {n: " + "9" * N + "}\n" + REST, "TC113"),
    "long constant": ("constants: {c: 0." + "0" * N + "1}\n" + REST, "TC116"),
    "giant exponent": ("constants: {c: 1e999999999}\n" + REST, "TC116"),
    "long exponent": ("constants: {c: 1e-" + "9" * N + "}\n" + REST, "TC116"),
    "long hexadecimal": ("dims: {n: 0x" + "f" * N + "}\n" + REST, "TC113"),
    "long seed": ("check: {seed: " + "9" * N + "}\n" + REST, "TC118"),
    "long sample": ("inputs: {x: {shape: [3], sample: " + "u" * N + "}}\nequations: [y = 1]\n", "TC114"),
    "brackets in a signature": ("functions: {? '" + "(" * N + "' : 1}\n" + REST, "TC117"),
    "commas in a signature": ("functions: {? 'f(" + "," * N + ")' : 1}\n" + REST, "TC117"),
    "parameters": ("functions: {? 'f(" + ",".join(f"a{n}" for n in range(36000)) + ")' : 1}\n" + REST, "TC117"),
    "spaces in a signature": ("functions: {? '" + " " * N + "x' : 1}\n" + REST, "TC117"),
    "long block of brackets": ("inputs: {x: [3]}\nequations: |\n" + "  ((((\n" * (N // 7), "TC103"),
    "nested parentheses": ("inputs: {x: [3]}\nequations: ['y = " + "(" * 20000 + "1" + ")" * 20000 + "']\n", None),
}


def read(text):
    """The codes of what is wrong, or None alone if nothing is, and how it is said."""
    try:
        read_spec(text, "hostile.yaml")
    except TcgradError as error:
        return {diagnostic.code for diagnostic in error.diagnostics}, render_diagnostics(error)
    return {None}, ""


@pytest.mark.parametrize("name", CORPUS)
def test_time(name):
    text, code = CORPUS[name]
    codes, shown = read(text)
    assert seconds(lambda: read(text)) < 1
    assert code in codes
    assert len(shown) < 100_000


def _product(factors):
    return f"inputs: {{x: [2, 2]}}\nequations: ['y = {'*'.join(factors)}']\n"


LONG = {
    "many factors": (_product(["x[0,0]"] * 5000), "TC409"),
    "many factors in a recurrence": (
        f"inputs: {{x: [3]}}\nequations: ['h[-1] = 0', 'h[t] = h[t-1]*{'*'.join(['x[t]'] * 5000)}']\n",
        "TC409",
    ),
    "a long chain of comparisons": (_product([f"[0{' <= x[0,0]' * 3000}]"]), "TC409"),
    "many dummies": (_product([f"x[i{n},i{n}]" for n in range(40)]), "TC211"),
    "many axes": (f"inputs: {{x: [2]}}\nequations: ['y[{','.join(f'i{n}' for n in range(20))}] = x[i0]']\n", "TC211"),
    "many remainders": (f"inputs: {{x: [3, 3]}}\nequations: ['y[i] = x[i,i{'%3' * 65}]']\n", "TC317"),
    "many quotients in brackets": (
        f"inputs: {{x: [3]}}\nequations: ['y[i] = x[i]*({'(' * 33}i{'//2%3)' * 33})']\n",
        "TC317",
    ),
    "an input of many axes": (f"inputs: {{x: [{','.join('1' * 32)}]}}\nequations: [y = 1]\n", "TC115"),
}


@pytest.mark.parametrize("name", LONG)
def test_equations_that_are_too_long_to_be_derived_are_refused(name):
    text, code = LONG[name]

    def refused():
        with pytest.raises(TcgradError) as caught:
            derive(elaborate(read_spec(text, "hostile.yaml")))
        assert [diagnostic.code for diagnostic in caught.value.diagnostics] == [code]

    assert seconds(refused) < 2


def _nested(opening, closing, depth):
    return f"inputs: {{s: []}}\nequations: ['y = {opening * depth}s{closing * depth}']\n"


NESTED = {
    "fractions": _nested("exp(", ")/(s^2 + 1)", 12),
    "fractions in exponents": _nested("2^(", "/(s + 2))", 12),
    "sums in numerators": _nested("(s + ", ")/(s^2 + 1)", 14),
    "remainders": f"inputs: {{x: [3, 3]}}\nequations: ['y[i] = x[i,i{'%3%2' * 32}]']\n",
}


@pytest.mark.parametrize("name", NESTED)
def test_nested_forms_are_printed_in_time_that_grows_with_them_alone(name):
    function = tcgrad.loads(NESTED[name])
    assert seconds(lambda: function.derive().as_dict()) < 2


def test_towers_of_exponents_are_emitted_in_time_that_grows_with_them_alone():
    function = tcgrad.loads(f"inputs: {{s: []}}\nequations: ['y = s{'^-1' * 24}']\n")
    assert seconds(function.emit) < 2


# Where a word of the user's own stands, given by `{}`; what is refused there is said in a few lines.
PLACES = [
    "dims: {N: '{}'}\n" + REST,
    "inputs: {x: '{}'}\nequations: [y = 1]\n",
    "inputs: {x: ['{}']}\nequations: [y = 1]\n",
    "inputs: {x: {shape: [3], sample: '{}'}}\nequations: [y = 1]\n",
    REST + "outputs: '{}'\n",
    REST + "wrt: ['{}']\n",
    REST + "indices: {i: '{}'}\n",
    REST + "functions: {f(z): '{}'}\n",
    REST + "expect: ['dl/d{} = 3']\n",
    REST + "expect: ['dl/dx[p] = {}']\n",
    *(
        f"inputs: {{x: [3]}}\nequations: ['{equation}']\n"
        for equation in ("y = {}", "y[{}] = 1", "y = x[{}]", "y = {}(3)", "y = {}[i]", "y = x[0]^{}", "y = 2 {}")
    ),
]


@pytest.mark.parametrize("place", PLACES)
def test_long_words_are_not_repeated(place):
    text = place.replace("{}", "q" * 100_000)

    def refused():
        with pytest.raises(TcgradError) as caught:
            assert tcgrad.loads(text).program
        return render_diagnostics(caught.value)

    assert len(refused()) < 2000
    assert seconds(refused) < 1


TOWERS = ["s^(9^9^9)", "2^(s*9^99999999)", "s^(1/9^9999999)", "s^(s^(9^9^9))", "[9^9999999 > s]*s"]


@pytest.mark.parametrize("power", TOWERS)
def test_powers_of_numbers_that_no_type_holds_are_refused_without_being_worked_out(power):
    function = tcgrad.loads(f"inputs: {{s: []}}\nequations: ['y = {power}']\n")

    def refused():
        for made in (function.derive, function.emit):
            with pytest.raises(TcgradError, match="TC406: a number in `y` is"):
                made()

    assert seconds(refused) < 2


@pytest.mark.parametrize("text", ["doc: a\u202eb\n" + REST, 'doc: "a\\u202eb"\n' + REST, "# \u2066\n" + REST])
def test_text_that_turns_the_text_around_it_is_refused(text):
    codes, shown = read(text)
    assert codes == {"TC101"}
    assert "the character U+20" in shown


INJECTIONS = [
    "doc: !!python/object/apply:os.system ['touch {mark}']\n" + REST,
    "inputs: {!!python/object/new:os.system ['touch {mark}']: [3]}\nequations: [y = 1]\n",
    "inputs: {\"__import__('os').system('touch {mark}')\": [3]}\nequations: [y = 1]\n",
    "dims: {n: \"__import__('os').system('touch {mark}')\"}\n" + REST,
    "constants: {c: \"__import__('os').system('touch {mark}')\"}\n" + REST,
    "functions: {\"f(z)\": \"__import__('os').system('touch {mark}')\"}\n" + REST,
    "functions: {\"__import__('os').system('touch {mark}')(z)\": z}\n" + REST,
    "inputs: {x: [3]}\nequations: [\"y = __import__('os').system('touch {mark}')\"]\n",
]


@pytest.mark.parametrize("template", INJECTIONS)
def test_nothing_is_executed(tmp_path, template):
    mark = tmp_path / "mark"
    path = tmp_path / "t.yaml"
    path.write_text(template.replace("{mark}", str(mark)))
    try:
        load_spec(path)
    except TcgradError as error:
        render_diagnostics(error)
    assert not mark.exists()


def test_loading_imports_nothing_heavy():
    code = (
        "import sys, tcgrad.report.diagnostics; from tcgrad.spec.loader import read_spec\n"
        f"read_spec({REST!r}, 't.yaml')\n"
        "print([name for name in ('numpy', 'scipy', 'sympy', 'rich', 'typer') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_the_names_of_what_many_equations_make_of_one_tensor_are_those_of_the_last_ones():
    """With all of them at hand, a formula would take as long as there are equations."""
    equations = [f"y{n}[i] = sin({n}*x[i])" for n in range(2, 260)]
    defines = elaborate(read_spec(f"inputs: {{x: [3]}}\nequations: {equations}\n", "hostile.yaml")).statements
    facts = Facts(defines)
    ends = (defines[0], defines[-1])
    assert [isinstance(facts.fold(each.body), Component) for each in ends] == [False, True]
