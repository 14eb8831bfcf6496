"""TC3xx: names, indices, sums and ranges."""

from __future__ import annotations

from tcgrad.codes.code import Code


def _spec(*equations: str, more: str = "") -> str:
    """A spec around some equations."""
    head = "dims: {N: 4, M: 3}\ninputs: {x: [N], y: [N], w: [M], a: [N, N], m: [N, M], s: []}\n"
    return head + more + "equations:\n" + "".join(f"  - {equation}\n" for equation in equations)


CODES: tuple[Code, ...] = (
    Code(
        "TC301",
        "an unknown name",
        "A name in an equation is that of an input, a constant, a dim, a tensor defined before, or an index that also "
        "occurs in square brackets.",
        _spec("r[i] = x[i]*alpha"),
        _spec("r[i] = x[i]*alpha", more="constants: {alpha: 0.5}\n"),
    ),
    Code(
        "TC302",
        "a name that is taken",
        "Every tensor is defined once, and not under the name of an input, a constant, a dim, a function or a form of "
        "the language. Only the base cases and the steps of a recurrence define one tensor together.",
        _spec("x[i] = 2*y[i]"),
        _spec("z[i] = 2*y[i]"),
    ),
    Code(
        "TC303",
        "used before it is defined",
        "Equations are read from top to bottom, and each uses only what is defined above it. An equation that uses its "
        "own left side is a recurrence: it needs a base case, and reads an earlier position.",
        _spec("r[i] = t[i]*s", "t[i] = x[i]*y[i]"),
        _spec("t[i] = x[i]*y[i]", "r[i] = t[i]*s"),
    ),
    Code(
        "TC304",
        "the wrong number of indices",
        "A component has one position for each axis of its tensor. A scalar has none, and no brackets.",
        _spec("r[i] = m[i]"),
        _spec("r[i] = m[i,0]"),
    ),
    Code(
        "TC305",
        "an index that occurs only once",
        "An index that is not on the left is summed over, at the smallest product that holds all its occurrences. If "
        "it occurs only once, there is no product that says so: write the sum, or a one-tensor, or put the "
        "index on the left.",
        _spec("r = 3*x[i]"),
        _spec("r = sum[i](3*x[i])"),
    ),
    Code(
        "TC306",
        "an index with two sizes",
        "An index runs over one range, so all axes in which it stands alone have one size. Often two indices are "
        "meant, or a transpose.",
        _spec("r[j] = m[j,i]*x[i]"),
        _spec("r[j] = m[i,j]*x[i]"),
    ),
    Code(
        "TC307",
        "a sum over an index that is in use",
        "An explicit `sum[i](...)` binds its index in its own body alone. There the index cannot be one that is in use "
        "outside: on the left, or in the product that the sum stands in.",
        _spec("r[i] = x[i]/sum[i](x[i])"),
        _spec("r[i] = x[i]/sum[k](x[k])"),
    ),
    Code(
        "TC308",
        "a left side that is no list of indices",
        "The left side of an equation has one plain index for every axis, each a different one. A literal position "
        "there is the base case of a recurrence.",
        _spec("r[i,i] = x[i]"),
        _spec("r[i,j] = delta[i,j]*x[i]"),
    ),
    Code(
        "TC309",
        "an index of unknown range",
        "The range of an index comes from a position in which it stands alone, or from compound positions in which the "
        "other indices have theirs. Where neither says it, `indices:` does.",
        _spec("r[i,j] = x[i]"),
        _spec("r[i,j] = x[i]", more="indices: {j: M}\n"),
    ),
    Code(
        "TC310",
        "a read that can leave its tensor",
        "A position takes values outside of the axis it stands in. The message shows the arithmetic. Declare a smaller "
        "range, give the input zeros outside, or multiply by the condition that keeps the read inside.",
        _spec("r[i] = x[i+p-1]*w[p]"),
        _spec("r[i] = x[i+p]*w[p]"),
    ),
    Code(
        "TC311",
        "a free index that cannot begin at 0",
        "Indices count from 0. If a read holds only from a later position on, count the index from there.",
        _spec("r[i] = x[i] - x[i-1]"),
        _spec("r[i] = x[i+1] - x[i]"),
    ),
    Code(
        "TC312",
        "terms with different indices, in strict mode",
        "With `strict: true` nothing is broadcast silently: terms that are added have the same free indices, unless "
        "they are scalars. A one-tensor says along which index a term is repeated.",
        _spec("r[i,j] = m[i,j] - x[i]", more="strict: true\n"),
        _spec("r[i,j] = m[i,j] - 1[j]*x[i]", more="strict: true\n"),
    ),
    Code(
        "TC313",
        "a sum that could be read in two ways (a warning)",
        "An index of several factors is summed over their product as a whole. If each of the factors could be a sum by "
        "itself, that may not be what is meant; explicit sums or different index names say which it is. So it is with "
        "products of components: `x[i]*y[i]/sqrt(x[i]*x[i])` is one sum of quotients.",
        _spec("r = exp(x[i]*x[i])*exp(y[i]*y[i])"),
        _spec("r = exp(x[i]*x[i])*exp(y[k]*y[k])"),
    ),
    Code(
        "TC314",
        "a name with two meanings",
        "Index names and tensor names live apart: `b[b]` is legal. A bare name, however, that is both an index and "
        "something else could mean either; and a dim cannot be an index.",
        _spec("r[s] = x[s]*s"),
        _spec("r[i] = x[i]*s"),
    ),
    Code(
        "TC315",
        "a function that is unknown, or called in the wrong way",
        "The functions are those of the language and those under `functions:`. Each has its number of arguments, in "
        "parentheses. Indices of tensors stand in square brackets.",
        _spec("r[i] = sigmoid(x[i], s)"),
        _spec("r[i] = sigmoid(x[i])"),
    ),
    Code(
        "TC316",
        "a function that cannot be written out",
        "The body of a function uses its parameters, constants, dims and the functions declared before it, and no "
        "indices. It is written out wherever it is called, so it can neither use itself nor grow without measure.",
        _spec("r[i] = f(x[i])", more='functions: {"f(z)": "z*f(z)"}\n'),
        _spec("r[i] = f(x[i])", more='functions: {"f(z)": "z*exp(z)"}\n'),
    ),
    Code(
        "TC317",
        "an index position that is no integer expression",
        "A position holds integers, indices and dims with + - *, and // and % by a constant or a dim. Products of two "
        "indices are none.",
        _spec("r[i] = x[i/2]"),
        _spec("r[i] = x[i//2]"),
    ),
    Code(
        "TC318",
        "an index that is no integer",
        "Only a component of an integer tensor can stand in a position.",
        "inputs: {x: [4], t: [3]}\nequations: ['r[b] = x[t[b]]']\n",
        "inputs: {x: [4], t: {shape: [3], dtype: int}}\nequations: ['r[b] = x[t[b]]']\n",
    ),
    Code(
        "TC319",
        "a matrix function of what is no square matrix by name",
        "`inv`, `det` and `logdet` are taken of a declared or defined tensor, by its name, over its last two axes, "
        "which have one size.",
        _spec("r = det(a + a)"),
        _spec("b[i,j] = a[i,j] + a[i,j]", "r = det(b)"),
    ),
    Code(
        "TC320",
        "a recurrence that cannot be worked out",
        "A recurrence has base cases at literal positions and one equation for the steps. The steps run over all other "
        "positions, and read earlier ones, a constant number of steps back.",
        _spec("h[0] = s", "h[t] = h[t-1] + h[t-2] + x[t]"),
        _spec("h[0] = s", "h[1] = s", "h[t] = h[t-1] + h[t-2] + x[t]"),
    ),
    Code(
        "TC321",
        "an output or input in a list that is none",
        "`outputs:` names tensors that equations define; `wrt:` names real-valued inputs.",
        _spec("r[i] = 2*x[i]", more="outputs: [q]\n"),
        _spec("r[i] = 2*x[i]", more="outputs: [r]\n"),
    ),
    Code(
        "TC322",
        "a size that is none",
        "Sizes are integers of at least 1, or expressions with + - * // % of integers and of dims declared before.",
        "dims: {N: 4, K: 'N - 5'}\ninputs: {x: [N]}\nequations: ['r[i] = 2*x[i]']\n",
        "dims: {N: 4, K: 'N - 3'}\ninputs: {x: [N]}\nequations: ['r[i] = 2*x[i]']\n",
    ),
    Code(
        "TC323",
        "two dims that agree by chance (a warning)",
        "An index runs along two axes with different dims, which have the same size in this spec only, or a matrix "
        "that must be square has two such dims. Declare both axes with one dim, or use two indices.",
        "dims: {N: 4, M: 4}\ninputs: {x: [N], y: [M]}\nequations: ['r = x[i]*y[i]']\n",
        "dims: {N: 4}\ninputs: {x: [N], y: [N]}\nequations: ['r = x[i]*y[i]']\n",
    ),
    Code(
        "TC324",
        "a value that does not exist",
        "The first argument of `where` is a comparison, or a product of Iverson brackets; nothing is divided by the "
        "number 0.",
        _spec("r[i] = where(x[i], y[i], 0)"),
        _spec("r[i] = where(x[i] != 0, y[i], 0)"),
    ),
    Code(
        "TC331",
        "an expectation about what is no derivative",
        "An expectation defines a gradient `dl/dx[p]` or a Jacobian `dy[i]/dx[p]`, of a tensor that an equation "
        "defines, by a real-valued one.",
        _spec("r[i] = 2*x[i]", more="expect: ['r[i] = 2*x[i]']\n"),
        _spec("r[i] = 2*x[i]", more="expect: ['dr[i]/dx[p] = 2*delta[i,p]']\n"),
    ),
    Code(
        "TC332",
        "a derivative on the right that is not given",
        "The right side of an expectation is over inputs, intermediates, outputs, and the gradients `dl/d...` of "
        "outputs and intermediates.",
        _spec("r[i] = 2*x[i]", more="expect: ['dl/dx[p] = dl/dr[i]*dr[i]/dx[p]']\n"),
        _spec("r[i] = 2*x[i]", more="expect: ['dl/dx[p] = dl/dr[i]*2*delta[i,p]']\n"),
    ),
)
