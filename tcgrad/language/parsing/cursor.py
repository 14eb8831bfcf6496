"""A place in the tokens of one equation, and the ways in which parsing stops there."""

from __future__ import annotations

from typing import Literal

from tcgrad.errors import SHOWN, Diagnostic, Located, Note, Report, Span
from tcgrad.functions import FUNCTIONS
from tcgrad.language.parsing.lexer import UNREADABLE, Token, respelled, tokenize
from tcgrad.operators import CLOSING, INTRINSICS, REDUCTIONS

DEPTH_LIMIT = 64
"""How deep parentheses, brackets, powers and signs may nest: far more than a formula needs, and little enough
that every recursive walk over a tree stays within the interpreter's own limit."""


What = Literal["equation", "size", "body"]

ERROR_LIMIT = 8

CALLED = frozenset((*FUNCTIONS, *INTRINSICS, "where")).difference(REDUCTIONS)
"""Names behind which parentheses stand, and no square brackets before those."""


class StopParsing(Exception):  # noqa: N818 - not an error of its own: the report has it
    """The equation cannot be read on; what is wrong has been reported."""


class Cursor:
    """Reads tokens one after another and reports what does not fit.

    what: what the text is, for messages: an equation, a size, the body of a function.

    Raises:
        StopParsing: from `close`, `enter` and `report_error`, after a diagnostic was added to the report.
    """

    def __init__(self, text: Located, report: Report, what: What = "equation") -> None:
        self.text = text
        self.report = report
        self.what = what
        known = len(report.diagnostics)
        self.tokens = tokenize(text, report, is_size=what == "size")
        self.is_readable = self.tokens[-1].kind != UNREADABLE
        self._errors = len(report.diagnostics) - known
        self.at = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    @property
    def kind(self) -> str:
        return self.tokens[self.at].kind

    def peek(self, ahead: int = 1) -> Token:
        """A token further on; behind the last one, the end."""
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def take(self) -> Token:
        """The current token, stepping over it; the end is never stepped over."""
        token = self.tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    @property
    def follows_directly(self) -> bool:
        """Whether nothing is between the current token and the one before it."""
        return self.at > 0 and self.tokens[self.at - 1].end == self.token.start

    def accept(self, kind: str) -> Token | None:
        return self.take() if self.kind == kind else None

    def span(self, token: Token) -> Span:
        return self.text.span(token.start, token.end)

    def since(self, start: Token) -> Span:
        """From the beginning of ``start`` to the end of the token read last."""
        last = self.tokens[self.at - 1] if self.at else start
        return self.text.span(start.start, max(start.end, last.end))

    def source(self, start: Token) -> str:
        """The text from ``start`` to the token read last."""
        return self.between(start.start, self.tokens[self.at - 1].end)

    def between(self, start: int, end: int) -> str:
        """The text between two places, for help: see `respelled`."""
        return respelled(self.text.text[start:end])

    def report_error(self, code: str, message: str, span: Span, help_: str | None = None, *notes: Note) -> None:
        """Add an error after which reading goes on, up to a number that nobody reads."""
        self._errors += 1
        self.report.add(Diagnostic(code, message, span, help_, notes))
        if self._errors == ERROR_LIMIT:
            raise StopParsing

    def failure(self, code: str, message: str, span: Span, help_: str | None = None, *notes: Note) -> StopParsing:
        """Add an error; the exception that ends the reading, for the caller to raise.

        Where a character has no meaning, that is all that is said of it.
        """
        if not self.report.is_unclear(span):
            self.report.add(Diagnostic(code, message, span, help_, notes))
        return StopParsing()

    def describe(self) -> str:
        """The current token in words."""
        return f"the end of the {self.what}" if self.kind == "end" else f"`{self.token.text}`"

    def close(self, opening: Token) -> None:
        """Step over the bracket that closes ``opening``."""
        closing = CLOSING[opening.kind]
        if self.accept(closing):
            return
        note = Note(self.span(opening), f"`{opening.text}` opened here")
        message = f"`{closing}` is missing before {self.describe()}"
        if self.kind in CLOSING.values():
            message = f"`{self.token.text}` closes nothing: `{closing}` is missing"
        raise self.failure("TC203", message, self.span(self.token), self._how_to_close(opening, closing), note)

    def _how_to_close(self, opening: Token, closing: str) -> str | None:
        """What was meant, where the rest is short: a function has parentheses, whatever opens."""
        owner = self._owner(opening)
        inner, name = self.between(opening.end, self.token.start), self.between(owner.start, opening.start)
        if len(name) + len(inner) >= SHOWN:
            return None
        if owner.text in CALLED:
            return f"write `{name}({inner})`"
        return f"write `{name}{opening.text}{inner}{closing}`"

    def closing_of(self, opening: int) -> int:
        """The place of the token that closes the bracket at a place, or that of the last one where nothing does."""
        depth = 0
        for at in range(opening, len(self.tokens)):
            token = self.tokens[at]
            depth += (token.kind in CLOSING) - (token.kind in CLOSING.values())
            if depth == 0:
                return at
        return len(self.tokens) - 1

    def parts(self, opening: Token) -> list[str]:
        """The texts between the commas of a bracket, for help."""
        begin = self.tokens.index(opening)
        end, depth = self.closing_of(begin), 0
        starts, ends = [opening.end], list[int]()
        for token in self.tokens[begin + 1 : end]:
            if token.kind == "," and depth == 0:
                starts.append(token.end)
                ends.append(token.start)
            depth += (token.kind in CLOSING) - (token.kind in CLOSING.values())
        return list(map(self.between, starts, [*ends, self.tokens[end].start]))

    def _owner(self, opening: Token) -> Token:
        """The name that a bracket stands directly behind, or the bracket itself."""
        at = self.tokens.index(opening)
        before = self.tokens[at - 1] if at else opening
        return before if before.kind in {"name", "number"} and before.end == opening.start else opening

    @property
    def is_nested(self) -> bool:
        """Whether a bracket is open here, or an operand of a power or a sign."""
        return self._depth > 0

    def enter(self, levels: int = 1) -> None:
        """Count ``levels`` of nesting, until `leave`."""
        self._depth += levels
        if self._depth > DEPTH_LIMIT:
            help_ = "give the inner part a name of its own, in an equation before this one"
            message = f"this is nested too deeply: more than {DEPTH_LIMIT} levels"
            raise self.failure("TC207", message, self.span(self.token), help_)

    def leave(self, levels: int = 1) -> None:
        self._depth -= levels
