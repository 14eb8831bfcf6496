"""Inputs as declared: shapes, dtypes and how samples are drawn."""

from __future__ import annotations

import re
from typing import cast

from tcgrad.errors import SHOWN, Diagnostic, Located, Report, Span
from tcgrad.records import dataclass
from tcgrad.spec.keys.reading import (
    is_null,
    read_choice,
    read_entries,
    read_flag,
    read_integer,
    read_items,
    read_known,
    read_number,
    read_size,
    refuse,
)
from tcgrad.spec.limits import MAX_ORDER
from tcgrad.spec.model import Dtype, InputDeclaration, Sample, SampleKind
from tcgrad.spec.numbers import exact_value
from tcgrad.spec.schema import (
    DTYPES,
    DTYPES_ELSEWHERE,
    INPUT_KEYS,
    INTEGER_SAMPLES,
    PLAIN_SAMPLES,
    RANGE_SAMPLES,
    SAMPLE_ORDERS,
    UNSYMMETRIC_SAMPLES,
)
from tcgrad.spec.yaml.nodes import Mapping, Node, Scalar, Sequence
from tcgrad.spec.yaml.scalars import kind_of

_SHAPE_HELP = "write [B, H] for a matrix, [] for a scalar"
_BETWEEN_SIZES = re.compile(r"[,;×]|\sx\s|\sby\s|(?<=[0-9])x(?=[0-9])")
_SIZE = re.compile(r"(?!.*\w\s+\w)[\w+*/%() -]+\Z")  # no two words without an operator
_NORMAL = Sample()


@dataclass
class _Fields:
    """What the keys of one input say; the span of each key that was given."""

    shape: tuple[Located, ...]
    dtype: Dtype = "real"
    sample: Sample = _NORMAL
    has_sample: bool = False
    symmetric: bool = False
    zero_outside: bool = False


def read_input(name: Located, node: Node, report: Report) -> InputDeclaration | None:
    """An input from its shape alone or from a mapping of its keys; None if not all of it can be read."""
    if not isinstance(node, Mapping):
        shape = _read_shape(node, name, report)
        return None if shape is None else InputDeclaration(name, shape)
    before = len(report.diagnostics)
    found = read_known(node, f"the input `{name.text}`", [key.name for key in INPUT_KEYS], report)
    if "shape" not in found and not any(each.code == "TC105" for each in report.diagnostics[before:]):
        report.add(Diagnostic("TC108", f"the input `{name.text}` has no `shape`", name.whole, _SHAPE_HELP))
    given = {key: value for key, (_, value) in found.items() if key == "shape" or not is_null(value)}
    shape = _read_shape(given["shape"], name, report) if "shape" in given else None
    fields = _Fields(shape or ())
    _read_fields(fields, given, name, report)
    if shape is None or len(found) < len(node.entries):
        return None
    before = len(report.diagnostics)
    _check_together(fields, given, name, report)
    if len(report.diagnostics) > before:
        if len(shape) < max(2 * fields.symmetric, SAMPLE_ORDERS.get(fields.sample.kind, 0)):
            return None  # there are more axes, and nobody knows of which sizes
        fields.sample, fields.symmetric = _NORMAL, False  # what cannot be is told once
    return InputDeclaration(name, shape, fields.dtype, fields.sample, fields.symmetric, fields.zero_outside)


def _read_shape(node: Node, name: Located, report: Report) -> tuple[Located, ...] | None:
    before = len(report.diagnostics)
    items = read_items(node, f"the shape of `{name.text}`", report, _shape_meant(node))
    if len(items) > MAX_ORDER:
        message = f"`{name.text}` has {len(items)} axes; {MAX_ORDER} are the limit"
        report.add(Diagnostic("TC115", message, node.span))
        before += 1  # what its sizes are is known all the same
    in_one_list = "write all sizes in one list: [B, H]"
    sizes = [read_size(item, f"axis {axis} of `{name.text}`", report, in_one_list) for axis, item in enumerate(items)]
    return None if len(report.diagnostics) > before else tuple(size for size in sizes if size is not None)


def _shape_meant(node: Node) -> str:
    """How to write ``N``, ``(B, H)`` and ``B x H``, which are texts, and ``3``."""
    if not isinstance(node, Scalar) or is_null(node) or node.text.text.count("(") > node.text.text.count(")"):
        return _SHAPE_HELP
    inner = node.text.text.strip("()[] ")
    if inner in ("", "scalar"):
        return "write [] for a scalar"
    if len(inner) > SHOWN:
        return _SHAPE_HELP
    sizes = [size.strip() for size in _BETWEEN_SIZES.split(inner) if size.strip()]
    return f"write [{', '.join(sizes)}]; [] is a scalar" if sizes and all(map(_SIZE.match, sizes)) else _SHAPE_HELP


def _read_fields(fields: _Fields, given: dict[str, Node], name: Located, report: Report) -> None:
    if "dtype" in given:
        fields.dtype = cast("Dtype", _read_dtype(given["dtype"], report) or "real")
    if "sample" in given:
        sample = _read_sample(given["sample"], report)
        fields.sample, fields.has_sample = sample or _NORMAL, sample is not None
    if "symmetric" in given:
        fields.symmetric = read_flag(given["symmetric"], "`symmetric`", report) or False
    if "outside" in given:
        fields.zero_outside = _read_outside(given["outside"], name, report)


def _read_dtype(node: Node, report: Report) -> str | None:
    begin = node.text.text.rstrip("0123456789") if isinstance(node, Scalar) else ""
    meant = DTYPES_ELSEWHERE.get(begin)
    help_ = f"write `{meant}`; `tcgrad check --dtype` takes precisions" if meant else None
    return read_choice(node, "the dtype", DTYPES, report, help_)


def _read_outside(node: Node, name: Located, report: Report) -> bool:
    number = isinstance(node, Scalar) and kind_of(node) in ("int", "float")
    if isinstance(node, Scalar) and number and exact_value(node.text.text) == 0:
        return True
    message = f"outside of its range `{name.text}` can only be 0"
    report.add(Diagnostic("TC114", message, node.span, "write `outside: 0`, or leave the key out"))
    return True  # so that reads outside are not told as well


def _read_sample(node: Node, report: Report) -> Sample | None:
    """A kind by its name, or ``{uniform: [lo, hi]}``, ``{integers: [lo, hi]}``."""
    if isinstance(node, Scalar):
        if node.text.text in RANGE_SAMPLES:
            help_ = f"write {{{node.text.text}: [0, 2]}}"
            report.add(Diagnostic("TC115", f"`{node.text.text}` needs its bounds", node.span, help_))
            return None
        kind = read_choice(node, "the sample", (*PLAIN_SAMPLES, *RANGE_SAMPLES), report)
        return Sample(cast("SampleKind", kind)) if kind else None
    if not isinstance(node, Mapping):
        refuse(node, "the sample must be a kind or {uniform: [lo, hi]}", report, "write {uniform: [0, 1]}")
        return None
    return _read_range_sample(node, report)


def _read_range_sample(node: Mapping, report: Report) -> Sample | None:
    entries = list(read_entries(node, "the sample", report))
    if len(entries) != 1:
        if len(node.entries) == len(entries):
            message = "the sample is one kind with its bounds"
            report.add(Diagnostic("TC115", message, node.span, "write {uniform: [0.5, 1.5]}"))
        return None
    [(key, bounds)] = entries
    if key.text in PLAIN_SAMPLES:
        message = f"`{key.text}` has no bounds"
        report.add(Diagnostic("TC115", message, key.whole, f"write `sample: {key.text}`"))
        return None
    kind = read_choice(Scalar(key, True, None, key.whole), "the sample", RANGE_SAMPLES, report)
    return _read_bounds(cast("SampleKind", kind), bounds, report) if kind else None


def _read_bounds(kind: SampleKind, node: Node, report: Report) -> Sample | None:
    items = read_items(node, f"`{kind}`", report, f"write {{{kind}: [0, 2]}}")
    if isinstance(node, Sequence) and len(items) != 2:
        report.add(Diagnostic("TC115", f"`{kind}` takes two bounds", node.span, f"write {{{kind}: [0, 2]}}"))
        return None
    what, before = f"a bound of `{kind}`", len(report.diagnostics)
    bounds = [_read_bound(item, kind, what, report) for item in items]
    if len(report.diagnostics) > before or len(bounds) != 2:
        return None
    (low, one), (high, other) = bounds
    if low is not None and high is not None and not low < high:
        message = f"the lower bound of `{kind}` must be below the upper one"
        report.add(Diagnostic("TC115", message, node.span))
        return None
    return Sample(kind, low, high, (one, other))


def _read_bound(node: Node, kind: SampleKind, what: str, report: Report) -> tuple[float | None, Located | None]:
    """A bound as a number; or, of integers, as the text of an expression of dims."""
    if kind != "integers":
        number = read_number(node, what, "TC115", report)
        return (None if number is None else float(number)), None
    if isinstance(node, Scalar) and kind_of(node) == "str":
        return None, read_size(node, what, report)
    whole = read_integer(node, what, "TC115", report)
    return (None if whole is None else float(whole)), None


def _check_together(fields: _Fields, given: dict[str, Node], name: Located, report: Report) -> None:
    """Report keys of an input that contradict each other (TC115)."""
    order, kind = len(fields.shape), fields.sample.kind
    sample = given["sample"].span if "sample" in given else name.whole

    def refuse_at(span: Span, message: str, help_: str | None = None) -> None:
        report.add(Diagnostic("TC115", f"`{name.text}` {message}", span, help_))

    if order < SAMPLE_ORDERS.get(kind, 0):
        refuse_at(sample, f"has {_axes(order)}, and `{kind}` needs at least {SAMPLE_ORDERS[kind]}")
    if fields.symmetric and order < 2:
        refuse_at(given["symmetric"].span, f"has {_axes(order)}, and a symmetric tensor has at least 2")
    if fields.symmetric and kind in UNSYMMETRIC_SAMPLES:
        refuse_at(sample, f"is symmetric, and a sample `{kind}` is not")
    if fields.dtype != "real" and fields.has_sample and kind not in INTEGER_SAMPLES:
        help_ = "write `sample: {integers: [0, 2]}`, or leave the key out"
        refuse_at(sample, f"has the dtype {fields.dtype}, and a sample `{kind}` is real", help_)
    if fields.dtype == "bool" and kind == "integers" and (fields.sample.low, fields.sample.high) != (0, 2):
        refuse_at(sample, "has the dtype bool, and its values are 0 and 1", "write `sample: {integers: [0, 2]}`")
    _check_square(fields, name, report)


def _axes(order: int) -> str:
    return f"{order or 'no'} ax{'is' if order == 1 else 'es'}"


def _check_square(fields: _Fields, name: Located, report: Report) -> None:
    """Report last two axes that are different integers; dims are compared once their values are known."""
    if len(fields.shape) < 2 or not (fields.symmetric or fields.sample.kind == "spd"):
        return
    rows, columns = fields.shape[-2:]
    if rows.text != columns.text and rows.text.isdecimal() and columns.text.isdecimal():
        message = f"`{name.text}` is symmetric, and its last two axes have the sizes {rows.text} and {columns.text}"
        report.add(Diagnostic("TC115", message, rows.whole.to(columns.whole)))
