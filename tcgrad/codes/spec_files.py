"""TC1xx: spec files, as YAML and as a mapping of keys."""

from __future__ import annotations

from tcgrad.codes.code import Code

_REST = "equations: ['y[i] = 2*x[i]']\n"
_WHOLE = "inputs: {x: [3]}\n" + _REST

CODES: tuple[Code, ...] = (
    Code(
        "TC101",
        "the file is not text, or has a character that does not belong in a spec",
        "A spec is text in UTF-8. Control characters, and the separators that YAML takes for the end of a line where "
        "editors do not, are refused, also where an escape such as \\x1b brings them in.",
        'doc: "\\x1b[2J"\n' + _WHOLE,
        'doc: "a line"\n' + _WHOLE,
    ),
    Code(
        "TC102",
        "this is not YAML",
        "The file cannot be read as YAML. A text that holds `: ` or ` #`, that begins with a bracket or a special "
        "character, or that stands inside of a list in brackets and holds brackets or commas, has to be quoted. "
        "Indentation is by spaces.",
        "inputs: {x: [3]}\nequations: [y[i] = 2*x[i]]\n",
        _WHOLE,
    ),
    Code(
        "TC103",
        "the file is too big, nested too deeply, or holds too many values",
        "A spec has at most 256 KiB, 16 levels, 10000 values, those counted in that an alias repeats, and 10000 "
        "equations of at most 131072 characters.",
        "inputs: {x: [[[[[[[[[[[[[[[[[3]]]]]]]]]]]]]]]]]}\n" + _REST,
        _WHOLE,
    ),
    Code(
        "TC104",
        "the file does not hold one mapping",
        "A spec is one YAML document, a mapping of keys.",
        "- y[i] = 2*x[i]\n",
        _WHOLE,
    ),
    Code(
        "TC105",
        "a feature of YAML that a spec does not use",
        "A spec is plain data: tags other than those of the core schema, merge keys (`<<`), and aliases that stand "
        "inside of what they repeat are refused. Loading a spec never makes objects and never runs anything.",
        "inputs: {x: !!python/tuple [3]}\n" + _REST,
        _WHOLE,
    ),
    Code(
        "TC106",
        "a key stands twice",
        "Every key of a mapping stands in it once.",
        "inputs: {x: [3], x: [4]}\n" + _REST,
        _WHOLE,
    ),
    Code(
        "TC107",
        "an unknown key",
        "The mapping has no such key. The message names the nearest one.",
        "input: {x: [3]}\n" + _WHOLE,
        _WHOLE,
    ),
    Code(
        "TC108",
        "something is missing",
        "A spec has at least one input and one equation, an input has a shape, and a list that stands under `outputs` "
        "or `wrt` is not empty.",
        "inputs: {x: [3]}\n",
        _WHOLE,
    ),
    Code(
        "TC109",
        "a value is of the wrong kind",
        "A list stands where a mapping is wanted, text where a number is wanted, and so on. Values are read by the "
        "rules of YAML 1.2: `1e-6` and `010` (ten) are numbers; `yes`, `no`, `on`, `off`, `y` and `n` are text; "
        "what stands in quotes is text.",
        "strict: yes\n" + _WHOLE,
        "strict: true\n" + _WHOLE,
    ),
    Code(
        "TC110",
        "this cannot be a name",
        "A name is a Unicode identifier: letters, digits and `_`, not beginning with a digit.",
        "inputs: {x-1: [3]}\nequations: ['y[i] = 2*x[i]']\n",
        "inputs: {x_1: [3]}\nequations: ['y[i] = 2*x_1[i]']\n",
    ),
    Code(
        "TC111",
        "the name belongs to the language",
        "The names of functions and of forms such as `delta`, `sum`, `where`, `inv` and `pi` cannot name tensors, "
        "constants, functions or parameters.",
        "inputs: {gelu: [3]}\nequations: ['y[i] = 2*gelu[i]']\n",
        "inputs: {g: [3]}\nequations: ['y[i] = 2*g[i]']\n",
    ),
    Code(
        "TC112",
        "a name is declared twice",
        "Dims, constants, inputs and functions share their names, and an index cannot have the name of a dim. Two "
        "names that Python takes for the same identifier are one name.",
        "dims: {x: 3}\ninputs: {x: [x]}\n" + _REST,
        "dims: {n: 3}\ninputs: {x: [n]}\n" + _REST,
    ),
    Code(
        "TC113",
        "this cannot be a size",
        "A dim, an axis of a shape and a range are integers from 1 to 2147483647, or expressions of dims.",
        "dims: {n: 0}\ninputs: {x: [n]}\n" + _REST,
        "dims: {n: 3}\ninputs: {x: [n]}\n" + _REST,
    ),
    Code(
        "TC114",
        "not one of the choices",
        "The value is one of a few words, which the message lists.",
        "inputs: {x: {shape: [3], dtype: float}}\n" + _REST,
        "inputs: {x: {shape: [3], dtype: real}}\n" + _REST,
    ),
    Code(
        "TC115",
        "an input cannot be like this",
        "The keys of an input contradict each other, or the bounds of a sample are not two numbers of which the first "
        "is the smaller one: `simplex` and `one_hot` need an axis, `spd` and `symmetric` need two axes of the same "
        "size, and an input of whole numbers cannot be drawn from a continuous distribution.",
        "inputs: {x: {shape: [3], sample: {uniform: [2, 1]}}}\n" + _REST,
        "inputs: {x: {shape: [3], sample: {uniform: [1, 2]}}}\n" + _REST,
    ),
    Code(
        "TC116",
        "the number is out of bounds",
        "A constant is 0, or between 1e-300 and 1e300 in magnitude, and is kept exactly as it is written.",
        "constants: {eps: 1e-999}\n" + _WHOLE,
        "constants: {eps: 1e-9}\n" + _WHOLE,
    ),
    Code(
        "TC117",
        "this does not declare a function",
        "A key under `functions` is a name with its parameters; its value is an expression of them, or null for a "
        "function of which nothing else is known.",
        'functions: {"double": "2*z"}\n' + _WHOLE,
        'functions: {"double(z)": "2*z"}\n' + _WHOLE,
    ),
    Code(
        "TC118",
        "an option of the check cannot have this value",
        "The values that presets for `tcgrad check` take are those of the command's options.",
        "check: {trials: 0}\n" + _WHOLE,
        "check: {trials: 1}\n" + _WHOLE,
    ),
    Code(
        "TC119",
        "an entry of `outputs` or `wrt` is wrong",
        "`wrt` lists real-valued inputs, and neither list names anything twice.",
        "wrt: [z]\n" + _WHOLE,
        "wrt: [x]\n" + _WHOLE,
    ),
)
