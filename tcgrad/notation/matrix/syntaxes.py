"""How matrix notation is spelt: in ASCII, in Unicode as the Matrix Cookbook writes it, and in LaTeX."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence

from tcgrad.notation.matrix.nodes import FoldKind
from tcgrad.notation.spelling.latex_names import latex_between
from tcgrad.notation.spelling.syntaxes import ASCII, LATEX, UNICODE, Syntax
from tcgrad.records import dataclass, replace


@dataclass(frozen=True)
class MatrixSyntax:
    """The spellings of matrix notation; a template's ``{0}``, ``{1}`` stand for what is inside.

    sized_unit, sized_identity: those with their sizes, where a tensor has the name ``e`` or ``I``.
    scalars: the syntax of index notation that names, numbers and functions are spelt in.
    number_times: what stands between a number and something that begins with a digit.
    between: what stands between two other things that are multiplied.
    ratio: of two whole numbers.
    cross: the sign of the cross product; None where it is written as a function, like the matrix of one.
    second_differential: what stands before a function that is differentiated twice.
    """

    scalars: Syntax
    folds: Mapping[FoldKind, str]
    elementwise_power: str
    scalar_power: Callable[[str, str], str]
    hadamard: str
    divide: str
    kron: str
    transpose: str
    inverse: str
    inverse_transpose: str
    number_times: str
    ratio: str = "{0}/{1}"
    ones: str = "1"
    unit: str = "e[{0}]"
    sized_unit: str = "e_{1}[{0}]"
    identity: str = "I"
    sized_identity: str = "I_{0}"
    diag: str = "diag({0})"
    triangle: str = "{0}({1})"
    cross_matrix: str = "cross({0})"
    cross: str | None = None
    vec: str = "vec({0})"
    one_hot: str = "onehot({0})"
    commutation: str = "comm({0}, {1})"
    batch_sum: str = "sum[{0}] {1}"
    second_differential: str = "d2"
    between_differentials: str = ""
    between: Callable[[str, str], str] = lambda _left, _right: " "

    def beside(self, names: Collection[str]) -> MatrixSyntax:
        """The syntax where some names are taken: the unit matrix and unit vectors are told by their sizes then."""
        unit = self.sized_unit if "e" in names else self.unit
        identity = self.sized_identity if "I" in names else self.identity
        return self if (unit, identity) == (self.unit, self.identity) else replace(self, unit=unit, identity=identity)

    def product(self, factors: Sequence[str]) -> str:
        """Things that are multiplied, each beside the next."""
        pairs = itertools.pairwise(factors)
        return "".join((*factors[:1], *(self.between(left, right) + right for left, right in pairs)))


def _caret(base: str, exponent: str) -> str:
    return f"{base}^{exponent if exponent.isalnum() else f'({exponent})'}"


def _superscript(base: str, exponent: str) -> str:
    return UNICODE.power(base, exponent) or _caret(base, exponent)


def _operator(name: str) -> str:
    return rf"\operatorname{{{{{name}}}}}\left({{0}}\right)"


MATRIX_ASCII = MatrixSyntax(
    scalars=ASCII,
    folds={
        "tr": "tr({0})",
        "det": "det({0})",
        "logdet": "logdet({0})",
        "norm": "||{0}||",
        "max": "max({0})",
        "min": "min({0})",
        "prod": "prod({0})",
        "logsumexp": "logsumexp({0})",
    },
    elementwise_power="{0}.^{1}",
    scalar_power=_caret,
    hadamard=" .* ",
    divide=" ./ ",
    kron="{0} (x) {1}",
    transpose="{0}^T",
    inverse="{0}^-1",
    inverse_transpose="{0}^-T",
    number_times="*",
)

MATRIX_UNICODE = replace(
    MATRIX_ASCII,
    scalars=UNICODE,
    folds={**MATRIX_ASCII.folds, "logdet": "log det({0})", "norm": "‖{0}‖"},
    elementwise_power="{0}^⊙{1}",
    scalar_power=_superscript,
    hadamard=" ⊙ ",
    divide=" ⊘ ",
    kron="{0} ⊗ {1}",
    cross_matrix="[{0}]×",
    cross=" × ",
    transpose="{0}ᵀ",
    inverse="{0}⁻¹",
    inverse_transpose="{0}⁻ᵀ",
    number_times="·",
    batch_sum="Σ[{0}] {1}",
    second_differential="∂²",
)

MATRIX_LATEX = MatrixSyntax(
    scalars=LATEX,
    folds={
        "tr": _operator("tr"),
        "det": r"\det\left({0}\right)",
        "logdet": r"\log\det\left({0}\right)",
        "norm": r"\left\lVert {0} \right\rVert",
        "max": r"\max\left({0}\right)",
        "min": r"\min\left({0}\right)",
        "prod": _operator("prod"),
        "logsumexp": _operator("logsumexp"),
    },
    elementwise_power=r"{0}^{{\odot {1}}}",
    scalar_power=lambda base, exponent: f"{base}^{{{exponent}}}",
    hadamard=r" \odot ",
    divide=r" \oslash ",
    kron=r"{0} \otimes {1}",
    triangle=r"\operatorname{{{0}}}\left({1}\right)",
    cross_matrix=r"\left[{0}\right]_{{\times}}",
    cross=r" \times ",
    transpose=r"{0}^\top",
    inverse=r"{0}^{{-1}}",
    inverse_transpose=r"{0}^{{-\top}}",
    number_times=r" \cdot ",
    ratio=r"\frac{{{0}}}{{{1}}}",
    ones=r"\mathbf{1}",
    unit=r"\mathbf{{e}}_{{{0}}}",
    sized_unit=r"\mathbf{{e}}^{{({1})}}_{{{0}}}",
    sized_identity=r"I_{{{0}}}",
    diag=_operator("diag"),
    one_hot=_operator("onehot"),
    vec=_operator("vec"),
    commutation=r"\operatorname{{comm}}\left({0}, {1}\right)",
    batch_sum=r"\sum_{{{0}}} {1}",
    second_differential=r"\partial^2 ",
    between_differentials=r" \, ",
    between=latex_between,
)
