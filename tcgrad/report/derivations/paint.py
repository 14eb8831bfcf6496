"""Reports with terminal escapes: headings bold, δ and Σ in colour; shapes, rules and reasons dim."""

from __future__ import annotations

from tcgrad.report.console import console_into_text

_LOOKS = (
    (r"(δ|delta)(?=\[)", "magenta"),
    (r"(Σ|sum)(?=\[)", "cyan"),
    (r"(?<= {4})(\[[^=]*\](?: = \[[\d, ]*\])?|scalar)$", "dim"),
    (r"^ +no .*: .*$", "dim"),
    (r"(?<=\S) {4,}[^ =].*$", "dim"),
)


def paint(text: str) -> str:
    """The text line by line, neither wrapped nor cut; a line that is not indented is a heading."""
    from rich.text import Text

    console, file = console_into_text(color=True)
    for line in text.splitlines():
        painted = Text(line, style="bold" if line and not line.startswith(" ") else "")
        for pattern, look in _LOOKS:
            painted.highlight_regex(pattern, look)
        console.print(painted, soft_wrap=True)
    return file.getvalue()
