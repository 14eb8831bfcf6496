"""The functions that an emitted module defines beside its own, where it uses them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tcgrad.functions import FUNCTIONS, Function

CHECK_SHAPE = '''\
def _check_shape(name, array, shape):
    """Raise an error if an argument is a list, or has another shape than the others ask for."""
    if getattr(array, "shape", None) == shape:
        return
    if isinstance(array, (list, tuple)):
        raise TypeError(f"{name} is a {type(array).__name__}, expected an array")
    if np.shape(array) != shape:
        raise ValueError(f"{name} has shape {np.shape(array)}, expected {shape}")
'''

CHECK_AXES = '''\
def _check_axes(name, array, count):
    """Raise an error if an argument is a list, or does not have so many axes."""
    if isinstance(array, (list, tuple)):
        raise TypeError(f"{name} is a {type(array).__name__}, expected an array")
    if np.ndim(array) != count:
        raise ValueError(f"{name} has {np.ndim(array)} axes, expected {count}")
'''

CHECK_LENGTH = '''\
def _check_length(name, axis, size, least):
    """Raise ValueError if an array ends before what is read of it."""
    if size < least:
        raise ValueError(f"{name} has size {size} along axis {axis}, expected at least {least}")
'''

WIDE = '''\
def _wide(integers):
    """Integers of 64 bits: sums and products of narrower ones overflow, differences of unsigned ones too."""
    return np.asarray(integers).astype(np.int64, casting="same_kind", copy=False)
'''

FLOATING = '''\
def _floating(array):
    """An array of integers as one of floats: what is made of it has no place in integers."""
    array = np.asarray(array)
    return array if array.dtype.kind == "f" else array.astype(np.float64)
'''

LARGEST = '''\
def _largest(a, axis=None, keepdims=False):
    """The largest element along an axis, 0 in place of an infinite one."""
    largest = a.max(axis=axis, keepdims=keepdims)
    finite = np.isfinite(largest)
    return largest if finite.all() else np.where(finite, largest, largest.dtype.type(0))
'''

PAD = '''\
def _pad(a, *widths):
    """Zeros before and after each axis; np.pad takes many times as long for small arrays."""
    sides = list(zip(a.shape, widths, strict=True))
    padded = np.zeros([before + size + after for size, (before, after) in sides], a.dtype)
    padded[tuple(slice(before, before + size) for size, (before, _) in sides)] = a
    return padded
'''

ADD_AT = '''\
def _add_at(array, places, values):
    """Add values at places along the first axes, which may repeat.

    np.add.at is several times as fast along a single axis; some rows at a time save memory.
    """
    shape, inner = array.shape[: len(places)], array.shape[len(places) :]
    rows = np.arange(math.prod(shape)).reshape(shape)[places]
    columns = np.arange(math.prod(inner))
    values = np.broadcast_to(values, rows.shape + inner).reshape(rows.size, columns.size)
    starts = rows.reshape(-1, 1) * columns.size
    flat, count = array.reshape(-1), max(1, 2**14 // max(1, columns.size))
    for i in range(0, rows.size, count):
        np.add.at(flat, (starts[i : i + count] + columns).ravel(), values[i : i + count].ravel())
    if not array.flags.c_contiguous:
        array[...] = flat.reshape(array.shape)
'''

SQUARED_DISTANCES = '''\
@np.errstate(over="ignore", invalid="ignore")  # what overflows is taken from differences
def _squared_distances(a, b):
    """The squared distances of all rows of a from those of b, some rows at a time to save memory.

    Many are multiplied out around the middle of b, but for those that would keep few digits.
    """
    squares = np.empty((len(a), len(b)), np.result_type(a, b))
    if a.size * len(b) <= 2**12 or squares.dtype not in (np.float32, np.float64):
        rows = max(1, 2**16 // max(1, b.size))
        for i in range(0, len(a), rows):
            differences = a[i : i + rows, None] - b
            squares[i : i + rows] = np.einsum("ijk,ijk->ij", differences, differences)
        return squares
    middle = b.mean(axis=0)
    right = b - middle
    norms = np.einsum("ij,ij->i", right, right)
    rows, count = max(1, 2**16 // len(b)), max(1, 2**16 // len(middle))
    for i in range(0, len(a), rows):
        left, some = a[i : i + rows] - middle, squares[i : i + rows]
        sums = np.einsum("ij,ij->i", left, left)[:, None] + norms
        np.add(np.matmul(-2 * left, right.T, out=some), sums, out=some)
        near = np.flatnonzero(~(some > sums / 16))
        for k in range(0, len(near), count):
            j, m = np.divmod(near[k : k + count], len(b))
            differences = a[i + j] - b[m]
            some[j, m] = np.einsum("ij,ij->i", differences, differences)
    return squares
'''

PRODUCTS_OF_OTHERS = '''\
def _products_of_others(a, axis=0):
    """The product of all elements along an axis but one, in the place of each; right with zeros."""
    a = np.moveaxis(a, axis, 0)
    before, after = np.ones_like(a), np.ones_like(a)
    np.cumprod(a[:-1], axis=0, out=before[1:])
    np.cumprod(a[:0:-1], axis=0, out=after[-2::-1])
    before *= after
    return np.moveaxis(before, 0, axis)
'''

LINALG = '''\
def _linalg(function, *arrays):
    """A function of np.linalg in the arrays' own dtype: it has neither float16 nor long double."""
    dtype = np.result_type(*arrays, np.float16)
    if dtype in (np.float32, np.float64):
        return function(*arrays)
    result = function(*(np.asarray(a, np.float64) for a in arrays))
    if isinstance(result, tuple):
        return tuple(part.astype(dtype) for part in result)
    return result.astype(dtype)
'''

ADJUGATE = '''\
def _adjugate(a, det):
    """The transposed cofactors, det(a)*inv(a): where a is singular too, from its singular values."""
    if np.all(det):
        return det[..., None, None] * np.linalg.inv(a)
    u, s, vt = np.linalg.svd(a)
    others = np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]).prod(axis=-1)
    others *= np.linalg.det(u @ vt)[..., None]
    return (vt.swapaxes(-1, -2) * others[..., None, :]) @ u.swapaxes(-1, -2)
'''

MINORS = '''\
def _minors(a):
    """What det(a) has its second derivatives of, with a = u @ diag(s) @ vt: u.T, vt, and all of s but two, signed."""
    u, s, vt = np.linalg.svd(a)
    unit = np.eye(s.shape[-1], dtype=bool)
    others = np.where(unit[:, None] | unit, 1, s[..., None, None, :]).prod(axis=-1)
    others = np.where(unit, 0, others * np.linalg.det(u @ vt)[..., None, None])
    return np.stack([u.swapaxes(-1, -2), vt, others], axis=-3)
'''

SPECIAL = '''\
def _special(function, *arguments):
    """A function of SciPy in the arguments' own dtype: it has neither float16 nor long double."""
    dtype = np.result_type(np.result_type(*arguments), np.float16)
    if dtype not in (np.float32, np.float64):
        arguments = [np.asarray(a, np.float64) for a in arguments]
    return function(*arguments).astype(dtype)
'''

LEVI_CIVITA = '''\
def _levi_civita(order):
    """The permutation symbol: the sign of each permutation of the axes' positions, else 0."""
    symbol = np.zeros((order,) * order, np.int8)
    for permutation in itertools.permutations(range(order)):
        inversions = sum(a > b for a, b in itertools.combinations(permutation, 2))
        symbol[permutation] = 1 - 2 * (inversions % 2)
    return symbol
'''


_HELPERS = {
    "check_shape": CHECK_SHAPE,
    "check_axes": CHECK_AXES,
    "check_length": CHECK_LENGTH,
    "wide": WIDE,
    "floating": FLOATING,
    "largest": LARGEST,
    "pad": PAD,
    "add_at": ADD_AT,
    "squared_distances": SQUARED_DISTANCES,
    "products_of_others": PRODUCTS_OF_OTHERS,
    "linalg": LINALG,
    "adjugate": ADJUGATE,
    "minors": MINORS,
    "levi_civita": LEVI_CIVITA,
}


def _wrapper(name: str) -> str:
    return f"def {name}(*arguments):\n    return _special(special.{name}, *arguments)\n"


def helper_sources(names: Iterable[str], functions: Iterable[Function]) -> list[str]:
    """The sources of the named helpers and of all that the functions need, each once."""
    sources = [source for name, source in _HELPERS.items() if name in set(names)]
    rows = sorted(functions, key=lambda row: row.name)
    scipy = sorted({row.scipy for row in rows if row.scipy})
    if scipy:
        sources += [SPECIAL, *map(_wrapper, scipy)]
    return sources + [row.helper for row in rows if row.helper]


def helper_names() -> set[str]:
    """Every name that a helper may take in a module."""
    sources = helper_sources(_HELPERS, FUNCTIONS.values())
    return set(re.findall(r"^def (\w+)", "".join(sources), flags=re.MULTILINE))
