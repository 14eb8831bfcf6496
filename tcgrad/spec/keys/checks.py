"""The ``check`` key of a spec, read by the table of options."""

from __future__ import annotations

from tcgrad.errors import Diagnostic, Located, Report
from tcgrad.spec.check_options import CHECK_OPTIONS, RUN_OPTIONS, CheckOption
from tcgrad.spec.keys.reading import is_null, read_choice, read_entries, read_flag, read_integer, read_number
from tcgrad.spec.names import suggest
from tcgrad.spec.yaml.nodes import Node, Scalar, Sequence


def read_check(node: Node, report: Report) -> dict[str, object]:
    """Option name -> value: int, float, bool, a word, or for ``dtype`` a tuple of words."""
    options: dict[str, object] = {}
    for key, value in read_entries(node, "`check`", report):
        option = CHECK_OPTIONS.get(key.text.replace("-", "_"))
        if option is None:
            _refuse_option(key, report)
        elif not is_null(value):
            read = _read_option(option, value, report)
            if read is not None:
                options[option.name] = read
    return options


def _refuse_option(key: Located, report: Report) -> None:
    name = key.text.replace("-", "_")
    help_ = suggest(name, CHECK_OPTIONS) or f"the options are {', '.join(CHECK_OPTIONS)}"
    if name in RUN_OPTIONS:
        help_ = f"`{name}` is about a run: give it to the command, as `--{name.replace('_', '-')}`"
    if name == "strict":
        help_ = "`strict` is a key of the spec itself: `strict: true`"
    report.add(Diagnostic("TC107", f"`check` has no option `{key.text}`", key.whole, help_))


def _read_option(option: CheckOption, node: Node, report: Report) -> object:
    what = f"`{option.name}`"
    match option.kind:
        case "boolean":
            return read_flag(node, what, report)
        case "integer":
            return read_integer(node, what, "TC118", report, least=option.minimum, most=option.maximum)
        case "choice":
            return read_choice(node, what, option.values, report)
        case "choices":
            return _read_choices(option, node, report)
        case "number":
            value = read_number(node, what, "TC118", report)
            if value is not None and value <= 0:
                report.add(Diagnostic("TC118", f"{what} must be above 0", node.span, option.unset))
                return None
            return None if value is None else float(value)


def _read_choices(option: CheckOption, node: Node, report: Report) -> tuple[str, ...] | None:
    """One word, a list of words, or as on the command line several with commas between them."""
    if isinstance(node, Scalar) and "," in node.text.text:
        several = [word.strip() for word in node.text.text.split(",")]
        if all(word in option.values for word in several):
            return tuple(dict.fromkeys(several))
    items = node.items if isinstance(node, Sequence) else (node,)
    if not items:
        report.add(Diagnostic("TC118", f"`{option.name}` is an empty list", node.span, "leave the key out"))
        return None
    words = [read_choice(item, f"`{option.name}`", option.values, report) for item in items]
    return tuple(dict.fromkeys(word for word in words if word is not None)) if None not in words else None
